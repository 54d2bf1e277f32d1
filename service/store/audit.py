"""The audit log: who did what to which thing. Rows are written by triggers, in the transaction that did it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.store.pool import Connection


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
    """Whether the chain holds."""

    checked: int
    #: The first row that was changed, or whose forerunner was; None: all hold.
    broken_at: int | None
    #: The seal of the last row: kept elsewhere, it shows whether the log's end was cut off.
    head: bytes | None


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


async def prove(conn: Connection) -> Proof:
    """Return whether every row is as it was written, and none is missing between."""
    row = await conn.fetchrow(
        """
        with chained as (
            select a.id, a.sha256 = audit_digest(a)
                and a.before_sha256 = coalesce(lag(a.sha256) over (order by a.id), decode(repeat('00', 32), 'hex'))
                and a.id = coalesce(lag(a.id) over (order by a.id), 0) + 1 as holds
            from audit_log a
        )
        select count(*) as checked, min(id) filter (where not holds) as broken_at,
            (select sha256 from audit_log order by id desc limit 1) as head
        from chained
        """
    )
    return Proof(**dict(row or {}))


async def holds(conn: Connection, seal: str) -> bool:
    """Whether a row has this seal, in hexadecimal digits."""
    return bool(await conn.fetchval("select exists (select from audit_log where encode(sha256, 'hex') = $1)", seal))
