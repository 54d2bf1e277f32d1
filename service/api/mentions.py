"""What was said: lists and one whole."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from pydantic import Field, field_validator, model_validator

from alerts.types import IncidentId, MentionId, SourceId, StoryId
from analysis.types import Sentiment
from service.api import paging
from service.api.access import Reading
from service.api.errors import NotFound
from service.api.parameters import (
    PREFIX,
    BrandGiven,
    Cursor,
    Id,
    Limit,
    Named,
    Page,
    Shape,
    Since,
    Until,
    Words,
    brand_of,
)
from service.store import mention
from service.store.mention import MentionFilter, MentionVersion, Place, StoredMention, Verdict
from service.store.pool import Connection
from service.store.search import terms_of

router = APIRouter(prefix=PREFIX, tags=["mentions"])
_NOUN = "mentions"


class Sort(StrEnum):
    """The order of a list."""

    NEWEST = "newest"
    ANGRIEST = "angriest"


class AuthorShape(Shape):
    """Who said it, as the site shows them."""

    id: str | None
    name: str | None
    url: str | None


class RatingShape(Shape):
    """Stars or points."""

    value: float
    scale: float = Field(description="The most that could be given.")


class SentimentShape(Shape):
    """Probabilities; they sum to 1."""

    negative: float
    neutral: float
    positive: float


class SpanShape(Shape):
    """Words a verdict was read from; offsets count code points of the judged text."""

    start: int
    end: int
    text: str


class AnalysisShape(Shape):
    """The verdict on the current version."""

    model: str = Field(examples=["ngram@1"])
    at: datetime
    language: str = Field(description="`zh-Hant`, `zh-Hans`, `th`, `en`, another BCP 47 tag, or `und`.")
    sentiment: SentimentShape
    label: Sentiment
    anger: float = Field(description="Probability of anger level 2, 0 to 1.")
    anger_level: int = Field(description="0 none, 1 displeased, 2 angry.")
    angry: bool
    because: list[SpanShape] | None

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Return the shape of a verdict."""
        spans = None if verdict.because is None else [SpanShape.model_validate(span) for span in verdict.because]
        return cls(
            model=verdict.model,
            at=verdict.at,
            language=verdict.language,
            sentiment=SentimentShape(negative=verdict.negative, neutral=verdict.neutral, positive=verdict.positive),
            label=Sentiment(verdict.label),
            anger=verdict.anger,
            anger_level=verdict.anger_level,
            angry=verdict.angry,
            because=spans,
        )


class MentionItem(Shape):
    """A mention as lists show it."""

    id: int
    brand: Named
    source: Named
    kind: str
    site: str = Field(examples=["forum.example"])
    external_id: str = Field(description="Its identity in its source.")
    url: str | None
    parent: str | None
    root: str | None
    author: AuthorShape
    published_at: datetime | None = Field(description="As the site gives it.")
    edited_at: datetime | None
    first_seen_at: datetime
    said_at: datetime = Field(description="Published, or first seen where the site gives no time.")
    title: str
    text: str
    language: str | None = Field(description="As judged; null until then.")
    language_hint: str | None = Field(description="As the site declares it.")
    rating: RatingShape | None
    engagement: Mapping[str, int]
    reply_by_owner: bool
    deleted: bool
    version: int
    story: int | None = Field(description="Mentions of one story say the same thing.")
    incident: int | None
    analysis: AnalysisShape | None = Field(description="Null until judged.")

    @classmethod
    def of(cls, stored: StoredMention) -> Self:
        """Return the shape of a stored mention."""
        return cls(**_fields(stored))


class VersionShape(Shape):
    """A mention as it read once."""

    version: int
    title: str
    text: str
    rating: RatingShape | None
    deleted: bool
    seen_at: datetime

    @classmethod
    def of(cls, version: MentionVersion) -> Self:
        """Return the shape of a version."""
        return cls(
            version=version.version,
            title=version.title,
            text=version.text,
            rating=_rating(version.rating_value, version.rating_scale),
            deleted=version.deleted,
            seen_at=version.seen_at,
        )


class MentionWhole(MentionItem):
    """A mention with its versions."""

    versions: list[VersionShape] = Field(description="How it read over time, newest first.")


