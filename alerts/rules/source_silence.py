"""Fires when a source says nothing for far longer than it ever did: a place that fell silent, or a broken collector.

A source's own rhythm decides: twice the longest pause of its last weeks, nights and weekends among them.
"""

from datetime import datetime, timedelta

from alerts.rules import values
from alerts.types import Alert, Reason, Rhythm, Rule, Traffic

#: Fewer pauses than this are no rhythm.
FEWEST_PAUSES = 20
#: The rhythm is known by whole hours.
_LEAST = timedelta(hours=2)


def check(rule: Rule, traffic: Traffic) -> list[Alert]:
    """Return an alert for each source that is silent at the end of the span. Raises RuleError."""
    factor = values.number(rule.settings, "factor", least=1, most=100, default=2)
    return [
        _alert(rule, traffic, rhythm, limit)
        for rhythm in traffic.rhythms
        if rhythm.pauses >= FEWEST_PAUSES and traffic.end - rhythm.last_at > (limit := longest(rhythm, factor))
    ]


def longest(rhythm: Rhythm, factor: float) -> timedelta:
    """Return the longest silence that is ordinary."""
    return max(rhythm.longest * factor, _LEAST)


def _alert(rule: Rule, traffic: Traffic, rhythm: Rhythm, limit: timedelta) -> Alert:
    numbers: dict[str, float | str] = {
        "source": rhythm.name,
        "hours": _hours(traffic.end, rhythm.last_at),
        "ordinary": limit / timedelta(hours=1),
        "answers": int(rhythm.answered_at is not None and rhythm.answered_at > rhythm.last_at + limit / 2),
    }
    return Alert(
        rule_id=rule.id,
        mention_id=rhythm.last.id,
        version=rhythm.last.version,
        group_key=f"{rule.id}|{traffic.brand_id}|source:{rhythm.source_id}",
        reason=Reason(code="source_silence", values=numbers),
        severity=rule.severity,
        # One silence is one alert, however often it is looked at.
        slot=rhythm.last_at,
    )


def _hours(now: datetime, then: datetime) -> float:
    return (now - then) / timedelta(hours=1)
