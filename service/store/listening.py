"""Lines held open to places that tell of news by themselves: one a source, whichever worker has it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from alerts.types import SourceId
from collectors.types import Source, SourceKind
from service.store.pool import Connection


async def claim(
    conn: Connection, *, kinds: Sequence[str], token: UUID, lease: timedelta, limit: int, now: datetime
) -> dict[SourceId, Source]:
    """Take the sources that nobody listens to and keep our own; return all that are ours."""
    rows = await conn.fetch(
        """
        with ours as (
            insert into listening as l (source_id, token, until)
            select id, $2, $5::timestamptz + $3::interval from source
            where enabled and kind = any($1::text[]) order by id limit $4
            on conflict (source_id) do update set token = excluded.token, until = excluded.until
            where l.token = excluded.token or l.until < $5
            returning source_id
        )
        select s.id, s.kind, s.settings, s.allow_private from source s join ours on ours.source_id = s.id order by s.id
        """,
        list(kinds),
        token,
        lease,
        limit,
        now,
    )
    return {
        SourceId(row["id"]): Source(
            kind=SourceKind(row["kind"]), settings=row["settings"], allow_private=row["allow_private"]
        )
        for row in rows
    }


async def release(conn: Connection, token: UUID) -> None:
    """Let others listen to what was ours."""
    await conn.execute("delete from listening where token = $1", token)


async def make_due(conn: Connection, source_id: SourceId, *, now: datetime) -> bool:
    """Let a source be polled at once, unless its last poll failed. False while a poll is under way: what it was told
    of may have come too late for that one."""
    due = await conn.fetchval(
        """
        update source set next_due = case when error_count = 0 then least(next_due, $2) else next_due end
        where id = $1 and lease_token is null returning id
        """,
        source_id,
        now,
    )
    return due is not None
