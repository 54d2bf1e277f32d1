"""A worker that is killed anywhere loses no mention and sends at most one copy more, with the same Message-ID."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import orjson
import pytest

from alerts.types import BrandId
from collectors.types import SourceKind
from service.failpoints import Failpoint
from service.store import clock, push, source
from service.store.pool import Connection, Pool, open_pool
from tests.conftest import fresh_database
from tests.places import Mailbox, Post, serving_feed
from tests.service import programs
from tests.service.waiting import until
from tests.service.watched import CALM, FURIOUS, FURIOUS_EN, watch

KILLED = 137
POSTS = [Post(text=CALM, guid="1"), Post(text=FURIOUS, guid="2"), Post(text=FURIOUS_EN, guid="3")]
#: Sent to an address of ours.
PUSHED = "The tea was fine too."
HEARD = len(POSTS) + 1
CLAIMS = [Failpoint.COLLECT_CLAIMED, Failpoint.RECEIVE_CLAIMED, Failpoint.ANALYSE_CLAIMED, Failpoint.DELIVER_CLAIMED]


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator[Pool]:
    opened = await open_pool(url)
    try:
        yield opened
    finally:
        opened.terminate()


async def _push(conn: Connection, brand_id: BrandId) -> None:
    """Keep a body, as one that was sent to us."""
    now = await clock.now(conn)
    source_id = await source.put(
        conn,
        brand_id=brand_id,
        kind=SourceKind.WEBHOOK,
        name="Shop",
        settings={},
        interval=timedelta(minutes=5),
        allow_private=False,
        enabled=True,
        now=now,
    )
    body = orjson.dumps({"id": "1", "text": PUSHED})
    await push.add(conn, source_id, headers={}, body=body, now=now)


async def _all_done(pool: Pool) -> bool:
    """Whether every post was judged and every e-mail that is owed was sent."""
    judged = await pool.fetchval("select count(*) from mention where analysed_at is not null")
    states = [row["state"] for row in await pool.fetch("select state from notification")]
    return judged == HEARD and states == ["sent", "sent"]


async def _dies_and_recovers(postgres: str, point: str) -> bool:
    """Kill a worker at the point and let another go on; return whether the first died. Nothing may be lost.
    At a named point it must die; a count of statements may be too high for that."""
    mailbox = Mailbox()
    mailbox.open()
    try:
        async with fresh_database(postgres) as url, _pool(url) as pool, serving_feed(*POSTS) as feed:
            settings = {"EARSHOT_DATABASE_URL": url, "EARSHOT_SMTP_URL": mailbox.url, "EARSHOT_TICK": "0.1"}
            async with pool.acquire() as conn:
                await _push(conn, (await watch(conn, feed.url)).brand_id)
            with programs.started("work", settings={**settings, "EARSHOT_FAILPOINT": point}) as doomed:

                async def over() -> bool:
                    return doomed.poll() is not None or ("+" in point and await _all_done(pool))

                await until(over, what=f"the worker's death at {point}, or its work's end")
                died = doomed.poll() is not None
            if died:
                assert doomed.returncode == KILLED, point
                # Leases of the dead run out.
                await pool.execute("update mock.clock set shift = shift + interval '10 minutes'")
                with programs.started("work", settings=settings) as survivor:

                    async def done() -> bool:
                        return await _all_done(pool)

                    await until(done, what=f"everything judged and sent after {point}")
                    code, said = programs.end(survivor)
                assert code == 0, said
            await _assert_nothing_lost(pool, mailbox, point)
    finally:
        mailbox.close()
    return died


async def _assert_nothing_lost(pool: Pool, mailbox: Mailbox, point: str) -> None:
    copies = Counter(mail["Message-ID"] for mail in mailbox.mails)
    assert await pool.fetchval("select count(*) from mention") == HEARD, point
    assert await pool.fetchval("select count(*) from push") == 0, point
    assert await pool.fetchval("select count(*) from incident") == 2, point
    assert len(copies) == 2, point
    # Two senders may have been at work when the worker was killed, each with a message of its own.
    assert max(copies.values()) <= 2, point
    assert await pool.fetchval("select count(*) from fetch_not_conserved") == 0, point


@pytest.mark.slow
@pytest.mark.parametrize("point", list(Failpoint))
async def test_killed_there_nothing_is_lost(point: Failpoint, postgres: str) -> None:
    await _dies_and_recovers(postgres, point)


@pytest.mark.slow
# A start of the program for each statement.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("claim", CLAIMS)
async def test_killed_behind_any_statement_nothing_is_lost(claim: Failpoint, postgres: str) -> None:
    for n in count(1):
        if not await _dies_and_recovers(postgres, f"{claim}+{n}"):
            break
    # Both ends of a transaction and a statement between them, at the least: the counting did count.
    assert n > 3
