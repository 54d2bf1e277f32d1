"""Where Earshot listens, and how it goes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit, urlunsplit

from fastapi import APIRouter, Depends, Path, status
from pydantic import Field

from alerts.types import SourceId
from collectors.registry import settings_of
from collectors.types import SourceKind
from service.api.access import Reading, Writing
from service.api.errors import Conflict, NotFound
from service.api.parameters import PREFIX, BrandGiven, Id, Named, Page, Shape, brand_of
from service.api.query import Read
from service.store import quarantine, source
from service.store.quarantine import Kept
from service.store.source import SourceHealth

router = APIRouter(prefix=PREFIX, tags=["sources"])


class SourceState(StrEnum):
    """How a source is."""

    #: The last poll brought an answer.
    HEALTHY = "healthy"
    #: It answered, and something was wrong with the answer.
    WARNING = "warning"
    FAILING = "failing"
    #: Never polled, or never sent to, so far.
    WAITING = "waiting"
    PAUSED = "paused"
    #: Fed by `earshot import`; never polled.
    IMPORT = "import"


class SourceItem(Shape):
    """A source with its health."""

    id: int
    brand: Named | None = Field(description="Null: shared; what it says is kept for every brand it is about.")
    match: bool = Field(description="Only what the brand's query finds is kept.")
    kind: str = Field(examples=["feed"])
    name: str
    settings: Mapping[str, str] = Field(description="Passwords in addresses are left out.")
    allow_private: bool
    state: SourceState
    interval_seconds: float
    next_due: datetime | None = Field(description="Null: never polled; what it says is sent to us or imported.")
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    error: str | None = Field(description="Of the last failure, or the warning of the last success.")
    told: bool = Field(description="Its place tells us of news at once: by what it sends, by a hub or by a stream.")
    untold: str | None = Field(description="Why its place does not, though it could; polls go on.")
    error_count: int = Field(description="Failures since the last success.")
    gap_suspected_at: datetime | None = Field(
        description="When a poll last shared no item with the one before it: something may have been missed."
    )
    mentions_per_day: int = Field(description="First seen in the last 24 hours.")
    unmatched_per_day: int = Field(
        description="Items of the last 24 hours that were about no brand and not kept; one seen again counts again."
    )
    quarantined: int = Field(description="Items and deliveries that could not be read and wait for a person.")
    spent_this_month: int = Field(description="Items that were paid for since the month began, UTC; 0 where none cost.")

    @classmethod
    def of(cls, health: SourceHealth) -> Self:
        """Return the shape of a source."""
        return cls(
            id=health.id,
            brand=None if health.brand_id is None else Named(id=health.brand_id, name=health.brand or ""),
            match=health.match,
            kind=health.kind,
            name=health.name,
            settings=_shown(health.kind, health.settings),
            allow_private=health.allow_private,
            state=_state(health),
            interval_seconds=health.interval.total_seconds(),
            next_due=health.next_due,
            last_attempt_at=health.last_attempt_at,
            last_success_at=health.last_success_at,
            error=health.error,
            told=health.told,
            untold=health.untold,
            error_count=health.error_count,
            gap_suspected_at=health.gap_suspected_at,
            mentions_per_day=health.mentions_per_day,
            unmatched_per_day=health.unmatched_per_day,
            quarantined=health.quarantined,
            spent_this_month=health.spent,
        )


def _state(health: SourceHealth) -> SourceState:
    if not health.enabled:
        return SourceState.PAUSED
    if health.kind == SourceKind.IMPORT:
        return SourceState.IMPORT
    if health.error_count:
        return SourceState.FAILING
    if health.last_success_at is None:
        return SourceState.WAITING
    return SourceState.WARNING if health.error else SourceState.HEALTHY


def _shown(kind: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return a source's settings without what is secret in them."""
    secret = {setting.key for setting in settings_of(kind) if setting.secret}
    return {key: "***" if key in secret else _without_password(value) for key, value in settings.items()}


