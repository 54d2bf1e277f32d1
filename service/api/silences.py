"""Quiet for a while: silences and planned maintenance."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, status
from pydantic import Field

from alerts.silence import Silence, SilenceId, SilenceKind
from alerts.types import RuleId, SourceId
from service.api.access import Reading, Responding
from service.api.errors import Invalid, NotFound
from service.api.parameters import PREFIX, Id, Moment, Page, Shape, Words, brand_of
from service.api.query import Read
from service.store import rule, silence, source

router = APIRouter(prefix=PREFIX, tags=["silences"])
_LONGEST = timedelta(days=90)


class SilenceBody(Shape):
    """What to keep quiet, and how long. What is given must all match; nothing given matches everything."""

    kind: SilenceKind = SilenceKind.SILENCE
    brand: Annotated[Words, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="A brand's id or exact name."
    )
    rule: Id | None = None
    source: Id | None = Field(default=None, description="Incidents whose mentions all come from this source.")
    starts_at: Moment | None = Field(default=None, description="Null: now.")
    ends_at: Moment = Field(description="At most 90 days after the start.", examples=["2026-03-05T18:00:00+08:00"])
    reason: Annotated[Words, Field(min_length=1, max_length=1000)] = Field(examples=["The app is being moved."])


class SilenceItem(Shape):
    """A silence."""

    id: int
    kind: SilenceKind
    brand: int | None
    rule: int | None
    source: int | None
    starts_at: datetime
    ends_at: datetime
    active: bool
    reason: str
    author: str

    @classmethod
    def of(cls, one: Silence, now: datetime) -> Self:
        """Return the shape of a silence."""
        return cls(
            id=one.id,
            kind=one.kind,
            brand=one.brand_id,
            rule=one.rule_id,
            source=one.source_id,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            active=one.holds(now),
            reason=one.reason,
            author=one.author,
        )


class SilenceQuery(Shape):
    """Which silences."""

    past: bool = Field(default=False, description="Those that have ended too, of the last 90 days.")


@router.get("/silences", summary="List silences and maintenance windows")
async def silences_list(
    asked: Reading, query: Annotated[SilenceQuery, Depends(Read(SilenceQuery))]
) -> Page[SilenceItem]:
    """All in one page, the first to begin first."""
    since = asked.now - _LONGEST if query.past else asked.now
    found = await silence.every(asked.conn, since=since)
    return Page(items=[SilenceItem.of(one, asked.now) for one in found], next=None)


@router.post("/silences", summary="Keep something quiet for a while", status_code=status.HTTP_201_CREATED)
async def silence_add(asked: Responding, body: SilenceBody) -> SilenceItem:
    """Nobody is told of what matches; it is recorded all the same, and told at the end if it is still open."""
    starts_at = body.starts_at or asked.now
    if not starts_at < body.ends_at <= starts_at + _LONGEST:
        raise Invalid("ends_at", f"must lie after the start, and at most {_LONGEST.days} days after it")
    if body.ends_at <= asked.now:
        raise Invalid("ends_at", "must lie in the future")
    if body.rule is not None and await rule.get(asked.conn, RuleId(body.rule)) is None:
        raise Invalid("rule", f"there is no rule {body.rule}; GET /api/v1/rules lists them")
    if body.source is not None and await source.health_of(asked.conn, SourceId(body.source), now=asked.now) is None:
        raise Invalid("source", f"there is no source {body.source}; GET /api/v1/sources lists them")
    silence_id = await silence.add(
        asked.conn,
        kind=body.kind,
        brand_id=await brand_of(asked.conn, body.brand),
        rule_id=None if body.rule is None else RuleId(body.rule),
        source_id=None if body.source is None else SourceId(body.source),
        starts_at=starts_at,
        ends_at=body.ends_at,
        reason=body.reason,
        author=asked.caller.name,
        now=asked.now,
    )
    made = await silence.get(asked.conn, silence_id)
    if made is None:
        raise NotFound(f"There is no silence {silence_id}.")
    return SilenceItem.of(made, asked.now)


@router.delete("/silences/{id}", summary="End a silence now", status_code=status.HTTP_204_NO_CONTENT)
async def silence_end(asked: Responding, silence_id: Annotated[Id, Path(alias="id")]) -> None:
    """What it kept quiet and is still open is told within seconds."""
    if not await silence.end(asked.conn, SilenceId(silence_id), now=asked.now):
        raise NotFound(f"There is no silence {silence_id} that lasts.")
