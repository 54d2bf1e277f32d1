"""A document that ends its parser costs its own source, and the pool goes on."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.errors import CollectError
from collectors.feed import collect, parse
from collectors.parsers import Limits, ParserPool
from collectors.types import Answer, Collected
from tests import make

GOOD = b"<rss version='2.0'><channel><item><guid>1</guid></item></channel></rss>"
#: Takes feedparser many seconds.
SLOW = b"<rss><channel><item><title>" + b"<a>" * 900_000
#: Needs more memory than the test allows.
BIG = b"<rss><channel><item><title>" + b"<b>&amp;x" * 1_000_000


def limits(**given: Any) -> Limits:
    return Limits(**{"memory_bytes": 512 << 20, "cpu_seconds": 10, "wall": timedelta(seconds=20), **given})


@pytest.fixture
def pool() -> Iterator[ParserPool]:
    opened = ParserPool(size=2)
    yield opened
    opened.close()


def read(payload: bytes, parsers: ParserPool) -> Collected:
    return parse(payload, make.source(), now=make.NOW, parsers=parsers)


class Served:
    """An egress that answers with one body."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, url: str, **_: Any) -> Answer:
        return Answer(status=200, headers={}, body=self._body, url=url)

    async def post(self, url: str, **_: Any) -> Answer:
        raise AssertionError(f"something was sent to {url}")

    async def connect(self, host: str, port: int, **_: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        raise AssertionError(f"a connection to {host}:{port} was opened")


async def gather(parsers: ParserPool, *bodies: bytes) -> list[Any]:
    source = make.source(allow_private=True)
    polls = (collect(source, egress=Served(body), now=make.NOW, parsers=parsers) for body in bodies)
    return await asyncio.gather(*polls, return_exceptions=True)


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about and that has no event."""
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def test_a_killed_child_fails_its_document_and_the_next_is_read(pool: ParserPool) -> None:
    async def kill_the_busy() -> list[Any]:
        polls = asyncio.ensure_future(gather(pool, SLOW))
        await until(lambda: bool(pool.pids()))
        os.kill(pool.pids()[0], signal.SIGKILL)
        return await polls

    (outcome,) = asyncio.run(kill_the_busy())

    assert isinstance(outcome, CollectError)
    assert "parser ended" in str(outcome)
    assert not outcome.permanent
    assert read(GOOD, pool).seen == 1


def test_an_idle_child_that_was_killed_is_replaced_unnoticed(pool: ParserPool) -> None:
    idle = _pid_of(pool)
    os.kill(idle, signal.SIGKILL)

    assert read(GOOD, pool).seen == 1
    assert _pid_of(pool) != idle


def test_a_crash_and_a_hang_are_ended_while_others_are_read() -> None:
    parsers = ParserPool(size=2, limits=limits(wall=timedelta(seconds=3)))
    read(GOOD, parsers)
    started = time.monotonic()

    outcomes = asyncio.run(gather(parsers, SLOW, *[GOOD] * 30))
    parsers.close()

    assert isinstance(outcomes[0], CollectError)
    assert all(isinstance(outcome, Collected) and outcome.seen == 1 for outcome in outcomes[1:])
    assert time.monotonic() - started < 15


def test_processor_time_is_limited_for_each_document_and_not_for_the_life_of_a_child() -> None:
    parsers = ParserPool(size=1, limits=limits(cpu_seconds=1))
    for _ in range(3):
        assert read(GOOD, parsers).seen == 1

    with pytest.raises(CollectError, match="processor time"):
        read(SLOW, parsers)

    assert read(GOOD, parsers).seen == 1
    parsers.close()


def test_memory_is_limited() -> None:
    parsers = ParserPool(size=1, limits=limits(memory_bytes=160 << 20))
    assert read(GOOD, parsers).seen == 1

    with pytest.raises(CollectError, match=r"memory|parser ended"):
        read(BIG, parsers)

    assert read(GOOD, parsers).seen == 1
    parsers.close()


def test_a_child_is_replaced_after_its_share_of_documents() -> None:
    parsers = ParserPool(size=1, documents_per_child=2)
    first = _pid_of(parsers)
    read(GOOD, parsers)
    second = _pid_of(parsers)
    parsers.close()

    assert first != second


def test_who_stops_waiting_does_not_keep_a_child_busy(pool: ParserPool) -> None:
    async def give_up() -> float:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await collect(make.source(allow_private=True), egress=Served(SLOW), now=make.NOW, parsers=pool)
        await until(lambda: not pool.pids())
        return time.monotonic() - started

    assert asyncio.run(give_up()) < 2
    assert read(GOOD, pool).seen == 1


def test_closing_ends_children_at_work() -> None:
    parsers = ParserPool(size=1)

    async def close_early() -> list[Any]:
        polls = asyncio.ensure_future(gather(parsers, SLOW))
        await until(lambda: bool(parsers.pids()))
        await asyncio.to_thread(parsers.close)
        return await polls

    (outcome,) = asyncio.run(close_early())

    assert isinstance(outcome, CollectError)
    assert parsers.pids() == []


def test_a_child_sees_nothing_of_our_environment(pool: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_SECRET", "canary")

    read(GOOD, pool)

    assert b"canary" not in _environment_of(_pid_of(pool))


def _pid_of(parsers: ParserPool) -> int:
    """The child that reads the next document."""
    read(GOOD, parsers)
    child = parsers._places.queue[-1]
    assert child is not None
    return int(child.process.pid)


def _environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()
