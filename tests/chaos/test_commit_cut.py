"""A connection that is cut during COMMIT leaves nobody knowing whether it took place: nothing is lost or doubled."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest

from analysis.registry import analyser as named
from collectors.egress import GuardedEgress
from service.pipeline.analyse import analyse_due
from service.pipeline.collect import collect_due
from service.pipeline.deliver import deliver_next, email_channel
from service.settings import Settings
from service.store.pool import UNREACHABLE, Connection, Pool, open_pool
from tests.places import Mailbox, Post, serving_feed
from tests.service.watched import CALM, FURIOUS, FURIOUS_EN, watch

_CUT_OF_TEN = 5


@dataclass(kw_only=True)
class Cutter:
    """Stands between the program and Postgres, and cuts half of all commits, before or behind them."""

    socket: str
    random: Random
    port: int = 0
    cuts: int = 0
    carried: list[asyncio.Task[None]] = field(default_factory=list)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        task = asyncio.current_task()
        assert task is not None
        self.carried.append(task)
        to_reader, to_writer = await asyncio.open_unix_connection(self.socket)
        async with _closing(writer), _closing(to_writer):
            answers = asyncio.create_task(_copy(to_reader, writer))
            try:
                await self._carry_until_cut(reader, to_reader, to_writer, answers)
            finally:
                answers.cancel()
                await asyncio.wait([answers])

    async def _carry_until_cut(
        self,
        reader: asyncio.StreamReader,
        to_reader: asyncio.StreamReader,
        to_writer: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                is_cut = b"COMMIT;" in data and self.random.randrange(10) < _CUT_OF_TEN
                if is_cut:
                    self.cuts += 1
                    answers.cancel()
                    await asyncio.wait([answers])
                    if self.random.randrange(2):
                        return
                to_writer.write(data)
                await to_writer.drain()
                if is_cut:
                    # The server's word that it is done, which nobody will hear.
                    await to_reader.read(65536)
                    return


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def cut_off(url: str) -> AsyncIterator[tuple[Cutter, Pool]]:
    """Give connections to the database whose commits are cut."""
    asked = urlsplit(url)
    cutter = Cutter(socket=f"{parse_qs(asked.query)['host'][0]}/.s.PGSQL.5432", random=Random(7))
    server = await asyncio.start_server(cutter.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    # The server sees its socket, where it asks for no password.
    pool = await open_pool(f"postgresql://{asked.username}@127.0.0.1:{port}{asked.path}?sslmode=disable")
    try:
        yield cutter, pool
    finally:
        pool.terminate()
        server.close()
        await asyncio.gather(*cutter.carried)


async def _undisturbed(step: Awaitable[object]) -> bool:
    """Do a step; a worker would come again after a disturbance."""
    try:
        return bool(await step)
    except UNREACHABLE:
        return True


@pytest.mark.slow
async def test_a_commit_that_was_cut_off_loses_and_doubles_nothing(conn: Connection, database_url: str) -> None:
    posts = [Post(text=CALM, guid="1"), Post(text=FURIOUS, guid="2"), Post(text=FURIOUS_EN, guid="3")]
    mailbox = Mailbox()
    mailbox.open()
    channel = email_channel(Settings(smtp_url=mailbox.url))
    assert channel is not None
    judge = named("ngram")
    random = Random(1)
    async with cut_off(database_url) as (cutter, pool), serving_feed(*posts) as feed, GuardedEgress() as egress:
        await watch(conn, feed.url)
        steps: list[Callable[[], Awaitable[object]]] = [
            lambda: collect_due(pool, egress, allow_private=True, random=random),
            lambda: analyse_due(pool, judge),
            lambda: deliver_next(pool, channel, public_url="http://127.0.0.1", random=random),
        ]
        for n in range(20):
            feed.posts = [*feed.posts, Post(text=f"{CALM} {n}", guid=f"calm-{n}")]
            for step in steps:
                while await _undisturbed(step()):
                    pass
            # Leases end.
            await conn.execute("update mock.clock set shift = shift + $1", timedelta(minutes=10))
    mailbox.close()

    copies = Counter(str(mail["Message-ID"]) for mail in mailbox.mails)
    assert cutter.cuts >= 10
    assert await conn.fetchval("select count(*) from mention") == len(feed.posts)
    assert await conn.fetchval("select count(*) from mention where analysed_at is null") == 0
    assert await conn.fetchval("select count(*) from incident") == 2
    assert len(copies) == 2
    assert copies.total() == 2
    assert await conn.fetchval("select count(*) from fetch_not_conserved") == 0
    inserted = await conn.fetchval("select sum(inserted) from fetch_log")
    assert inserted == len(feed.posts)
