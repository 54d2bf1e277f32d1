"""What is computed from counts, and the words that say how. Every value is null where its base is nought."""

from collections.abc import Iterable
from typing import Self

from pydantic import Field

from service.api.parameters import Shape
from service.measures import Assumptions, ratio, unheard, wilson
from service.store.trend import TrendCounts

DEFINITIONS = {
    "total": "Mentions said in the step, judged or not; deleted, own and promotional ones left out.",
    "negative": "Mentions whose most probable sentiment is negative (N).",
    "neutral": "Mentions whose most probable sentiment is neutral (Neu).",
    "positive": "Mentions whose most probable sentiment is positive (P).",
    "angry": "Mentions of anger level 2, by the threshold of their language.",
    "net_of_all": "Net sentiment of all judged mentions: (P - N) / (P + N + Neu), -1 to 1; null without any.",
    "net_of_opinions": "Net sentiment of opinions: (P - N) / (P + N), -1 to 1; null without opinions (Talkwalker's).",
    "pn_ratio": "P/N, in Taiwan 好感度: P / N, a ratio and no percentage; null without negative mentions.",
    "pn_smoothed": "(P + 1) / (N + 1): the same for small counts, never null.",
    "anger_rate": "Angry / judged, 0 to 1; null without judged mentions.",
    "anger_rate_low": "Lower end of its 95 % interval (Wilson, 1927).",
    "anger_rate_high": "Upper end of its 95 % interval (Wilson, 1927).",
}


class Measures(Shape):
    """Counts, and what is computed from them."""

    total: int
    negative: int
    neutral: int
    positive: int
    angry: int
    net_of_all: float | None
    net_of_opinions: float | None
    pn_ratio: float | None
    pn_smoothed: float
    anger_rate: float | None
    anger_rate_low: float | None
    anger_rate_high: float | None

    @classmethod
    def of(cls, counted: Iterable[TrendCounts]) -> Self:
        """Return the measures of counts taken together."""
        rows = list(counted)
        negative, neutral, positive, angry = (
            sum(getattr(row, name) for row in rows) for name in ("negative", "neutral", "positive", "angry")
        )
        judged = positive + negative + neutral
        low, high = wilson(angry, judged)
        return cls(
            total=sum(row.total for row in rows),
            negative=negative,
            neutral=neutral,
            positive=positive,
            angry=angry,
            net_of_all=ratio(positive - negative, judged),
            net_of_opinions=ratio(positive - negative, positive + negative),
            pn_ratio=ratio(positive, negative),
            pn_smoothed=(positive + 1) / (negative + 1),
            anger_rate=ratio(angry, judged),
            anger_rate_low=low,
            anger_rate_high=high,
        )


class Silence(Shape):
    """Who is not heard, and who was told: an estimate whose assumptions are given with it, never a count."""

    complaints: int = Field(description="Negative mentions of the period.")
    praises: int = Field(description="Positive mentions of the period.")
    silent: float = Field(
        description="Customers who were as unhappy and said nothing: complaints x silent_per_complaint."
    )
    told_ill: float = Field(
        description="People whom the unhappy told, heard and silent: (complaints + silent) x told_ill_each."
    )
    told_well: float = Field(description="People whom the happy told: praises x told_well_each.")
    assumptions: dict[str, float]

    @classmethod
    def of(cls, measures: Measures, *, silent: float, told_ill: float, told_well: float) -> Self:
        """Return the estimate for what was counted."""
        by = Assumptions(silent_per_complaint=silent, told_ill_each=told_ill, told_well_each=told_well)
        estimate = unheard(complaints=measures.negative, praises=measures.positive, by=by)
        return cls(
            complaints=measures.negative,
            praises=measures.positive,
            silent=estimate.silent,
            told_ill=estimate.told_ill,
            told_well=estimate.told_well,
            assumptions={"silent_per_complaint": silent, "told_ill_each": told_ill, "told_well_each": told_well},
        )
