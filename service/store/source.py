"""Sources: where to listen, when the next poll is due, and how the last ones went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from alerts.types import BrandId, SourceId
from collectors import registry
from collectors.types import Source, SourceKind, Validators
from service.store import inlet
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class DueSource:
    """A source claimed for one poll. Fenced by the claim's token."""

    id: SourceId
    #: None: shared by all brands.
    brand_id: BrandId | None
    #: Only what the brand's query finds is kept.
    match: bool
    #: It named a hub at an earlier poll.
    has_hub: bool
    name: str
    source: Source
    interval: timedelta
    #: How soon the poll after this one comes: the interval, or sooner while gaps are suspected.
    pace: timedelta
    #: It answered at an earlier poll.
    answered: bool
    error_count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceHealth:
    """A source as operators see it."""

    id: SourceId
    #: None: shared by all brands.
    brand_id: BrandId | None
    brand: str | None
    #: Only what the brand's query finds is kept.
    match: bool
    kind: str
    name: str
    settings: Mapping[str, str]
    allow_private: bool
    enabled: bool
    interval: timedelta
    next_due: datetime | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    error: str | None
    error_count: int
    #: When a poll last shared no item with the one before it: something may have been missed.
    gap_suspected_at: datetime | None
    #: Its place tells us of news at once.
    told: bool
    #: Why it does not, where it should.
    untold: str | None
    #: New mentions of the 24 hours before.
    mentions_per_day: int
    #: Items of the 24 hours before that were about no brand; one seen again counts again.
    unmatched_per_day: int
    quarantined: int
    #: Items that were paid for in this month, UTC.
    spent: int


_HEALTH = """
    select s.id, s.brand_id, b.name as brand, s.match, s.kind, s.name, s.settings, s.allow_private, s.enabled,
        s.interval, s.next_due, s.last_attempt_at, s.last_success_at, s.error, s.error_count, s.gap_suspected_at,
        s.next_due is null and s.kind <> 'import' or exists (select from websub w
            where w.source_id = s.id and w.state = 'active' and w.lease_until > $1 and not w.doubted)
            or exists (select from stream t
                where t.source_id = s.id and t.connected_at is not null and t.lease_until > $1) as told,
        coalesce((select t.error from stream t where t.source_id = s.id),
            (select w.error from websub w where w.source_id = s.id)) as untold,
        -- Polls of a shared source count for every brand: who is bound to some counts what they see.
        case when s.brand_id is null and seen_brands() is not null
            then (select coalesce(sum(t.total), 0) from trend_hour t
                where t.source_id = s.id and t.hour > $1::timestamptz - interval '1 day')
            else (select coalesce(sum(f.inserted), 0) from fetch_log f
                where f.source_id = s.id and f.started_at > $1::timestamptz - interval '1 day')
            end as mentions_per_day,
        (select coalesce(sum(f.unmatched), 0) from fetch_log f
            where f.source_id = s.id and f.started_at > $1::timestamptz - interval '1 day') as unmatched_per_day,
        (select count(*) from quarantine q where q.source_id = s.id and q.push_id is null)
            + (select count(*) from push p where p.source_id = s.id and p.due is null) as quarantined,
        paid_in_month(s.id, $1) as spent
    from source s left join brand b on b.id = s.brand_id
"""


def _brand_id(row: asyncpg.Record) -> BrandId | None:
    return None if row["brand_id"] is None else BrandId(row["brand_id"])


def _health(row: asyncpg.Record) -> SourceHealth:
    return SourceHealth(**{**row, "id": SourceId(row["id"]), "brand_id": _brand_id(row)})


async def health(conn: Connection, *, now: datetime, brand_id: BrandId | None = None) -> list[SourceHealth]:
    """Return every source, or a brand's and the shared ones, with how it goes; the shared first, by brand and name."""
    rows = await conn.fetch(
        _HEALTH
        + " where $2::bigint is null or s.brand_id = $2 or s.brand_id is null order by b.name nulls first, s.name",
        now,
        brand_id,
    )
    return [_health(row) for row in rows]


async def health_of(conn: Connection, source_id: SourceId, *, now: datetime) -> SourceHealth | None:
    """Return one source with how it goes."""
    row = await conn.fetchrow(_HEALTH + " where s.id = $2", now, source_id)
    return None if row is None else _health(row)


