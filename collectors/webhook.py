"""What a place or a program posts to an address of ours: any JSON, read by a mapping.

Signed as Standard Webhooks (https://www.standardwebhooks.com/) or as X-Hub-Signature-256 has it, or not at all: then
the address is the secret. No rate limit, nothing is polled. Written from the documentation; no recording.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from collectors.api import decode
from collectors.dates import parse_date, zone_named
from collectors.errors import CollectError
from collectors.feed_items import content_hash, language_tag, one_line
from collectors.file_rows import rating_of
from collectors.json_mapping import FieldPaths, mapping_of
from collectors.pages import author, counts, identity, moment, optional_identity, read_each, words
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean, host_of, html_to_text
from collectors.types import Collected, Mention, Push, Rating, Received, Source

#: The shape that `earshot fetch` prints and POST /api/v1/mentions takes, with some other names that are often used.
_OWN_SHAPE = """{
    "id": "$.id", "text": "$.text", "title": "$.title", "url": "$.url", "site": "$.site", "parent": "$.parent",
    "author": "$.author.name", "author_id": "$.author.id", "author_url": "$.author.url", "root": "$.root",
    "published_at": "$.published_at", "edited_at": "$.edited_at", "language": "$.language",
    "rating": "$.rating.value", "rating_scale": "$.rating.scale", "likes": "$.engagement.likes",
    "shares": "$.engagement.shares", "replies": "$.engagement.replies", "views": "$.engagement.views",
    "reply_by_owner": "$.reply_by_owner", "deleted": "$.deleted"
}"""
_DEFAULT_SCALE = 5.0
_TAG = re.compile(r"</?[a-z][^>]*>", re.IGNORECASE)
_TRUE = frozenset({"true", "yes", "1", "deleted", "removed"})


class WebhookReceiver:
    """Implements `collectors.types.Receiver`."""

    async def receive(self, push: Push, source: Source, *, now: datetime) -> Received:
        """Read one body by the source's mapping, out of the loop's way. Raises CollectError."""
        return Received(collected=await asyncio.to_thread(parse, push.body, source, now=now))


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the mentions of one body. Raises CollectError."""
    mapping = source.settings.get("mapping", "").strip()
    paths = mapping_of(mapping or _OWN_SHAPE)
    document = decode(payload)
    if not isinstance(document, dict | list):
        raise CollectError("the body is JSON, but neither an object nor a list")
    if not mapping and isinstance(document, dict) and isinstance(document.get("items"), list):
        document = document["items"]
    zone = zone_named(source.settings.get("zone", ""))
    rows = paths.rows(document)
    mentions, unread = read_each(rows, lambda item: [_mention(item, paths, source, zone=zone, now=now)])
    # Of an item that was sent twice in one body the last is newest.
    last = {mention.id: mention for mention in mentions}
    return Collected(mentions=tuple(last.values()), quarantined=unread)


def _mention(item: Mapping[str, Any], paths: FieldPaths, source: Source, *, zone: tzinfo, now: datetime) -> Mention:
    """Return one item. Raises ValueError for one that says nothing or has no name where it should have one."""
    title = one_line(_said(item, paths, "title"), MAX_TITLE_CHARS)
    text = clean("\n".join(said for value in paths.all(item, "text") if (said := _plain(words(value)))))
    is_deleted = words(paths.first(item, "deleted")).lower() in _TRUE or paths.first(item, "deleted") is True
    rating = _rating(item, paths)
    if not (title or text or rating or is_deleted):
        raise ValueError("the item has no text, no title and no rating; correct the paths of the mapping")
    url = canonical_url(_said(item, paths, "url"))
    author_url = canonical_url(_said(item, paths, "author_url"))
    return Mention(
        kind=source.kind,
        site=_site(item, paths, source, url),
        id=_identity(item, paths, url, title, text),
        url=url,
        parent=optional_identity(paths.first(item, "parent")),
        root=optional_identity(paths.first(item, "root")),
        author=author(id=paths.first(item, "author_id"), name=paths.first(item, "author"), url=author_url),
        published_at=_moment(paths.first(item, "published_at"), zone=zone, now=now),
        edited_at=_moment(paths.first(item, "edited_at"), zone=zone, now=now),
        title="" if is_deleted else title,
        text="" if is_deleted else text,
        language=language_tag(_said(item, paths, "language")),
        rating=None if is_deleted else rating,
        engagement=counts(**{name: paths.first(item, name) for name in ("likes", "shares", "replies", "views")}),
        reply_by_owner=paths.first(item, "reply_by_owner") is True,
        deleted=is_deleted,
    )


def _plain(text: str) -> str:
    """Return the text without markup, where it has any: «I <3 it» has none."""
    return clean(text) if "<" in text and not _TAG.search(text) else html_to_text(text)


def _said(item: Mapping[str, Any], paths: FieldPaths, field: str) -> str:
    return words(paths.first(item, field)).strip()


def _site(item: Mapping[str, Any], paths: FieldPaths, source: Source, url: str | None) -> str:
    """Return where it was said: as the settings name it, as the item does, or by its link."""
    named = source.settings.get("site", "").strip() or _said(item, paths, "site")
    return one_line(named, 200) or host_of(url) or "webhook"


def _identity(item: Mapping[str, Any], paths: FieldPaths, url: str | None, title: str, text: str) -> str:
    """Return the item's name: its id where one is mapped, else its link, else a hash of what it says."""
    given = paths.first(item, "id")
    if given is not None or ("id" in paths.fields and url is None):
        return identity(given)
    return (
        url or f"sha256:{content_hash(_said(item, paths, 'author'), _said(item, paths, 'published_at'), title, text)}"
    )


def _moment(value: object, *, zone: tzinfo, now: datetime) -> datetime | None:
    return parse_date(value, now=now, zone=zone) if isinstance(value, str) else moment(value, now=now)


def _rating(item: Mapping[str, Any], paths: FieldPaths) -> Rating | None:
    """Return the stars. Raises ValueError for a number that is not on its scale."""
    said = words(paths.first(item, "rating")).strip()
    scale = paths.first(item, "rating_scale")
    is_number = isinstance(scale, int | float) and not isinstance(scale, bool) and scale > 0
    return rating_of(said, float(scale) if is_number else _DEFAULT_SCALE) if said else None
