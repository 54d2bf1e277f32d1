"""What is said on a web page, read in the parser's child: marked reviews first, then what CSS selectors find.

A selector may end in `@name` for an attribute of what it finds: `time@datetime`. Relative to an item, an empty selector
stands for the item itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from collectors.charsets import charset_of, decode
from collectors.dates import parse_date
from collectors.errors import SettingError
from collectors.feed_items import (
    MAX_ITEMS,
    Document,
    Item,
    Read,
    document_of,
    language_tag,
    left_out,
    one_line,
    quarantined,
    with_identities,
)
from collectors.pages import author
from collectors.structured_data import marked
from collectors.text import MAX_TITLE_CHARS, canonical_url, host_of, html_to_text
from collectors.types import Mention, Quarantined, Rating, SourceKind

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{1,3})?")
#: A page that grew deeper than any editor writes.
_MAX_CHARS = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Selectors:
    """Where things stand on a page; each a CSS selector, empty where not given."""

    item: str = ""
    id: str = ""
    title: str = ""
    text: str = ""
    author: str = ""
    date: str = ""
    rating: str = ""
    link: str = ""
    next: str = ""


#: The settings that are selectors.
SELECTORS = tuple(Selectors.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebPage:
    """What was on a page."""

    read: Read
    #: The address of the page after this one.
    next: str | None = None


def read_web_page(head: Mapping[str, Any], payload: bytes) -> WebPage:
    """Return what is said on the page; `head` is made by `web_page.py`. Raises CollectError."""
    document = document_of(head)
    decoded = decode(payload[: 2 * _MAX_CHARS], charset_of(head["content_type"]) or _meta_charset(payload))
    tree = LexborHTMLParser(decoded.text[:_MAX_CHARS])
    language = language_tag(_attribute(tree.css_first("html"), "lang"), document.language)
    document = replace(document, language=language)
    selectors, kind = Selectors(**head["selectors"]), SourceKind(head["kind"])
    found = marked(tree, document, kind)
    items, unread = list(found.said), list(found.quarantined)
    warnings: list[str] = []
    if not items and selectors.item:
        items, more = _selected(tree, selectors, document, kind, scale=float(head["rating_scale"]))
        unread += more
    if not items and not unread and head["whole"]:
        items = list(found.articles[:1]) or _whole(tree, selectors, document, kind)
    if not items and not unread:
        warnings.append(
            f"the selector item ({selectors.item}) finds nothing on the page"
            if selectors.item
            else "the page marks no review; say where they stand by the setting item"
        )
    warnings += left_out(len(items) - MAX_ITEMS)
    read = Read(
        mentions=with_identities(items[:MAX_ITEMS]), quarantined=tuple(unread[:MAX_ITEMS]), warnings=tuple(warnings)
    )
    return WebPage(read=read, next=_next(tree, selectors, document))


def _meta_charset(payload: bytes) -> str | None:
    match = _META_CHARSET.search(payload[:4096])
    return match[1].decode("ascii", "ignore") if match else None


def _selected(
    tree: LexborHTMLParser, selectors: Selectors, document: Document, kind: SourceKind, *, scale: float
) -> tuple[list[Item], list[Quarantined]]:
    """Return the items that the selectors find. Raises SettingError for a selector that is none."""
    items: list[Item] = []
    unread: list[Quarantined] = []
    for node in _css(tree, "item", selectors.item)[: MAX_ITEMS + 1]:
        try:
            items.append(_item(node, selectors, document, kind, scale=scale))
        except SettingError:
            raise
        # One item must never cost its siblings.
        except Exception as error:  # noqa: BLE001
            unread.append(quarantined(node.html, error))
    return items, unread


def _item(node: LexborNode, selectors: Selectors, document: Document, kind: SourceKind, *, scale: float) -> Item:
    """Return one item. Raises ValueError for one without words, SettingError."""
    text = html_to_text(_found(node, "text", selectors.text, markup=True) or (node.html or ""))
    title = one_line(html_to_text(_found(node, "title", selectors.title, markup=True)), MAX_TITLE_CHARS)
    if not text and not title:
        raise ValueError("the item holds no words")
    raw_date = _found(node, "date", selectors.date or "time@datetime") if selectors.date or node.css("time") else ""
    link = _found(node, "link", selectors.link if "@" in selectors.link else f"{selectors.link or 'a'}@href")
    mention = Mention(
        kind=kind,
        site=document.site or host_of(document.url) or "",
        id="",
        url=canonical_url(link, document.url) if link else canonical_url(document.url),
        author=author(name=html_to_text(_found(node, "author", selectors.author))),
        published_at=parse_date(raw_date, now=document.now, zone=document.zone),
        title=title,
        text=text,
        language=document.language,
        rating=_rating(_found(node, "rating", selectors.rating), scale),
    )
    return Item(guid=_found(node, "id", selectors.id), raw_date=raw_date, mention=mention)


def _rating(text: str, scale: float) -> Rating | None:
    match = _NUMBER.search(text)
    value = float(match[0].replace(",", ".")) if match else None
    return Rating(value=value, scale=scale) if value is not None and 0 <= value <= scale else None


def _found(node: LexborNode, name: str, selector: str, *, markup: bool = False) -> str:
    """Return the text, the HTML or the attribute that a selector names within a node; empty where there is none."""
    css, _, attribute = selector.rpartition("@") if "@" in selector else (selector, "", "")
    if not selector:
        return ""
    found = node if not css.strip() else next(iter(_css(node, name, css)), None)
    if found is None:
        return ""
    if attribute:
        return _attribute(found, attribute.strip()) or ""
    return ((found.html if markup else found.text(deep=True)) or "").strip()


def _css(node: LexborNode | LexborHTMLParser, name: str, selector: str) -> list[LexborNode]:
    try:
        return list(node.css(selector))
    except (SelectolaxError, ValueError) as error:
        raise SettingError(name, f"{selector!r} is no CSS selector; such as .review .body or time@datetime") from error


def _attribute(node: LexborNode | None, name: str) -> str | None:
    return node.attributes.get(name) if node is not None else None


def _whole(tree: LexborHTMLParser, selectors: Selectors, document: Document, kind: SourceKind) -> list[Item]:
    """Return the page itself as one item: its title and its main text. Empty where nothing is said."""
    root = tree.body
    if root is None:
        return []
    text = html_to_text(_found(root, "text", selectors.text, markup=True)) if selectors.text else _main_text(tree)
    title = (
        _found(root, "title", selectors.title) or _meta(tree, "og:title") or (tree.css_first("title") or root).text()
    )
    if not text:
        return []
    raw_date = _found(root, "date", selectors.date) or _meta(tree, "article:published_time")
    raw_date = raw_date or _attribute(tree.css_first("time[datetime]"), "datetime") or ""
    mention = Mention(
        kind=kind,
        site=document.site or host_of(document.url) or "",
        id="",
        url=canonical_url(document.url),
        author=author(name=_found(root, "author", selectors.author) or _meta(tree, "author")),
        published_at=parse_date(raw_date, now=document.now, zone=document.zone),
        title=one_line(html_to_text(title), MAX_TITLE_CHARS),
        text=text,
        language=document.language,
    )
    return [Item(guid="", raw_date=raw_date, mention=mention)]


def _main_text(tree: LexborHTMLParser) -> str:
    """Return the page's main text, without menus and footers."""
    import trafilatura  # noqa: PLC0415  # half of the child's memory; most children never need it

    return html_to_text(trafilatura.extract(tree.html or "", output_format="html", include_comments=False) or "")


def _meta(tree: LexborHTMLParser, name: str) -> str:
    found = tree.css_first(f'meta[property="{name}"]') or tree.css_first(f'meta[name="{name}"]')
    return _attribute(found, "content") or ""


def _next(tree: LexborHTMLParser, selectors: Selectors, document: Document) -> str | None:
    """Return the address of the following page, on the same host; None where there is none."""
    selector = selectors.next or 'a[rel="next"], link[rel="next"]'
    found = next(iter(_css(tree, "next", selector.partition("@")[0])), None)
    url = canonical_url(_attribute(found, "href") or "", document.url) if found is not None else None
    return url if url and url != document.url and host_of(url) == host_of(document.url) else None