async def put(
    conn: Connection,
    *,
    brand_id: BrandId | None,
    kind: SourceKind,
    name: str,
    settings: Mapping[str, str],
    interval: timedelta,
    allow_private: bool,
    enabled: bool,
    match: bool = False,
    now: datetime,
) -> SourceId:
    """Make the brand's, or the shared, source of this name be so. A new or changed one is due at once, one that
    nothing polls never; what was learned about an address is forgotten when the address changes."""
    source_id = SourceId(
        await conn.fetchval(
            """
            insert into source as s
                (brand_id, kind, name, settings, interval, allow_private, enabled, created_at, next_due, match)
            values ($1, $2, $3, $4, $5, $6, $7, $8, case when $9::boolean then $8::timestamptz end, $10)
            on conflict (brand_id, name) do update set
                kind = excluded.kind, settings = excluded.settings, interval = excluded.interval,
                allow_private = excluded.allow_private, enabled = excluded.enabled, match = excluded.match,
                next_due = case
                    when (s.kind, s.settings, s.interval, s.allow_private, s.enabled, s.match)
                        = (excluded.kind, excluded.settings, excluded.interval, excluded.allow_private,
                            excluded.enabled, excluded.match)
                    then s.next_due else excluded.next_due end,
                etag = case when s.settings = excluded.settings then s.etag end,
                last_modified = case when s.settings = excluded.settings then s.last_modified end,
                cursor = case when s.settings = excluded.settings then s.cursor else '{}' end
            returning id
            """,
            brand_id,
            kind,
            name,
            dict(settings),
            interval,
            allow_private,
            enabled,
            now,
            kind in registry.kinds(),
            match,
        )
    )
    # A feed gets its address when its hub is asked: most have none.
    if registry.signed_by(kind):
        await inlet.ensure(conn, source_id, now=now)
    return source_id


async def remove(conn: Connection, source_id: SourceId) -> None:
    """Remove a source with what it brought."""
    await conn.execute("delete from source where id = $1", source_id)


async def claim_due(
    conn: Connection, *, now: datetime, lease: timedelta, token: UUID, limit: int, kinds: Sequence[str]
) -> list[DueSource]:
    """Take due sources for one poll each. A poll that dies is due again when its lease ends."""
    rows = await conn.fetch(
        """
        with due as (
            select id from source where enabled and next_due <= $1 and kind = any($5::text[])
            order by next_due, id limit $4 for update skip locked
        )
        update source s set next_due = $1 + $2::interval, lease_token = $3, attempts = attempts + 1,
            last_attempt_at = $1
        from due where s.id = due.id
        returning s.id, s.brand_id, s.match, s.name, s.kind, s.settings, s.allow_private, s.interval, s.error_count,
            paid_in_month(s.id, $1) as spent, coalesce(least(s.pace, s.interval), s.interval) as pace,
            s.last_success_at is not null as answered,
            s.etag, s.last_modified, s.cursor, exists (select from websub w where w.source_id = s.id) as has_hub
        """,
        now,
        lease,
        token,
        limit,
        list(kinds),
    )
    return [_due(row) for row in rows]


def _due(row: asyncpg.Record) -> DueSource:
    return DueSource(
        id=SourceId(row["id"]),
        brand_id=_brand_id(row),
        match=row["match"],
        has_hub=row["has_hub"],
        name=row["name"],
        source=Source(
            kind=SourceKind(row["kind"]),
            settings=row["settings"],
            allow_private=row["allow_private"],
            validators=Validators(etag=row["etag"], last_modified=row["last_modified"]),
            cursor=row["cursor"],
            spent=row["spent"],
        ),
        interval=row["interval"],
        pace=row["pace"],
        answered=row["answered"],
        error_count=row["error_count"],
    )


