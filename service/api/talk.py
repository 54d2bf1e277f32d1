"""Stories that are told, and who tells them."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from alerts.types import BrandId
from service.api.access import Reading
from service.api.errors import Invalid
from service.api.parameters import PREFIX, BrandGiven, Page, Shape, Since, Until, brand_of
from service.api.query import Read
from service.store import talk
from service.store.pool import Connection
from service.store.talk import AuthorSort, SpeakingAuthor, ToldStory

router = APIRouter(prefix=PREFIX, tags=["mentions"])
_USUAL_PERIOD, _LONGEST = timedelta(days=7), timedelta(days=366)


class _PeriodQuery(Shape):
    brand: BrandGiven = None
    since: Since = None
    until: Until = None
    limit: Annotated[int, Field(ge=1, le=200, description="The most items; the first of the order asked for.")] = 50


class StoryQuery(_PeriodQuery):
    """Which stories."""

    at_least: Annotated[int, Field(ge=1, le=1000, description="Mentions a story must have.")] = 2


class Story(Shape):
    """Mentions that say the same thing, across sources and languages. Its mentions: `GET /mentions?story=`."""

    id: int
    total: int
    negative: int
    neutral: int
    positive: int
    angry: int
    channels: int = Field(description="Sites it was told at.")
    authors: int
    languages: list[str]
    first_at: datetime
    last_at: datetime
    first_mention: int
    title: str
    text: str = Field(description="Of the mention that told it first in the period; at most 500 characters.")
    terms: list[str] = Field(description="The commonest words and phrases.")

    @classmethod
    def of(cls, told: ToldStory) -> "Story":
        """Return the story as it is shown."""
        return cls(**{name: getattr(told, name) for name in cls.model_fields})


@router.get("/stories", summary="List the stories told most")
async def stories(asked: Reading, query: Annotated[StoryQuery, Depends(Read(StoryQuery))]) -> Page[Story]:
    """The last seven days by default; sizes and moods are those of the period."""
    brand_ids, since, until = await _scope(asked.conn, query, asked.now)
    found = await talk.stories(
        asked.conn, brand_ids=brand_ids, since=since, until=until, at_least=query.at_least, limit=query.limit
    )
    return Page(items=[Story.of(one) for one in found], next=None)


class AuthorQuery(_PeriodQuery):
    """Which authors."""

    sort: Annotated[
        AuthorSort,
        Field(description="Who speaks often, praises, is angry, or spoke well before and ill the last time (turned)."),
    ] = AuthorSort.OFTEN


class Author(Shape):
    """Somebody who speaks of the brand at one site."""

    site: str
    author_id: str | None
    name: str | None
    url: str | None
    total: int
    negative: int
    positive: int
    angry: int
    first_at: datetime
    last_at: datetime
    last_label: Literal["negative", "neutral", "positive"] | None
    turned: bool = Field(description="Spoke well at least as often as ill before, and ill the last time.")

    @classmethod
    def of(cls, spoke: SpeakingAuthor) -> "Author":
        """Return the author as shown."""
        return cls(**{name: getattr(spoke, name) for name in cls.model_fields})


@router.get("/authors", summary="List who speaks")
async def authors(asked: Reading, query: Annotated[AuthorQuery, Depends(Read(AuthorQuery))]) -> Page[Author]:
    """The last seven days by default. One person at two sites is two authors: nobody is matched across places."""
    brand_ids, since, until = await _scope(asked.conn, query, asked.now)
    found = await talk.authors(
        asked.conn, brand_ids=brand_ids, since=since, until=until, sort=query.sort, limit=query.limit
    )
    return Page(items=[Author.of(one) for one in found], next=None)


async def _scope(
    conn: Connection, query: _PeriodQuery, now: datetime
) -> tuple[list[BrandId] | None, datetime, datetime]:
    """Return brands and period. Raises Invalid."""
    until = query.until or now
    since = query.since or until - _USUAL_PERIOD
    if not since < until <= since + _LONGEST:
        raise Invalid("to", "must lie after `from`, by at most 366 days")
    brand_id = await brand_of(conn, query.brand)
    return None if brand_id is None else [brand_id], since, until
