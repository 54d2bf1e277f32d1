"""What is computed from counts, and the words that say how. Every value is null where its base is nought."""

from collections.abc import Iterable
from typing import Any, Self

from pydantic import Field

from alerts.types import Counts
from service.api.parameters import Shape
from service.measures import Assumptions, ratio, unheard, wilson

DEFINITIONS = {
    "total": "Mentions said in the step, judged or not; deleted, own and promotional ones left out.",
    "negative": "Mentions whose most probable sentiment is negative, or that a person called so (N).",
    "neutral": "Mentions whose most probable sentiment is neutral, or that a person called so (Neu).",
    "positive": "Mentions whose most probable sentiment is positive, or that a person called so (P).",
    "angry": "Mentions of anger level 2, by the threshold of their language or a person's word.",
    "net_of_all": "Net sentiment of all judged mentions: (P - N) / (P + N + Neu), -1 to 1; null without any. The usual "
    "share of positive minus share of negative.",
    "net_of_opinions": "Net sentiment of opinions: (P - N) / (P + N), -1 to 1; null without opinions. Source: "
    "Talkwalker's net sentiment.",
    "pn_ratio": "P/N, in Taiwan 好感度: P / N, a ratio and no percentage; null without negative mentions. Source: "
    "KEYPO's P/N 比.",
    "pn_smoothed": "(P + 1) / (N + 1): the same for small counts, never null (add-one smoothing, ours).",
    "anger_rate": "Angry / judged, 0 to 1; null without judged mentions.",
    "anger_rate_low": "Lower end of its 95 % interval. Source: Wilson (1927), JASA 22, 209-212.",
    "anger_rate_high": "Upper end of its 95 % interval. Source: Wilson (1927), JASA 22, 209-212.",
}


def _defined(name: str) -> Any:
    """Return a field that is described as it is defined."""
    return Field(description=DEFINITIONS[name])


class Tones(Shape):
    """Counts by sentiment, and what is computed from them."""

    total: int = _defined("total")
    negative: int = _defined("negative")
    neutral: int = _defined("neutral")
    positive: int = _defined("positive")
    net_of_all: float | None = _defined("net_of_all")
    net_of_opinions: float | None = _defined("net_of_opinions")
    pn_ratio: float | None = _defined("pn_ratio")
    pn_smoothed: float = _defined("pn_smoothed")
    anger_rate: float | None = _defined("anger_rate")
    anger_rate_low: float | None = _defined("anger_rate_low")
    anger_rate_high: float | None = _defined("anger_rate_high")


class Measures(Tones):
    """Counts, and what is computed from them."""

    angry: int = _defined("angry")

    @classmethod
    def of(cls, counted: Iterable[Counts]) -> Self:
        """Return the measures of counts taken together."""
        whole = Counts.summed(counted)
        negative, positive = whole.negative, whole.positive
        low, high = wilson(whole.angry, whole.judged)
        return cls(
            total=whole.total,
            negative=negative,
            neutral=whole.neutral,
            positive=positive,
            angry=whole.angry,
            net_of_all=ratio(positive - negative, whole.judged),
            net_of_opinions=ratio(positive - negative, positive + negative),
            pn_ratio=ratio(positive, negative),
            pn_smoothed=(positive + 1) / (negative + 1),
            anger_rate=ratio(whole.angry, whole.judged),
            anger_rate_low=low,
            anger_rate_high=high,
        )


class Silence(Shape):
    """Who is not heard, and who was told: an estimate whose assumptions are given with it, never a count. The rules of
    thumb go back to TARP, Consumer Complaint Handling in America (1979, 1986): 4 in 100 of the unhappy complain."""

    complaints: int = Field(description="Negative mentions of the period.")
    praises: int = Field(description="Positive mentions of the period.")
    silent: float = Field(
        description="Customers as unhappy who said nothing: complaints x silent_per_complaint (TARP: about 25)."
    )
    told_ill: float = Field(
        description="People whom the unhappy told: (complaints + silent) x told_ill_each (TARP: 9 to 10)."
    )
    told_well: float = Field(description="People whom the happy told: praises x told_well_each (TARP: about 5).")
    assumptions: dict[str, float] = Field(description="The factors that were used.")

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
