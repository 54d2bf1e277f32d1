"""Fires on each review with few stars. Other scales are brought to five: 4 of 10 counts as 2."""

from collections.abc import Sequence

from alerts.rules import values
from alerts.rules.matching import matches
from alerts.types import Alert, JudgedMention, Reason, Rule

FIVE = 5.0


def check(rule: Rule, window: Sequence[JudgedMention]) -> list[Alert]:
    """Return an alert for each review of at most `stars`, in order. Raises RuleError."""
    most = values.number(rule.settings, "stars", least=0, most=FIVE, default=2)
    return matches(rule, window, lambda mention: _reason(mention, most))


def _reason(mention: JudgedMention, most: float) -> Reason | None:
    rating = mention.rating
    if rating is None or rating.value * FIVE > most * rating.scale:
        return None
    return Reason(code="low_rating", values={"value": rating.value, "scale": rating.scale, "stars": most})
