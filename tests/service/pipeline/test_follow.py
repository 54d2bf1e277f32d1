"""Streams of words: heard at once, by one worker each, taken over when it dies, and never in the way of polls."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from alerts.types import SourceId
from collectors.egress import GuardedEgress
from collectors.streams import GuardedStreams
from collectors.types import SourceKind
from service.pipeline import follow
from service.pipeline.follow import Followers
from service.store import brand, clock, source
from service.store.pool import Connection, Pool
from tests.service.waiting import until
from tests.streaming import Streaming, streaming

#: A stream replays the last days only.
AT = int(time.time() * 1e6)


def post(key: str, text: str = "lantern tea", *, operation: str = "create", at: int = AT) -> dict[str, Any]:
    record = {"createdAt": "2026-03-05T11:59:00Z", "text": text}
    commit = {"operation": operation, "collection": "app.bsky.feed.post", "rkey": key, "record": record}
    return {"did": "did:plc:mei", "time_us": at, "kind": "commit", "commit": commit}


@pytest.fixture(autouse=True)
def _quick_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "TURN", 0.02)


@pytest.fixture
async def place() -> AsyncIterator[Streaming]:
    async with streaming() as opened:
        yield opened


async def put(conn: Connection, place: Streaming, **settings: str) -> SourceId:
    now = await clock.now(conn)
    given = {"query": "lantern", "stream": "yes", "words": "lantern tea", "jetstream": place.url, **settings}
    return await source.put(
        conn,
        brand_id=await brand.ensure(conn, "Lantern Noodles", now=now),
        kind=SourceKind.BLUESKY,
        name="Bluesky",
        settings={key: value for key, value in given.items() if value},
        interval=timedelta(hours=6),
        allow_private=True,
        enabled=True,
        now=now,
    )


@asynccontextmanager
async def worker(pool: Pool) -> AsyncIterator[Followers]:
    """One worker's streams."""
    async with GuardedEgress() as egress, GuardedStreams() as streams:
        followers = Followers(pool, egress, streams, allow_private=False, random=Random(1))
        try:
            yield followers
        finally:
            await followers.close()


async def texts(pool: Pool) -> list[str]:
    assert await pool.fetchval("select count(*) from fetch_not_conserved") == 0
    return [row["text"] for row in await pool.fetch("select text from mention order by external_id")]


async def heard(pool: Pool, *wanted: str) -> None:
    """Wait until just these were heard."""

    async def all_there() -> bool:
        return await texts(pool) == list(wanted)

    await until(all_there, within=10, what=f"{wanted} heard")


async def connected(place: Streaming, listeners: int = 1) -> None:
    async def there() -> bool:
        return place.listeners == listeners

    await until(there, within=10, what=f"{listeners} connected")


async def test_what_is_said_is_heard_at_once(conn: Connection, pool: Pool, place: Streaming) -> None:
    await put(conn, place)
    async with worker(pool) as followers:
        await followers.step()
        await connected(place)
        place.say(post("1"), post("2", "something else"), post("3", "Lantern Tea!"))
        await heard(pool, "lantern tea", "Lantern Tea!")

    assert await pool.fetchval("select count(*) from analysis_todo") == 2
    assert await pool.fetchval("select sum(inserted) from fetch_log") == 2


async def test_only_one_worker_follows_a_stream(conn: Connection, pool: Pool, place: Streaming) -> None:
    await put(conn, place)
    async with worker(pool) as one, worker(pool) as other:
        await asyncio.gather(one.step(), other.step())
        await connected(place)
        await one.step()
        await other.step()

        assert len(place.paths) == 1


async def test_another_worker_goes_on_at_once_where_one_ends(conn: Connection, pool: Pool, place: Streaming) -> None:
    await put(conn, place)
    async with worker(pool) as one:
        await one.step()
        await connected(place)
        place.say(post("1"))
        await heard(pool, "lantern tea")
    async with worker(pool) as other:
        await other.step()
        await connected(place)

    assert [query.get("cursor") for query in place.queries] == [None, str(AT - 5_000_000)]