def _rating(value: float | None, scale: float | None) -> RatingShape | None:
    return None if value is None or scale is None else RatingShape(value=value, scale=scale)


#: Fields of one name in the store; those of another shape are made below.
_SAME = MentionItem.model_fields.keys() & StoredMention.__dataclass_fields__.keys()


def _fields(stored: StoredMention) -> dict[str, object]:
    return {
        **{name: getattr(stored, name) for name in _SAME},
        "brand": Named(id=stored.brand_id, name=stored.brand),
        "source": Named(id=stored.source_id, name=stored.source),
        "author": AuthorShape(id=stored.author_id, name=stored.author_name, url=stored.author_url),
        "language": stored.verdict.language if stored.verdict else None,
        "rating": _rating(stored.rating_value, stored.rating_scale),
        "story": stored.story_id,
        "incident": stored.incident_id,
        "analysis": AnalysisShape.of(stored.verdict) if stored.verdict else None,
    }


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
    story: Id | None = None
    incident: Id | None = None
    since: Since = None
    until: Until = None
    q: Annotated[
        Words | None,
        Field(
            max_length=512,
            description='Words and "quoted phrases"; all must be found. Traditional and Simplified find each other.',
        ),
    ] = None
    sort: Annotated[Sort, Field(description="`angriest` lists judged mentions only.")] = Sort.NEWEST
    limit: Limit = 50
    cursor: Cursor = None

    @field_validator("q")
    @classmethod
    def _check_words(cls, q: str | None) -> str | None:
        if q is not None:
            terms_of(q)
        return q

    @model_validator(mode="after")
    def _check_period(self) -> Self:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("`from` must be before `to`")
        return self


async def _filter(conn: Connection, query: MentionQuery) -> MentionFilter:
    return MentionFilter(
        brand_id=await brand_of(conn, query.brand),
        source_id=None if query.source is None else SourceId(query.source),
        incident_id=None if query.incident is None else IncidentId(query.incident),
        story_id=None if query.story is None else StoryId(query.story),
        language=query.language,
        label=query.label,
        angry=query.angry,
        author=query.author,
        since=query.since,
        until=query.until,
        terms=terms_of(query.q) if query.q is not None else (),
    )


async def _newest(conn: Connection, query: MentionQuery) -> tuple[list[StoredMention], str | None]:
    after = None
    if query.cursor is not None:
        at, last = paging.time_and_id(_NOUN, query, query.cursor)
        after = Place(said_at=at, id=MentionId(last))
    found = await mention.newest(conn, await _filter(conn, query), after=after, limit=query.limit + 1)
    kept = found[: query.limit]
    more = len(found) > query.limit
    return kept, paging.seal(_NOUN, query, (kept[-1].said_at, kept[-1].id)) if more else None


async def _angriest(conn: Connection, query: MentionQuery) -> tuple[list[StoredMention], str | None]:
    after = None
    if query.cursor is not None:
        anger, last = paging.share_and_id(_NOUN, query, query.cursor)
        after = (anger, MentionId(last))
    found = await mention.angriest(conn, await _filter(conn, query), after=after, limit=query.limit + 1)
    kept = found[: query.limit]
    if len(found) <= query.limit or kept[-1].verdict is None:
        return kept, None
    return kept, paging.seal(_NOUN, query, (kept[-1].verdict.anger, kept[-1].id))


@router.get("/mentions", summary="List mentions")
async def mentions_list(asked: Reading, query: Annotated[MentionQuery, Query()]) -> Page[MentionItem]:
    """Deleted mentions are left out. A page stays in place while new mentions come in."""
    listing = _angriest if query.sort is Sort.ANGRIEST else _newest
    found, following = await listing(asked.conn, query)
    return Page(items=[MentionItem.of(one) for one in found], next=following)


@router.get("/mentions/{id}", summary="One mention with its versions")
async def mention_whole(asked: Reading, mention_id: Annotated[Id, Path(alias="id")]) -> MentionWhole:
    """Deleted ones too."""
    stored = await mention.get(asked.conn, MentionId(mention_id))
    if stored is None:
        raise NotFound(f"There is no mention {mention_id}.")
    versions = await mention.versions(asked.conn, stored.id)
    return MentionWhole(**_fields(stored), versions=[VersionShape.of(version) for version in versions])
