"""Words and phrases that rise, as the pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from service import terms
from service.store.term import Mood
from service.web.period import as_local
from service.web.scope import Scope
from service.web.visit import Visit


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One that rises."""

    term: str
    count: int
    before: int
    link: str


async def words(visit: Visit, scope: Scope, *, mood: Mood, most: int) -> Sequence[Word]:
    """Return what rises in the period, the surest first. Words are counted by whole days (UTC)."""
    since = terms.day_of(scope.stretch.since, up=False)
    until = terms.day_of(scope.stretch.until, up=True)
    found = await terms.risen(visit.conn, brand_id=scope.brand_id, since=since, until=until, mood=mood, most=most)
    days = {
        name: as_local(datetime(day.year, day.month, day.day, tzinfo=UTC), visit.reader.zone)
        for name, day in (("from", since), ("to", until))
    }
    narrowed = {"label": "negative"} if mood is Mood.NEGATIVE else {}
    return [
        Word(
            term=one.term,
            count=one.count,
            before=one.before,
            link=scope.mentions(q=f'"{one.term}"', **days, **narrowed),
        )
        for one in found.terms
    ]
