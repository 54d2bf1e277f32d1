"""Reviews of any app from the App Store's public feed, one storefront (country) at a time.

https://itunes.apple.com/{country}/rss/customerreviews/page={1-10}/id={app}/sortby=mostrecent/json (or /xml)

No key. Apple documents no limit; it answers 429 when asked too often, 400 for page 11, and now and then an empty list.
A page has 50 reviews, a storefront gives its newest 500. An edited review comes up again under its id. Answers of the
developer are not in it (App Store Connect has them). No recording of ours: the shape is that of public answers of 2018
to 2025, as seen 2026-11-24.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collectors.api import Reply, address, ask, decode
from collectors.app_store_xml import entries_of_xml
from collectors.errors import CollectError, SettingError
from collectors.feed_items import content_hash, one_line
from collectors.harvest import Harvest
from collectors.pages import counts, identity, moment, read_each, record, rows, stars, words
from collectors.registry import check
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean
from collectors.types import Author, Collected, Egress, Mention, Quarantined, Source
from collectors.validators import validators_of

_PLATFORM = "https://itunes.apple.com"
_SITE = "App Store"
#: Page 11 is answered with status 400.
MAX_PAGES = 10
_MAX_COUNTRIES = 40
_ANCHORS = 50
_COUNTRY = re.compile(r"[a-z]{2}")
_APP = re.compile(r"(?:id)?(\d{5,15})")
#: What most people of a storefront write in; a hint where nothing better is known.
LANGUAGES = {
    "tw": "zh-Hant", "hk": "zh-Hant", "mo": "zh-Hant", "cn": "zh-Hans", "th": "th", "us": "en", "gb": "en", "au": "en",
    "nz": "en", "ie": "en", "jp": "ja", "kr": "ko", "vn": "vi", "id": "id", "de": "de", "fr": "fr", "it": "it",
    "es": "es", "mx": "es", "br": "pt", "pt": "pt", "nl": "nl", "pl": "pl", "ru": "ru", "tr": "tr",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """One page of one storefront."""

    mentions: tuple[Mention, ...]
    quarantined: tuple[Quarantined, ...]

    def anchors(self) -> list[str]:
        """Return one key a review, which changes when the review does."""
        return [content_hash(m.id, str(m.published_at), m.title, m.text, str(m.rating))[:16] for m in self.mentions]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """What one storefront showed at the last poll."""

    #: The keys of its newest reviews.
    anchors: tuple[str, ...] = ()
    etag: str | None = None


class AppStoreCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read every storefront until what is known. Raises CollectError where none could be read."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        harvest = Harvest()
        places = {country: _known(source, country) for country in countries(source)}
        for country, known in places.items():
            if harvest.over:
                break
            try:
                places[country] = await _storefront(source, country, known, harvest, egress=egress, now=now)
            except CollectError as error:
                harvest.failed(country, error)
        return harvest.collected(
            {country: {"anchors": list(place.anchors), "etag": place.etag} for country, place in places.items()}
        )


def countries(source: Source) -> tuple[str, ...]:
    """Return the storefronts of the settings. Raises SettingError."""
    given = source.settings.get("countries", "").lower() or "us"
    found = tuple(dict.fromkeys(word for word in re.split(r"[\s,;]+", given) if word))
    wrong = [word for word in found if not _COUNTRY.fullmatch(word)]
    if wrong:
        raise SettingError("countries", f"{wrong[0]!r} is no country; give codes such as tw, cn, th, us")
    if len(found) > _MAX_COUNTRIES:
        raise SettingError("countries", f"at most {_MAX_COUNTRIES} in one source; add another source for the rest")
    return found


def parse(payload: bytes, source: Source, *, now: datetime, country: str = "us") -> Collected:
    """Return the reviews in one page, JSON or XML. Raises CollectError."""
    document = entries_of_xml(payload) if payload.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else decode(payload)
    page = _page(document, source, now=now, country=country)
    return Collected(mentions=page.mentions, quarantined=page.quarantined)


async def _storefront(
    source: Source, country: str, known: _Place, harvest: Harvest, *, egress: Egress, now: datetime
) -> _Place:
    """Read one storefront's pages into the harvest; return what it shows now. Raises CollectError."""
    seen, etag = set(known.anchors), None
    newest: tuple[str, ...] = ()
    for number in range(1, MAX_PAGES + 1):
        try:
            reply = await _ask(source, country, number, known.etag if number == 1 else None, egress=egress, now=now)
            page = None if reply.unchanged else _page(reply.document, source, now=now, country=country)
        except CollectError as error:
            if number == 1:
                raise
            # What the pages after this one hold is asked for again next time: the anchors stay.
            harvest.failed(f"{country}, page {number}", error)
            return known
        if page is None:
            harvest.add(())
            return known
        harvest.add(page.mentions, page.quarantined)
        anchors = page.anchors()
        if number == 1:
            newest, etag = tuple(anchors[:_ANCHORS]), validators_of(reply.headers, complete=reply.complete).etag
        if not anchors or seen & set(anchors):
            break
        if harvest.over:
            return known
    else:
        if seen:
            harvest.suspect_gap(f"{country}: more than {MAX_PAGES} pages were new since the last poll")
    if seen and not newest:
        harvest.warn(f"{country}: no reviews came though there were some; Apple does that at times")
        return known
    return _Place(anchors=newest, etag=etag)


