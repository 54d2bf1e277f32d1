"""The words between a place where things are said and the rest of Earshot."""

from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from collectors.errors import CollectError


class SourceKind(StrEnum):
    """The kinds that exist; `registry.py` says which module collects each."""

    FEED = "feed"
    BLUESKY = "bluesky"
    MASTODON = "mastodon"
    DISCOURSE = "discourse"
    REDDIT = "reddit"
    STEAM = "steam"
    HACKER_NEWS = "hacker_news"
    STACK_EXCHANGE = "stack_exchange"
    TELEGRAM = "telegram"
    X = "x"
    THREADS = "threads"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    WEIBO = "weibo"
    LINE = "line"
    WEBHOOK = "webhook"
    IMPORT = "import"
    IMAP = "imap"
    APP_STORE = "app_store"
    YOUTUBE = "youtube"
    PTT = "ptt"
    PANTIP = "pantip"
    WEB_PAGE = "web_page"
    SITEMAP = "sitemap"
    GOOGLE_PLAY = "google_play"
    APP_STORE_CONNECT = "app_store_connect"
    GOOGLE_BUSINESS = "google_business"


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who said it, as the place shows them."""

    id: str | None = None
    name: str | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rating:
    """Stars or points given with a review."""

    value: float
    #: The most that could be given, such as 5.
    scale: float

    def __post_init__(self) -> None:
        if not (0 <= self.value <= self.scale and self.scale > 0):
            raise ValueError(f"rating {self.value} is not between 0 and its scale {self.scale}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """One post, comment, review or message as seen in one fetch. All text is clean (see `text.clean`)."""

    kind: SourceKind
    #: Where it was said, such as "PTT" or a host name.
    site: str
    #: Identity within its source: stable over edits, distinct between items of one document.
    id: str
    url: str | None = None
    parent: str | None = None
    root: str | None = None
    author: Author = field(default_factory=Author)
    #: Aware, UTC, between 1990 and tomorrow; None where the place gives none.
    published_at: datetime | None = None
    edited_at: datetime | None = None
    title: str = ""
    text: str
    #: BCP 47 as the place declares it; a hint, not a verdict.
    language: str | None = None
    rating: Rating | None = None
    engagement: Mapping[str, int] = field(default_factory=dict)
    reply_by_owner: bool = False
    deleted: bool = False

    def __post_init__(self) -> None:
        for name in ("published_at", "edited_at"):
            at = getattr(self, name)
            if at is not None and at.tzinfo is None:
                raise ValueError(f"{name} is naive: {at!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """An item that could not be read; its siblings were."""

    #: The item as received, at most 64 kB.
    raw: bytes
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Validators:
    """What the server gave to ask «anything new since?» with."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hub:
    """Where a feed says that one can ask to be told of its news, and the name it goes by there."""

    url: str
    topic: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One configured place, as a collector sees it."""

    kind: SourceKind
    settings: Mapping[str, str]
    #: Its requests may reach 127.0.0.1 and private networks: collectors pass it on to `Egress.get`.
    allow_private: bool = False
    #: Asked in place of the platform's own address: a replay, a proxy, a server of one's own.
    base_url: str | None = None
    validators: Validators = field(default_factory=Validators)
    #: Opaque to everyone but the kind's own collector.
    cursor: Mapping[str, Any] = field(default_factory=dict)
    #: Items that were paid for in this month.
    spent: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """What one poll of a source brought."""

    mentions: tuple[Mention, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    #: The place says nothing changed since the validators (304).
    unchanged: bool = False
    #: False where the document was cut short or repaired: items count, validators must not be kept.
    complete: bool = True
    validators: Validators = field(default_factory=Validators)
    cursor: Mapping[str, Any] = field(default_factory=dict)
    #: The place's own wish for the pause until the next poll (TTL, max-age, Retry-After).
    next_poll_after: timedelta | None = None
    #: Moved for good (301, 308): the address to use from now on.
    moved_to: str | None = None
    #: What was wrong though items were read, such as "not well-formed: …".
    warning: str | None = None
    #: What tells of news, where the place names such a thing.
    hub: Hub | None = None
    #: Items that were paid for.
    spent: int = 0
    #: Something was said that cannot be read any more.
    gap: bool = False

    @property
    def seen(self) -> int:
        """Items in the document: read or quarantined."""
        return len(self.mentions) + len(self.quarantined)


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """One body that a place sent to us of its own accord, already known to be the place's own."""

    body: bytes
    #: Lower-case names; those that say what the body is.
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Events of earlier bodies, by the place's own ids: sent again, they are passed over.
    known: Collection[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What one push brought."""

    collected: Collected = field(default_factory=Collected)
    #: Events about something else, or known already.
    ignored: int = 0
    #: The place's own ids of the events in the body.
    events: tuple[str, ...] = ()
    #: A poll of the source will bring more than the push said.
    poll: bool = False
    #: What that poll is to ask for by name; its collector finds it under `wanted` in the cursor.
    wanted: tuple[str, ...] = ()
    #: Other accounts of the place that the body is about, by the setting that names a source's account.
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What a stream said lately."""

    mentions: tuple[Mention, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    #: Tombstones of what was taken away; most of it was never ours.
    gone: tuple[Mention, ...] = ()
    #: Where to go on after a break; opaque to everyone but the kind's own listener. None: as before.
    cursor: Mapping[str, Any] | None = None
    #: What was said since the cursor is not given any more.
    gap: bool = False


class Streams(Protocol):
    """The guarded way out for connections that stay open (`streams.py`)."""

    def lines(
        self, url: str, *, headers: Mapping[str, str] | None = None, allow_private: bool = False
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Give the lines of an answer as they come. Raises Refused, RateLimited or Unreachable."""
        ...

    def messages(
        self, url: str, *, headers: Mapping[str, str] | None = None, allow_private: bool = False
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Give the messages of a WebSocket as they come. Raises as `lines`."""
        ...


class Follower(Protocol):
    """One kind of source whose words can be followed as they are said, for as long as a connection lasts."""

    def follow(
        self, source: Source, *, egress: "Egress", streams: Streams, clock: Callable[[], datetime]
    ) -> AsyncGenerator[Heard, None]:
        """Give what is said as it is said, until the place ends it; first, once connected, an empty one. `source` has
        the stream's cursor. Raises CollectError."""
        ...


class Receiver(Protocol):
    """One kind of source that sends to us."""

    async def receive(self, push: Push, source: Source, *, now: datetime) -> Received:
        """Read one push. Changes nothing. Raises CollectError for a body of which nothing can be read."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One key of a kind's settings, enough to show and check a form without loading its module."""

    key: str
    description: str
    required: bool = False
    secret: bool = False
    example: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One complete HTTP answer, decoded."""

    status: int
    #: Lower-case names; a repeated header is joined with ", ".
    headers: Mapping[str, str]
    body: bytes
    #: The address that answered, after redirects.
    url: str
    #: The address every 301/308 of the way agreed on; None where there was none.
    moved_to: str | None = None
    #: False where the body ended before what was promised, or its end could not be known.
    complete: bool = True


class Egress(Protocol):
    """The guarded way out (`egress.py`)."""

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        answers: Collection[int] = (),
    ) -> Answer:
        """Fetch `url`. `answers` are statuses besides 2xx and 304 whose answer is wanted with its body: some places
        say there what is wrong. Raises Refused, RateLimited or Unreachable."""
        ...

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        answers: Collection[int] = (),
    ) -> Answer:
        """Send `body` to `url`, like `get` otherwise; a redirect is an error. Raises as `get`."""
        ...

    async def connect(
        self, host: str, port: int, *, standard: Collection[int], tls: bool, allow_private: bool = False
    ) -> tuple[StreamReader, StreamWriter]:
        """Open a stream to a server that does not speak HTTP, on one of the standard ports or an unprivileged one.
        Raises Refused or Unreachable. Deadlines are the caller's."""
        ...


class Collector(Protocol):
    """One kind of source."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the place once. Raises CollectError."""
        ...


class Listener(Protocol):
    """A kind of source whose place tells of news by itself, over a line that is held open."""

    def listen(self, source: Source, *, egress: Egress) -> AsyncGenerator[None, None]:
        """Yield whenever the source should be polled; end where the place cannot tell. Raises CollectError."""
        ...


def whole_text(title: str, text: str) -> str:
    """Return all words of a mention, as they are judged and shown. A title that begins the text is not said twice."""
    opening = title.rstrip(" .…")
    if not opening or text.lstrip().startswith(opening):
        return text
    return f"{title}\n{text}" if text else title


__all__ = [
    "Answer",
    "Author",
    "CollectError",
    "Collected",
    "Collector",
    "Egress",
    "Follower",
    "Heard",
    "Hub",
    "Listener",
    "Mention",
    "Push",
    "Quarantined",
    "Rating",
    "Received",
    "Receiver",
    "Setting",
    "Source",
    "SourceKind",
    "Streams",
    "Validators",
    "whole_text",
]
