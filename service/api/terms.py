"""Which words and phrases rise."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from analysis.rising import rising
from analysis.script import simplified
from service.api.access import Reading
from service.api.errors import Invalid
from service.api.parameters import PREFIX, BrandGiven, Shape, Since, Until, brand_of
from service.store import brand, term
from service.store.brand import Brand
from service.store.term import Mood

router = APIRouter(prefix=PREFIX, tags=["trends"])
_DAY, _USUAL_PERIOD = timedelta(days=1), timedelta(days=7)
#: The baseline is so many times as long as the period.
_BASELINE = 4
_LONGEST = timedelta(days=366)

DEFINITIONS = {
    "count": "Mentions of the period that hold the term; own, promotional and deleted ones left out.",
    "before": "Mentions that hold it in the baseline: the four equally long periods before.",
    "z": "Standard deviations by which its log odds are above the baseline's (Monroe, Colaresi & Quinn, 2008).",
}


class Term(Shape):
    """One word or phrase."""

    term: str
    count: int
    before: int
    z: float


class Terms(Shape):
    """What rises, the surest first."""

    items: list[Term]
    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    texts: int = Field(description="Mentions of the period.")
    texts_before: int = Field(description="Mentions of the baseline.")
    definitions: dict[str, str]


class TermQuery(Shape):
    """Whose words, and when."""

    brand: BrandGiven = None
    since: Since = None
    until: Until = None
    mood: Annotated[Mood, Field(description="Words of all mentions, or of the negative or angry alone.")] = Mood.ALL
    limit: Annotated[int, Field(ge=1, le=200)] = 30


@router.get("/terms", summary="List the words and phrases that rise")
async def terms(asked: Reading, query: Annotated[TermQuery, Query()]) -> Terms:
    """The last seven days against the four weeks before by default; whole days (UTC)."""
    until = _day(query.until or asked.now, up=True)
    since = _day(query.since, up=False) if query.since else until - _USUAL_PERIOD
    if not since < until <= since + _LONGEST:
        raise Invalid("to", "must lie after `from`, by at most 366 days")
    brand_id = await brand_of(asked.conn, query.brand)
    brands = None if brand_id is None else [brand_id]
    now = await term.counts(asked.conn, brand_ids=brands, since=since, until=until, mood=query.mood)
    names = [one for one in await brand.every(asked.conn) if brand_id in (None, one.id)]
    before = await term.counts(
        asked.conn,
        brand_ids=brands,
        since=since - _BASELINE * (until - since),
        until=since,
        mood=query.mood,
        only=list(now.counts),
    )
    said = {word: count for word, count in now.counts.items() if not _names(word, names)}
    found = rising(said, before.counts, texts_now=now.texts, texts_before=before.texts, most=query.limit)
    return Terms(
        items=[Term(term=one.term, count=one.count, before=one.before, z=one.z) for one in found],
        start=datetime(since.year, since.month, since.day, tzinfo=UTC),
        end=datetime(until.year, until.month, until.day, tzinfo=UTC),
        texts=now.texts,
        texts_before=before.texts,
        definitions=DEFINITIONS,
    )


def _names(word: str, brands: Sequence[Brand]) -> bool:
    """Whether a word is, or is part of, what a brand is called: that it is spoken of is no news."""
    folded = simplified(word)
    called = (simplified(name.casefold()) for one in brands for name in (one.name, *one.terms.aliases))
    return any(folded in name or (len(name) > 2 and name in folded) for name in called)


def _day(at: datetime, *, up: bool) -> date:
    """Return the day of a moment, the next one where the moment lies within it and `up` is asked for."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.date() + (_DAY if up and midnight < at else timedelta(0))
