"""Fires on each mention whose writer leaves, or says so."""

from collections.abc import Sequence

from alerts.rules import values
from alerts.rules.matching import matches
from alerts.types import Alert, JudgedMention, Reason, Rule


def check(rule: Rule, window: Sequence[JudgedMention]) -> list[Alert]:
    """Return an alert for each mention from a probability of leaving, in order. Raises RuleError."""
    threshold = values.number(rule.settings, "threshold", least=0, most=1, default=0.5)
    return matches(rule, window, lambda mention: _reason(mention, threshold))


def _reason(mention: JudgedMention, threshold: float) -> Reason | None:
    churn = mention.analysis.churn
    if churn is None or churn < threshold:
        return None
    return Reason(code="churn", values={"churn": churn, "threshold": threshold})
