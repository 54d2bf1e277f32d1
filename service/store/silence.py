"""Silences and maintenance windows, and what incidents have to do with each other."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from alerts.silence import Silence, SilenceId, SilenceKind
from alerts.types import BrandId, IncidentId, RuleId, SourceId
from service.store.pool import Connection

_COLUMNS = """
    select id, kind, brand_id, rule_id, source_id, starts_at, ends_at, reason, author from silence
"""


def _silence(row: asyncpg.Record) -> Silence:
    return Silence(**{**row, "kind": SilenceKind(row["kind"])})


async def every(conn: Connection, *, since: datetime) -> list[Silence]:
    """Return the silences that end after a time, the first to begin first."""
    rows = await conn.fetch(_COLUMNS + " where ends_at > $1 order by starts_at, id", since)
    return [_silence(row) for row in rows]


async def get(conn: Connection, silence_id: SilenceId) -> Silence | None:
    """Return one silence."""
    row = await conn.fetchrow(_COLUMNS + " where id = $1", silence_id)
    return None if row is None else _silence(row)


async def add(
    conn: Connection,
    *,
    kind: SilenceKind,
    brand_id: BrandId | None,
    rule_id: RuleId | None,
    source_id: SourceId | None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    author: str,
    now: datetime,
) -> SilenceId:
    """Keep something quiet for a while; return the silence."""
    return SilenceId(
        await conn.fetchval(
            """
            insert into silence (kind, brand_id, rule_id, source_id, starts_at, ends_at, reason, author, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id
            """,
            kind,
            brand_id,
            rule_id,
            source_id,
            starts_at,
            ends_at,
            reason,
            author,
            now,
        )
    )


async def end(conn: Connection, silence_id: SilenceId, *, now: datetime) -> bool:
    """End a silence now; one that has not begun is removed. False: there is none that lasts."""
    removed = await conn.fetchval("delete from silence where id = $1 and starts_at >= $2 returning id", silence_id, now)
    if removed is not None:
        return True
    ended = await conn.fetchval(
        "update silence set ends_at = $2 where id = $1 and starts_at < $2 and ends_at > $2 returning id",
        silence_id,
        now,
    )
    return ended is not None


async def sources_of(conn: Connection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, set[SourceId]]:
    """Return the sources that the mentions of incidents come from."""
    rows = await conn.fetch(
        """
        select al.incident_id, array_agg(distinct m.source_id) as sources
        from alert al join mention m on m.id = al.mention_id where al.incident_id = any($1) group by 1
        """,
        list(incident_ids),
    )
    return {IncidentId(row["incident_id"]): {SourceId(one) for one in row["sources"]} for row in rows}


async def told_by(conn: Connection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, IncidentId]:
    """Return for each incident about a spike the open incident of the story that makes up most of it, if somebody was
    told of that one: a spike that a known story causes is no news."""
    rows = await conn.fetch(
        """
        select distinct on (i.id) i.id, cause.id as cause_id
        from incident i
        join lateral (
            select al.reason, al.slot from alert al
            where al.incident_id = i.id and al.slot is not null order by al.id desc limit 1
        ) last on true
        join incident cause on cause.brand_id = i.brand_id and cause.id <> i.id and cause.status <> 'resolved'
        join rule r on r.id = cause.rule_id and r.group_by = 'story'
        where i.id = any($1) and last.reason ->> 'code' in ('volume_spike', 'anger_spike')
            and cause.group_key like '%|' || (last.reason -> 'values' ->> 'story_id')
            and 2 * (last.reason -> 'values' ->> 'story_count')::int >= (last.reason -> 'values' ->> 'count')::int
            and exists (select from notification n where n.incident_id = cause.id and n.state <> 'superseded')
        order by i.id, cause.id
        """,
        list(incident_ids),
    )
    return {IncidentId(row["id"]): IncidentId(row["cause_id"]) for row in rows}
