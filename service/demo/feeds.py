"""The demo's feeds: RSS, Atom and JSON Feed on 127.0.0.1, in which posts appear while one watches."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson
from aiohttp import web

_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One invented post."""

    #: forum, reviews or social
    feed: str
    #: When it was said, counted from the demo's first start; before it: history.
    minutes: float
    author: str
    title: str
    text: str

    @property
    def id(self) -> str:
        """Stable over restarts."""
        return sha256(f"{self.feed}|{self.author}|{self.text}".encode()).hexdigest()[:16]


def posts() -> list[Post]:
    """Return every post, oldest first."""
    lines = (files("service.demo") / "posts.jsonl").read_text("utf-8").splitlines()
    return sorted((Post(**json.loads(line)) for line in lines), key=lambda post: post.minutes)


def _address(post: Post) -> str:
    return f"https://{post.feed}.example/posts/{post.id}"


def _rss(shown: Sequence[tuple[Post, datetime]]) -> bytes:
    root = Element("rss", {"version": "2.0", "xmlns:dc": "http://purl.org/dc/elements/1.1/"})
    channel = SubElement(root, "channel")
    SubElement(channel, "title").text = "Tea forum (demo)"
    SubElement(channel, "link").text = "https://forum.example/"
    SubElement(channel, "description").text = "Invented posts about a fictional tea shop"
    for post, at in shown:
        item = SubElement(channel, "item")
        SubElement(item, "guid", {"isPermaLink": "false"}).text = post.id
        SubElement(item, "link").text = _address(post)
        if post.title:
            SubElement(item, "title").text = post.title
        SubElement(item, "dc:creator").text = post.author
        SubElement(item, "pubDate").text = format_datetime(at)
        SubElement(item, "description").text = post.text
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _atom(shown: Sequence[tuple[Post, datetime]]) -> bytes:
    root = Element("feed", {"xmlns": _ATOM})
    SubElement(root, "title").text = "Store reviews (demo)"
    SubElement(root, "id").text = "https://reviews.example/"
    SubElement(root, "updated").text = (shown[0][1] if shown else datetime(2026, 1, 1, tzinfo=UTC)).isoformat()
    for post, at in shown:
        entry = SubElement(root, "entry")
        SubElement(entry, "id").text = _address(post)
        SubElement(entry, "link", {"href": _address(post)})
        SubElement(entry, "title").text = post.title
        SubElement(SubElement(entry, "author"), "name").text = post.author
        SubElement(entry, "published").text = at.isoformat()
        SubElement(entry, "updated").text = at.isoformat()
        SubElement(entry, "content", {"type": "text"}).text = post.text
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _json_feed(shown: Sequence[tuple[Post, datetime]]) -> bytes:
    items = [
        {
            "id": post.id,
            "url": _address(post),
            "content_text": post.text,
            "date_published": at.isoformat(),
            "authors": [{"name": post.author}],
            **({"title": post.title} if post.title else {}),
        }
        for post, at in shown
    ]
    return orjson.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Short posts (demo)", "items": items})


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoFeed:
    """One feed of the demo."""

    #: Its path, and the `feed` of its posts.
    name: str
    title: str
    content_type: str
    write: Callable[[Sequence[tuple[Post, datetime]]], bytes]


FEEDS = (
    DemoFeed(name="forum", title="Tea forum (RSS)", content_type="application/rss+xml", write=_rss),
    DemoFeed(name="reviews", title="Store reviews (Atom)", content_type="application/atom+xml", write=_atom),
    DemoFeed(name="social", title="Short posts (JSON Feed)", content_type="application/feed+json", write=_json_feed),
)


def document(feed: DemoFeed, *, started_at: datetime, now: datetime) -> bytes:
    """Return what the feed shows at a time: what has been said by then, newest first."""
    dated = [(post, started_at + timedelta(minutes=post.minutes)) for post in posts() if post.feed == feed.name]
    return feed.write([(post, at) for post, at in reversed(dated) if at <= now])


def _handler(feed: DemoFeed, started_at: datetime) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = document(feed, started_at=started_at, now=datetime.now(UTC))
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, content_type=feed.content_type, charset="utf-8", headers={"ETag": etag})

    return answer


@asynccontextmanager
async def serving(started_at: datetime) -> AsyncIterator[str]:
    """Serve the feeds while in use; give the address they are under."""
    app = web.Application()
    for feed in FEEDS:
        app.router.add_get(f"/{feed.name}", _handler(feed, started_at))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        _, port = runner.addresses[0][:2]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
