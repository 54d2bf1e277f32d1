"""Who was on call stays as it was, whatever the schedule says later and however often it is looked at."""

import asyncio
from datetime import timedelta
from itertools import pairwise

from alerts.oncall import Layer, ScheduleId
from alerts.types import ContactId
from service.pipeline.hand_overs import note_hand_overs
from service.store import clock, contact, duty, schedule
from service.store.duty import DutyShift
from service.store.pool import Connection, Pool
from tests.service.pipeline.test_escalation import person

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def duty_of(conn: Connection, *members: ContactId) -> ScheduleId:
    now = await clock.now(conn)
    layer = Layer(members=members, starts=(now - 12 * HOUR).replace(tzinfo=None), turn=DAY)
    return await schedule.put(conn, name="Care", zone="UTC", layers=[layer], now=now)


async def walk(conn: Connection, pool: Pool, span: timedelta) -> None:
    await conn.execute("update mock.clock set shift = shift + $1", span)
    await asyncio.gather(*(note_hand_overs(pool) for _ in range(3)))


async def written(conn: Connection, care: ScheduleId) -> list[DutyShift]:
    now = await clock.now(conn)
    return (await duty.history(conn, [care], since=now - 90 * DAY, until=now + DAY))[::-1]


async def test_each_hand_over_is_written_once_at_its_instant(conn: Connection, pool: Pool) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    care = await duty_of(conn, ann, mei)
    for _ in range(10):
        await walk(conn, pool, 5 * HOUR)
    shifts = await written(conn, care)

    assert [one.names for one in shifts] == [("Ann",), ("Mei",), ("Ann",)]
    assert [one.ends_at - one.starts_at for one in shifts[1:-1]] == [DAY]
    assert all(one.ends_at == later.starts_at for one, later in pairwise(shifts))


async def test_another_schedule_and_a_removed_contact_change_nothing_that_was(conn: Connection, pool: Pool) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    care = await duty_of(conn, ann)
    for _ in range(2):
        await walk(conn, pool, HOUR)
    was = await written(conn, care)
    await duty_of(conn, mei)
    await contact.remove(conn, ann)
    await walk(conn, pool, HOUR)
    shifts = await written(conn, care)

    assert shifts[0] == was[0]
    assert [one.names for one in shifts] == [("Ann",), ("Mei",)]


async def test_hours_in_which_nothing_ran_are_written_with_what_was_taken_over(conn: Connection, pool: Pool) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    care = await duty_of(conn, ann)
    await walk(conn, pool, HOUR)
    now = await clock.now(conn)
    await schedule.add_override(
        conn, care, contact_id=mei, starts_at=now + HOUR, ends_at=now + 3 * HOUR, author="Mei", now=now
    )
    await walk(conn, pool, 20 * DAY)
    shifts = await written(conn, care)

    assert [one.names for one in shifts] == [("Ann",), ("Mei",), ("Ann",)]
    assert shifts[1].ends_at - shifts[1].starts_at == 2 * HOUR


async def test_a_gap_is_written_as_nobody(conn: Connection, pool: Pool) -> None:
    care = await schedule.put(conn, name="Care", zone="UTC", layers=[], now=await clock.now(conn))
    for _ in range(2):
        await walk(conn, pool, HOUR)

    assert [one.names for one in await written(conn, care)] == [()]