def _without_password(value: str) -> str:
    """Return a setting without the user and password an address may carry."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return value
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)) if at and user else value


class SourceQuery(Shape):
    """Which sources."""

    brand: BrandGiven = None


@router.get("/sources", summary="List sources with their health")
async def sources_list(asked: Reading, query: Annotated[SourceQuery, Depends(Read(SourceQuery))]) -> Page[SourceItem]:
    """All in one page, by brand and name, the shared ones first; those of one brand with the shared ones."""
    found = await source.health(asked.conn, now=asked.now, brand_id=await brand_of(asked.conn, query.brand))
    return Page(items=[SourceItem.of(one) for one in found], next=None)


async def _one(asked: Reading, source_id: int) -> SourceItem:
    found = await source.health_of(asked.conn, SourceId(source_id), now=asked.now)
    if found is None:
        raise NotFound(f"There is no source {source_id}.")
    return SourceItem.of(found)


@router.get("/sources/{id}", summary="One source with its health")
async def source_one(asked: Reading, source_id: Annotated[Id, Path(alias="id")]) -> SourceItem:
    """What the list shows, of one."""
    return await _one(asked, source_id)


@router.post("/sources/{id}/poll", summary="Poll now", status_code=status.HTTP_202_ACCEPTED)
async def poll(asked: Writing, source_id: Annotated[Id, Path(alias="id")]) -> SourceItem:
    """Makes the source due at once; a worker takes it up. Already due or being polled: nothing changes."""
    before = await _one(asked, source_id)
    if before.state is SourceState.PAUSED or before.next_due is None:
        raise Conflict(f"Source {source_id} is never polled: its state is {before.state}.", shown={"source": before})
    await source.poll_soon(asked.conn, SourceId(source_id), now=asked.now)
    return await _one(asked, source_id)


class QuarantinedItem(Shape):
    """Something that could not be read; what came with it was."""

    id: int
    source: Named
    at: datetime
    reason: str
    raw: str = Field(description="Its first 2,000 characters, as it came or as JSON.")
    pushed: bool = Field(description="It came in a delivery and is read again with it.")
    wanted: bool = Field(description="It will be read again in a moment.")

    @classmethod
    def of(cls, kept: Kept) -> Self:
        """Return the shape of an item."""
        return cls(
            id=kept.id,
            source=Named(id=kept.source_id, name=kept.source),
            at=kept.at,
            reason=kept.reason,
            raw=kept.raw,
            pushed=kept.pushed,
            wanted=kept.wanted,
        )


@router.get("/sources/{id}/quarantine", summary="List what could not be read of a source")
async def quarantined(asked: Reading, source_id: Annotated[Id, Path(alias="id")]) -> Page[QuarantinedItem]:
    """The newest 200, the newest first."""
    await _one(asked, source_id)
    found = await quarantine.latest(asked.conn, source_id=SourceId(source_id), limit=200)
    return Page(items=[QuarantinedItem.of(one) for one in found], next=None)


@router.post(
    "/sources/{id}/quarantine/{item}/replay", summary="Read an item again", status_code=status.HTTP_202_ACCEPTED
)
async def replay(
    asked: Writing, source_id: Annotated[Id, Path(alias="id")], item: Annotated[Id, Path()]
) -> QuarantinedItem:
    """A worker reads it in a moment: then it is a mention and waits here no more, or its reason says why not."""
    await _one(asked, source_id)
    kept = await quarantine.one(asked.conn, SourceId(source_id), item)
    if kept is None:
        raise NotFound(f"There is no item {item} of source {source_id}.")
    if kept.pushed:
        raise Conflict(f"Item {item} came in a delivery and is read again with it: by `earshot push replay`.")
    await quarantine.want(asked.conn, item)
    return QuarantinedItem.of(replace(kept, wanted=True))
