"""Reads RSS, Atom, RDF and CDF through feedparser. Only the parser's child process imports this module."""

import html
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from time import struct_time
from typing import Any
from xml.sax import SAXParseException

import feedparser

from collectors.dates import parse_date, plausible
from collectors.entities import refuse_entities, with_ampersands, with_characters
from collectors.feed_cut import newest_items
from collectors.feed_items import (
    MAX_ITEMS,
    Document,
    Item,
    NotAFeed,
    Read,
    language_tag,
    left_out,
    one_line,
    quarantined,
    text_of_html,
)
from collectors.google_news import as_published
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean, host_of
from collectors.types import Author, Mention, Quarantined, Rating, SourceKind

_PROLOG = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?:[^\[>]|\[[^\]]*\])*>", re.IGNORECASE | re.DOTALL)
_ROOT = re.compile(r"<([\w.:-]+)")
_FEED_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_OFFERED = re.compile(
    r"<link\b(?=[^>]*\btype\s*=\s*[\"']?application/(?:rss|atom|feed)\+(?:xml|json))[^>]*\bhref\s*=\s*[\"']?([^\"'\s>]+)",
    re.IGNORECASE,
)
_CHARACTER_REFERENCE = re.compile(r"&#(?:x([0-9a-f]+)|([0-9]+));?", re.IGNORECASE)
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
#: What a store's own feed counts from, in feedparser's spelling.
_COUNTS = {"slash_comments": "comments", "thr_total": "comments", "im_votecount": "votes", "im_votesum": "votes_up"}
_STORE_SCALE = 5.0
_MAIL_ADDRESS = re.compile(r"[^\s<>()\[\]@,:]+@[^\s<>()\[\]@,:]+")


def read_xml_feed(text: str, document: Document) -> Read:
    """Return every item that feedparser reads. Raises Refused for entities, NotAFeed, and whatever feedparser does."""
    refuse_entities(text)
    kept, beyond = newest_items(text, document)
    # An empty line before the XML declaration, as plugins of blogs leave it, is no fault of the items.
    named = with_characters(kept.lstrip("\ufeff \t\r\n"))
    whole = with_ampersands(named)
    parsed = _parsed(whole, document)
    entries = parsed["entries"]
    root = _root_tag(text).rpartition(":")[2].lower()
    if not entries and not parsed.get("version") and root not in _FEED_ROOTS:
        raise NotAFeed(_what_it_is(text, root, document))
    items: list[Item] = []
    unread: list[Quarantined] = []
    for entry in entries[:MAX_ITEMS]:
        try:
            # A plain dict: feedparser's own takes five times as long, warns, and answers «updated» with «published».
            items.append(item_of(dict(entry), parsed["feed"], document))
        # One item must never cost its siblings, whatever it holds.
        except Exception as error:  # noqa: BLE001
            unread.append(quarantined(dict(entry) if isinstance(entry, dict) else entry, error))
    warnings = [*_warnings(parsed, repaired=whole != named), *left_out(beyond + max(0, len(entries) - MAX_ITEMS))]
    return Read(
        items=tuple(items),
        quarantined=tuple(unread),
        complete=not warnings,
        warnings=tuple(warnings),
        ttl_minutes=_count(parsed["feed"].get("ttl")),
        links=_links(parsed["feed"]),
    )


def read_entry(entry: Mapping[str, Any], document: Document) -> Read:
    """Return one entry that was set aside. May raise anything."""
    dates = {
        key: struct_time(value)
        for key, value in entry.items()
        if key.endswith("_parsed") and isinstance(value, list) and len(value) == 9
    }
    return Read(items=(item_of({**entry, **dates}, {}, document),))


def _links(feed: Mapping[str, Any]) -> dict[str, str]:
    """Return the first address of the feed's hub and of itself."""
    found: dict[str, str] = {}
    for link in feed.get("links") or ():
        rel, href = (_text(link.get("rel")).lower(), _text(link.get("href"))) if isinstance(link, dict) else ("", "")
        if rel in {"hub", "self"} and href:
            found.setdefault(rel, href[:2_001])
    return found


