"""Mentions that a program of yours sends in."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Self

import orjson
from fastapi import APIRouter, Header, status
from pydantic import Field, model_validator

from alerts.types import BrandId, MentionId, SourceId
from collectors.dates import plausible
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean
from collectors.types import Author, Mention, Rating, SourceKind
from service.api.access import Asked, Writing
from service.api.errors import Conflict, Invalid
from service.api.parameters import PREFIX, Flag, Moment, Shape, Words, brand_of
from service.store import bounds, events, fetch, idempotency, ingest, source
from service.store.events import EventKind
from service.store.fetch import Outcome
from service.store.ingest import Ingested

router = APIRouter(prefix=PREFIX, tags=["mentions"])
MOST_ITEMS = 500
#: Where mentions go that name no source.
DEFAULT_SOURCE = "API"
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_MOST_COUNT = 2**53

_Text = Annotated[Words, Field(max_length=65_536)]
_Name = Annotated[Words, Field(min_length=1, max_length=500)]
_Count = Annotated[int, Field(strict=True, ge=0, lt=_MOST_COUNT)]


class AuthorGiven(Shape):
    """Who said it; all three may be left out."""

    id: _Name | None = None
    name: _Name | None = None
    url: Annotated[Words, Field(max_length=4096)] | None = None


class RatingGiven(Shape):
    """Stars or points."""

    value: float = Field(ge=0, strict=True, allow_inf_nan=False)
    scale: float = Field(gt=0, strict=True, default=5, allow_inf_nan=False, description="The most that could be given.")

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.value > self.scale:
            raise ValueError("`value` must not be more than `scale`")
        return self


class MentionGiven(Shape):
    """One post, comment, review or message."""

    id: _Name = Field(description="Its identity in the source: sent again, it is the same mention.", examples=["r-1"])
    text: _Text = Field(description="What was said; empty only with `deleted`.", examples=["The soup was cold."])
    title: _Text = ""
    url: Annotated[Words, Field(max_length=4096)] | None = None
    site: Annotated[Words, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="Where it was said; without it the name of the source."
    )
    author: AuthorGiven = AuthorGiven()
    published_at: Moment | None = None
    edited_at: Moment | None = None
    parent: _Name | None = None
    root: _Name | None = None
    language: Annotated[Words, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$")] | None = Field(
        default=None, examples=["zh-Hant"]
    )
    rating: RatingGiven | None = None
    engagement: Mapping[Annotated[Words, Field(max_length=40)], _Count] = Field(
        default_factory=dict, max_length=20, examples=[{"likes": 3}]
    )
    reply_by_owner: Flag = False
    deleted: Flag = False

    @model_validator(mode="after")
    def _check_words(self) -> Self:
        if not self.deleted and not clean(self.text) and not clean(self.title):
            raise ValueError("`text` says nothing; leave the item out")
        return self


class PushGiven(Shape):
    """Mentions about one brand."""

    brand: Annotated[Words, Field(min_length=1, max_length=200, description="A brand's id or its exact name.")]
    source: Annotated[Words, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")] = Field(
        default=DEFAULT_SOURCE,
        description="Name of a source of the kind webhook; made where the brand has none of this name.",
    )
    items: list[MentionGiven] = Field(min_length=1, max_length=MOST_ITEMS)


class ItemOutcome(StrEnum):
    """What became of one item."""

    INSERTED = "inserted"
    UNCHANGED = "unchanged"
    NEW_VERSION = "new_version"
    ERASED = "erased"


class ItemDone(Shape):
    """What became of one item."""

    id: str = Field(description="As it was sent.")
    mention: int | None = Field(description="Its id here; null where it was erased before, and stays so.")
    outcome: ItemOutcome


class PushDone(Shape):
    """What became of the items, in their order. All are stored, but for erased ones."""

    source: int
    items: list[ItemDone]


IdempotencyKey = Annotated[
    Words | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Of your making, one a request: sent again with the same body, it gets the same answer.",
    ),
]


@router.post("/mentions", summary="Send mentions in", status_code=status.HTTP_202_ACCEPTED)
async def push_mentions(asked: Writing, body: PushGiven, idempotency_key: IdempotencyKey = None) -> PushDone:
    """Answered when all of them are stored; they are judged soon after. One wrong item, and none is taken."""
    async with asked.conn.transaction():
        if idempotency_key is None:
            return await _take(asked, body)
        return await _take_once(asked, body, idempotency_key)


async def _take_once(asked: Asked, body: PushGiven, key: str) -> PushDone:
    """Return what was answered to the key before, or do it now. Raises Conflict or Invalid."""
    if not await idempotency.hold(asked.conn, asked.caller.id, key):
        raise Conflict("A request with this Idempotency-Key is being answered right now; ask again in a second.")
    digest = sha256(orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).digest()
    before = await idempotency.kept(asked.conn, asked.caller.id, key)
    if before is None:
        done = await _take(asked, body)
        answer = done.model_dump(mode="json")
        await idempotency.keep(asked.conn, asked.caller.id, key, request_sha256=digest, answer=answer, now=asked.now)
        return done
    if before.request_sha256 != digest:
        raise Invalid("Idempotency-Key", "was used with another body before; take a new one for a new request")
    return PushDone.model_validate(before.answer)


async def _take(asked: Asked, body: PushGiven) -> PushDone:
    _refuse_doubles(body.items)
    brand_id = await brand_of(asked.conn, body.brand)
    if brand_id is None:
        raise Invalid("brand", "is empty; name one")
    source_id = await _source(asked, brand_id, body.source)
    mentions = [_mention(one, body.source, number, now=asked.now) for number, one in enumerate(body.items)]
    # Brand and source are the caller's own; what follows counts and queues, where the policies let only workers.
    await bounds.lift(asked.conn)
    got = await ingest.ingest(asked.conn, brand_id, source_id, mentions, now=asked.now)
    await source.record_push(asked.conn, source_id, warning=None, now=asked.now)
    await fetch.record(
        asked.conn,
        source_id,
        started_at=asked.now,
        finished_at=asked.now,
        outcome=Outcome.COLLECTED,
        seen=len(mentions),
        counts=got.counts,
    )
    await events.tell(asked.conn, EventKind.MENTION, got.changed)
    ids = await ingest.ids_of(asked.conn, source_id, [one.id for one in mentions])
    return PushDone(
        source=source_id,
        items=[_done(given.id, ids.get(kept.id), got) for given, kept in zip(body.items, mentions, strict=True)],
    )


def _done(external_id: str, mention_id: MentionId | None, got: Ingested) -> ItemDone:
    if mention_id is None:
        return ItemDone(id=external_id, mention=None, outcome=ItemOutcome.ERASED)
    outcome = ItemOutcome.NEW_VERSION if mention_id in got.changed else ItemOutcome.UNCHANGED
    if mention_id in got.inserted:
        outcome = ItemOutcome.INSERTED
    return ItemDone(id=external_id, mention=mention_id, outcome=outcome)


def _refuse_doubles(items: Sequence[MentionGiven]) -> None:
    """Raise Invalid where two items have one id: nobody could say which was meant."""
    first: dict[str, int] = {}
    for number, item in enumerate(items):
        before = first.setdefault(clean(item.id), number)
        if before != number:
            raise Invalid(f"items.{number}.id", f"is the id of items.{before} too; send each mention once")


async def _source(asked: Asked, brand_id: BrandId, name: str) -> SourceId:
    """Return the brand's source of this name, made if new. Raises Invalid for one that something else fills."""
    known = {one.name: one for one in await source.health(asked.conn, now=asked.now, brand_id=brand_id) if one.brand_id}
    if name in known and known[name].kind != SourceKind.WEBHOOK:
        raise Invalid("source", f"is of the kind {known[name].kind}, which fills itself; name one of the kind webhook")
    if name in known:
        return known[name].id
    return await source.put(
        asked.conn,
        brand_id=brand_id,
        kind=SourceKind.WEBHOOK,
        name=name,
        settings={},
        interval=timedelta(minutes=5),
        allow_private=False,
        enabled=True,
        now=asked.now,
    )


