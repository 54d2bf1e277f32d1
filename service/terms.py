"""Which words and phrases rise, for the API and the pages alike."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from alerts.types import BrandId
from analysis.rising import Rising, rising
from analysis.script import simplified
from service.store import brand, term
from service.store.brand import Brand
from service.store.pool import Connection
from service.store.term import Mood

_DAY = timedelta(days=1)
#: The baseline is so many times as long as the period.
_BASELINE = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Risen:
    """What rises, the surest first."""

    terms: list[Rising]
    #: Mentions of the period, and of the baseline.
    texts: int
    texts_before: int


async def risen(
    conn: Connection, *, brand_id: BrandId | None, since: date, until: date, mood: Mood, most: int
) -> Risen:
    """Return the terms said more often in the days (UTC) from `since` to before `until` than in the four equally long
    periods before; what a brand is called is left out."""
    brands = None if brand_id is None else [brand_id]
    now = await term.counts(conn, brand_ids=brands, since=since, until=until, mood=mood)
    called = _called([one for one in await brand.every(conn) if brand_id in (None, one.id)])
    begun = since - _BASELINE * (until - since)
    before = await term.counts(conn, brand_ids=brands, since=begun, until=since, mood=mood, only=list(now.counts))
    said = {word: count for word, count in now.counts.items() if not _names(word, called)}
    found = rising(said, before.counts, texts_now=now.texts, texts_before=before.texts, most=most)
    return Risen(terms=found, texts=now.texts, texts_before=before.texts)


def day_of(at: datetime, *, up: bool) -> date:
    """Return the day (UTC) of a moment, the next one where the moment lies within it and `up` is asked for."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.date() + (_DAY if up and midnight < at else timedelta(0))


def _called(brands: Sequence[Brand]) -> set[str]:
    """Return what brands are called, as words are compared with it."""
    return {simplified(name.casefold()) for one in brands for name in (one.name, *one.terms.aliases)}


def _names(word: str, called: Collection[str]) -> bool:
    """Whether a word is, or is part of, what a brand is called: that it is spoken of is no news."""
    folded = simplified(word)
    return any(folded in name or (len(name) > 2 and name in folded) for name in called)
