"""What the encoder answers in one pass: the columns of its output, shared by training, export and use."""

from dataclasses import dataclass
from enum import StrEnum

SENTIMENTS = ("negative", "neutral", "positive")
KINDS = ("complaint", "attack", "threat", "question", "praise", "promotion", "other")
STAGES = ("doubting", "using", "settled", "leaving", "unknown")
PURPOSES = ("vent", "refund", "exchange", "compensation", "apology", "improvement", "answer", "none")
CAUSES = (
    "product",
    "quality",
    "price",
    "service",
    "respect",
    "waiting",
    "delivery",
    "environment",
    "hygiene",
    "refund",
    "app",
    "communication",
    "safety",
    "trust",
)


class Shape(StrEnum):
    """How a head's columns become probabilities."""

    #: One of several.
    CHOICE = "choice"
    #: Each for itself.
    FLAGS = "flags"


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """Neighbouring columns that answer one question."""

    name: str
    shape: Shape
    values: tuple[str, ...]
    start: int

    @property
    def columns(self) -> slice:
        """Return which columns are the head's."""
        return slice(self.start, self.start + len(self.values))


def _laid_out(*asked: tuple[str, Shape, tuple[str, ...]]) -> dict[str, Head]:
    """Return the heads side by side."""
    heads: dict[str, Head] = {}
    start = 0
    for name, shape, values in asked:
        heads[name] = Head(name=name, shape=shape, values=values, start=start)
        start += len(values)
    return heads


#: In the order of the columns; a change here asks for new weights.
HEADS = _laid_out(
    ("sentiment", Shape.CHOICE, SENTIMENTS),
    ("angry", Shape.FLAGS, ("angry",)),
    ("level", Shape.CHOICE, ("0", "1", "2")),
    ("kind", Shape.CHOICE, KINDS),
    ("churn", Shape.FLAGS, ("churn",)),
    ("recommend", Shape.FLAGS, ("recommend",)),
    ("stage", Shape.CHOICE, STAGES),
    ("severity", Shape.CHOICE, ("0", "1", "2")),
    ("purpose", Shape.CHOICE, PURPOSES),
    ("causes", Shape.FLAGS, CAUSES),
)
#: Numbers in the embedding of a text, which is of unit length.
EMBEDDING = 128
WIDTH = sum(len(head.values) for head in HEADS.values())