def _mention(given: MentionGiven, source_name: str, number: int, *, now: datetime) -> Mention:
    """Return the item as a mention. Raises Invalid for a time that cannot be."""
    for name in ("published_at", "edited_at"):
        at = getattr(given, name)
        if at is not None and plausible(at, now=now) is None:
            raise Invalid(f"items.{number}.{name}", f"must lie between {_EARLIEST.year} and tomorrow; it is {at}")
    key = clean(given.id)
    if not key:
        raise Invalid(f"items.{number}.id", "has no visible character; give the mention's identity")
    return Mention(
        kind=SourceKind.WEBHOOK,
        site=clean(given.site or source_name, 200) or source_name,
        id=key,
        url=canonical_url(given.url) if given.url else None,
        parent=given.parent,
        root=given.root,
        author=Author(
            id=given.author.id,
            name=clean(given.author.name, 200) or None if given.author.name else None,
            url=canonical_url(given.author.url) if given.author.url else None,
        ),
        published_at=given.published_at,
        edited_at=given.edited_at,
        title="" if given.deleted else " ".join(clean(given.title, MAX_TITLE_CHARS).split()),
        text="" if given.deleted else clean(given.text),
        language=given.language,
        rating=Rating(value=given.rating.value, scale=given.rating.scale) if given.rating else None,
        engagement=dict(given.engagement),
        reply_by_owner=given.reply_by_owner,
        deleted=given.deleted,
    )
