"""Whose turn it is to ask a host, among all workers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What was agreed on."""

    #: Until the turn begins.
    wait: timedelta
    #: Until the host will be asked at all again; nothing where it asked for no pause.
    rest: timedelta


async def take(conn: Connection, host: str, *, spacing: timedelta, patience: timedelta, now: datetime) -> Turn:
    """Reserve the next turn at a host, `spacing` after the last one; none is reserved where the wait would be longer
    than patience, or the host rests."""
    row = await conn.fetchrow("select wait, rest from take_turn($1, $2, $3, $4)", host, now, spacing, patience)
    return Turn(**dict(row or {}))


async def rest(conn: Connection, host: str, *, until: datetime, now: datetime) -> None:
    """Let no worker ask the host until then."""
    await conn.execute(
        """
        insert into host_pace as h (host, free_at, resting_until) values ($1, $3, $2)
        on conflict (host) do update set resting_until = greatest(h.resting_until, excluded.resting_until)
        """,
        host,
        until,
        now,
    )


async def forget_idle(conn: Connection, *, now: datetime) -> None:
    """Drop hosts that were not asked for an hour and do not rest."""
    await conn.execute(
        """
        delete from host_pace
        where free_at < $1::timestamptz - interval '1 hour' and coalesce(resting_until, $1) <= $1
        """,
        now,
    )
