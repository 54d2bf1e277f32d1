"""Articles and pushes of a board of PTT (批踢踢實業坊), Taiwan's bulletin board, by its web pages.

https://www.ptt.cc/atom/{board}.xml · /bbs/{board}/index{n}.html · /bbs/{board}/search?q= · /bbs/{board}/M.….html

No interface is promised and no limit written down: one request at a time, two seconds apart, and a bare 429 is obeyed.
The Atom feed names the newest 20; where more came, the board's list is walked back. Pushes (推, 噓, →) arrive for days,
so that an article is read again, the older the rarer; a missing page is a deletion. Boards for adults want the cookie
over18. Pages recorded 2017 and 2018 (ptt-alertor's, looked at 2026-11-24).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from collectors.api import address
from collectors.charsets import decode
from collectors.dates import from_epoch
from collectors.errors import CollectError, SettingError
from collectors.feed_items import MAX_RAW_BYTES
from collectors.harvest import Harvest
from collectors.pages import record
from collectors.parsers import mentions_in, shared_parsers, unread_in
from collectors.ptt_html import article_of, articles_in
from collectors.ptt_page import PLATFORM, head_of, parse, site_of, url_of
from collectors.registry import check
from collectors.types import Answer, Collected, Egress, Mention, Quarantined, Source
from collectors.validators import validators_of

#: Articles read in one poll, at two seconds each.
MAX_ARTICLES = 25
MAX_LIST_PAGES = 5
_MAX_KEPT = 500
_MAX_LISTING_BYTES = 1024 * 1024
#: An article so old is not read again.
LAST_READ_AT_AGE = timedelta(days=7)
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=10), timedelta(hours=12)
_BOARD = re.compile(r"[A-Za-z0-9_-]{1,32}")
_PREVIOUS = re.compile(r"""href=["']([^"'<>]{1,200})["'][^<>]{0,300}>(?:&lsaquo;|‹) 上頁""")
_HEADERS = {"Cookie": "over18=1", "Accept": "text/html, application/atom+xml;q=0.9"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Thread:
    """What is remembered of an article."""

    #: Unix time at which it was last read; 0 where it was not yet.
    read: int = 0


class PttCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read what is new on the board and what is due again. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        return await _Poll(source, egress, now).collected()


def board_of(source: Source) -> str:
    """Return the board's name. Raises SettingError."""
    board = source.settings.get("board", "").strip()
    if not _BOARD.fullmatch(board):
        raise SettingError("board", "give the board's name as in its address, such as Food of …/bbs/Food/index.html")
    return board


