"""What the encoder has made of a text, and the verdict it becomes once somebody says whether that is anger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.clauses import contrasts
from analysis.encoder_clauses import ClauseReader
from analysis.encoder_pieces import Window
from analysis.encoder_scores import Attitudes, Particulars, Scores
from analysis.heads import CAUSES, HEADS, SENTIMENTS
from analysis.types import Analysis, Cause

#: From this probability of levels 1 and 2 together a text that is not angry is displeased.
_DISPLEASED = 0.5
#: From this share of both praise and blame on, a cause may have another label than the text.
_MIXED = 0.2

#: Judges clauses of a text whose language is known.
Judge = Callable[[Sequence[str], str], Attitudes]


def _named(head: str, shares: Scores) -> dict[str, float]:
    """Return probabilities by the names of a head's values."""
    return dict(zip(HEADS[head].values, shares.tolist(), strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """All windows of the texts read together: a row each."""

    attitudes: Attitudes
    particulars: Particulars
    embeddings: Scores


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One text as read."""

    text: str
    language: str
    #: None of them where nothing is said.
    windows: Sequence[Window]
    batch: Batch
    #: The batch's row of the first window.
    first: int
    model: str
    #: The probability from which the encoder alone calls a text angry, and from which it names a cause.
    threshold: float
    cause_threshold: float
    judge: Judge

    @property
    def rows(self) -> slice:
        """Return which rows of the batch are the text's."""
        return slice(self.first, self.first + len(self.windows))

    @property
    def worst(self) -> int:
        """Return the angriest window."""
        return int(self.batch.attitudes.anger[self.rows].argmax())

    @property
    def anger(self) -> float:
        """Return the probability of anger: the most of any window, 0 where nothing is said."""
        return float(self.batch.attitudes.anger[self.first + self.worst]) if self.windows else 0.0

    @property
    def angry(self) -> bool:
        """Return whether the encoder alone calls it angry."""
        return bool(self.windows) and self.anger >= self.threshold

    def mean(self, shares: Scores) -> Scores:
        """Return the mean over the windows of a column or several, long windows counting more."""
        own = shares[self.rows]
        if len(own) == 1:
            one: Scores = own[0]
            return one
        weight = np.array([len(window.ids) for window in self.windows], dtype=np.float64)
        mean: Scores = (own * (weight / weight.sum())[:, None]).sum(axis=0)
        return mean

    def analysis(self, *, angry: bool, because: bool) -> Analysis:
        """Return the verdict. `angry`: whether the text counts as angry; if so, or where `because`, with the clauses
        that carry it."""
        if not self.windows:
            return self._silent(because)
        found = self._verdict(angry=angry)
        if angry or because:
            return self._with_spans(found)
        return self._with_causes(found, self._clauses(), spans=False) if self._is_mixed() else found

    def clauses(self, *, angry: bool, because: bool) -> list[str]:
        """Return the clauses that the verdict will be read from; of a text of several windows, none yet."""
        if len(self.windows) != 1 or not (angry or because or self._is_mixed()):
            return []
        return self._clauses().said(0)

    def _is_mixed(self) -> bool:
        """Return whether a cause may have another label than the text."""
        if not (self.batch.attitudes.causes[self.rows] >= self.cause_threshold).any():
            return False
        negative, _, positive = self.mean(self.batch.attitudes.sentiment).tolist()
        return min(negative, positive) >= _MIXED or contrasts(self.text)

    def _silent(self, because: bool) -> Analysis:
        """Return the verdict on a text that says nothing."""
        return Analysis(
            language=self.language,
            negative=0.0,
            neutral=1.0,
            positive=0.0,
            anger=0.0,
            anger_level=0,
            angry=False,
            because=() if because else None,
            kind={value: float(value == "other") for value in HEADS["kind"].values},
            churn=0.0,
            recommend=0.0,
            stage={value: float(value == "unknown") for value in HEADS["stage"].values},
            severity=0.0,
            purpose={value: float(value == "none") for value in HEADS["purpose"].values},
            causes=(),
            model=self.model,
        )

    def _verdict(self, *, angry: bool) -> Analysis:
        """Return the verdict without spans: what any window shows of anger, leaving, harm and causes, and the mean of
        what a text is one of."""
        said, rows = self.batch.particulars, self.rows
        negative, neutral, positive = self.mean(self.batch.attitudes.sentiment).tolist()
        displeased = said.displeased[self.first + self.worst] >= _DISPLEASED
        analysis = Analysis(
            language=self.language,
            negative=negative,
            neutral=neutral,
            positive=positive,
            anger=self.anger,
            anger_level=2 if angry else int(displeased),
            angry=angry,
            kind=_named("kind", self.mean(said.kind)),
            churn=float(said.churn[rows].max()),
            recommend=float(said.recommend[rows].max()),
            stage=_named("stage", self.mean(said.stage)),
            severity=float(said.severity[rows].max()),
            purpose=_named("purpose", self.mean(said.purpose)),
            embedding=self.embedding(),
            model=self.model,
        )
        return replace(analysis, causes=self._causes(analysis))

    def _causes(self, analysis: Analysis) -> tuple[Cause, ...]:
        """Return what any window is about, the likeliest first; all with the text's own label."""
        shares = self.batch.attitudes.causes[self.rows].max(axis=0).tolist()
        named = [
            Cause(cause=cause, label=analysis.label, p=p)
            for cause, p in zip(CAUSES, shares, strict=True)
            if p >= self.cause_threshold
        ]
        return tuple(sorted(named, key=lambda one: -one.p))

    def embedding(self) -> tuple[float, ...] | None:
        """Return the direction of all windows together; None where the network gives none."""
        mean = self.mean(self.batch.embeddings)
        length = float(np.linalg.norm(mean))
        return tuple((mean / length).tolist()) if length else None

    def _with_spans(self, analysis: Analysis) -> Analysis:
        """Return the analysis with the clauses that carry its anger, or else its label, and those of its causes."""
        reader = self._clauses()
        if analysis.angry:
            read = reader.read(self.worst)
            spans = read.spans(read.shares.anger)
        else:
            column = SENTIMENTS.index(str(analysis.label))
            shares = self.batch.attitudes.sentiment[self.rows, column]
            clearest = int((shares * np.array([len(window.ids) for window in self.windows])).argmax())
            read = reader.read(clearest)
            spans = read.spans(read.shares.sentiment[:, column])
        return self._with_causes(replace(analysis, because=spans), reader, spans=True)

    def _with_causes(self, analysis: Analysis, reader: ClauseReader, *, spans: bool) -> Analysis:
        """Return the analysis with what the clauses say of each cause, and with these clauses where `spans`."""
        window = self.batch.attitudes.causes[self.rows].argmax(axis=0)
        columns = {cause: column for column, cause in enumerate(CAUSES)}
        causes = tuple(
            reader.read(int(window[columns[one.cause]])).cause(one, columns[one.cause]) for one in analysis.causes or ()
        )
        return replace(analysis, causes=causes if spans else tuple(replace(one, because=None) for one in causes))

    def _clauses(self) -> ClauseReader:
        """Return what reads the text's clauses."""
        return ClauseReader(self.text, self.windows, lambda said: self.judge(said, self.language))