def _parsed(text: str, document: Document) -> Mapping[str, Any]:
    """Return feedparser's result."""
    try:
        return _feedparser(text, document)
    except (ValueError, OverflowError):
        # A reference to a character that does not exist makes feedparser raise.
        return _feedparser(_CHARACTER_REFERENCE.sub(_existing, text), document)


def _feedparser(text: str, document: Document) -> Mapping[str, Any]:
    # Without an address of the document: feedparser would resolve guids against it, and a feed that moves would bring
    # all its items anew.
    headers = {"content-type": "application/xml; charset=utf-8"}
    if document.language:
        headers["content-language"] = document.language
    # Bytes in a file, never a str: feedparser opens a str that looks like a path or an address. Its sanitising is not
    # needed for plain text and takes half the time.
    result: Mapping[str, Any] = feedparser.parse(
        BytesIO(text.encode("utf-8", "replace")),
        response_headers=headers,
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return result


def _existing(match: re.Match[str]) -> str:
    """Return a character reference if there is such a character, else the replacement character."""
    digits = match[1] or match[2]
    code = int(digits[:12], 16 if match[1] else 10)
    return match[0] if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"


def _warnings(parsed: Mapping[str, Any], *, repaired: bool) -> list[str]:
    if parsed.get("bozo"):
        return [f"not well-formed: {_flaw(parsed.get('bozo_exception'))}"]
    return ["not well-formed: an ampersand that is not written as &amp;"] if repaired else []


def _flaw(error: object) -> str:
    if isinstance(error, SAXParseException):
        return f"{error.getMessage()} in line {error.getLineNumber()}"
    return str(error)[:200]


def _root_tag(text: str) -> str:
    """Return the root element's name as written, or nothing."""
    at = 0
    while match := _PROLOG.match(text, at):
        at = match.end()
    root = _ROOT.match(text, at)
    return root[1] if root else ""


def _what_it_is(text: str, root: str, document: Document) -> str:
    """Return what was sent instead of a feed, and where the feed may be."""
    if not text.strip():
        return "the answer is empty"
    head = text[:5000].lower()
    if root != "html" and "<html" not in head and "<!doctype html" not in head:
        return f"the answer is no feed: its root element is <{root}>" if root else "the answer is no feed"
    offered = _OFFERED.search(text[:200_000])
    address = canonical_url(offered[1], document.url) if offered else None
    return "the answer is a web page, not a feed" + (f"; the page offers one at {address}" if address else "")


def item_of(entry: dict[str, Any], feed: Mapping[str, Any], document: Document) -> Item:
    """Return one entry as an item. May raise anything if the entry is not as feedparser makes them."""
    published_raw = _text(entry.get("published")) or _text(entry.get("created"))
    updated_raw = _text(entry.get("updated"))
    published = _date(entry, "published", document) or _date(entry, "created", document)
    updated = _date(entry, "updated", document)
    link = _link(entry)
    url = canonical_url(link, document.url) if link else None
    mention = Mention(
        kind=SourceKind.FEED,
        site=document.site or host_of(url) or host_of(_text(feed.get("link"))) or host_of(document.url) or "feed",
        id="",
        url=url,
        parent=_parent(entry),
        author=_author(entry, document),
        published_at=published or updated,
        edited_at=updated if published and updated and updated != published else None,
        title=one_line(_plain(entry.get("title_detail"), _text(entry.get("title"))), MAX_TITLE_CHARS),
        text=_body(entry),
        language=_language(entry, feed, document),
        rating=_rating(entry),
        engagement=_engagement(entry),
    )
    guid = one_line(_text(entry.get("id")), 100_000)
    return Item(guid=guid, raw_date=published_raw or updated_raw, mention=_as_published(entry, mention, document))


def _as_published(entry: Mapping[str, Any], mention: Mention, document: Document) -> Mention:
    source = entry.get("source")
    if not isinstance(source, dict) or document.site:
        return mention
    return as_published(mention, publisher=one_line(_text(source.get("title")), 200), home=_text(source.get("href")))


def _link(entry: dict[str, Any]) -> str:
    """Return the link; a guid that merely forgot to say it is none does not count."""
    link = _text(entry.get("link")).strip()
    return "" if link == _text(entry.get("id")) and "://" not in link else link


def _body(entry: dict[str, Any]) -> str:
    """Return the full content, else the summary."""
    contents = entry.get("content") or ()
    texts = (_plain(part, _text(part.get("value"))) for part in contents if _is_text(_text(part.get("type"))))
    full = max(texts, key=len, default="")
    detail = entry.get("summary_detail")
    # An empty description hides from `summary` what stands elsewhere, such as media:description.
    return full or _plain(detail, _text(entry.get("summary")) or _text(detail.get("value") if detail else ""))


def _is_text(kind: str) -> bool:
    return not kind or kind.startswith("text/") or kind.endswith(("xml", "html"))


def _plain(detail: object, value: str) -> str:
    """Return a text construct as clean plain text."""
    kind = _text(detail.get("type")) if isinstance(detail, dict) else "text/html"
    return text_of_html(value) if kind in _HTML_TYPES else clean(value)


def _author(entry: dict[str, Any], document: Document) -> Author:
    detail = entry.get("author_detail")
    detail = detail if isinstance(detail, dict) else {}
    href = _text(detail.get("href")).strip()
    url = canonical_url(href, document.url) if href else None
    return Author(id=url, name=_author_name(_text(entry.get("author")) or _text(detail.get("name"))) or None, url=url)


def _author_name(written: str) -> str:
    """Return the name in «Joe (joe@x.example)», in our own reading: feedparser cuts the address of a long domain. An
    address alone is not a name to be shown; what stands before the @ is."""
    written = one_line(html.unescape(written), 200)
    mail = _MAIL_ADDRESS.search(written)
    if not mail:
        return written
    return written.replace(mail[0], "").strip(" ()<>[]\"'@:,") or mail[0].partition("@")[0]


def _language(entry: dict[str, Any], feed: Mapping[str, Any], document: Document) -> str | None:
    """Return the language of the text, else of the title, else of the feed."""
    parts: Iterable[object] = (*(entry.get("content") or ()), entry.get("summary_detail"), entry.get("title_detail"))
    own = [_text(part.get("language")) for part in parts if isinstance(part, dict)]
    return language_tag(*own, _text(feed.get("language")), document.language)


def _date(entry: dict[str, Any], name: str, document: Document) -> datetime | None:
    """Return a date by our own reading, else by feedparser's where that agrees with what was written."""
    raw = _text(entry.get(name))
    own = parse_date(raw, now=document.now, zone=document.zone)
    parts = entry.get(f"{name}_parsed")
    if own is not None or not isinstance(parts, struct_time):
        return own
    # feedparser reads the year 10000 as 2010 and -0001 as 2000.
    if str(parts.tm_year) not in raw and f"{parts.tm_year % 100:02d}" not in re.findall(r"\d+", raw):
        return None
    try:
        return plausible(datetime(*parts[:6], tzinfo=UTC), now=document.now)
    except (ValueError, OverflowError):
        return None


def _parent(entry: dict[str, Any]) -> str | None:
    """Return what an Atom entry says it replies to."""
    reply = entry.get("thr_in-reply-to")
    return (
        one_line(_text(reply.get("ref")) or _text(reply.get("href")), 500) or None if isinstance(reply, dict) else None
    )


def _rating(entry: dict[str, Any]) -> Rating | None:
    """Return the stars of an app store review."""
    try:
        value = float(_text(entry.get("im_rating")))
        return Rating(value=value, scale=_STORE_SCALE)
    except ValueError:
        return None


def _engagement(entry: dict[str, Any]) -> dict[str, int]:
    counted = [(name, _count(entry.get(key))) for key, name in _COUNTS.items()]
    return {name: count for name, count in counted if count is not None}


def _count(value: object) -> int | None:
    text = _text(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
