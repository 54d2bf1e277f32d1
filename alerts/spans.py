"""Which spans of time a rule looks at, and when. Pure.

The ends of the spans lie on a grid, so that a worker that runs late, twice or beside others checks the same spans and
raises the same alerts. A span is looked at again for a while: what was said in it may be collected after its end.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.rules import negative_share, spikes
from alerts.types import Rule, RuleKind

#: What is collected later than this after a span's end no longer changes it.
LATE = timedelta(minutes=15)
#: After longer downtime than this, the older spans are history.
CATCH_UP = timedelta(hours=24)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Spans of one length, each beginning a step after the one before."""

    length: timedelta
    step: timedelta

    def floor(self, at: datetime) -> datetime:
        """Return the last end of a span, up to this time."""
        return at - (at - _EPOCH) % self.step

    def ends(self, *, after: datetime, until: datetime) -> list[datetime]:
        """Return the ends of spans after one time and up to another, in order."""
        last = self.floor(until)
        n = max(int((last - self.floor(after)) / self.step), 0)
        return [last - self.step * back for back in reversed(range(n))]


def grid(rule: Rule) -> Grid:
    """Return the spans of a rule that looks at spans. Raises RuleError."""
    match rule.kind:
        case RuleKind.NEGATIVE_SHARE:
            length = negative_share.window(rule)
            return Grid(length=length, step=max(timedelta(minutes=5), length / 24))
        case RuleKind.VOLUME_SPIKE | RuleKind.ANGER_SPIKE:
            return Grid(length=spikes.WINDOW, step=timedelta(minutes=15))
        case _:
            return Grid(length=timedelta(hours=1), step=timedelta(minutes=15))


def due(grid: Grid, *, checked_until: datetime, now: datetime) -> list[datetime]:
    """Return the ends of the spans to look at, in order: new ones, and those that may have grown since; none until
    there is a new one."""
    if grid.floor(now) <= checked_until:
        return []
    return grid.ends(after=max(checked_until - LATE, now - CATCH_UP), until=now)
