"""Streams: which worker follows which source, how far it is, and what broke it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from alerts.types import BrandId, SourceId
from collectors.types import Source, SourceKind
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldStream:
    """A stream to follow. Fenced by the claim's token."""

    source_id: SourceId
    #: None: shared by all brands.
    brand_id: BrandId | None
    #: Only what the brand's query finds is kept.
    match: bool
    #: Its cursor is the stream's.
    source: Source
    breaks: int


async def claim(
    conn: Connection, *, kinds: Sequence[str], token: UUID, lease: timedelta, limit: int, now: datetime
) -> list[HeldStream]:
    """Take streams that nobody follows. Those of a worker that died are free when its lease ends."""
    rows = await conn.fetch(
        """
        with free as (
            select s.id from source s left join stream t on t.source_id = s.id
            where s.enabled and s.kind = any($1::text[]) and s.settings ->> 'stream' = 'yes'
                and (t.source_id is null or (t.due <= $4 and (t.lease_until is null or t.lease_until <= $4)))
            order by s.id limit $5 for update of s skip locked
        ), held as (
            insert into stream as t (source_id, token, lease_until, due)
            select id, $2, $4::timestamptz + $3::interval, $4 from free
            on conflict (source_id) do update set
                token = excluded.token, lease_until = excluded.lease_until, connected_at = null
            returning t.source_id, t.cursor, t.breaks
        )
        select s.id, s.brand_id, s.match, s.kind, s.settings, s.allow_private, held.cursor, held.breaks
        from held join source s on s.id = held.source_id order by s.id
        """,
        list(kinds),
        token,
        lease,
        now,
        limit,
    )
    return [
        HeldStream(
            source_id=SourceId(row["id"]),
            brand_id=None if row["brand_id"] is None else BrandId(row["brand_id"]),
            match=row["match"],
            source=Source(
                kind=SourceKind(row["kind"]),
                settings=row["settings"],
                allow_private=row["allow_private"],
                cursor=row["cursor"],
            ),
            breaks=row["breaks"],
        )
        for row in rows
    ]


async def hold(
    conn: Connection,
    held: HeldStream,
    token: UUID,
    *,
    cursor: Mapping[str, Any] | None,
    heard: bool,
    lease: timedelta,
    now: datetime,
) -> bool:
    """Keep a stream, and how far it is; None keeps that as it was. False where another worker follows it, or its
    source was changed, turned off or removed: then nothing more of it may be kept."""
    done = await conn.fetchval(
        """
        update stream t set lease_until = $3::timestamptz + $4::interval, cursor = coalesce($5, t.cursor),
            connected_at = coalesce(t.connected_at, $3), error = null,
            heard_at = case when $6 then $3 else t.heard_at end, breaks = case when $6 then 0 else t.breaks end
        from source s
        where t.source_id = $1 and t.token = $2 and s.id = t.source_id and s.enabled and s.settings = $7
            and s.match = $8 and s.brand_id is not distinct from $9
        returning t.source_id
        """,
        held.source_id,
        token,
        now,
        lease,
        None if cursor is None else dict(cursor),
        heard,
        dict(held.source.settings),
        held.match,
        held.brand_id,
    )
    return done is not None


async def release(conn: Connection, source_id: SourceId, token: UUID, *, due: datetime, error: str | None) -> None:
    """Let a stream go that ended; it may be followed again from `due` on."""
    await conn.execute(
        """
        update stream set token = null, lease_until = null, connected_at = null, due = $3, error = $4,
            breaks = case when $4::text is null then breaks else breaks + 1 end
        where source_id = $1 and token = $2
        """,
        source_id,
        token,
        due,
        error,
    )
