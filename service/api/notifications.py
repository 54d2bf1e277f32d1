"""The outbox: who was, or will be, told of what."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from alerts.types import IncidentId, NotificationId, NotificationState, Purpose, Urgency
from service.api import paging
from service.api.access import Reading, Responding
from service.api.errors import Conflict, NotFound
from service.api.parameters import PREFIX, Cursor, Id, Limit, Page, Shape
from service.api.query import Read
from service.store import notification
from service.store.notification import OutboxEntry

router = APIRouter(prefix=PREFIX, tags=["notifications"])
_NOUN = "notifications"


class NotificationItem(Shape):
    """A promise to tell one contact something once."""

    id: UUID
    incident: int | None = Field(description="Null, with brand and rule: it is about none.")
    brand: str | None
    rule: str | None
    contact: str
    email: str
    language: str
    purpose: Purpose
    urgency: Urgency
    state: NotificationState
    attempts: int
    not_before: datetime
    created_at: datetime
    sent_at: datetime | None = Field(description="When the channel's server took it over.")
    error: str | None


class AttemptShape(Shape):
    """One conversation with a channel's server."""

    n: int
    started_at: datetime
    ended_at: datetime
    outcome: str = Field(examples=["accepted"])
    stage: str
    code: int | None
    detail: str


class NotificationWhole(NotificationItem):
    """A notification with every attempt to keep it."""

    log: list[AttemptShape]


#: Fields that have the same name and shape in the store.
_SAME = tuple(name for name in NotificationItem.model_fields if name != "incident")


def _fields(entry: OutboxEntry) -> dict[str, Any]:
    return {**{name: getattr(entry, name) for name in _SAME}, "incident": entry.incident_id}


class NotificationQuery(Shape):
    """Which notifications."""

    state: NotificationState | None = None
    incident: Id | None = None
    limit: Limit = 50
    cursor: Cursor = None


@router.get("/notifications", summary="List the outbox")
async def notifications_list(
    asked: Reading, query: Annotated[NotificationQuery, Depends(Read(NotificationQuery))]
) -> Page[NotificationItem]:
    """Last owed first."""
    found = await notification.newest(
        asked.conn,
        state=query.state,
        incident_id=None if query.incident is None else IncidentId(query.incident),
        after=None if query.cursor is None else paging.time_and_uuid(_NOUN, query, query.cursor),
        limit=query.limit + 1,
    )
    kept = found[: query.limit]
    more = len(found) > query.limit
    following = paging.seal(_NOUN, query, (kept[-1].created_at, kept[-1].id)) if more else None
    return Page(items=[NotificationItem(**_fields(one)) for one in kept], next=following)


@router.get("/notifications/{id}", summary="One notification with its attempts")
async def notification_whole(asked: Reading, notification_id: Annotated[UUID, Path(alias="id")]) -> NotificationWhole:
    """The attempts are in order."""
    entry = await notification.get(asked.conn, NotificationId(notification_id))
    if entry is None:
        raise NotFound(f"There is no notification {notification_id}.")
    attempts = await notification.attempts(asked.conn, entry.id)
    fields = tuple(AttemptShape.model_fields)
    log = [AttemptShape(**{name: getattr(attempt, name) for name in fields}) for attempt in attempts]
    return NotificationWhole(**_fields(entry), log=log)


@router.post("/notifications/{id}/retry", summary="Try a given-up notification again")
async def retry(asked: Responding, notification_id: Annotated[UUID, Path(alias="id")]) -> NotificationItem:
    """It is due at once. Only one that was given up can be tried again; the others leave by themselves."""
    known = NotificationId(notification_id)
    async with asked.conn.transaction():
        again = await notification.try_again(asked.conn, known, now=asked.now)
        entry = await notification.get(asked.conn, known)
    if entry is None:
        raise NotFound(f"There is no notification {notification_id}.")
    item = NotificationItem(**_fields(entry))
    if not again:
        detail = f"Notification {notification_id} was not given up: its state is {entry.state}."
        raise Conflict(detail, shown={"notification": item})
    return item
