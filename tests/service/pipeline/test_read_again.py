"""One bad item costs nobody but itself, and is stored once it can be read."""

from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from collectors import discourse
from collectors.egress import GuardedEgress
from collectors.types import SourceKind
from service.pipeline.collect import collect_due
from service.pipeline.read_again import read_wanted
from service.store import brand, clock, quarantine, source
from service.store.pool import Connection, Pool
from tests.collectors.played import Platform, played

POSTS = [
    {"id": number, "topic_id": 7, "post_number": number, "cooked": f"<p>Soup {number}</p>", "username": "ann"}
    for number in (3, 2, 1)
]


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with played() as serving:
        serving.on("/posts.json", {"latest_posts": POSTS})
        yield serving


@pytest.fixture
async def polled(conn: Connection, pool: Pool, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> int:
    """Poll while the second post makes its reader raise; return what was set aside."""
    now = await clock.now(conn)
    await source.put(
        conn,
        brand_id=await brand.ensure(conn, "Lantern Noodles", now=now),
        kind=SourceKind.DISCOURSE,
        name="Forum",
        settings={"url": platform.url},
        interval=timedelta(minutes=5),
        allow_private=True,
        enabled=True,
        now=now,
    )
    read = discourse._mention

    def stumbling(post: Any, *given: Any, **named: Any) -> Any:
        if post["id"] == 2:
            raise ZeroDivisionError("a mistake of ours")
        return read(post, *given, **named)

    with monkeypatch.context() as broken:
        broken.setattr(discourse, "_mention", stumbling)
        async with GuardedEgress() as egress:
            await collect_due(pool, egress, allow_private=False, random=Random(1))
    (kept,) = await quarantine.latest(conn, limit=5)
    return kept.id


async def texts(conn: Connection) -> list[str]:
    return [row["text"] for row in await conn.fetch("select text from mention order by text")]


async def test_its_siblings_are_stored_and_the_item_waits(conn: Connection, polled: int) -> None:
    (kept,) = await quarantine.latest(conn, limit=5)

    assert await texts(conn) == ["Soup 1", "Soup 3"]
    assert "a mistake of ours" in kept.reason
    assert '"id": 2' in kept.raw


async def test_an_item_that_is_wanted_is_read_again_and_stored(conn: Connection, pool: Pool, polled: int) -> None:
    assert not await read_wanted(pool)
    await quarantine.want(conn, polled)

    assert await read_wanted(pool)
    assert not await read_wanted(pool)
    assert await texts(conn) == ["Soup 1", "Soup 2", "Soup 3"]
    assert await quarantine.latest(conn, limit=5) == []
    assert await conn.fetch("table fetch_not_conserved") == []
    assert [tuple(row) for row in await conn.fetch("select seen, inserted from fetch_log order by id")] == [
        (3, 2),
        (1, 1),
    ]


async def test_what_still_cannot_be_read_waits_on_with_its_new_reason(
    conn: Connection, pool: Pool, polled: int
) -> None:
    await conn.execute("update quarantine set raw = 'null'::bytea")
    await quarantine.want(conn, polled)
    assert await read_wanted(pool)
    (kept,) = await quarantine.latest(conn, limit=5)

    assert not kept.wanted
    assert "object" in kept.reason
    assert len(await texts(conn)) == 2
