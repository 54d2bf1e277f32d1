"""Ingest: mentions a second with deduplication, versions, rollups and the queue of the analysis."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta

from collectors.types import Mention
from service.store import clock, ingest
from service.store.pool import Pool
from tests import make
from tests.benchmarks.budget import Line
from tests.benchmarks.places import migrated
from tests.service.watched import Watched, watch

_MENTIONS = 30_000
_BATCH = 500
_TEXT = "排了很久才輪到，湯頭不錯，店員也親切，只是座位有點擠。The noodles were fine. ก๋วยเตี๋ยวอร่อยดี " * 4


def _mentions() -> list[Mention]:
    return [
        make.mention(
            id=str(number), text=f"{_TEXT}{number}", published_at=make.NOW - timedelta(minutes=number % 40_000)
        )
        for number in range(_MENTIONS)
    ]


async def _rate(pool: Pool, watched: Watched, mentions: list[Mention]) -> float:
    began = time.perf_counter()
    async with pool.acquire() as conn:
        for start in range(0, len(mentions), _BATCH):
            async with conn.transaction():
                now = await clock.now(conn)
                batch = mentions[start : start + _BATCH]
                await ingest.ingest(conn, watched.brand_id, watched.source_id, batch, now=now)
    return len(mentions) / (time.perf_counter() - began)


async def measure() -> AsyncIterator[Line]:
    """Yield the rates of new mentions and of ones seen before."""
    mentions = _mentions()
    async with migrated() as (_, pool):
        async with pool.acquire() as conn:
            watched = await watch(conn, "http://127.0.0.1/feed")
        fresh = await _rate(pool, watched, mentions)
        again = await _rate(pool, watched, mentions)
    yield Line(what="ingest, new", budget="≥ 15,000/s", measured=f"{fresh:,.0f}/s", holds=fresh >= 15_000)
    yield Line(what="ingest, seen before", budget="≥ 15,000/s", measured=f"{again:,.0f}/s", holds=again >= 15_000)
