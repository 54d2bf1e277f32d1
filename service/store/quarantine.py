"""What could not be read and waits for a person: the list, and the wish to have an item read again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import asyncpg

from alerts.types import BrandId, SourceId
from collectors.types import Quarantined, Source, SourceKind
from service.store import audit
from service.store.pool import Connection


async def put(
    conn: Connection,
    source_id: SourceId,
    items: Sequence[Quarantined],
    *,
    now: datetime,
    push_id: int | None = None,
) -> None:
    """Keep unreadable items for a person to look at; one seen before is kept once. One that came in a push goes with
    it when it is read whole."""
    await conn.executemany(
        """
        insert into quarantine (source_id, at, raw, raw_sha256, reason, push_id) values ($1, $2, $3, $4, $5, $6)
        on conflict (source_id, raw_sha256) do nothing
        """,
        [(source_id, now, item.raw[:65536], sha256(item.raw).digest(), item.reason, push_id) for item in items],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """An item that waits, for a list."""

    id: int
    source_id: SourceId
    source: str
    at: datetime
    reason: str
    #: As it came, as far as it can be shown.
    raw: str
    #: It came in a delivery, and is read again with it.
    pushed: bool
    #: Somebody asked for it to be read again.
    wanted: bool


_KEPT = """
    select q.id, q.source_id, s.name as source, q.at, q.reason, q.raw, q.push_id is not null as pushed, q.wanted
    from quarantine q join source s on s.id = q.source_id
"""
_MOST_SHOWN = 2_000


def _kept(row: asyncpg.Record) -> Kept:
    shown = row["raw"][:_MOST_SHOWN].decode("utf-8", "replace").replace("\0", "\ufffd")
    return Kept(**{**row, "source_id": SourceId(row["source_id"]), "raw": shown})


async def latest(
    conn: Connection, *, source_id: SourceId | None = None, before: int | None = None, limit: int
) -> list[Kept]:
    """Return what waits, of one source or of all, the newest first."""
    rows = await conn.fetch(
        _KEPT
        + " where ($1::bigint is null or q.source_id = $1) and ($2::bigint is null or q.id < $2)"
        + " order by q.id desc limit $3",
        source_id,
        before,
        limit,
    )
    return [_kept(row) for row in rows]


async def counts(conn: Connection) -> dict[SourceId, int]:
    """Return how many items of each source wait; only sources with some."""
    rows = await conn.fetch("select source_id, count(*) as n from quarantine group by source_id")
    return {SourceId(row["source_id"]): row["n"] for row in rows}


async def one(conn: Connection, source_id: SourceId, item_id: int) -> Kept | None:
    """Return one item of a source."""
    row = await conn.fetchrow(_KEPT + " where q.source_id = $1 and q.id = $2", source_id, item_id)
    return None if row is None else _kept(row)


async def want(conn: Connection, item_id: int) -> None:
    """Ask for an item to be read again."""
    await conn.execute("update quarantine set wanted = true where id = $1", item_id)


async def want_all(conn: Connection, source_id: SourceId) -> int:
    """Ask for all items of a source to be read again, and return how many; what came in deliveries waits for them."""
    rows = await conn.fetch(
        "update quarantine set wanted = true where source_id = $1 and push_id is null returning id", source_id
    )
    return len(rows)


async def drop(conn: Connection, item_id: int) -> bool:
    """Take an item away; False where there is none."""
    return await conn.fetchval("delete from quarantine where id = $1 returning id", item_id) is not None


async def dismiss(conn: Connection, item_id: int, *, by: str, reason: str) -> bool:
    """Throw an item away unread, and write down who did and why; False where there is none. In the caller's
    transaction."""
    if not await drop(conn, item_id):
        return False
    told = {"reason": reason} if reason else {}
    await audit.note(conn, actor=by, action="removed", thing="quarantined", thing_id=str(item_id), detail=told)
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """An item to be read again, locked until the transaction ends."""

    id: int
    source_id: SourceId
    brand_id: BrandId | None
    match: bool
    source: Source
    raw: bytes
    #: When it was set aside.
    at: datetime


async def claim(conn: Connection, item_id: int | None = None) -> Wanted | None:
    """Return an item that is to be read again, or this one, locked."""
    row = await conn.fetchrow(
        """
        select q.id, q.source_id, q.raw, q.at, s.brand_id, s.match, s.kind, s.settings, s.allow_private
        from quarantine q join source s on s.id = q.source_id
        where case when $1::bigint is null then q.wanted else q.id = $1 end and q.push_id is null
        order by q.id limit 1 for update of q skip locked
        """,
        item_id,
    )
    if row is None:
        return None
    return Wanted(
        id=row["id"],
        source_id=SourceId(row["source_id"]),
        brand_id=None if row["brand_id"] is None else BrandId(row["brand_id"]),
        match=row["match"],
        source=Source(kind=SourceKind(row["kind"]), settings=row["settings"], allow_private=row["allow_private"]),
        raw=row["raw"],
        at=row["at"],
    )


async def keep(conn: Connection, item_id: int, *, reason: str) -> None:
    """Let an item wait on: it still cannot be read."""
    await conn.execute("update quarantine set wanted = false, reason = $2 where id = $1", item_id, reason)
