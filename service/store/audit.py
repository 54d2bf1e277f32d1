"""The audit log: who did what to which thing. Rows are written by triggers, in the transaction that did it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from service.store.pool import Connection

#: What the first row is sealed with.
_BEFORE_ALL = bytes(32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """One thing that somebody did."""

    id: int
    at: datetime
    actor: str
    action: str
    thing: str
    thing_id: str
    #: What was changed, by name: before and after, or only that it was.
    detail: Any
    sha256: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """Whether the chain held when its end was come to."""

    at: datetime
    checked: int
    #: The first row that was changed, or whose forerunner was; None: all hold.
    broken_at: int | None
    #: The seal of the last row: kept elsewhere, it shows whether the log's end was cut off.
    head: bytes


async def act_as(conn: Connection, actor: str) -> None:
    """Say who does what this connection does until it goes back to its pool."""
    await conn.execute("select set_config('earshot.actor', $1, false)", actor)


async def note(conn: Connection, *, actor: str, action: str, thing: str, thing_id: str, detail: object) -> None:
    """Write down what no table tells by itself, such as an export."""
    await conn.execute("select audit_write($1, $2, $3, $4, $5)", actor, action, thing, thing_id, detail)


async def newest(
    conn: Connection, *, actor: str | None = None, thing: str | None = None, before: int | None = None, limit: int
) -> list[Deed]:
    """Return what was done, the last first."""
    rows = await conn.fetch(
        """
        select id, at, actor, action, thing, thing_id, detail, sha256 from audit_log
        where ($1::text is null or actor = $1) and ($2::text is null or thing = $2)
            and ($3::bigint is null or id < $3)
        order by id desc limit $4
        """,
        actor,
        thing,
        before,
        limit,
    )
    return [Deed(**row) for row in rows]


#: The rows behind one, each beside its forerunner. That one must still be there too: else the log's end was cut off.
_PIECE = """
    with piece as (
        select a.id, a.sha256, a.sha256 = audit_digest(a)
            and a.before_sha256 = coalesce(lag(a.sha256) over (order by a.id), $2)
            and a.id = coalesce(lag(a.id) over (order by a.id), $1) + 1 as holds
        from audit_log a
        where a.id > $1 and a.id <= (
            select max(id) from (select id from audit_log where id > $1 order by id limit $3) next
        )
    )
    select count(*) as looked_at, coalesce(max(id), $1) as through,
        coalesce((select sha256 from piece order by id desc limit 1), $2) as seal,
        case when $1 = 0 or exists (select from audit_log where id = $1 and sha256 = $2)
            then min(id) filter (where not holds) else $1 end as broken_at
    from piece
"""
_NOTE = """
    update audit_proof set through = $1, seal = $2, broken_at = coalesce(broken_at, $3),
        proved_at = case when $4 then $5 else proved_at end,
        proved_through = case when $4 then $1 else proved_through end,
        proved_seal = case when $4 then $2 else proved_seal end,
        proved_broken_at = case when $4 then coalesce(broken_at, $3) else proved_broken_at end
"""


async def begin_proof(conn: Connection, *, every: timedelta, now: datetime) -> None:
    """Begin to look the log through from its first row, where that was last begun as long ago."""
    await conn.execute(
        """
        insert into audit_proof as p (id, begun_at, through, seal) values (1, $1, 0, $3)
        on conflict (id) do update set begun_at = $1, through = 0, seal = $3, broken_at = null
            where p.begun_at <= $1::timestamptz - $2::interval
        """,
        now,
        every,
        _BEFORE_ALL,
    )


async def prove_some(conn: Connection, *, most: int, now: datetime) -> bool:
    """Look through the next rows; True where there are more. In the caller's transaction."""
    so_far = await conn.fetchrow("select through, seal from audit_proof for update")
    assert so_far is not None  # noqa: S101  # begun before
    piece = await conn.fetchrow(_PIECE, so_far["through"], so_far["seal"], most)
    assert piece is not None  # noqa: S101  # an aggregate returns its row
    more: bool = piece["looked_at"] == most
    await conn.execute(_NOTE, piece["through"], piece["seal"], piece["broken_at"], not more, now)
    return more


async def proof(conn: Connection) -> Proof | None:
    """Return what the last look at the whole log found; None where there was none yet."""
    row = await conn.fetchrow(
        """
        select proved_at as at, proved_through as checked, proved_broken_at as broken_at, proved_seal as head
        from audit_proof where proved_at is not null
        """
    )
    return None if row is None else Proof(**row)


async def holds(conn: Connection, seal: str) -> bool:
    """Whether a row has this seal, in hexadecimal digits."""
    return bool(await conn.fetchval("select exists (select from audit_log where encode(sha256, 'hex') = $1)", seal))
