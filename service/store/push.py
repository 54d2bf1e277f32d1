"""Bodies that places sent to us: kept until they are read whole, set aside where they cannot be."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alerts.types import BrandId, SourceId
from collectors.types import Push, Source, SourceKind
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class DuePush:
    """A body claimed to be read once. Fenced by the claim's token."""

    id: int
    source_id: SourceId
    #: None: shared by all brands.
    brand_id: BrandId | None
    #: Only what the brand's query finds is kept.
    match: bool
    source: Source
    push: Push
    received_at: datetime
    #: This one included.
    attempts: int
    #: A person asked for it: what was read of it before is read again.
    again: bool


async def add(
    conn: Connection,
    source_id: SourceId,
    *,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> None:
    """Keep a body that came."""
    await conn.execute(
        "insert into push (source_id, received_at, headers, body, due) values ($1, $2, $3, $4, $2)",
        source_id,
        now,
        dict(headers),
        body,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """What is kept of one source."""

    waiting: int
    #: Not read whole; they wait for a person.
    set_aside: int
    #: Why, of the last of them.
    reason: str | None


async def backlog(conn: Connection, source_id: SourceId) -> Backlog:
    """Return what is kept of a source."""
    row = await conn.fetchrow(
        """
        select count(*) filter (where due is not null) as waiting, count(*) filter (where due is null) as set_aside,
            (array_agg(reason order by id desc) filter (where due is null))[1] as reason
        from push where source_id = $1
        """,
        source_id,
    )
    assert row is not None  # noqa: S101  # an aggregate always has its row
    return Backlog(**row)


async def is_full(conn: Connection, source_id: SourceId, *, bodies: int, size: int) -> bool:
    """Say whether so many bodies of the source are kept, or so many bytes; set aside ones too."""
    return bool(
        await conn.fetchval(
            """
            select count(*) >= $2 or coalesce(sum(octet_length(body)), 0) >= $3
            from (select body from push where source_id = $1 limit $2) kept
            """,
            source_id,
            bodies,
            size,
        )
    )


async def claim(conn: Connection, *, now: datetime, lease: timedelta, token: UUID, limit: int) -> list[DuePush]:
    """Take bodies that wait. A worker that dies leaves them due when its lease ends."""
    rows = await conn.fetch(
        """
        with due as (
            select id from push where due <= $1 order by due, id limit $4 for update skip locked
        )
        update push p set due = $1 + $2::interval, token = $3, attempts = p.attempts + 1
        from due, source s where p.id = due.id and s.id = p.source_id
        returning p.id, p.source_id, p.headers, p.body, p.received_at, p.attempts, p.again,
            s.brand_id, s.match, s.kind, s.settings, s.allow_private
        """,
        now,
        lease,
        token,
        limit,
    )
    # In the order they came: an edit follows what it edits.
    return [
        DuePush(
            id=row["id"],
            source_id=SourceId(row["source_id"]),
            brand_id=None if row["brand_id"] is None else BrandId(row["brand_id"]),
            match=row["match"],
            source=Source(kind=SourceKind(row["kind"]), settings=row["settings"], allow_private=row["allow_private"]),
            push=Push(body=row["body"], headers=row["headers"]),
            received_at=row["received_at"],
            attempts=row["attempts"],
            again=row["again"],
        )
        for row in sorted(rows, key=lambda row: int(row["id"]))
    ]


async def finish(conn: Connection, push_id: int, token: UUID) -> bool:
    """Let go of a body that was read whole. False where the lease was lost: then nothing of it may be kept."""
    done = await conn.fetchval("delete from push where id = $1 and token = $2 returning id", push_id, token)
    return done is not None


async def set_aside(conn: Connection, push_id: int, token: UUID, *, reason: str) -> bool:
    """Keep a body for a person, because not all of it could be read. False where the lease was lost."""
    done = await conn.fetchval(
        """
        update push set due = null, token = null, again = false, reason = $3
        where id = $1 and token = $2 returning id
        """,
        push_id,
        token,
        reason,
    )
    return done is not None


async def put_off(conn: Connection, push_id: int, token: UUID, *, due: datetime) -> bool:
    """Read a body later. False where the lease was lost."""
    done = await conn.fetchval(
        "update push set due = $3, token = null, attempts = 0 where id = $1 and token = $2 returning id",
        push_id,
        token,
        due,
    )
    return done is not None


async def replay(conn: Connection, source_id: SourceId, *, now: datetime) -> int:
    """Make every body of the source that was set aside due again; return how many."""
    rows = await conn.fetch(
        """
        update push set due = $2, reason = null, attempts = 0, again = true
        where source_id = $1 and due is null returning id
        """,
        source_id,
        now,
    )
    return len(rows)


async def forward(
    conn: Connection,
    push_id: int,
    setting: str,
    accounts: Sequence[str],
    *,
    headers: Mapping[str, str],
    now: datetime,
) -> None:
    """Copy a body to the other sources of its kind that are about these accounts: an app has one address for all."""
    await conn.execute(
        """
        insert into push (source_id, received_at, headers, body, due)
        select other.id, p.received_at, $4, p.body, $5
        from push p join source own on own.id = p.source_id
        join source other on other.kind = own.kind and other.id <> own.id and other.enabled
            and other.settings ->> $2 = any($3::text[])
            and other.settings ->> 'app_secret' = own.settings ->> 'app_secret'
        where p.id = $1
        """,
        push_id,
        setting,
        list(accounts),
        dict(headers),
        now,
    )


async def forget_items(conn: Connection, push_id: int) -> None:
    """Drop what an earlier reading of the body put into quarantine."""
    await conn.execute("delete from quarantine where push_id = $1", push_id)


async def known_events(conn: Connection, source_id: SourceId, events: Sequence[str]) -> frozenset[str]:
    """Return those of the events that were read before."""
    if not events:
        return frozenset()
    rows = await conn.fetch(
        "select event from push_event where source_id = $1 and event = any($2::text[])", source_id, list(events)
    )
    return frozenset(row["event"] for row in rows)


async def note_events(conn: Connection, source_id: SourceId, events: Collection[str], *, now: datetime) -> int:
    """Remember events as read; return how many are new."""
    rows = await conn.fetch(
        """
        insert into push_event (source_id, event, at) select $1, event, $3 from unnest($2::text[]) as e (event)
        order by event on conflict do nothing returning event
        """,
        source_id,
        list(events),
        now,
    )
    return len(rows)


async def forget_events_before(conn: Connection, at: datetime) -> None:
    """Drop events so old that nobody sends them again."""
    await conn.execute("delete from push_event where at < $1", at)
