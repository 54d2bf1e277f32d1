"""What every feed format has in common: the facts around a document, and the identity of its items."""

import hashlib
import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from collectors.dates import zone_named
from collectors.errors import CollectError
from collectors.text import CUT_MARK, MAX_BYTES, clean, html_to_text
from collectors.types import Mention, Quarantined, Source

#: Items read from one document, the newest; a document with more is marked incomplete.
MAX_ITEMS = 2_000
MAX_RAW_BYTES = 65_536
_MAX_ID_CHARS = 500
#: A whole element or a line break; one tag alone may be what the text is about.
_ESCAPED_ELEMENT = re.compile(
    r"&lt;(p|div|span|a|b|i|em|strong|ul|ol|h[1-6]|blockquote|table)\b[^<]{0,2000}?&lt;/\1&gt;|&lt;br ?/?&gt;",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


class NotAFeed(CollectError):
    """The document is something else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What is known about a document besides its text."""

    #: The address that answered; relative links start here.
    url: str
    #: The name of the place, where the source's settings give one.
    site: str | None
    now: datetime
    #: Content-Language of the answer.
    language: str | None = None
    #: For times without an offset.
    zone: tzinfo = UTC


def document_head(source: Source, url: str, headers: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """Return what goes to the parser's child along with the bytes of an answer."""
    return {
        "url": url,
        "site": source.settings.get("site", "").strip() or None,
        "zone": source.settings.get("zone", "").strip(),
        "now": now.isoformat(),
        "content_type": headers.get("content-type", "").encode("ascii", "replace").decode(),
        "language": headers.get("content-language", "").encode("ascii", "replace").decode() or None,
    }


def document_of(head: Mapping[str, Any]) -> Document:
    """Return what `document_head` says. Raises SettingError for an unknown zone."""
    return Document(
        url=head["url"],
        site=head["site"],
        now=datetime.fromisoformat(head["now"]),
        language=head["language"],
        zone=zone_named(head["zone"]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A mention before its identity is settled: that needs its siblings."""

    #: What the feed calls the item by.
    guid: str
    #: The date as sent: a date that cannot be read still tells two items apart.
    raw_date: str
    #: Its id is empty.
    mention: Mention


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What was in a document."""

    items: tuple[Item, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    complete: bool = True
    warnings: tuple[str, ...] = ()
    #: Minutes the feed asks to be left alone.
    ttl_minutes: int | None = None
    mentions: tuple[Mention, ...] = field(default=())
    #: Addresses the document gives for its hub and for itself, by relation.
    links: Mapping[str, str] = field(default_factory=dict)


def newest(dates: Sequence[datetime | None], most: int = MAX_ITEMS) -> list[int]:
    """Return the places of the newest items, in order. An item without a date is as old as the one before it; among
    items of one date those nearer to an end count as newer, since feeds grow at either end."""
    known = next((date for date in dates if date), datetime.min.replace(tzinfo=UTC))
    ages: list[tuple[datetime, int]] = []
    for place, date in enumerate(dates):
        known = date or known
        ages.append((known, -min(place, len(dates) - 1 - place)))
    return sorted(sorted(range(len(dates)), key=ages.__getitem__, reverse=True)[:most])


def left_out(number: int) -> list[str]:
    """Return the warning that so many items were not read, if any."""
    return [f"only the newest {MAX_ITEMS} items were read; {number} were left out"] if number > 0 else []


def with_identities(items: Sequence[Item]) -> tuple[Mention, ...]:
    """Return the mentions, each with an id that is its own in this document and the same at the next poll.

    The id is the guid, else the link, else a hash of the content. One that several items share is extended by the
    link, then by a hash of the content, then, for perfect copies, by a count: never by the position, which moves.
    """
    keys = [[_bounded(key) for key in _keys(item)] for item in items]
    ids = [key[0] for key in keys]
    for level in range(1, 3):
        shared = Counter(ids)
        ids = [
            f"{own} {key[level]}" if shared[own] > 1 and key[level] else own for own, key in zip(ids, keys, strict=True)
        ]
    seen: Counter[str] = Counter()
    numbered = []
    for own in ids:
        seen[own] += 1
        numbered.append(own if seen[own] == 1 else f"{own} {seen[own]}")
    return tuple(replace(item.mention, id=own) for item, own in zip(items, numbered, strict=True))


def _keys(item: Item) -> tuple[str, str, str]:
    """Return what names an item, from its own name to its content."""
    mention = item.mention
    content = content_hash(mention.title, mention.text, item.raw_date)
    link = mention.url or ""
    if item.guid:
        return item.guid, link if link != item.guid else "", content
    return link or content, "", content if link else ""


def content_hash(*parts: str) -> str:
    """Return a short hash of texts in order."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _bounded(key: str) -> str:
    """Return the key, or its hash where it is longer than any honest name."""
    return key if len(key) <= _MAX_ID_CHARS else f"sha256:{content_hash(key)}"


def language_tag(*candidates: str | None) -> str | None:
    """Return the first candidate that has the form of a language tag."""
    for candidate in candidates:
        if candidate and _LANGUAGE.fullmatch(candidate.strip()):
            return candidate.strip().replace("_", "-")
    return None


def one_line(text: str, max_chars: int) -> str:
    """Return the clean text without line ends."""
    cleaned = clean(text, max_chars)
    return clean(" ".join(cleaned.split()), max_chars) if "\n" in cleaned else cleaned


def text_of_html(markup: str) -> str:
    """Return the plain text of HTML, also of such whose every tag was escaped once too often."""
    # Only as far as a text is kept: each tag that is never closed costs a look ahead.
    escaped = "<" not in markup and _ESCAPED_ELEMENT.search(markup, 0, MAX_BYTES)
    return html_to_text(html.unescape(markup) if escaped else markup)


def quarantined(raw: object, error: Exception) -> Quarantined:
    """Return what could not be read, as it came or as JSON, with why."""
    return Quarantined(raw=_kept(raw)[:MAX_RAW_BYTES], reason=f"{type(error).__name__}: {error}"[:500])


def _kept(raw: object) -> bytes:
    if isinstance(raw, bytes):
        return raw
    if isinstance(raw, str):
        return raw.encode("utf-8", "replace")
    packed = _packed(raw)
    for most in (16_384, 8_192, 4_096, 1_024, 256, 64):
        if len(packed) <= MAX_RAW_BYTES:
            break
        # An item that is cut anywhere could not be read again: its longest parts are.
        packed = _packed(_shortened(raw, most))
    return packed


def _packed(raw: object) -> bytes:
    """Return the JSON; what it has no word for is kept as Python shows it."""
    try:
        return json.dumps(raw, default=repr, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # In ASCII lone surrogates come through.
        return json.dumps(raw, default=repr).encode()


def _shortened(value: object, most: int) -> object:
    """Return the value with at most so many characters in each text and so many entries in each list."""
    if isinstance(value, str):
        return value if len(value) <= most else value[:most] + CUT_MARK
    if isinstance(value, list | tuple):
        return [_shortened(one, most) for one in value[:most]]
    if isinstance(value, dict):
        return {key: _shortened(one, most) for key, one in list(value.items())[:most]}
    return value


def joined(warnings: Iterable[str]) -> str | None:
    """Return the warnings as one line, or None."""
    return "; ".join(warnings) or None
