"""Reads JSON Feed 1 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collectors.dates import parse_date
from collectors.feed_items import (
    Document,
    Item,
    NotAFeed,
    Read,
    language_tag,
    left_out,
    newest,
    one_line,
    quarantined,
    text_of_html,
)
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean, host_of
from collectors.types import Author, Mention, Quarantined, SourceKind

_ITEMS = re.compile(r'"items"\s*:\s*\[')
_SEPARATOR = re.compile(r"[\s,]*")


def read_json_feed(text: str, document: Document) -> Read:
    """Return every item of a JSON Feed; of one that was cut short, those before the cut. Raises NotAFeed."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        values = _before_the_cut(text)
        if not values:
            raise NotAFeed(f"the answer is neither a feed nor JSON: {str(error)[:200]}") from error
        return _read({"items": values}, values, document, flaw=f"not well-formed: {str(error)[:200]}")
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list):
        raise NotAFeed("the answer is JSON but not a JSON Feed: it has no list of items")
    return _read(found, items, document, flaw=None)


def _before_the_cut(text: str) -> list[object]:
    """Return the whole items of a document that breaks off or has a fault further on."""
    start = _ITEMS.search(text)
    if not start:
        return []
    decoder, at = json.JSONDecoder(), start.end()
    values: list[object] = []
    while True:
        separator = _SEPARATOR.match(text, at)
        at = separator.end() if separator else at
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return values
        values.append(value)


def _read(feed: Mapping[str, Any], values: list[Any], document: Document, *, flaw: str | None) -> Read:
    items: list[Item] = []
    unread: list[Quarantined] = []
    kept = newest([_published_at(value, document) for value in values])
    for value in (values[place] for place in kept):
        try:
            items.append(_item(value, feed, document))
        # One item must never cost its siblings, whatever it holds.
        except Exception as error:  # noqa: BLE001
            unread.append(quarantined({"items": [value]}, error))
    warnings = [*([flaw] if flaw else []), *left_out(len(values) - len(kept))]
    return Read(
        items=tuple(items),
        quarantined=tuple(unread),
        complete=not warnings,
        warnings=tuple(warnings),
        links=_links(feed),
    )


def _links(feed: Mapping[str, Any]) -> dict[str, str]:
    """Return the addresses of the feed's WebSub hub and of itself."""
    hubs = feed.get("hubs")
    named = [hub for hub in hubs if isinstance(hub, dict)] if isinstance(hubs, list) else []
    hub = next((hub.get("url") for hub in named if str(hub.get("type")).lower() == "websub"), None)
    found = {"hub": hub, "self": feed.get("feed_url")}
    return {rel: href[:2_001] for rel, href in found.items() if isinstance(href, str) and href}


def _published_at(value: object, document: Document) -> datetime | None:
    if not isinstance(value, dict):
        return None
    written = _text(value.get("date_published")) or _text(value.get("date_modified"))
    return parse_date(written, now=document.now, zone=document.zone)


def _item(value: object, feed: Mapping[str, Any], document: Document) -> Item:
    """Return one item. Raises TypeError for what is none."""
    if not isinstance(value, dict):
        raise TypeError(f"an item is an object, not {type(value).__name__}")
    url = _address(value.get("url"), document) or _address(value.get("external_url"), document)
    home = _text(feed.get("home_page_url"))
    published = _text(value.get("date_published"))
    mention = Mention(
        kind=SourceKind.FEED,
        site=document.site or host_of(url) or host_of(home) or host_of(document.url) or "feed",
        id="",
        url=url,
        author=_author(value, feed, document),
        published_at=parse_date(published, now=document.now, zone=document.zone),
        edited_at=parse_date(_text(value.get("date_modified")), now=document.now, zone=document.zone),
        title=one_line(_text(value.get("title")), MAX_TITLE_CHARS),
        text=_body(value),
        language=language_tag(_text(value.get("language")), _text(feed.get("language")), document.language),
    )
    return Item(guid=one_line(_text(value.get("id")), 100_000), raw_date=published, mention=mention)


def _body(value: Mapping[str, Any]) -> str:
    """Return the fullest text an item has."""
    plain, markup = _text(value.get("content_text")), _text(value.get("content_html"))
    return clean(plain) or text_of_html(markup) or clean(_text(value.get("summary")))


def _author(value: Mapping[str, Any], feed: Mapping[str, Any], document: Document) -> Author:
    """Return the item's author, else the feed's: version 1.1 has a list, version 1 one."""
    for holder in (value, feed):
        listed = holder.get("authors")
        for author in [*(listed if isinstance(listed, list) else ()), holder.get("author")]:
            if isinstance(author, dict):
                url = _address(author.get("url"), document)
                return Author(id=url, name=one_line(_text(author.get("name")), 200) or None, url=url)
    return Author()


def _address(value: object, document: Document) -> str | None:
    """Return an address as given or relative to the feed's; none where none is given, which would be the feed's."""
    given = clean(_text(value)).strip()
    return canonical_url(given, document.url) if given else None


def _text(value: object) -> str:
    """Return a text or number as text, anything else as none."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
