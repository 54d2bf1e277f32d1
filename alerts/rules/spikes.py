"""Fires when far more is said, or far more in anger, than is ordinary at this hour of the week.

Three things must hold: so many are very unlikely for this brand at this hour, they are some times what is ordinary,
and they are enough to matter. The alert names what the span is made of.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from alerts import baseline
from alerts.rules import values
from alerts.types import Alert, Counts, Reason, Rule, Traffic

WINDOW = timedelta(hours=1)
#: A brand is tested 672 times a week, four times an hour; neighbours share most of their hour.
SENSITIVITIES: Mapping[str, float] = {"low": 1e-7, "normal": 1e-5, "high": 1e-4}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a span must reach."""

    likelihood: float
    factor: float
    min_count: int


def limits(settings: Mapping[str, values.Value], *, min_count: int) -> Limits:
    """Return what the settings ask for. Raises RuleError."""
    named = values.choice(settings, "sensitivity", tuple(SENSITIVITIES), default="normal")
    return Limits(
        likelihood=SENSITIVITIES[named],
        factor=values.number(settings, "factor", least=1, most=1000, default=2.5),
        min_count=values.count(settings, "min_count", default=min_count),
    )


def check_volume(rule: Rule, traffic: Traffic) -> list[Alert]:
    """Return an alert where far more is said than is ordinary. Raises RuleError."""
    return _spike(rule, traffic, "volume_spike", lambda counts: counts.total, limits(rule.settings, min_count=12))


def check_anger(rule: Rule, traffic: Traffic) -> list[Alert]:
    """Return an alert where far more is said in anger than is ordinary. Raises RuleError."""
    return _spike(rule, traffic, "anger_spike", lambda counts: counts.angry, limits(rule.settings, min_count=6))


def _spike(rule: Rule, traffic: Traffic, code: str, counted: Callable[[Counts], int], asked: Limits) -> list[Alert]:
    count = counted(traffic.counts)
    if traffic.telling is None or count < asked.min_count:
        return []
    ordinary = baseline.expected(
        {hour: counted(counts) for hour, counts in traffic.history.items()},
        since=traffic.since,
        start=traffic.start,
        end=traffic.end,
        pooled=traffic.pooled_week,
    )
    if ordinary is None or count < asked.factor * ordinary.mean or ordinary.tail(count) > asked.likelihood:
        return []
    numbers: dict[str, float | str] = {"count": count, "ordinary": round(ordinary.mean, 1), **cause(traffic)}
    return [
        Alert(
            rule_id=rule.id,
            mention_id=traffic.telling.id,
            version=traffic.telling.version,
            group_key=f"{rule.id}|{traffic.brand_id}|brand",
            reason=Reason(code=code, values=numbers),
            severity=rule.severity,
            slot=traffic.end,
        )
    ]


def cause(traffic: Traffic) -> dict[str, float | str]:
    """Return what the span is made of, as a reason carries it."""
    makeup, found = traffic.makeup, dict[str, float | str]()
    if makeup.terms:
        found["terms"] = " · ".join(term.name for term in makeup.terms[:5])
    if makeup.sources:
        found["sources"] = ", ".join(f"{source.name} ({source.count})" for source in makeup.sources[:3])
    if makeup.stories and makeup.stories[0].count > 1:
        first = makeup.stories[0]
        found |= {"story": first.name, "story_count": first.count, "story_id": first.id or 0}
    return found
