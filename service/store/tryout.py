"""Try-outs: sources as somebody wants them, tried by a worker before they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NewType
from uuid import UUID

import asyncpg

from alerts.types import BrandId, SourceId
from collectors.types import SourceKind
from service.store import events
from service.store.events import EventKind
from service.store.pool import Connection

TryoutId = NewType("TryoutId", int)

MOST_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A source as somebody wants it."""

    #: None: shared by all brands.
    brand_id: BrandId | None
    #: The source it is to change; None: a new one.
    source_id: SourceId | None
    kind: SourceKind
    name: str
    settings: Mapping[str, str]
    interval: timedelta
    allow_private: bool
    match: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Tryout:
    """A draft, and what came of trying it."""

    id: TryoutId
    draft: Draft
    created_by: str
    finished_at: datetime | None
    #: Why nothing came; None where something did, or while it is tried.
    error: str | None
    #: {"seen", "unmatched", "mentions", "quarantined", "warning"}
    found: Mapping[str, Any] | None


def _tryout(row: asyncpg.Record) -> Tryout:
    draft = Draft(
        brand_id=None if row["brand_id"] is None else BrandId(row["brand_id"]),
        source_id=None if row["source_id"] is None else SourceId(row["source_id"]),
        kind=SourceKind(row["kind"]),
        name=row["name"],
        settings=row["settings"],
        interval=row["interval"],
        allow_private=row["allow_private"],
        match=row["match"],
    )
    return Tryout(
        id=TryoutId(row["id"]),
        draft=draft,
        created_by=row["created_by"],
        finished_at=row["finished_at"],
        error=row["error"],
        found=row["found"],
    )


async def add(conn: Connection, draft: Draft, *, by: str, now: datetime) -> TryoutId:
    """Ask for a draft to be tried."""
    return TryoutId(
        await conn.fetchval(
            """
            insert into tryout (brand_id, source_id, kind, name, settings, interval, allow_private, match, created_by,
                created_at, due)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) returning id
            """,
            draft.brand_id,
            draft.source_id,
            draft.kind,
            draft.name,
            dict(draft.settings),
            draft.interval,
            draft.allow_private,
            draft.match,
            by,
            now,
        )
    )


async def get(conn: Connection, tryout_id: TryoutId) -> Tryout | None:
    """Return one, tried or not."""
    row = await conn.fetchrow(
        """
        select id, brand_id, source_id, kind, name, settings, interval, allow_private, match, created_by, finished_at,
            error, found
        from tryout where id = $1
        """,
        tryout_id,
    )
    return None if row is None else _tryout(row)


async def claim(conn: Connection, *, now: datetime, lease: timedelta, token: UUID) -> Tryout | None:
    """Take the draft that waits longest; one whose every try ended with its worker is given up."""
    await conn.execute(
        """
        update tryout set due = null, finished_at = $1, error = 'the worker that tried it did not come back'
        where due <= $1 and attempts >= $2
        """,
        now,
        MOST_ATTEMPTS,
    )
    row = await conn.fetchrow(
        """
        with next as (
            select id as next_id from tryout where due <= $1 order by due, id limit 1 for update skip locked
        )
        update tryout set due = $1 + $2::interval, token = $3, attempts = attempts + 1
        from next where id = next_id
        returning id, brand_id, source_id, kind, name, settings, interval, allow_private, match, created_by,
            finished_at, error, found
        """,
        now,
        lease,
        token,
    )
    return None if row is None else _tryout(row)


async def finish(
    conn: Connection,
    tryout_id: TryoutId,
    token: UUID,
    *,
    error: str | None,
    found: Mapping[str, Any] | None,
    now: datetime,
) -> bool:
    """Keep what came of it, and tell who waits. False where the lease was lost."""
    done = await conn.fetchval(
        """
        update tryout set due = null, finished_at = $3, error = $4, found = $5
        where id = $1 and token = $2 and due is not null returning id
        """,
        tryout_id,
        token,
        now,
        error,
        None if found is None else dict(found),
    )
    if done is not None:
        await events.tell(conn, EventKind.SOURCE, [f"tryout-{tryout_id}"])
    return done is not None


async def remove(conn: Connection, tryout_id: TryoutId) -> None:
    """Forget one: it was kept as a source, or given up."""
    await conn.execute("delete from tryout where id = $1", tryout_id)


async def forget_before(conn: Connection, at: datetime) -> None:
    """Forget those of before, with the secrets they hold."""
    await conn.execute("delete from tryout where created_at < $1", at)
