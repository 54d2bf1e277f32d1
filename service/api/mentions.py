"""What was said: lists and one whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path
from fastapi import Query as Query_
from pydantic import Field, field_validator, model_validator

from alerts.errors import QueryError
from alerts.query import Found, Query, parse
from alerts.query_parser import MOST_CHARACTERS
from alerts.types import IncidentId, MentionId, SourceId, StoryId
from analysis.heads import CAUSES
from analysis.types import Sentiment
from service.api import paging
from service.api.access import Asked, Reading
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
from service.store import brand_match, mention, search
from service.store.mention import MentionFilter, MentionVersion, Place, StoredMention, Verdict

router = APIRouter(prefix=PREFIX, tags=["mentions"])
_NOUN = "mentions"


#: A search looks back so far where nothing else bounds it.
_SEARCHED = timedelta(days=365)


class Sort(StrEnum):
    """The order of a list."""

    NEWEST = "newest"
    ANGRIEST = "angriest"
    RELEVANCE = "relevance"


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


class CauseShape(Shape):
    """Something the mention is about."""

    cause: str = Field(examples=["waiting"])
    label: Sentiment = Field(description="Toward it.")
    p: float = Field(description="Probability that the mention is about it, 0 to 1.")
    because: list[SpanShape] | None


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
    kind: dict[str, float] | None = Field(
        description="Probabilities of complaint, attack, threat, question, praise, promotion and other; they sum to 1. "
        "Null where the model has no such head, as below."
    )
    churn: float | None = Field(description="Probability that the writer leaves, 0 to 1.")
    recommend: float | None = Field(description="Probability that others are advised to buy, visit or use, 0 to 1.")
    stage: dict[str, float] | None = Field(
        description="Probabilities of doubting, using, settled, leaving and unknown; they sum to 1."
    )
    severity: float | None = Field(description="0 a trifle, 0.5 money or time lost, 1 safety, health, law.")
    purpose: dict[str, float] | None = Field(description="Probabilities of what the writer wants; they sum to 1.")
    causes: list[CauseShape] | None = Field(description="The likeliest first.")

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
            kind=None if verdict.kind is None else dict(verdict.kind),
            churn=verdict.churn,
            recommend=verdict.recommend,
            stage=None if verdict.stage is None else dict(verdict.stage),
            severity=verdict.severity,
            purpose=None if verdict.purpose is None else dict(verdict.purpose),
            causes=None if verdict.causes is None else [CauseShape.model_validate(one) for one in verdict.causes],
        )


class FoundShape(Shape):
    """Words that a query found; offsets count code points of the field."""

    field: str = Field(description="`title`, `text`, or another field the query asked for.")
    start: int
    end: int
    text: str
    word: str = Field(description="The query's word that they are.")

    @classmethod
    def of(cls, found: Found) -> Self:
        """Return the shape of found words."""
        return cls(field=found.field, start=found.start, end=found.end, text=found.text, word=found.word)


class MatchShape(Shape):
    """Why a mention is about its brand."""

    whole_source: bool = Field(description="Everything this source says is about the brand.")
    found: list[FoundShape] | None = Field(
        description="What the brand's query of today finds in it; null where it finds it no more."
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
    own: bool = Field(description="The brand's own account said it; left out of counts and alerts.")
    promotion: bool = Field(description="It advertises, as judged; left out of counts and alerts.")
    deleted: bool
    version: int
    story: int | None = Field(description="Mentions of one story say the same thing.")
    incident: int | None
    analysis: AnalysisShape | None = Field(description="Null until judged.")
    highlights: list[FoundShape] = Field(default=[], description="The words that `q` found.")

    @classmethod
    def of(cls, stored: StoredMention, asked: Query | None = None) -> Self:
        """Return the shape of a stored mention, with the words that a query found."""
        found = () if asked is None else search.highlights(asked, stored)
        return cls(**_fields(stored), highlights=[FoundShape.of(one) for one in found])


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
    """A mention with its versions, and why it is about its brand."""

    versions: list[VersionShape] = Field(description="How it read over time, newest first.")
    matched: MatchShape


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
    if len(found) <= query.limit or kept[-1].verdict is None:
        return kept, None
    return kept, paging.seal(_NOUN, query, (kept[-1].verdict.anger, kept[-1].id))


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


@router.get("/mentions", summary="List and search mentions")
async def mentions_list(asked: Reading, query: Annotated[MentionQuery, Query_()]) -> Page[MentionItem]:
    """Deleted mentions are left out. A page stays in place while new mentions come in. Of a search a page may have
    few items, or none, and still a `next`: there it goes on looking."""
    words = query.asked
    if query.sort is Sort.RELEVANCE and words is not None:
        found, following = await _most_relevant(asked, query, words)
    else:
        listing = _angriest if query.sort is Sort.ANGRIEST else _newest
        found, following = await listing(asked, query)
    return Page(items=[MentionItem.of(one, words) for one in found], next=following)


@router.get("/mentions/{id}", summary="One mention with its versions")
async def mention_whole(asked: Reading, mention_id: Annotated[Id, Path(alias="id")]) -> MentionWhole:
    """Deleted ones too."""
    stored = await mention.get(asked.conn, MentionId(mention_id))
    if stored is None:
        raise NotFound(f"There is no mention {mention_id}.")
    versions = await mention.versions(asked.conn, stored.id)
    about = await brand_match.why(asked.conn, stored)
    return MentionWhole(
        **_fields(stored),
        versions=[VersionShape.of(version) for version in versions],
        matched=MatchShape(
            whole_source=about.whole_source,
            found=None if about.found is None else [FoundShape.of(one) for one in about.found],
        ),
    )