async def _ask(source: Source, country: str, number: int, etag: str | None, *, egress: Egress, now: datetime) -> Reply:
    path = f"/{country}/rss/customerreviews/page={number}/id={app_of(source)}/sortby=mostrecent/json"
    headers = {"If-None-Match": etag} if etag else {}
    return await ask(egress, source, address(source, _PLATFORM, path), now=now, headers=headers)


def app_of(source: Source) -> str:
    """Return the app's number. Raises SettingError."""
    match = _APP.fullmatch(source.settings.get("app", "").strip())
    if not match:
        raise SettingError("app", "give the number in the app's address, such as 389801252 of …/id389801252")
    return match[1]


def _known(source: Source, country: str) -> _Place:
    """Return what the last poll left, whatever the cursor holds."""
    kept = record(source.cursor.get(country))
    anchors = tuple(key for key in rows(kept.get("anchors")) if isinstance(key, str))
    return _Place(anchors=anchors, etag=validators_of({"etag": words(kept.get("etag"))}).etag)


def _page(document: object, source: Source, *, now: datetime, country: str) -> _Page:
    """Return the reviews of a page. Raises CollectError for another shape."""
    feed = record(document).get("feed")
    if not isinstance(feed, dict):
        raise CollectError("the answer holds no feed of reviews")
    entries = feed.get("entry")
    # A single review comes without its list; the app itself, which older answers begin with, has no rating.
    listed = entries if isinstance(entries, list) else [entries] if entries is not None else []
    reviews = [entry for entry in listed if not (isinstance(entry, dict) and _is_app(entry))]
    mentions, unread = read_each(reviews, lambda entry: [_review(entry, source, now=now, country=country)])
    return _Page(mentions=mentions, quarantined=unread)


def _is_app(entry: Mapping[str, Any]) -> bool:
    return "im:rating" not in entry and "im:name" in entry


def _review(entry: Mapping[str, Any], source: Source, *, now: datetime, country: str) -> Mention:
    """Return one review. Raises ValueError."""
    author = record(entry.get("author"))
    link = entry.get("link")
    href = record(record(rows(link)[0] if rows(link) else link).get("attributes")).get("href")
    profile = canonical_url(_label(author.get("uri")))
    return Mention(
        kind=source.kind,
        site=source.settings.get("site", "").strip() or f"{_SITE} ({country.upper()})",
        id=identity(_label(entry.get("id"))),
        url=canonical_url(words(href)),
        author=Author(id=profile, name=one_line(_label(author.get("name")), 200) or None, url=profile),
        published_at=moment(_label(entry.get("updated")), now=now),
        title=one_line(_label(entry.get("title")), MAX_TITLE_CHARS),
        text=clean(_text(entry.get("content"))),
        language=LANGUAGES.get(country),
        rating=stars(_label(entry.get("im:rating"))),
        engagement=counts(helpful=_label(entry.get("im:voteSum")), votes=_label(entry.get("im:voteCount"))),
    )


def _text(content: object) -> str:
    """Return the plain one of the forms a review comes in."""
    forms = [form for form in (content if isinstance(content, list) else [content]) if isinstance(form, dict)]
    plain = [form for form in forms if record(form.get("attributes")).get("type", "text") == "text"]
    return _label(next(iter(plain or forms), None))


def _label(value: object) -> str:
    """Return the text that the feed wraps as {"label": text}."""
    return words(value.get("label")) if isinstance(value, dict) else words(value)
