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


async def tell(conn: Connection, kind: EventKind, ids: Sequence[object]) -> None:
    """Announce rows that came or changed; nothing for none."""
    if ids:
        payload = {"kind": kind, "ids": [str(row) for row in ids[:_MOST_IDS]], "count": len(ids)}
        await conn.execute("select pg_notify($1, $2)", CHANNEL, orjson.dumps(payload).decode())