class _Poll:
    """One poll under way."""

    def __init__(self, source: Source, egress: Egress, now: datetime) -> None:
        self._source, self._egress, self._now = source, egress, now
        self._board = board_of(source)
        self._harvest = Harvest()
        self._threads = _threads(source.cursor)
        self._etag = source.cursor.get("etag")

    async def collected(self) -> Collected:
        listed = await self._listed()
        # The first poll of a quiet board takes what its feed holds, however old.
        first = not self._threads
        for name, sent in listed:
            if name not in self._threads and (first or self._is_young(sent)):
                self._threads[name] = _Thread()
        for name in self._due()[:MAX_ARTICLES]:
            if self._harvest.over:
                break
            try:
                await self._read(name)
            except CollectError as error:
                self._harvest.failed(name, error)
        waiting = sum(not thread.read for thread in self._threads.values())
        if waiting:
            self._harvest.warn(f"{waiting} articles are left for the next polls")
        return self._harvest.collected(self._cursor())

    async def _listed(self) -> list[tuple[str, int]]:
        """Return the articles listed since the last poll. Raises CollectError."""
        search = self._source.settings.get("search", "").strip()
        if search:
            return await self._walked(f"/bbs/{self._board}/search?q={quote(search, safe='')}", [])
        headers = {**_HEADERS, "If-None-Match": self._etag} if isinstance(self._etag, str) else _HEADERS
        answer = await self._get(f"/atom/{self._board}.xml", headers=headers)
        self._harvest.add(())
        if answer.status == 304:
            return []
        page = _listing(answer)
        found = articles_in(page, self._board)
        if not found and "<feed" not in page:
            raise CollectError("in place of the board's feed PTT sent something else, such as a page that asks to wait")
        if answer.complete:
            self._etag = validators_of(answer.headers).etag
        if not found:
            self._harvest.warn("the board's feed names no article")
        if found and self._threads and not any(name in self._threads for name, _ in found):
            # More came than the feed holds.
            return await self._walked(f"/bbs/{self._board}/index.html", found)
        return found

    async def _walked(self, path: str, found: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Return the articles of a list's pages, back to what is known. Raises CollectError for the first page."""
        for number in range(MAX_LIST_PAGES):
            try:
                answer = await self._get(path)
            except CollectError as error:
                if not found:
                    raise
                self._harvest.failed("list", error)
                break
            self._harvest.add(())
            page = _listing(answer)
            listed = articles_in(page, self._board)
            found = [*found, *listed]
            previous = _PREVIOUS.search(page)
            known = any(name in self._threads for name, _ in listed)
            old = not any(self._is_young(sent) for _, sent in listed)
            if known or old or not previous or self._harvest.over or not self._threads:
                break
            path = _path(previous[1], self._board)
            if number == MAX_LIST_PAGES - 1:
                self._harvest.suspect_gap(f"more than {MAX_LIST_PAGES} pages of the list were new")
        return found

    async def _read(self, name: str) -> None:
        """Read one article into the harvest. Raises CollectError."""
        path = f"/bbs/{self._board}/{name}.html"
        answer = await self._get(path, answers=(404,))
        known = self._threads[name]
        if answer.status == 404:
            # One that was never read was never said, as far as anybody here knows.
            self._harvest.add([self._tombstone(name)] if known.read else [])
            del self._threads[name]
            return
        try:
            reply = await shared_parsers().parse_soon(head_of(self._source, path, now=self._now), answer.body)
            self._harvest.add(mentions_in(reply), unread_in(reply))
        except CollectError as error:
            self._harvest.add((), [Quarantined(raw=answer.body[:MAX_RAW_BYTES], reason=f"{name}: {error}")])
        if answer.complete:
            self._threads[name] = _Thread(read=int(self._now.timestamp()))

    async def _get(self, path: str, *, headers: Mapping[str, str] = _HEADERS, answers: tuple[int, ...] = ()) -> Answer:
        """Return a page. Raises CollectError."""
        path, _, query = path.partition("?")
        url = address(self._source, PLATFORM, path) + (f"?{query}" if query else "")
        answer = await self._egress.get(url, headers=headers, allow_private=self._source.allow_private, answers=answers)
        if "/ask/over18" in answer.url:
            raise CollectError("PTT asks again whether the reader is of age; its cookie may have another name now")
        return answer

    def _is_young(self, sent: int) -> bool:
        return self._now.timestamp() - sent < LAST_READ_AT_AGE.total_seconds()

    def _due(self) -> list[str]:
        """Return the articles to read now: those never read first, then those whose pushes are most overdue."""
        now = int(self._now.timestamp())
        overdue: list[tuple[float, str]] = []
        for name, thread in self._threads.items():
            age = now - _sent(name)
            pause = min(max(age / 6, _SHORTEST_PAUSE.total_seconds()), _LONGEST_PAUSE.total_seconds())
            if not thread.read:
                overdue.append((-1e12 - _sent(name), name))
            elif now - thread.read >= pause:
                overdue.append((-(now - thread.read) / pause, name))
        return [name for _, name in sorted(overdue)]

    def _tombstone(self, name: str) -> Mention:
        return Mention(
            kind=self._source.kind,
            site=site_of(self._source),
            id=name,
            url=url_of(self._board, name),
            published_at=from_epoch(_sent(name), now=self._now),
            text="",
            deleted=True,
        )

    def _cursor(self) -> dict[str, Any]:
        """Return what the next poll needs: the articles still read again, the newest of too many."""
        young = sorted((name for name in self._threads if self._is_young(_sent(name))), key=_sent)[-_MAX_KEPT:]
        # Without any, the next poll would take the whole list for new.
        kept = young or sorted(self._threads, key=_sent)[-1:]
        return {"threads": {name: self._threads[name].read for name in kept}, "etag": self._etag}


def _listing(answer: Answer) -> str:
    """Return the text of a list of articles: twenty of them need some thousand characters."""
    return decode(answer.body[:_MAX_LISTING_BYTES]).text


def _threads(cursor: Mapping[str, Any]) -> dict[str, _Thread]:
    """Return what the last poll left, whatever the cursor holds."""
    return {
        name: _Thread(read=read)
        for name, read in record(cursor.get("threads")).items()
        if isinstance(read, int) and _sent(name)
    }


def _sent(name: str) -> int:
    """Return the Unix time in an article's id, 0 for what is none."""
    found = article_of(f"/bbs/x/{name}.html")
    return found[2] if found else 0


def _path(link: str, board: str) -> str:
    """Return the path of a list's link, if it stays on the board. Raises CollectError."""
    path = link.replace("&amp;", "&")
    if not path.startswith(f"/bbs/{board}/"):
        raise CollectError("the list leads away from its board")
    return path


__all__ = ["PttCollector", "parse"]
