"""What changed, told to whoever listens: one NOTIFY a batch, heard only after the commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import orjson

from service.store.pool import Connection

CHANNEL = "earshot"
#: A payload must stay under 8,000 bytes; a listener that needs more reads the store.
_MOST_IDS = 100


class EventKind(StrEnum):
    """What a listener may be waiting for."""

    MENTION = "mention"
    INCIDENT = "incident"
    SOURCE = "source"
    NOTIFICATION = "notification"
    #: Between web processes only: whose streams end now.
    ACCESS = "access"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Rows of one kind came or changed."""

    kind: EventKind
    #: The first hundred.
    ids: tuple[str, ...]
    count: int

    @classmethod
    def read(cls, payload: str) -> Self:
        """Return the event a payload stands for."""
        known = orjson.loads(payload)
        return cls(kind=EventKind(known["kind"]), ids=tuple(known["ids"]), count=known["count"])


async def seen(conn: Connection, event: Event) -> Event | None:
    """Return what a bounded connection may hear of an event; None: nothing. What was cut off is not heard of."""
    statement = {
        EventKind.MENTION: "select id::text from mention where id = any($1::text[]::bigint[]) order by id",
        EventKind.INCIDENT: "select id::text from incident where id = any($1::text[]::bigint[]) order by id",
        EventKind.SOURCE: "select id::text from source where id = any($1::text[]::bigint[]) order by id",
        EventKind.NOTIFICATION: "select id::text from notification where id = any($1::text[]::uuid[]) order by id",
    }.get(event.kind)
    rows = [] if statement is None else await conn.fetch(statement, list(event.ids))
    ids = tuple(row["id"] for row in rows)
    return Event(kind=event.kind, ids=ids, count=len(ids)) if ids else None


async def tell(conn: Connection, kind: EventKind, ids: Sequence[object]) -> None:
    """Announce rows that came or changed; nothing for none."""
    if ids:
        payload = {"kind": kind, "ids": [str(row) for row in ids[:_MOST_IDS]], "count": len(ids)}
        await conn.execute("select pg_notify($1, $2)", CHANNEL, orjson.dumps(payload).decode())
