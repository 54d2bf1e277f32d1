"""Which words and phrases rise."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from service.api.access import Reading
from service.api.errors import Invalid
from service.api.parameters import PREFIX, BrandGiven, Shape, Since, Until, brand_of
from service.api.query import Read
from service.store.term import Mood
from service.terms import day_of, risen

router = APIRouter(prefix=PREFIX, tags=["trends"])
_USUAL_PERIOD = timedelta(days=7)
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
async def terms(asked: Reading, query: Annotated[TermQuery, Depends(Read(TermQuery))]) -> Terms:
    """The last seven days against the four weeks before by default; whole days (UTC)."""
    until = day_of(query.until or asked.now, up=True)
    since = day_of(query.since, up=False) if query.since else until - _USUAL_PERIOD
    if not since < until <= since + _LONGEST:
        raise Invalid("to", "must lie after `from`, by at most 366 days")
    brand_id = await brand_of(asked.conn, query.brand)
    found = await risen(asked.conn, brand_id=brand_id, since=since, until=until, mood=query.mood, most=query.limit)
    return Terms(
        items=[Term(term=one.term, count=one.count, before=one.before, z=one.z) for one in found.terms],
        start=datetime(since.year, since.month, since.day, tzinfo=UTC),
        end=datetime(until.year, until.month, until.day, tzinfo=UTC),
        texts=found.texts,
        texts_before=found.texts_before,
        definitions=DEFINITIONS,
    )
