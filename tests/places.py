"""Places on 127.0.0.1 for tests: a feed whose posts a test decides, and a mail server that keeps what it accepts."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from xml.sax.saxutils import escape

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, kw_only=True)
class Post:
    """One item of a feed; None leaves the element out."""

    text: str
    guid: str | None = None
    link: str | None = None
    at: datetime | None = None


@dataclass(kw_only=True)
class Feed:
    """A feed that shows what a test puts into it, and counts who asks."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    #: Answered in place of the document, if set.
    status: int = 200
    etag: bool = True
    #: The document ends after so many bytes, if set.
    cut_at: int | None = None
    #: Happens between a question and its answer, if set.
    meanwhile: Callable[[], Awaitable[object]] | None = None
    #: Sent with every document, such as a Link to a hub.
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    not_modified: int = 0

    def document(self) -> bytes:
        items = "".join(_item(post) for post in self.posts)
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Forum</title>'
            f"<link>https://forum.example/</link><description>talk</description>{items}</channel></rss>"
        ).encode()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.status != 200:
            return web.Response(status=self.status)
        body = self.document()
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        headers = {**self.headers, **({"ETag": etag} if self.etag else {})}
        if self.etag and request.headers.get("If-None-Match") == etag:
            self.not_modified += 1
            return web.Response(status=304, headers=headers)
        return web.Response(body=body[: self.cut_at], content_type="application/rss+xml", headers=headers)


def _item(post: Post) -> str:
    guid = f'<guid isPermaLink="false">{escape(post.guid)}</guid>' if post.guid else ""
    link = f"<link>{escape(post.link)}</link>" if post.link else ""
    at = f"<pubDate>{format_datetime(post.at.astimezone(UTC))}</pubDate>" if post.at else ""
    return f"<item>{guid}{link}{at}<description>{escape(escape(post.text))}</description></item>"


@asynccontextmanager
async def served(app: web.Application, *, patience: float = 60.0) -> AsyncIterator[str]:
    """Serve an application while in use, waiting so many seconds at the end; yield its address, without a path."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=patience)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving_feed(*posts: Post) -> AsyncIterator[Feed]:
    """Serve a feed while in use."""
    feed = Feed(posts=list(posts))
    app = web.Application()
    app.router.add_get("/feed", feed.answer)
    async with served(app) as address:
        feed.url = f"{address}/feed"
        yield feed


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(kw_only=True)
class Mailbox:
    """A mail server and all it accepted, in order."""

    controller: Controller | None = None
    mails: list[EmailMessage] = field(default_factory=list)

    @property
    def url(self) -> str:
        assert self.controller is not None
        return f"smtp://127.0.0.1:{self.controller.port}"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 kept"

    def open(self, port: int = 0) -> None:
        """Listen, on any port or a given one."""
        self.controller = Controller(self, hostname="127.0.0.1", port=port or free_port())
        self.controller.start()

    def close(self) -> None:
        """Stop listening; what was accepted stays."""
        if self.controller is not None:
            self.controller.stop(no_assert=True)
