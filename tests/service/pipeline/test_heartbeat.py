"""The dead-man's switch is pinged only while everything that matters is alive."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from collectors.egress import GuardedEgress
from service.pipeline.heartbeat import beat
from service.store import clock, component
from service.store.pool import Connection, Pool
from tests.places import served
from tests.service.pipeline.test_contacts import be

STAGES = ("worker.collect", "worker.analyse", "worker.alert", "worker.deliver", "auditor")


class Watch:
    """A watch outside, and how often it was told."""

    def __init__(self) -> None:
        self.told = 0
        self.status = 200
        self.url = ""

    async def answer(self, _request: web.Request) -> web.Response:
        self.told += 1
        return web.Response(status=self.status)


@pytest.fixture
async def outside() -> AsyncIterator[Watch]:
    one = Watch()
    app = web.Application()
    app.router.add_get("/ping", one.answer)
    async with served(app) as address:
        one.url = f"{address}/ping"
        yield one


async def live(conn: Connection, *, without: str = "", ill: str = "") -> None:
    """Let every stage say that it lives, but one."""
    now = await clock.now(conn)
    for name in (*STAGES, "smtp", "outbox"):
        if name != without:
            await component.beat(conn, name, now=now, healthy=name != ill, detail="broken" if name == ill else "")


async def ping(pool: Pool, outside: Watch) -> bool:
    async with GuardedEgress() as egress:
        return await beat(pool, egress, outside.url)


async def test_all_is_well_and_the_watch_hears_it_once_a_minute(conn: Connection, pool: Pool, outside: Watch) -> None:
    await live(conn)
    first = [await ping(pool, outside) for _ in range(3)]
    await be(conn, await clock.now(conn) + timedelta(seconds=61))
    second = await ping(pool, outside)

    assert (first, second) == ([True, False, False], True)
    assert outside.told == 2


@pytest.mark.parametrize("missing", STAGES)
async def test_a_stage_that_is_silent_keeps_it_silent(
    conn: Connection, pool: Pool, outside: Watch, missing: str
) -> None:
    await live(conn, without=missing)

    assert not await ping(pool, outside)
    assert outside.told == 0


@pytest.mark.parametrize("ill", ["smtp", "outbox", "worker.deliver", "auditor"])
async def test_what_is_ill_keeps_it_silent(conn: Connection, pool: Pool, outside: Watch, ill: str) -> None:
    await live(conn, ill=ill)

    assert not await ping(pool, outside)
    assert outside.told == 0


async def test_a_stage_that_beat_long_ago_is_not_alive(conn: Connection, pool: Pool, outside: Watch) -> None:
    await live(conn)
    await be(conn, await clock.now(conn) + timedelta(minutes=3))

    assert not await ping(pool, outside)


async def test_a_watch_that_does_not_answer_is_said_without_its_address(
    conn: Connection, pool: Pool, outside: Watch
) -> None:
    outside.status = 500
    await live(conn)
    await ping(pool, outside)
    [told] = [part for part in await component.every(conn) if part.name == "heartbeat"]

    assert not told.healthy
    assert "127.0.0.1" not in told.detail
