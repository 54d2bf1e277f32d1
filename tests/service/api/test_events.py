"""The event stream, over a real connection, told by a real NOTIFY."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from service.api.events import Ear, frames
from service.api.hub import Hub
from service.store import events
from service.store.access import Scope
from service.store.events import EventKind
from service.store.pool import Connection, Pool
from tests.service.api.conftest import Place, key_with, put_incident, served

STREAM = "/api/v1/events"


async def _until(lines: AsyncIterator[str], wanted: str) -> list[str]:
    """Return the lines up to a wanted one, with the one behind it."""
    seen = []
    async with asyncio.timeout(10):
        async for line in lines:
            seen.append(line)
            if line == wanted:
                return [*seen, await anext(lines)]
    raise AssertionError(f"the stream ended without {wanted!r}: {seen}")


async def test_a_stream_tells_what_changes(app: FastAPI, conn: Connection, place: Place) -> None:
    trouble = await put_incident(conn, place)
    headers = {"authorization": f"Bearer {await key_with(conn, Scope.READ, Scope.RESPOND)}"}
    await app.state.hub.listening.wait()
    async with served(app) as (address, _), httpx.AsyncClient(base_url=address, headers=headers) as client:
        async with client.stream("GET", STREAM) as stream:
            lines = stream.aiter_lines()
            await _until(lines, "retry: 3000")
            await client.post(f"/api/v1/incidents/{trouble.incident_id}/ack")
            told = await _until(lines, "event: incident")

        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert told[-1] == f'data: {{"ids":["{trouble.incident_id}"],"count":1}}'


async def test_an_open_stream_does_not_hold_up_the_end_of_the_server(app: FastAPI, conn: Connection) -> None:
    headers = {"authorization": f"Bearer {await key_with(conn, Scope.READ)}"}
    async with served(app) as (address, server), httpx.AsyncClient(base_url=address, headers=headers) as client:
        async with client.stream("GET", STREAM) as stream:
            lines = stream.aiter_lines()
            await _until(lines, "retry: 3000")
            server.should_exit = True
            async with asyncio.timeout(3):
                rest = [line async for line in lines]

        assert [line for line in rest if line] == []


async def test_a_stream_holds_no_connection_of_the_pool(app: FastAPI, conn: Connection) -> None:
    headers = {"authorization": f"Bearer {await key_with(conn, Scope.READ)}"}
    async with (
        served(app) as (address, _),
        httpx.AsyncClient(base_url=address, headers=headers) as client,
        client.stream("GET", STREAM) as stream,
    ):
        await _until(stream.aiter_lines(), "retry: 3000")

        assert app.state.pool.get_idle_size() == app.state.pool.get_size()


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[Hub]:
    hub = Hub(database_url, retry_every=timedelta(milliseconds=10), room=3)
    task = asyncio.create_task(hub.run())
    await hub.listening.wait()
    yield hub
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.fixture
def ear(pool: Pool) -> Ear:
    return Ear(pool=pool, credential="key:of-nobody", brands=None)


async def test_what_ends_one_callers_streams_is_not_told_to_others(hub: Hub, pool: Pool, conn: Connection) -> None:
    told: dict[str, list[str]] = {}
    beat = timedelta(milliseconds=100)

    async def listen(credential: str) -> None:
        ear = Ear(pool=pool, credential=credential, brands=None)
        told[credential] = [one async for one in frames(hub, ear, None, heartbeat=beat, life=timedelta(seconds=1))]

    async with asyncio.TaskGroup() as group:
        group.create_task(listen("key:a"))
        group.create_task(listen("key:b"))
        while hub.subscriber_count < 2:  # noqa: ASYNC110  # the hub offers nothing to wait for
            await asyncio.sleep(0)
        await events.tell(conn, EventKind.ACCESS, ["key:a"])
        await events.tell(conn, EventKind.SOURCE, [7])

    assert not [frame for frame in told["key:a"] if "event: " in frame]
    assert ["event: source" in frame for frame in told["key:b"] if "event: " in frame] == [True]


async def test_a_lost_connection_is_made_again_and_readers_read_again(hub: Hub, conn: Connection) -> None:
    with hub.subscribed() as subscriber:
        await conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen %' and datname = "
            "current_database()"
        )
        async with asyncio.timeout(5):
            first = await subscriber.next()
        await events.tell(conn, EventKind.MENTION, [7])
        async with asyncio.timeout(5):
            second = await subscriber.next()

    assert first is not None
    assert first.event is None
    assert second is not None
    assert second.event is not None
    assert second.event.ids == ("7",)


async def test_a_slow_reader_is_told_to_read_again(hub: Hub, conn: Connection) -> None:
    with hub.subscribed() as slow:
        for n in range(3):
            await events.tell(conn, EventKind.MENTION, [n])
        with hub.subscribed() as quick:
            await events.tell(conn, EventKind.MENTION, [3])
            async with asyncio.timeout(5):
                while (told := await quick.next()) is not None and told.event and told.event.ids != ("3",):
                    pass
        first = await slow.next()

    assert first is not None
    assert first.event is None


async def test_what_another_program_says_on_the_channel_does_no_harm(hub: Hub, conn: Connection) -> None:
    with hub.subscribed() as subscriber:
        for payload in ("", "[]", '{"kind": "news"}', "\udcff".encode("utf-8", "replace").decode()):
            await conn.execute("select pg_notify('earshot', $1)", payload)
            async with asyncio.timeout(5):
                told = await subscriber.next()

            assert told is not None
            assert told.event is None


async def test_a_quiet_stream_beats_and_ends_in_time(hub: Hub, ear: Ear) -> None:
    beat, life = timedelta(milliseconds=20), timedelta(milliseconds=50)
    said = [frame async for frame in frames(hub, ear, None, heartbeat=beat, life=life)]

    assert said[0] == "retry: 3000\n\n"
    assert set(said[1:]) == {": still here\n\n"}
    assert hub.subscriber_count == 0


async def test_a_reader_that_comes_back_reads_again_only_if_it_missed_something(hub: Hub, ear: Ear) -> None:
    life = {"heartbeat": timedelta(milliseconds=1), "life": timedelta(0)}
    same = [frame async for frame in frames(hub, ear, hub.last_id, **life)]
    missed = [frame async for frame in frames(hub, ear, "other-1", **life)]

    assert not [frame for frame in same if "resync" in frame]
    assert [frame for frame in missed if "event: resync" in frame]
