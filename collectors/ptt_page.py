"""An article page of PTT as mentions: the article, and each push below it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from collectors import api
from collectors.charsets import decode
from collectors.dates import from_epoch, parse_date, plausible
from collectors.errors import CollectError
from collectors.feed_items import Read, content_hash, one_line
from collectors.pages import counts, identity, moment, read_each, record, words
from collectors.ptt_html import Article, article_of, read_article
from collectors.text import MAX_TITLE_CHARS, clean
from collectors.types import Author, Collected, Mention, Source, SourceKind

PLATFORM = "https://www.ptt.cc"
_ZONE = timezone(timedelta(hours=8))
_CANONICAL = re.compile(r"""<link\b[^<>]*\brel=["']canonical["'][^<>]*>""")
_EDITED = re.compile(r"※ 編輯:[^\n]{0,200}?(\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}(?::\d{2})?)")
_PUSHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:\s+(\d{1,2}):(\d{2}))?\s*$")


def parse(payload: bytes, source: Source, *, now: datetime, url: str = "") -> Collected:
    """Return the article on a page and its pushes; `url` is the page's address, where it is not in it. Raises
    CollectError."""
    page = decode(payload).text
    canonical = _CANONICAL.search(page)
    found = article_of(url) or article_of(canonical[0] if canonical else "") or article_of(page)
    if not found:
        raise CollectError("the page does not say which article it is")
    board, name, sent = found
    article = read_article(page)
    said_at = _said_at(article, sent, now=now)
    place = {"board": board, "name": name, "said_at": said_at.isoformat() if said_at else ""}
    # The article first, so that its pushes find it; each with its place, so that it can be read again by itself.
    whole = {**asdict(article), "pushes": [push.tag for push in article.pushes]}
    items = [{"article": whole, "place": place}, *({"push": push, "place": place} for push in _pushes(article))]
    return _read(items, _Place(source=source, board=board, name=name, said_at=said_at, now=now))


def parse_item(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return what was set aside: a page, or an article or a push of one. Raises CollectError."""
    if not payload.lstrip().startswith(b"{"):
        return parse(payload, source, now=now)
    item = record(api.decode(payload))
    place = record(item.get("place"))
    board, name = words(place.get("board")), words(place.get("name"))
    if not (board and name):
        raise CollectError("what was kept of the push does not say where it stood")
    said_at = moment(words(place.get("said_at")), now=now)
    return _read([item], _Place(source=source, board=board, name=name, said_at=said_at, now=now))


def _read(items: Sequence[Mapping[str, Any]], place: "_Place") -> Collected:
    """Return the article and the pushes, in the order in which they were said."""
    times = _Times(place.said_at, now=place.now)
    mentions, unread = read_each(
        items, lambda item: [place.article(item["article"]) if "article" in item else place.push(item["push"], times)]
    )
    return Collected(mentions=mentions, quarantined=unread)


def head_of(source: Source, url: str, *, now: datetime) -> dict[str, Any]:
    """Return the request that goes to the parser's child along with a page."""
    return {"reader": "ptt_page", "settings": dict(source.settings), "url": url, "now": now.isoformat()}


def read_page(head: Mapping[str, Any], payload: bytes) -> Read:
    """Return what stands on a page; `head` is made by `head_of`. Raises CollectError."""
    source = Source(kind=SourceKind.PTT, settings=head["settings"])
    found = parse(payload, source, now=datetime.fromisoformat(head["now"]), url=head["url"])
    return Read(mentions=found.mentions, quarantined=found.quarantined)


def site_of(source: Source) -> str:
    return source.settings.get("site", "").strip() or "PTT"


def url_of(board: str, name: str) -> str:
    return f"{PLATFORM}/bbs/{board}/{name}.html"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """One article's page, and how mentions are made of what stands on it."""

    source: Source
    board: str
    name: str
    said_at: datetime | None
    now: datetime

    def article(self, article: Mapping[str, Any]) -> Mention:
        """Return the article itself."""
        head, tags = article["head"], article["pushes"]
        user, _, nick = head.get("作者", "").strip().partition(" ")
        edits = _EDITED.findall(article["system"])
        shown = one_line(f"{user} {nick}".replace("()", ""), 200)
        return Mention(
            kind=self.source.kind,
            site=site_of(self.source),
            id=self.name,
            url=url_of(self.board, self.name),
            author=Author(id=one_line(user, 100) or None, name=shown or None),
            published_at=self.said_at,
            edited_at=parse_date(edits[-1], now=self.now, zone=_ZONE, day_first=False) if edits else None,
            title=one_line(head.get("標題", ""), MAX_TITLE_CHARS),
            text=clean(article["text"]),
            language="zh-Hant",
            engagement=counts(pushes=tags.count("推"), boos=tags.count("噓"), replies=len(tags)),
        )

    def push(self, push: Mapping[str, Any], times: "_Times") -> Mention:
        """Return one push. Raises ValueError."""
        user = identity(push["user"], "user")
        text = clean(push["text"].removeprefix(":"))
        return Mention(
            kind=self.source.kind,
            site=site_of(self.source),
            # Lines above it can go, so that its number says nothing; perfect copies are counted.
            id=f"{self.name}#{content_hash(push['tag'], user, text, push['at'])[:16]}{push['copy']}",
            url=url_of(self.board, self.name),
            parent=self.name,
            root=self.name,
            author=Author(id=user, name=user),
            published_at=times.of(push["at"]),
            text=text,
            language="zh-Hant",
            engagement={"推": {"pushes": 1}, "噓": {"boos": 1}}.get(push["tag"], {}),
        )


class _Times:
    """Gives pushes their year, which PTT does not: each is said after the one above it."""

    def __init__(self, said_at: datetime | None, *, now: datetime) -> None:
        self._last, self._now = said_at, now

    def of(self, shown: str) -> datetime | None:
        """Return the moment of the next push, or None."""
        match = _PUSHED.search(shown)
        if not match or self._last is None:
            return None
        for year in (self._last.astimezone(_ZONE).year + more for more in range(2)):
            try:
                at = datetime(year, int(match[1]), int(match[2]), int(match[3] or 0), int(match[4] or 0), tzinfo=_ZONE)
            except ValueError:
                continue
            # The clocks of a minute and of a second differ a little; a push without a clock is of that day.
            if at >= self._last - timedelta(days=1):
                found = plausible(at, now=self._now)
                self._last = found or self._last
                return found
        return None


def _pushes(article: Article) -> list[dict[str, str]]:
    """Return the pushes, each with its number among perfect copies."""
    seen: dict[tuple[str, ...], int] = {}
    pushes = []
    for push in article.pushes:
        key = (push.tag, push.user, push.text, push.at)
        seen[key] = seen.get(key, 0) + 1
        copy = f" {seen[key]}" if seen[key] > 1 else ""
        pushes.append({"tag": push.tag, "user": push.user, "text": push.text, "at": push.at, "copy": copy})
    return pushes


def _said_at(article: Article, sent: int, *, now: datetime) -> datetime | None:
    shown = parse_date(article.head.get("時間", ""), now=now, zone=_ZONE)
    return shown or from_epoch(sent, now=now)
