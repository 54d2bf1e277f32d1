"""What a rule would have done: it is checked against the past, and nothing is stored."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from alerts import registry, spans
from alerts.registry import KINDS, Reads
from alerts.types import Alert, BrandId, JudgedMention, MentionId, Rule
from service.store import brand, judged, past
from service.store.judged import Span
from service.store.past import Found
from service.store.pool import Connection

#: Enough for a month of most brands; what is older is left out, and the answer says so.
MOST_MENTIONS = 20_000
_A_PAGE = 500
_EXAMPLES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What a rule would have done on one day."""

    day: date
    alerts: int
    incidents: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a rule would have done from `since` to `until`."""

    since: datetime
    until: datetime
    #: Mentions, or spans of time, that were looked at.
    checked: int
    alerts: int
    incidents: int
    #: Every day of the past that was looked at, in order.
    days: tuple[Day, ...]
    #: The last alerts, the newest first.
    examples: tuple[Found, ...]

    @property
    def alerts_a_day(self) -> float:
        """How often it would have fired."""
        return self.alerts / max((self.until - self.since) / timedelta(days=1), 1 / 24)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fired:
    """An alert and when it would have been raised."""

    at: datetime
    found: Found


async def preview(conn: Connection, rule: Rule, *, since: datetime, until: datetime, zone: tzinfo) -> Preview:
    """Return what a rule would have done. Raises RuleError."""
    if registry.reads(rule.kind) is Reads.MENTIONS:
        fired, checked, since = await _of_mentions(conn, rule, since=since, until=until)
    else:
        fired, checked = await _of_spans(conn, rule, since=since, until=until)
    fired.sort(key=lambda one: one.at)
    opened = [one.at for one in _opening(rule, fired)]
    alerts_on = Counter(one.at.astimezone(zone).date() for one in fired)
    opened_on = Counter(at.astimezone(zone).date() for at in opened)
    return Preview(
        since=since,
        until=until,
        checked=checked,
        alerts=len(fired),
        incidents=len(opened),
        days=tuple(Day(day=day, alerts=alerts_on[day], incidents=opened_on[day]) for day in _days(since, until, zone)),
        examples=tuple(one.found for one in reversed(fired[-_EXAMPLES:])),
    )


def _days(since: datetime, until: datetime, zone: tzinfo) -> list[date]:
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _opening(rule: Rule, fired: Sequence[_Fired]) -> list[_Fired]:
    """Return the alerts, in order of time, that would have opened an incident: nobody resolves any, and what ends by
    itself does."""
    ends_after = KINDS[rule.kind].ends_after
    last: dict[str, datetime] = {}
    opening = []
    for one in fired:
        key = one.found.alert.group_key
        before = last.get(key)
        if before is None or (ends_after and one.at - before > ends_after):
            opening.append(one)
        last[key] = one.at
    return opening


async def _of_mentions(
    conn: Connection, rule: Rule, *, since: datetime, until: datetime
) -> tuple[list[_Fired], int, datetime]:
    """Return what mentions would have raised, how many there were, and since when they were looked at."""
    check = registry.mention_checker(rule.kind)
    fired: list[_Fired] = []
    checked = 0
    async for page in _pages(conn, Span(brand_id=rule.brand_id, since=since, until=until)):
        known = {mention.id: mention for mention in page}
        fired += [_fired(alert, known[alert.mention_id]) for alert in check(rule, page)]
        checked += len(page)
        if checked >= MOST_MENTIONS:
            return fired, checked, page[-1].said_at
    return fired, checked, since


def _fired(alert: Alert, mention: JudgedMention) -> _Fired:
    return _Fired(at=mention.said_at, found=Found(alert=alert, mention=mention))


async def _pages(conn: Connection, span: Span) -> AsyncIterator[list[JudgedMention]]:
    before: tuple[datetime, MentionId] | None = None
    while page := await judged.newest(conn, span, before=before, limit=_A_PAGE):
        yield page
        before = (page[-1].said_at, page[-1].id)


async def _of_spans(conn: Connection, rule: Rule, *, since: datetime, until: datetime) -> tuple[list[_Fired], int]:
    """Return what spans of time would have raised, and how many there were. What is known only of now, such as
    whether a source answers, is taken as of now."""
    grid = spans.grid(rule)
    ends = grid.ends(after=since, until=until)
    fired: list[_Fired] = []
    for brand_id in await _brands(conn, rule) if ends else []:
        known = await past.past_of(conn, rule, brand_id, grid, ends=ends)
        seen: set[tuple[str, datetime | None]] = set()
        for end in ends:
            for found in await past.check(conn, rule, known, end=end, with_cause=False):
                key = (found.alert.group_key, found.alert.slot)
                if key not in seen:
                    seen.add(key)
                    fired.append(_Fired(at=end, found=found))
    return fired, len(ends)


async def _brands(conn: Connection, rule: Rule) -> list[BrandId]:
    return [one.id for one in await brand.every(conn)] if rule.brand_id is None else [rule.brand_id]
