"""Who did what: the audit log, and whether it still is what was written."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from service.api import paging
from service.api.access import Administering
from service.api.parameters import PREFIX, Cursor, Limit, Page, Shape, Words
from service.api.query import Read
from service.store import audit

router = APIRouter(prefix=PREFIX, tags=["audit"])
_NOUN = "audit"


class DeedItem(Shape):
    """One thing that somebody did."""

    id: int
    at: datetime
    actor: str = Field(description="A user's name, `key:` and a key's, or `command line:` and who sat there.")
    action: str = Field(examples=["changed"])
    thing: str = Field(examples=["rule"])
    thing_id: str
    detail: dict[str, Any] = Field(
        description="Fields with their value, or before and after; of secrets the name only."
    )
    sha256: str = Field(description="Seals this row and, through its forerunner's, every one before.")


class AuditQuery(Shape):
    """Which deeds."""

    actor: Annotated[Words | None, Field(max_length=300)] = None
    thing: Annotated[Words | None, Field(max_length=40, examples=["rule"])] = None
    limit: Limit = 50
    cursor: Cursor = None


class ProofShape(Shape):
    """Whether the log was what was written when a worker last came to its end; nulls before the first time."""

    at: datetime | None
    intact: bool | None
    checked: int | None
    broken_at: int | None = Field(description="The first row that was changed, or that follows a missing one.")
    head: str | None = Field(description="The last row's seal: kept elsewhere, it shows whether the end was cut off.")


@router.get("/audit", summary="List who did what")
async def deeds(asked: Administering, query: Annotated[AuditQuery, Depends(Read(AuditQuery))]) -> Page[DeedItem]:
    """The last first."""
    before = None
    if query.cursor is not None:
        _, before = paging.time_and_id(_NOUN, query, query.cursor)
    found = await audit.newest(asked.conn, actor=query.actor, thing=query.thing, before=before, limit=query.limit + 1)
    kept = found[: query.limit]
    items = [
        DeedItem(
            **{name: getattr(one, name) for name in DeedItem.model_fields if name != "sha256"}, sha256=one.sha256.hex()
        )
        for one in kept
    ]
    more = len(found) > query.limit
    return Page(items=items, next=paging.seal(_NOUN, query, (kept[-1].at, kept[-1].id)) if more else None)


@router.get("/audit/proof", summary="Whether the audit log holds")
async def proof(asked: Administering) -> ProofShape:
    """New rows are proved every minute, and all of them every day; `earshot audit verify` proves them now."""
    found = await audit.proof(asked.conn)
    if found is None:
        return ProofShape(at=None, intact=None, checked=None, broken_at=None, head=None)
    return ProofShape(
        at=found.at,
        intact=found.broken_at is None,
        checked=found.checked,
        broken_at=found.broken_at,
        head=found.head.hex(),
    )