async def record_success(
    conn: Connection,
    source_id: SourceId,
    token: UUID,
    *,
    validators: Validators | None,
    cursor: Mapping[str, Any] | None,
    moved_to: str | None,
    warning: str | None,
    pace: timedelta | None,
    gap: bool,
    next_due: datetime,
    now: datetime,
) -> bool:
    """Record a poll that brought an answer; None keeps the validators or cursor there were. `gap`: it shared nothing
    with the last one. False where the lease was lost to another worker: then nothing of this poll may be kept."""
    done = await conn.fetchval(
        """
        update source set
            etag = case when $3 then $4 else etag end, last_modified = case when $3 then $5 else last_modified end,
            cursor = coalesce($6, cursor),
            settings = case when $7::text is null then settings
                else settings || jsonb_build_object('url', $7::text) end,
            error = $8, error_count = 0, attempts = 0, lease_token = null, last_success_at = $10, next_due = $9,
            pace = $11, gap_suspected_at = case when $12 then $10 else gap_suspected_at end
        where id = $1 and lease_token = $2 returning id
        """,
        source_id,
        token,
        validators is not None,
        validators.etag if validators else None,
        validators.last_modified if validators else None,
        None if cursor is None else dict(cursor),
        moved_to,
        warning,
        next_due,
        now,
        pace,
        gap,
    )
    return done is not None


async def record_failure(conn: Connection, source_id: SourceId, token: UUID, *, error: str, next_due: datetime) -> bool:
    """Record a poll that failed; the source stays due, later. False where the lease was lost."""
    done = await conn.fetchval(
        """
        update source set error = $3, error_count = error_count + 1, lease_token = null, next_due = $4
        where id = $1 and lease_token = $2 returning id
        """,
        source_id,
        token,
        error,
        next_due,
    )
    return done is not None


async def record_push(conn: Connection, source_id: SourceId, *, warning: str | None, now: datetime) -> None:
    """Record that something came which nobody asked for. Of a source that is polled too, its polls say how it goes."""
    await conn.execute(
        """
        update source set last_success_at = $2,
            last_attempt_at = case when next_due is null then $2 else last_attempt_at end,
            error = case when next_due is null then $3 else error end,
            error_count = case when next_due is null then 0 else error_count end
        where id = $1
        """,
        source_id,
        now,
        warning,
    )


async def record_unread(conn: Connection, source_id: SourceId, *, error: str, now: datetime) -> None:
    """Record that something came of which nothing could be read."""
    await conn.execute(
        """
        update source set last_attempt_at = $3, error = $2, error_count = error_count + 1
        where id = $1 and next_due is null
        """,
        source_id,
        error,
        now,
    )


async def suspect_gap(conn: Connection, source_id: SourceId, *, now: datetime) -> None:
    """Note that something may have been missed."""
    await conn.execute("update source set gap_suspected_at = $2 where id = $1", source_id, now)


async def poll_after_push(
    conn: Connection, source_id: SourceId, *, wanted: Sequence[str], spacing: timedelta, now: datetime
) -> bool:
    """Make a source due because its place said that something is new, not sooner than `spacing` after its last poll,
    and never against the pause of one that fails; put what the poll is to ask for into its cursor. False where it is
    being polled right now: what is new may be missed.
    """
    busy: bool = await conn.fetchval("select lease_token is not null from source where id = $1 for update", source_id)
    if busy:
        return False
    await conn.execute(
        """
        update source set next_due = least(next_due, greatest($2, last_attempt_at + $3::interval))
        where id = $1 and error_count = 0 and next_due is not null
        """,
        source_id,
        now,
        spacing,
    )
    if wanted:
        await conn.execute(
            """
            update source set cursor = jsonb_set(cursor, '{wanted}',
                case when jsonb_typeof(cursor -> 'wanted') = 'array' then cursor -> 'wanted' else '[]' end || $2::jsonb)
            where id = $1
            """,
            source_id,
            list(wanted),
        )
    return True


async def poll_soon(conn: Connection, source_id: SourceId, *, now: datetime) -> bool:
    """Make a source due at once, unless it is being polled or never is. False where there is none such."""
    done = await conn.fetchval(
        "update source set next_due = $2 where id = $1 and next_due > $2 and lease_token is null returning id",
        source_id,
        now,
    )
    return done is not None


async def cursor_of(conn: Connection, source_id: SourceId) -> Mapping[str, Any]:
    """Return a source's cursor, locked until the transaction ends."""
    cursor: Mapping[str, Any] = await conn.fetchval("select cursor from source where id = $1 for update", source_id)
    return cursor


async def set_cursor(conn: Connection, source_id: SourceId, cursor: Mapping[str, Any], *, now: datetime) -> None:
    """Keep how far an import came."""
    await conn.execute(
        "update source set cursor = $2, last_attempt_at = $3, last_success_at = $3 where id = $1",
        source_id,
        dict(cursor),
        now,
    )
