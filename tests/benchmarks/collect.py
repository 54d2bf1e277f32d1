"""Ten thousand feeds every fifteen minutes, three in ten changed: processor time of fetching, parsing and storing.

Fewer feeds are measured and the time is scaled: a feed's cost does not depend on how many there are. The server and
Postgres are other processes and are not counted.
"""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random

from collectors.egress import GuardedEgress
from collectors.parsers import close_parsers
from collectors.types import SourceKind
from service.pipeline.collect import collect_due
from service.pipeline.pace import SharedPace
from service.store import brand, clock, source
from service.store.pool import Pool
from tests.benchmarks.budget import Line
from tests.benchmarks.places import migrated

_FEEDS, _ITEMS = int(os.environ.get("EARSHOT_BENCH_FEEDS", "2000")), 15
_EVERY, _CORES, _OF = 900, 2, 10_000
_SERVER = """
import asyncio, hashlib, sys
from aiohttp import web
ITEMS, round_ = int(sys.argv[1]), 0
TEXT = "排了很久才輪到，湯頭不錯，店員也親切，只是座位有點擠。 The noodles were fine. " * 4
def document(n):
    newest = ITEMS + (round_ if n % 10 < 3 else 0)
    items = "".join(
        f'<item><guid isPermaLink="false">{n}-{i}</guid><link>http://forum.example/{n}/{i}</link>'
        f"<pubDate>Thu, 05 Mar 2026 {i % 24:02}:00:00 GMT</pubDate><title>Post {i}</title>"
        f"<description>{TEXT}{i}</description></item>" for i in range(newest, newest - ITEMS, -1))
    return f'<rss version="2.0"><channel><title>{n}</title><link>http://forum.example/</link>{items}</channel></rss>'.encode()
async def feed(request):
    body = document(int(request.match_info["n"]))
    etag = '"' + hashlib.md5(body).hexdigest() + '"'
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    return web.Response(body=body, content_type="application/rss+xml", headers={"ETag": etag})
async def turn(request):
    global round_
    round_ += 1
    return web.Response()
async def main():
    app = web.Application()
    app.router.add_get("/feed/{n}", feed)
    app.router.add_post("/turn", turn)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@contextmanager
def _server() -> Iterator[str]:
    """Serve the feeds from another process."""
    process = subprocess.Popen([sys.executable, "-c", _SERVER, str(_ITEMS)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.communicate()


def _spent() -> float:
    """Return the processor seconds of this process and of its children that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


async def _watch(pool: Pool, url: str) -> None:
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        brand_id = await brand.ensure(conn, "Lantern", now=now)
        for number in range(_FEEDS):
            await source.put(
                conn,
                brand_id=brand_id,
                kind=SourceKind.FEED,
                name=f"feed {number}",
                settings={"url": f"{url}/feed/{number}"},
                interval=timedelta(minutes=15),
                allow_private=True,
                enabled=True,
                now=now,
            )


async def _round(pool: Pool) -> float:
    """Poll every feed once; return the processor seconds."""
    await pool.execute("update source set next_due = now()")
    began = _spent()
    async with GuardedEgress(pace=SharedPace(pool)) as egress:
        while await collect_due(pool, egress, allow_private=False, random=Random(1)):
            pass
    # A child's time is known when it has ended.
    await asyncio.to_thread(close_parsers)
    return _spent() - began


async def measure() -> AsyncIterator[Line]:
    """Yield the share of two cores that ten thousand feeds need."""
    async with migrated() as (_, pool):
        with _server() as url:
            await _watch(pool, url)
            await _round(pool)
            async with GuardedEgress() as egress:
                await egress.post(f"{url}/turn", body=b"", allow_private=True)
            seconds = await _round(pool)
        stored = await pool.fetchval("select count(*) from mention")
        expected = _FEEDS * _ITEMS + sum(number % 10 < 3 for number in range(_FEEDS))
    share = seconds * _OF / _FEEDS / (_EVERY * _CORES)
    yield Line(
        what=f"10,000 feeds every 15 min ({_FEEDS:,} measured, {seconds / _FEEDS * 1000:.1f} ms each)",
        budget="≤ 6 % of 2 cores",
        measured=f"{share:.1%}",
        holds=share <= 0.06 and stored == expected,
    )
