"""Who was on call when, as it was: written while it happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from alerts.oncall import ScheduleId, Shift
from alerts.types import ContactId
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class DutyShift:
    """The same people were on call from one instant to another, or are so far; nobody: a gap. Half open."""

    schedule_id: ScheduleId
    starts_at: datetime
    ends_at: datetime
    contacts: tuple[ContactId, ...]
    #: What the contacts were called then, in the same order.
    names: tuple[str, ...]


def _shift(row: asyncpg.Record) -> DutyShift:
    return DutyShift(
        schedule_id=ScheduleId(row["schedule_id"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        contacts=tuple(ContactId(one) for one in row["contact_ids"]),
        names=tuple(row["names"]),
    )


async def lock(conn: Connection) -> None:
    """Let one transaction at a time write the history."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('duty', 0))")


async def last(conn: Connection) -> dict[ScheduleId, DutyShift]:
    """Return the last shift written of each schedule."""
    rows = await conn.fetch(
        """
        select last.* from schedule s cross join lateral (
            select schedule_id, starts_at, ends_at, contact_ids, names from duty_shift
            where schedule_id = s.id order by starts_at desc limit 1
        ) last
        """
    )
    return {ScheduleId(row["schedule_id"]): _shift(row) for row in rows}


async def lengthen(conn: Connection, shift: DutyShift, *, until: datetime) -> None:
    """Let the last shift go on until a time."""
    await conn.execute(
        "update duty_shift set ends_at = $3 where schedule_id = $1 and starts_at = $2",
        shift.schedule_id,
        shift.starts_at,
        until,
    )


async def begin(conn: Connection, schedule_id: ScheduleId, shift: Shift, *, names: Sequence[str]) -> None:
    """Write a shift behind the last one."""
    await conn.execute(
        """
        insert into duty_shift (schedule_id, starts_at, ends_at, contact_ids, names) values ($1, $2, $3, $4, $5)
        """,
        schedule_id,
        shift.starts_at,
        shift.ends_at,
        list(shift.contacts),
        list(names),
    )


async def history(
    conn: Connection, schedule_ids: Sequence[ScheduleId], *, since: datetime, until: datetime
) -> list[DutyShift]:
    """Return the shifts of schedules that touch a span of time, the last first."""
    rows = await conn.fetch(
        """
        select schedule_id, starts_at, ends_at, contact_ids, names from duty_shift
        where schedule_id = any($1) and ends_at > $2 and starts_at < $3 order by starts_at desc, schedule_id
        """,
        list(schedule_ids),
        since,
        until,
    )
    return [_shift(row) for row in rows]


async def forget_before(conn: Connection, before: datetime) -> None:
    """Forget shifts that ended before."""
    await conn.execute("delete from duty_shift where ends_at < $1", before)
