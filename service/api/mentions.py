"""What was said: lists and one whole."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

import orjson
from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field, field_validator, model_validator

from alerts.errors import QueryError
from alerts.query import Query, parse
from alerts.query_parser import MOST_CHARACTERS
from alerts.types import IncidentId, MentionId, SourceId, StoryId
from analysis.heads import CAUSES
from analysis.types import Sentiment
from service.api import paging
from service.api.access import Asked, Reading
from service.api.errors import NotFound
from service.api.mention_shapes import FoundShape, MatchShape, MentionItem, MentionWhole, VersionShape, fields
from service.api.parameters import (
    PREFIX,
    BrandGiven,
    Cursor,
    Id,
    Limit,
    Page,
    Shape,
    Since,
    Until,
    Words,
    brand_of,
)
from service.api.query import Read
from service.store import brand_match, mention, search
from service.store.mention import MentionFilter, Place, StoredMention

router = APIRouter(prefix=PREFIX, tags=["mentions"])
_NOUN = "mentions"


#: A search looks back so far where nothing else bounds it.
_SEARCHED = timedelta(days=365)


class Sort(StrEnum):
    """The order of a list."""

    NEWEST = "newest"
    ANGRIEST = "angriest"
    RELEVANCE = "relevance"


class MentionQuery(Shape):
    """Which mentions, in which order."""

    brand: BrandGiven = None
    source: Id | None = None
    language: Annotated[Words | None, Field(min_length=1, max_length=35, examples=["zh-Hant"])] = None
    label: Sentiment | None = None
    angry: bool | None = None
    author: Annotated[
        Words | None, Field(min_length=1, max_length=500, description="The author's exact name, or id at the site.")
    ] = None
    kind: Annotated[
        Literal["complaint", "attack", "threat", "question", "praise", "promotion", "other"] | None,
        Field(description="What it is, as judged or corrected."),
    ] = None
    cause: Annotated[Words | None, Field(description="One of the things it is about.", examples=["waiting"])] = None
    story: Id | None = None
    incident: Id | None = None
    since: Since = None
    until: Until = None
    q: Annotated[
        Words | None,
        Field(
            max_length=MOST_CHARACTERS,
            description="In the query language: words (all must be found), OR, NOT or -, brackets, "
            '"phrases", prefix*, NEAR/n, and field:value with title, text, author, site, source, url, language, label '
            "and rating (`rating:<=2`, of five). Traditional and Simplified find each other, as do all widths and "
            "ways of typing Thai. Without `from`, `to`, `story`, `incident`, `author` and `archive` the last 365 days "
            "are searched.",
            examples=["服務 NEAR/5 (差 OR 爛) -廣告"],
        ),
    ] = None
    counted: Annotated[
        bool | None,
        Field(description="False: only what is left out of counts (own, advertising, the owner's replies)."),
    ] = None
    archive: Annotated[bool, Field(description="Search everything there is, however old.")] = False
    sort: Annotated[
        Sort,
        Field(description="`angriest` lists judged mentions only; `relevance` needs `q` and ranks the newest 1000."),
    ] = Sort.NEWEST
    limit: Limit = 50
    cursor: Cursor = None

    @field_validator("q")
    @classmethod
    def _check_words(cls, q: str | None) -> str | None:
        if q is not None:
            _parsed(q)
        return q

    @field_validator("cause")
    @classmethod
    def _check_cause(cls, cause: str | None) -> str | None:
        if cause is not None and cause not in CAUSES:
            raise ValueError(f"{cause!r} is no cause; use {', '.join(CAUSES)}")
        return cause

    @model_validator(mode="after")
    def _check_period(self) -> Self:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("`from` must be before `to`")
        if self.sort is Sort.RELEVANCE and self.q is None:
            raise ValueError("`sort=relevance` needs `q`; give it, or another order")
        return self

    @property
    def asked(self) -> Query | None:
        """The query to search by."""
        return None if self.q is None else _parsed(self.q)

    def searched_since(self, now: datetime) -> datetime | None:
        """Return how far back is looked: a search that nothing else bounds ends somewhere."""
        bounds = (self.since, self.until, self.story, self.incident, self.author)
        is_open = self.q is not None and not self.archive and all(one is None for one in bounds)
        return now - _SEARCHED if is_open else self.since


def _parsed(q: str) -> Query:
    try:
        return parse(q)
    except QueryError as error:
        raise ValueError(str(error)) from error


async def filter_of(asked: Asked, query: MentionQuery) -> MentionFilter:
    """Return what the query asks the store for. Raises Invalid."""
    return MentionFilter(
        brand_id=await brand_of(asked.conn, query.brand),
        source_id=None if query.source is None else SourceId(query.source),
        incident_id=None if query.incident is None else IncidentId(query.incident),
        story_id=None if query.story is None else StoryId(query.story),
        language=query.language,
        label=query.label,
        angry=query.angry,
        author=query.author,
        since=query.searched_since(asked.now),
        until=query.until,
        counted=query.counted,
        kind=query.kind,
        cause=query.cause,
    )


async def _newest(asked: Asked, query: MentionQuery) -> tuple[Sequence[StoredMention], str | None]:
    after = None
    if query.cursor is not None:
        at, last = paging.time_and_id(_NOUN, query, query.cursor)
        after = Place(said_at=at, id=MentionId(last))
    wanted = await filter_of(asked, query)
    if query.asked is not None:
        page = await search.newest(asked.conn, wanted, query.asked, after=after, limit=query.limit)
        kept, following = page.items, page.following
    else:
        found = await mention.newest(asked.conn, wanted, after=after, limit=query.limit + 1)
        kept = tuple(found[: query.limit])
        following = kept[-1].place if len(found) > query.limit else None
    return kept, None if following is None else paging.seal(_NOUN, query, (following.said_at, following.id))


async def _angriest(asked: Asked, query: MentionQuery) -> tuple[Sequence[StoredMention], str | None]:
    after = _after_share(query)
    wanted, limit = await filter_of(asked, query), query.limit + 1
    if query.asked is not None:
        found = await search.angriest(asked.conn, wanted, query.asked, after=after, limit=limit)
    else:
        found = await mention.angriest(asked.conn, wanted, after=after, limit=limit)
    kept = found[: query.limit]
    if len(found) <= query.limit or kept[-1].anger is None:
        return kept, None
    return kept, paging.seal(_NOUN, query, (kept[-1].anger, kept[-1].id))


async def _most_relevant(asked: Asked, query: MentionQuery, words: Query) -> tuple[Sequence[StoredMention], str | None]:
    found = await search.most_relevant(
        asked.conn, await filter_of(asked, query), words, after=_after_share(query), limit=query.limit + 1
    )
    kept = found[: query.limit]
    more = len(found) > query.limit
    return [one for one, _ in kept], paging.seal(_NOUN, query, (kept[-1][1], kept[-1][0].id)) if more else None


def _after_share(query: MentionQuery) -> tuple[float, MentionId] | None:
    if query.cursor is None:
        return None
    share, last = paging.share_and_id(_NOUN, query, query.cursor)
    return share, MentionId(last)


@router.get("/mentions", summary="List and search mentions", response_model=Page[MentionItem])
async def mentions_list(asked: Reading, query: Annotated[MentionQuery, Depends(Read(MentionQuery))]) -> Response:
    """Deleted mentions are left out. A page stays in place while new mentions come in. Of a search a page may have
    few items, or none, and still a `next`: there it goes on looking."""
    words = query.asked
    if query.sort is Sort.RELEVANCE and words is not None:
        found, following = await _most_relevant(asked, query, words)
    else:
        listing = _angriest if query.sort is Sort.ANGRIEST else _newest
        found, following = await listing(asked, query)
    items = [fields(one, search.highlights(words, one) if words is not None else ()) for one in found]
    # Not through the models: they would be most of the work, and a test proves that what is written is what they say.
    page = orjson.dumps({"items": items, "next": following}, option=orjson.OPT_UTC_Z)
    return Response(page, media_type="application/json")


@router.get("/mentions/{id}", summary="One mention with its versions")
async def mention_whole(asked: Reading, mention_id: Annotated[Id, Path(alias="id")]) -> MentionWhole:
    """Deleted ones too."""
    stored = await mention.get(asked.conn, MentionId(mention_id))
    if stored is None:
        raise NotFound(f"There is no mention {mention_id}.")
    versions = await mention.versions(asked.conn, stored.id)
    about = await brand_match.why(asked.conn, stored)
    found = None if about.found is None else [FoundShape.of(one) for one in about.found]
    return MentionWhole(
        **dict(MentionItem.of(stored)),
        versions=[VersionShape.of(version) for version in versions],
        matched=MatchShape(whole_source=about.whole_source, found=found),
    )
