"""Bluesky by Jetstream: every public post as it is written, in JSON over a WebSocket.

Documentation: https://github.com/bluesky-social/jetstream. No sign-in; the server replays from a cursor (`time_us`) of
at most a few days ago. Recorded: December 2025 (posts; deletions from the documentation).

All of the network passes by, some hundred posts a second, and what holds none of the source's words is let go at once.
After a break we go on some seconds before where we were: what comes twice changes nothing.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from collectors import bluesky
from collectors.api import address, decode
from collectors.bluesky import SITE, post_of
from collectors.errors import SettingError
from collectors.feed_items import quarantined
from collectors.known_again import tombstone
from collectors.listened_words import folded, pattern_of
from collectors.pages import names_in, record, words
from collectors.types import Collected, Egress, Heard, Mention, Source, Streams

_SERVER = "https://jetstream2.us-east.bsky.network"
_POSTS = "app.bsky.feed.post"
_OVERLAP_US = 5_000_000
#: The place is noted after so many events though nothing was said that we want.
_NOTE_EVERY = 2_000
_MOST_BEHIND = timedelta(days=3)


class JetstreamFollower:
    """Implements `collectors.types.Follower`."""

    async def follow(
        self, source: Source, *, egress: Egress, streams: Streams, clock: Callable[[], datetime]
    ) -> AsyncGenerator[Heard, None]:
        """Give posts with the source's words, and what is deleted. Raises CollectError."""
        now, passed = clock(), 0
        url, since = _url(source, now=now), _since(source)
        async with streams.messages(url, allow_private=source.allow_private) as messages:
            yield Heard(gap=since is not None and since < _oldest(now))
            async for message in messages:
                passed += 1
                heard = parse(message, source, now=clock())
                if heard.mentions or heard.gone or heard.quarantined or passed % _NOTE_EVERY == 0:
                    yield heard


def parse(message: bytes, source: Source, *, now: datetime) -> Heard:
    """Return what one event says; only how far it is where it says nothing that we want."""
    try:
        event = record(orjson.loads(message))
    except ValueError as error:
        return Heard(quarantined=(quarantined(message, error),))
    at = event.get("time_us")
    cursor = {"time_us": at} if isinstance(at, int) and 0 < at < 2**60 else None
    commit = record(event.get("commit"))
    if event.get("kind") != "commit" or commit.get("collection") != _POSTS:
        return Heard(cursor=cursor)
    try:
        mention = _mention(event, commit, source, now=now)
    # One event must never cost its siblings, whatever it holds.
    except Exception as error:  # noqa: BLE001
        return Heard(quarantined=(quarantined(event, error),), cursor=cursor)
    if mention is None:
        return Heard(cursor=cursor)
    return Heard(gone=(mention,), cursor=cursor) if mention.deleted else Heard(mentions=(mention,), cursor=cursor)


def parse_item(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return an item that was set aside: an event, or a post as a search gives it. Raises CollectError."""
    if "commit" not in record(decode(payload)):
        return bluesky.parse(b'{"posts": [' + payload + b"]}", source, now=now)
    heard = parse(payload, source, now=now)
    return Collected(mentions=heard.mentions + heard.gone, quarantined=heard.quarantined)


def _mention(event: Mapping[str, Any], commit: Mapping[str, Any], source: Source, *, now: datetime) -> Mention | None:
    """Return the post that was written or deleted; None for one that nobody asked about. Raises ValueError."""
    did, key = words(event.get("did")), words(commit.get("rkey"))
    uri = f"at://{did}/{_POSTS}/{key}"
    if commit.get("operation") == "delete":
        return tombstone(source, site=SITE, key=uri)
    said = record(commit.get("record"))
    wanted = pattern_of(source.settings.get("words", ""))
    if wanted is not None and not wanted.search(folded(words(said.get("text")))):
        return None
    if not did or not key:
        raise ValueError("the event names no post")
    seen = datetime.fromtimestamp(int(event.get("time_us") or 0) / 1e6, UTC)
    view = {"uri": uri, "record": said, "author": {"did": did}, "indexedAt": seen.isoformat()}
    return post_of(view, source, names_in(source.settings.get("own_accounts")), now=now)


def _url(source: Source, *, now: datetime) -> str:
    """Return where to connect. Raises SettingError."""
    server = source.settings.get("jetstream", "").strip() or _SERVER
    if not server.startswith(("https://", "http://")):
        raise SettingError("jetstream", f"is an address such as {_SERVER}")
    query: dict[str, str | int | None] = {"wantedCollections": _POSTS}
    since = _since(source)
    if since is not None and since > _oldest(now):
        query["cursor"] = since - _OVERLAP_US
    return address(source, server, "/subscribe", query)


def _since(source: Source) -> int | None:
    """Return how far the stream was followed, in microseconds."""
    at = source.cursor.get("time_us")
    return at if isinstance(at, int) else None


def _oldest(now: datetime) -> int:
    """Return from when on the stream is given again."""
    return int((now - _MOST_BEHIND).timestamp() * 1e6)
