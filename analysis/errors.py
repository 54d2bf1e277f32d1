"""What can go wrong while a text is judged.

AnalysisError
└── ModelError      the model's files are missing, damaged or of the wrong kind
"""


class AnalysisError(Exception):
    """A text could not be judged. `permanent`: the same text will fail again."""

    permanent = False


class ModelError(AnalysisError):
    """The model cannot be used; the message says what to do."""

    permanent = True
