"""Writes down who is on call, so that it can be told later who was, whatever schedules say by then.

schedules | who had it since the last look | the last shift goes on, or others follow
"""

from collections.abc import Mapping
from datetime import datetime

from alerts import oncall
from alerts.oncall import Schedule, Shift
from alerts.types import ContactId
from service.pipeline.apart import apart
from service.store import clock, contact, duty, schedule
from service.store.duty import DutyShift
from service.store.pool import Connection, Pool


async def note_hand_overs(pool: Pool) -> None:
    """Write down who had each schedule since the last look. Safe to run twice, late, or in several workers at a time:
    what is written stays, and hours in which nothing ran are written by the schedule as it is."""
    async with pool.acquire() as conn, conn.transaction():
        await duty.lock(conn)
        now = await clock.now(conn)
        last = await duty.last(conn)
        names = {one.id: one.name for one in await contact.every(conn)}
        since = min((one.ends_at for one in last.values()), default=now)
        for one in await schedule.every(conn, overrides_since=since):
            async with apart(conn, "who is on call cannot be written down", schedule=one.name):
                await _note(conn, one, last.get(one.id), names, now=now)


async def _note(
    conn: Connection, one: Schedule, last: DutyShift | None, names: Mapping[ContactId, str], *, now: datetime
) -> None:
    if last is None:
        first = Shift(contacts=oncall.on_call(one, now), starts_at=now, ends_at=now)
        await _begin(conn, one, first, names)
        return
    if last.ends_at >= now:
        return
    passed = oncall.shifts(one, last.ends_at, now)
    for shift in passed:
        if shift is passed[0] and shift.contacts == last.contacts:
            await duty.lengthen(conn, last, until=shift.ends_at)
        else:
            await _begin(conn, one, shift, names)


async def _begin(conn: Connection, one: Schedule, shift: Shift, names: Mapping[ContactId, str]) -> None:
    await duty.begin(conn, one.id, shift, names=[names.get(known, "?") for known in shift.contacts])
