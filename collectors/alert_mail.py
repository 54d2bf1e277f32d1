"""The entries of a mail of Google Alerts: each leads to a page by an address of Google's around the page's own.

Google documents no form. Titles, publishers and words are marked by schema.org in the mails' HTML; where they are not,
a link's words are its title. Written from descriptions; no recording.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

from collectors.feed_items import MAX_ITEMS, one_line
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean

_MAX_CHARS = 2_000_000
_MAX_WORDS = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One page that Google found."""

    url: str
    title: str
    publisher: str
    text: str


@dataclass(kw_only=True, slots=True)
class _Draft:
    url: str
    title: list[str] = field(default_factory=list)
    publisher: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


def entries(markup: str) -> list[Entry]:
    """Return the entries, each page once."""
    reader = _Reader(convert_charrefs=True)
    reader.feed(markup[:_MAX_CHARS])
    found: dict[str, Entry] = {}
    for draft in reader.drafts[:MAX_ITEMS]:
        title = one_line(_joined(draft.title), MAX_TITLE_CHARS)
        if title and draft.url not in found:
            found[draft.url] = Entry(
                url=draft.url,
                title=title,
                publisher=one_line(_joined(draft.publisher), 200),
                text=clean(_joined(draft.text), _MAX_WORDS),
            )
    return list(found.values())


class _Reader(HTMLParser):
    """Gathers words by where they stand."""

    def __init__(self, *, convert_charrefs: bool) -> None:
        super().__init__(convert_charrefs=convert_charrefs)
        self.drafts: list[_Draft] = []
        #: Open elements with what their words are.
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"br", "img", "meta", "link", "hr", "input"}:
            return
        values = dict(attrs)
        url = _found_page(values.get("href") or "") if tag == "a" else None
        is_new = url is not None and not (self.drafts and self.drafts[-1].url == url)
        if url and is_new:
            self.drafts.append(_Draft(url=url))
        role = (values.get("itemprop") or "").lower()
        if role not in {"publisher", "description"}:
            role = "title" if is_new else ""
        if len(self._open) < 1_000:
            self._open.append((tag, role))

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, max(-1, len(self._open) - 20), -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        if not self.drafts or not data.strip():
            return
        role = next((role for _, role in reversed(self._open) if role), "")
        draft = self.drafts[-1]
        if role == "publisher":
            draft.publisher.append(data)
        elif role == "description":
            draft.text.append(data)
        elif role == "title":
            draft.title.append(data)


def _found_page(href: str) -> str | None:
    """Return the page's own address inside the link; None for links to Google's own pages."""
    parts = urlsplit(href)
    if parts.path != "/url" or parse_qs(parts.query).get("ct") != ["ga"]:
        return None
    url = canonical_url(href)
    return url if url and "/url?" not in url else None


def _joined(words: list[str]) -> str:
    return " ".join("".join(words).split())
