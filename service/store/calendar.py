"""Addresses at which calendars read shifts: a token each, kept as its digest, and revocable."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from alerts.oncall import ScheduleId
from alerts.types import ContactId
from service.store.pool import Connection
from service.store.secret import digest_of

FeedId = NewType("FeedId", int)


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """One address, of a schedule's shifts or of a person's."""

    id: FeedId
    schedule_id: ScheduleId | None
    contact_id: ContactId | None
    author: str
    created_at: datetime


async def add(
    conn: Connection,
    *,
    schedule_id: ScheduleId | None,
    contact_id: ContactId | None,
    author: str,
    now: datetime,
) -> tuple[FeedId, str]:
    """Return a new address and its token, which cannot be shown again."""
    token = secrets.token_urlsafe(32)
    feed_id = await conn.fetchval(
        """
        insert into calendar_feed (token_sha256, schedule_id, contact_id, author, created_at)
        values ($1, $2, $3, $4, $5) returning id
        """,
        digest_of(token),
        schedule_id,
        contact_id,
        author,
        now,
    )
    return FeedId(feed_id), token


async def every(conn: Connection) -> list[Feed]:
    """Return all addresses, the oldest first."""
    rows = await conn.fetch("select id, schedule_id, contact_id, author, created_at from calendar_feed order by id")
    return [Feed(**row) for row in rows]


async def of_token(conn: Connection, token: str) -> Feed | None:
    """Return the address a token opens."""
    row = await conn.fetchrow(
        "select id, schedule_id, contact_id, author, created_at from calendar_feed where token_sha256 = $1",
        digest_of(token),
    )
    return None if row is None else Feed(**row)


async def revoke(conn: Connection, feed_id: FeedId) -> bool:
    """Let an address open nothing any more. False: there is none."""
    return await conn.fetchval("delete from calendar_feed where id = $1 returning id", feed_id) is not None
