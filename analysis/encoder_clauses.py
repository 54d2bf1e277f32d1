"""Which clauses of a text its verdict and its causes were read from: each judged alone, once a window."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.clauses import Clause, clauses, heaviest
from analysis.encoder_pieces import Window
from analysis.encoder_scores import Attitudes, Scores
from analysis.heads import CAUSES
from analysis.types import Because, Cause, Sentiment

#: A clause speaks for a cause beside the one that names it most if it names it at least so much of that.
_ALSO = 0.5
#: In the order of the shares.
_LABELS = (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadClauses:
    """The clauses of one window."""

    text: str
    parts: Sequence[Clause]
    shares: Attitudes

    def spans(self, weight: Scores) -> tuple[Because, ...]:
        """Return the clauses that weigh most."""
        return heaviest(self.text, self.parts, weight, np.array([part.start for part in self.parts], dtype=np.int32))

    def cause(self, cause: Cause, column: int) -> Cause:
        """Return the cause with the clauses that name it and what they say of it; the only clause says nothing new."""
        weight = self.shares.causes[:, column]
        if len(self.parts) < 2:
            return replace(cause, because=self.spans(weight))
        weight = np.where(weight >= weight.max() * _ALSO, weight, 0.0)
        said = _LABELS[int((weight @ self.shares.sentiment).argmax())]
        return replace(cause, label=said, because=self.spans(weight))


def _unsaid(parts: int) -> Attitudes:
    """Return the shares of clauses that nobody asked about."""
    return Attitudes(
        anger=np.zeros(parts), sentiment=np.zeros((parts, len(_LABELS))), causes=np.zeros((parts, len(CAUSES)))
    )


class ClauseReader:
    """Judges the clauses of a text's windows, each window when it is first asked about."""

    def __init__(self, text: str, windows: Sequence[Window], judge: Callable[[Sequence[str]], Attitudes]) -> None:
        self._text = text
        self._windows = windows
        self._judge = judge
        self._read: dict[int, ReadClauses] = {}

    def read(self, window: int) -> ReadClauses:
        """Return the clauses of a window."""
        if window not in self._read:
            parts = self._parts(window)
            said = self._said(parts)
            shares = self._judge(said) if said else _unsaid(len(parts))
            self._read[window] = ReadClauses(text=self._text, parts=parts, shares=shares)
        return self._read[window]

    def said(self, window: int) -> list[str]:
        """Return the clauses of a window that it takes to read it: none where there is nothing to choose between."""
        return self._said(self._parts(window))

    def _parts(self, window: int) -> list[Clause]:
        place = self._windows[window]
        return clauses(self._text, place.start, place.end)

    def _said(self, parts: Sequence[Clause]) -> list[str]:
        return [self._text[part.start : part.end] for part in parts] if len(parts) > 1 else []
