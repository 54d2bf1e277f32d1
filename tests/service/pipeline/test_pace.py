"""Workers share the pace of a host: none asks while another has just asked, or was told to wait."""

import asyncio
from datetime import timedelta

import pytest

from collectors.errors import RateLimited
from service.pipeline.pace import SharedPace
from service.store import clock, host_pace
from service.store.pool import Connection, Pool
from tests.service.waiting import until

SHORT, LONG = timedelta(milliseconds=40), timedelta(hours=1)


async def test_turns_of_all_workers_are_apart(conn: Connection) -> None:
    day = timedelta(days=1)
    now = await clock.now(conn)
    waits = [(await host_pace.take(conn, "a.example", spacing=LONG, patience=day, now=now)).wait for _ in range(3)]
    assert [round(wait / LONG) for wait in waits] == [0, 1, 2]
    other = await host_pace.take(conn, "b.example", spacing=LONG, patience=day, now=now)
    assert not other.wait


async def test_a_turn_waits_for_that_of_another_worker(pool: Pool) -> None:
    first, second = SharedPace(pool, SHORT), SharedPace(pool, SHORT)
    async with asyncio.timeout(10), first.turn("a.example"), second.turn("a.example"):
        pass


async def test_another_worker_keeps_the_pause_that_one_was_asked_for(pool: Pool) -> None:
    first, second = SharedPace(pool, SHORT), SharedPace(pool, SHORT)
    first.rest("a.example", LONG)

    async def is_told() -> bool:
        return bool(await pool.fetchval("select exists (select from host_pace)"))

    await until(is_told, what="the pause to be shared")
    with pytest.raises(RateLimited) as caught:
        async with second.turn("a.example"):
            raise AssertionError("the host rests")
    assert caught.value.retry_after > timedelta(minutes=59)
    async with second.turn("b.example"):
        pass


async def test_who_would_wait_too_long_reserves_nothing(pool: Pool, conn: Connection) -> None:
    async with SharedPace(pool, LONG).turn("a.example"):
        pass
    before = await conn.fetchval("select free_at from host_pace")
    with pytest.raises(RateLimited):
        async with SharedPace(pool, LONG).turn("a.example"):
            raise AssertionError("it was not our turn")
    assert await conn.fetchval("select free_at from host_pace") == before


async def test_hosts_long_idle_are_forgotten(conn: Connection) -> None:
    now = await clock.now(conn)
    await host_pace.take(conn, "a.example", spacing=SHORT, patience=LONG, now=now)
    await host_pace.rest(conn, "b.example", until=now + timedelta(days=1), now=now)
    await host_pace.forget_idle(conn, now=now + timedelta(hours=2))
    assert [row["host"] for row in await conn.fetch("select host from host_pace")] == ["b.example"]
