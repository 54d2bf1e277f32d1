"""Fires when a large part of what is said in a span of time is negative."""

from datetime import timedelta

from alerts.rules import values
from alerts.rules.spikes import cause
from alerts.types import Alert, Reason, Rule, Traffic


def window(rule: Rule) -> timedelta:
    """Return the span the rule looks at. Raises RuleError."""
    return values.window(rule.settings, "window", default="1h")


def check(rule: Rule, traffic: Traffic) -> list[Alert]:
    """Return an alert where the share of negative mentions among the judged reaches the limit. Raises RuleError."""
    limit = values.number(rule.settings, "share", least=0.01, most=1, default=0.6)
    least = values.count(rule.settings, "min_count", default=10)
    counts = traffic.counts
    if traffic.telling is None or counts.judged < least or counts.negative < limit * counts.judged:
        return []
    numbers: dict[str, float | str] = {
        "share": counts.negative / counts.judged,
        "limit": limit,
        "negative": counts.negative,
        "judged": counts.judged,
        "minutes": (traffic.end - traffic.start) / timedelta(minutes=1),
    }
    return [
        Alert(
            rule_id=rule.id,
            mention_id=traffic.telling.id,
            version=traffic.telling.version,
            group_key=f"{rule.id}|{traffic.brand_id}|brand",
            reason=Reason(code="negative_share", values={**numbers, **cause(traffic)}),
            severity=rule.severity,
            slot=traffic.end,
        )
    ]
