"""What can go wrong while a text is judged.

AnalysisError
├── ModelError      the model's files are missing, damaged or of the wrong kind
└── LabelError      a labelled line cannot be scored against
"""


class AnalysisError(Exception):
    """A text could not be judged. `permanent`: the same text will fail again."""

    permanent = False


class ModelError(AnalysisError):
    """The model cannot be used; the message says what to do."""

    permanent = True


class LabelError(AnalysisError):
    """A line of labelled texts is wrong; the message names the line and the remedy."""

    permanent = True

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
