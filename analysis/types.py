"""The words between a text and what it expresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Sentiment(StrEnum):
    """Toward the thing talked about."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


@dataclass(frozen=True, kw_only=True, slots=True)
class Because:
    """The words a verdict was read from. Offsets count Unicode code points of the judged text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Something the displeasure or the praise is about."""

    #: One of analysis.heads.CAUSES.
    cause: str
    label: Sentiment
    #: Probability that the text is about it.
    p: float
    because: tuple[Because, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """The verdict of one model version on one text. A head the model does not have is None."""

    #: `zh-Hant`, `zh-Hans`, `th`, `en`, another BCP 47 tag, or `und`.
    language: str
    #: Probabilities; the three sum to 1.
    negative: float
    neutral: float
    positive: float
    #: Calibrated probability of anger level 2, 0 to 1.
    anger: float
    #: 0 none, 1 displeased, 2 angry.
    anger_level: int
    #: Level 2 by the language's threshold.
    angry: bool
    because: tuple[Because, ...] | None = None
    #: Probabilities of complaint, attack, threat, question, praise, promotion, other; they sum to 1.
    kind: Mapping[str, float] | None = None
    #: Probability that the writer leaves, or says so.
    churn: float | None = None
    #: Probability that the text advises others to buy, visit or use.
    recommend: float | None = None
    #: Probabilities of where the writer stands after the purchase: doubting, using, settled, leaving, unknown.
    stage: Mapping[str, float] | None = None
    #: 0 a trifle, 0.5 money or time lost, 1 safety, health, law, large sums, many people; between them as expected.
    severity: float | None = None
    #: Probabilities of what the writer wants: vent, refund, exchange, compensation, apology, improvement, answer, none.
    purpose: Mapping[str, float] | None = None
    #: The likeliest first; () where nothing is named.
    causes: tuple[Cause, ...] | None = None
    #: What the text is about, whatever its language, as a direction: numbers of unit length, near to those of texts
    #: about the same.
    embedding: tuple[float, ...] | None = None
    #: name@version
    model: str

    @property
    def label(self) -> Sentiment:
        """The most probable sentiment; a tie goes to the milder (neutral, then positive)."""
        best = max(self.negative, self.neutral, self.positive)
        if self.neutral == best:
            return Sentiment.NEUTRAL
        return Sentiment.POSITIVE if self.positive == best else Sentiment.NEGATIVE

    @property
    def is_promotion(self) -> bool:
        """Whether it advertises. What is angry is never put aside as advertising."""
        return self.kind is not None and max(self.kind, key=self.kind.__getitem__) == "promotion" and not self.angry


class Analyser(Protocol):
    """Anything that judges texts: `ngram`, the shipped transformer, a user's own."""

    #: name@version, written on every analysis.
    model: str

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order. Blocking. `because` asks for spans on every text; angry
        texts have them always. Any string is answered, also empty or of a megabyte. Raises AnalysisError."""
        ...


@runtime_checkable
class Understanding(Protocol):
    """An analyser that can say what texts are about without judging them."""

    def embeddings(self, texts: Sequence[str]) -> Sequence[tuple[float, ...] | None]:
        """Return each text's embedding, in order, as `Analysis` has it. Blocking."""
        ...
