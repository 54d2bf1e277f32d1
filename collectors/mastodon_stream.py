"""Mastodon's streams: statuses with a hashtag, or all public ones with the source's words, as they are written.

Documentation: https://docs.joinmastodon.org/methods/streaming/. Server-sent events; most servers want a token. Lines
that begin with a colon are heartbeats. Nothing is replayed: what a break hides, the next poll brings.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import datetime
from urllib.parse import urlsplit

import orjson

from collectors.api import address, ask
from collectors.errors import CollectError, Refused, SettingError
from collectors.feed_items import quarantined
from collectors.known_again import tombstone
from collectors.listened_words import folded, pattern_of
from collectors.mastodon import host_of_instance, statuses_in
from collectors.pages import optional_identity, record, words
from collectors.types import Egress, Heard, Source, Streams

_MAX_EVENT_BYTES = 1024 * 1024


class MastodonFollower:
    """Implements `collectors.types.Follower`."""

    async def follow(
        self, source: Source, *, egress: Egress, streams: Streams, clock: Callable[[], datetime]
    ) -> AsyncGenerator[Heard, None]:
        """Give statuses, their edits and what is deleted. Raises CollectError."""
        url = await _url(source, egress, now=clock())
        token = source.settings.get("token", "").strip()
        headers = {"Accept": "text/event-stream", **({"Authorization": f"Bearer {token}"} if token else {})}
        async with streams.lines(url, headers=headers, allow_private=source.allow_private) as lines:
            yield Heard()
            async for name, data in events_of(lines):
                heard = parse(name, data, source, now=clock())
                if heard.mentions or heard.gone or heard.quarantined:
                    yield heard


async def events_of(lines: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, bytes]]:
    """Yield the name and the data of each event. Raises Refused for one too large."""
    name, data = "", b""
    async for line in lines:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if name and data:
                yield name, data
            name, data = "", b""
        elif field == b"event":
            name = value[:100].decode("utf-8", "replace")
        elif field == b"data":
            data = data + b"\n" + value if data else value
            if len(data) > _MAX_EVENT_BYTES:
                raise Refused(f"an event is larger than {_MAX_EVENT_BYTES} bytes", permanent=False)


def parse(name: str, data: bytes, source: Source, *, now: datetime) -> Heard:
    """Return what one event says; nothing for one that is about something else."""
    if name == "delete":
        key = optional_identity(data.decode("utf-8", "replace"))
        return Heard(gone=(tombstone(source, site=host_of_instance(source), key=key),)) if key else Heard()
    if name not in {"update", "status.update"}:
        return Heard()
    try:
        status = record(orjson.loads(data))
    except ValueError as error:
        return Heard(quarantined=(quarantined(data, error),))
    if source.settings.get("query", "").strip() and not _is_wanted(status, source):
        return Heard()
    page = statuses_in([status], source, now=now)
    return Heard(mentions=page.mentions, quarantined=page.quarantined)


def _is_wanted(status: object, source: Source) -> bool:
    wanted = pattern_of(source.settings.get("words", ""))
    said = f"{words(record(status).get('spoiler_text'))}\n{words(record(status).get('content'))}"
    return wanted is None or wanted.search(folded(said)) is not None


async def _url(source: Source, egress: Egress, *, now: datetime) -> str:
    """Return where to connect: the server says on which host it streams. Raises CollectError."""
    path, query = _path(source)
    instance = f"https://{host_of_instance(source)}"
    reply = await ask(egress, source, address(source, instance, "/api/v2/instance"), now=now)
    streaming = words(record(record(reply.document.get("configuration")).get("urls")).get("streaming"))
    parts = urlsplit(streaming)
    if source.base_url or not parts.netloc:
        return address(source, instance, path, query)
    scheme = {"wss": "https", "ws": "http"}.get(parts.scheme, parts.scheme)
    if scheme == "http":
        raise CollectError("the server streams in the clear only; its token would be read on the way", permanent=True)
    return address(source, f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}", path, query)


def _path(source: Source) -> tuple[str, dict[str, str]]:
    """Return which stream a source is about. Raises SettingError."""
    hashtag = source.settings.get("hashtag", "").strip().removeprefix("#")
    if hashtag:
        return "/api/v1/streaming/hashtag", {"tag": hashtag}
    if source.settings.get("query", "").strip():
        return "/api/v1/streaming/public", {}
    raise SettingError("stream", "works with a hashtag, or with a query and words; an account is polled only")