async def test_the_stream_of_a_worker_that_died_is_taken_over_and_its_words_are_not_stored_twice(
    conn: Connection, pool: Pool, place: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker that is stuck renews nothing.
    monkeypatch.setattr(follow, "RENEW_AFTER_TURNS", 10**6)
    await put(conn, place)
    async with worker(pool) as one, worker(pool) as other:
        await one.step()
        await connected(place)
        await pool.execute("update mock.clock set shift = '61 seconds'")
        await other.step()
        await connected(place, 2)
        place.say(post("1"))
        await heard(pool, "lantern tea")
        await connected(place, 1)

    assert await pool.fetchval("select count(*) from fetch_log") == 1


async def test_a_stream_that_broke_is_followed_again_later_each_time(
    conn: Connection, pool: Pool, place: Streaming
) -> None:
    source_id = await put(conn, place)
    place.status = 500
    async with worker(pool) as followers:
        waits = []
        for breaks in (1, 2, 3):
            await pool.execute("update stream set due = now()")
            await followers.step()

            async def broken(breaks: int = breaks) -> bool:
                return bool(await pool.fetchval("select breaks = $1 and token is null from stream", breaks))

            await until(broken, within=10, what=f"{breaks} breaks")
            waits.append(await pool.fetchval("select due - now() from stream"))
            await followers.step()
            assert len(place.paths) == breaks, "not before its time"

    assert waits[0] < waits[1] < waits[2]
    async with pool.acquire() as fresh:
        health = await source.health_of(fresh, source_id, now=await clock.now(fresh))
    assert health is not None
    assert (health.told, "status 500" in (health.untold or "")) == (False, True)


async def test_a_connection_asks_for_a_poll_of_what_a_break_hid(conn: Connection, pool: Pool, place: Streaming) -> None:
    source_id = await put(conn, place)
    await pool.execute(
        "update source set next_due = now() + interval '5 hours', last_attempt_at = now() - interval '1 hour'"
    )
    async with worker(pool) as followers:
        await followers.step()
        await connected(place)
        place.say(post("1"))
        await heard(pool, "lantern tea")

        assert await pool.fetchval("select next_due <= now() from source")
        async with pool.acquire() as fresh:
            health = await source.health_of(fresh, source_id, now=await clock.now(fresh))
        assert health is not None
        assert (health.told, health.untold) == (True, None)


async def test_of_what_is_deleted_only_what_is_ours_is_noted(conn: Connection, pool: Pool, place: Streaming) -> None:
    await put(conn, place)
    async with worker(pool) as followers:
        await followers.step()
        await connected(place)
        place.say(post("1"))
        await heard(pool, "lantern tea")
        place.say(post("1", operation="delete"), post("2", operation="delete"))
        place.say(post("3"), post("3", operation="delete"))
        await heard(pool, "", "")

    assert await pool.fetchval("select bool_and(deleted) from mention")


async def test_a_changed_source_is_followed_anew(conn: Connection, pool: Pool, place: Streaming) -> None:
    await put(conn, place)
    async with worker(pool) as followers:
        await followers.step()
        await connected(place)
        await put(conn, place, words="matcha")
        place.say(post("1"))
        await connected(place, 0)
        await pool.execute("update stream set due = now()")
        await followers.step()
        await connected(place)
        place.say(post("1"), post("2", "matcha"))
        await heard(pool, "matcha")


async def test_what_a_long_break_hid_is_a_gap(conn: Connection, pool: Pool, place: Streaming) -> None:
    source_id = await put(conn, place)
    await conn.execute(
        "insert into stream (source_id, due, cursor) values ($1, now(), $2)",
        source_id,
        {"time_us": 1},
    )

    async def is_marked() -> bool:
        return bool(await pool.fetchval("select exists (select from fetch_log where gap_suspected)"))

    async with worker(pool) as followers:
        await followers.step()
        await until(is_marked, within=10, what="the gap to be marked")

    assert await pool.fetchval("select gap_suspected_at is not null from source")


async def test_a_source_that_is_turned_off_is_not_followed(conn: Connection, pool: Pool, place: Streaming) -> None:
    await put(conn, place)
    async with worker(pool) as followers:
        await followers.step()
        await connected(place)
        await pool.execute("update source set enabled = false")
        place.say(post("1"))
        await connected(place, 0)
        await pool.execute("update stream set due = now()")
        await followers.step()

    assert await texts(pool) == []
    assert len(place.paths) == 1


async def test_a_source_without_words_does_not_keep_all_that_is_said(
    conn: Connection, pool: Pool, place: Streaming
) -> None:
    await put(conn, place, words="")
    async with worker(pool) as followers:
        await followers.step()

        async def refused() -> bool:
            return await pool.fetchval("select error is not null from stream") is True

        await until(refused, within=10, what="the refusal")

    assert "words: are needed" in await pool.fetchval("select error from stream")
    assert place.paths == []


async def test_a_poison_event_is_set_aside_and_costs_no_sibling(conn: Connection, pool: Pool, place: Streaming) -> None:
    await put(conn, place)
    async with worker(pool) as followers:
        await followers.step()
        await connected(place)
        place.say(post(""), b"{", post("1"))
        await heard(pool, "lantern tea")

    assert await pool.fetchval("select count(*) from quarantine") == 2


async def test_a_flood_is_stored_without_loss(conn: Connection, pool: Pool, place: Streaming) -> None:
    await put(conn, place)
    place.greeting = [post(str(number)) for number in range(3_000)]
    async with worker(pool) as followers:
        await followers.step()

        async def all_there() -> bool:
            return bool(await pool.fetchval("select count(*) = 3000 from mention"))

        await until(all_there, within=20, what="all heard")

    assert await pool.fetchval("select count(*) from fetch_not_conserved") == 0
