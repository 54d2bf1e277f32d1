"""What strangers send fills no memory: measured in the process that parses, for each way a body is parsed."""

import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.errors import CollectError, Refused
from collectors.imap import head_of as mail_head
from collectors.json_weight import MAX_VALUES
from collectors.parsers import Limits, ParserPool
from collectors.ptt_page import head_of as ptt_head
from collectors.types import SourceKind
from collectors.web_page import head_of as page_head
from tests import make
from tests.collectors.played import Given, Platform, played

MEGABYTE = 1024 * 1024
LIMIT = Limits().memory_bytes
#: The most that comes in: see `body.py`.
WHOLE = 20 * MEGABYTE
PAGE = make.source(kind=SourceKind.WEB_PAGE, settings={"url": "https://forum.example/", "item": ".review", "text": "p"})
MAIL = make.source(kind=SourceKind.IMAP, settings={})
BOARD = make.source(kind=SourceKind.PTT, settings={"board": "Food"})
FEED = {
    "url": "https://forum.example/feed",
    "site": None,
    "now": make.NOW.isoformat(),
    "language": None,
    "zone": "",
    "content_type": "",
}
HEADS: dict[str, dict[str, Any]] = {
    "feed": FEED,
    "web_page": page_head(PAGE, "https://forum.example/", {}, make.NOW),
    "sitemap": {**FEED, "reader": "sitemap"},
    "mail": mail_head(MAIL, make.NOW, now=make.NOW),
    "ptt_page": ptt_head(BOARD, "/bbs/Food/M.1772700000.A.ABC.html", now=make.NOW),
    "json_weight": {"reader": "json_weight"},
}


def filled(start: bytes, part: bytes, end: bytes = b"", size: int = WHOLE) -> bytes:
    """As many parts as come in."""
    return start + part * ((size - len(start) - len(end)) // len(part)) + end


BODIES: dict[str, bytes] = {
    "nested": filled(b"", b"<b>"),
    "nested JSON": filled(b"", b"["),
    "empty lists": filled(b"[[]", b",[]", b"]"),
    "many items": filled(b"<rss><channel>", b"<item><title>x</title></item>", b"</channel></rss>"),
    "many reviews": filled(b"<html>", b"<div class=review><p>x</p></div>"),
    "one long title": filled(b"<rss><channel><item><title>", b"long ", b"</title></item></channel></rss>"),
    "many parts": filled(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", b"--b\r\n\r\nx\r\n"),
    "many addresses": filled(b"<urlset>", b"<url><loc>https://a.example/</loc></url>", b"</urlset>"),
    "many pushes": filled(b"<div id='main-content'>", b"<div class='push'><span>x</span></div>"),
    "marks": filled(b"<p>a", "\u0301".encode()),
    "NUL": bytes(WHOLE),
}


#: The readers that find something in each.
MEANT_FOR = {
    "nested": ["feed", "web_page", "sitemap", "ptt_page"],
    "nested JSON": ["feed", "json_weight"],
    "empty lists": ["feed", "json_weight"],
    "many items": ["feed"],
    "many reviews": ["web_page"],
    "one long title": ["feed"],
    "many parts": ["mail"],
    "many addresses": ["sitemap"],
    "many pushes": ["ptt_page"],
    "marks": ["feed", "web_page", "mail"],
    "NUL": list(HEADS),
}
SECONDS = 4


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    opened = ParserPool(size=1, limits=Limits(cpu_seconds=SECONDS, wall=timedelta(seconds=SECONDS)))
    yield opened
    opened.close()


def highest(pid: int) -> int:
    """The most memory a process ever held, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) * 1024


def held() -> int:
    """The memory this process holds now, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize(("body", "reader"), [(body, reader) for body in BODIES for reader in MEANT_FOR[body]])
def test_no_body_fills_the_memory_of_any_reader(pool: ParserPool, body: str, reader: str) -> None:
    before, started = held(), time.monotonic()
    with contextlib.suppress(CollectError):
        pool.parse(HEADS[reader], BODIES[body])
    child = pool._places.queue[-1]

    # One that ended took all it may have: the kernel saw to that.
    assert child is None or highest(child.process.pid) <= LIMIT
    assert held() - before < 64 * MEGABYTE
    assert time.monotonic() - started < SECONDS + 5


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with played() as serving:
        yield serving


async def test_an_answer_of_a_million_empty_lists_is_not_read_here(platform: Platform) -> None:
    platform.on("/api/v1/search_by_date", Given(content=filled(b'{"hits": [[]', b",[]", b"]}", 9 * MEGABYTE)))
    before = held()
    with pytest.raises(CollectError, match=f"more than {MAX_VALUES} values"):
        await platform.poll("hacker_news", {"query": "tea"})

    assert held() - before < 64 * MEGABYTE


async def test_a_long_honest_answer_is_read(platform: Platform) -> None:
    hits = [{"objectID": str(n), "comment_text": "Cold soup. " * 40, "created_at_i": 1772700000} for n in range(900)]
    platform.on("/api/v1/search_by_date", {"hits": hits, "nbHits": 900})

    assert len(json.dumps(hits)) > 256 * 1024
    assert len((await platform.poll("hacker_news", {"query": "soup"})).mentions) == 900


def test_refusing_ends_no_child(pool: ParserPool) -> None:
    with pytest.raises(Refused):
        pool.parse(HEADS["json_weight"], filled(b"[[]", b",[]", b"]", 2 * MEGABYTE))
    first = pool._places.queue[-1]
    pool.parse(HEADS["json_weight"], b"[]")

    assert first is not None
    assert pool._places.queue[-1] is first
