"""Reviews of one's own app on the App Store, in every country, with the developer's answers.

https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_-customerreviews

An API key of the team: a private key that signs tokens of at most 20 minutes. 3,600 requests in a rolling hour, told in
X-Rate-Limit. Newest first; a page has at most 200 reviews. An edited review keeps its id and gets a new date. The
shape is that of the documentation, read 2026-11-24; not recorded.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from collectors.api import Query, address, ask, decode
from collectors.app_store import LANGUAGES, app_of
from collectors.errors import SettingError
from collectors.feed_items import one_line
from collectors.harvest import Harvest
from collectors.jwt import Algorithm, signed_token
from collectors.newest_first import read_newest_first, spanned
from collectors.pages import Page, author, identity, listed, moment, read_each, record, rows, stars, take, words
from collectors.registry import check
from collectors.text import MAX_TITLE_CHARS, clean
from collectors.types import Collected, Egress, Mention, Source

_PLATFORM = "https://api.appstoreconnect.apple.com"
_AUDIENCE = "appstoreconnect-v1"
_CREDENTIAL = "private_key"
#: Apple refuses tokens that last longer than 20 minutes.
_LIFETIME = timedelta(minutes=15)
#: Two hundred reviews each.
MAX_PAGES = 20
#: An answer of the developer does not bring its review to the front: so much is read again.
RESCAN = timedelta(days=14)
_TERRITORY = re.compile(r"[A-Z]{3}")
_ID = re.compile(r"[A-Za-z0-9-]{4,64}")
#: The countries whose language is known, by the three letters that this API uses.
_COUNTRIES = {
    "TWN": "tw", "HKG": "hk", "MAC": "mo", "CHN": "cn", "THA": "th", "USA": "us", "GBR": "gb", "AUS": "au", "NZL": "nz",
    "IRL": "ie", "JPN": "jp", "KOR": "kr", "VNM": "vn", "IDN": "id", "DEU": "de", "FRA": "fr", "ITA": "it", "ESP": "es",
    "MEX": "mx", "BRA": "br", "PRT": "pt", "NLD": "nl", "POL": "pl", "RUS": "ru", "TUR": "tr",
}  # fmt: skip


class AppStoreConnectCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read what was written since the last poll, and two weeks more. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        harvest = Harvest()
        known = moment(source.cursor.get("newest"), now=now)
        headers = {"Authorization": f"Bearer {_token(source, now=now)}"}

        async def ask_page(at: str | None) -> Page:
            return await _ask(source, at, headers, harvest, egress=egress, now=now)

        newest = await read_newest_first(
            ask_page, harvest, part="reviews", known=known, rescan=RESCAN, max_pages=MAX_PAGES
        )
        return harvest.collected({"newest": newest.isoformat()} if newest else {})


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the reviews in an answer, each followed by its answer. Raises CollectError."""
    page = _page(decode(payload), source, now=now)
    return Collected(mentions=page.mentions, quarantined=page.quarantined)


def territories(source: Source) -> str | None:
    """Return the countries of the settings as the API wants them, None for all. Raises SettingError."""
    found = [word for word in re.split(r"[\s,;]+", source.settings.get("territories", "").upper()) if word]
    for word in found:
        if not _TERRITORY.fullmatch(word):
            raise SettingError("territories", f"{word!r} is no country of three letters, such as TWN, CHN, THA, USA")
    return ",".join(found) or None


def _token(source: Source, *, now: datetime) -> str:
    """Return a token signed with the source's key. Raises SettingError."""
    key_id, issuer = (source.settings[key].strip() for key in ("key_id", "issuer_id"))
    for key, value in (("key_id", key_id), ("issuer_id", issuer)):
        if not _ID.fullmatch(value):
            raise SettingError(key, "copy it from Users and Access, Integrations, in App Store Connect")
    issued = int(now.timestamp())
    claims: dict[str, str | int] = {
        "iss": issuer,
        "iat": issued,
        "exp": issued + int(_LIFETIME.total_seconds()),
        "aud": _AUDIENCE,
    }
    return signed_token(
        claims,
        private_key=source.settings[_CREDENTIAL],
        algorithm=Algorithm.ES256,
        setting=_CREDENTIAL,
        header={"kid": key_id},
    )


async def _ask(
    source: Source, at: str | None, headers: Mapping[str, str], harvest: Harvest, *, egress: Egress, now: datetime
) -> Page:
    """Return one page, which is in the harvest then. Raises CollectError."""
    query: Query = {
        "sort": "-createdDate",
        "limit": 200,
        "include": "response",
        "filter[territory]": territories(source),
        "cursor": at,
    }
    url = address(source, _PLATFORM, f"/v1/apps/{app_of(source)}/customerReviews", query)
    reply = await ask(egress, source, url, now=now, headers=headers, credential=_CREDENTIAL)
    page = _page(reply.document, source, now=now)
    take(harvest, page, reply)
    return page


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return one answer's reviews. Raises CollectError for another shape."""
    answers = {
        words(answer.get("id")): answer
        for answer in map(record, rows(record(document).get("included")))
        if answer.get("type") == "customerReviewResponses"
    }
    parts = [part for review in listed(document, "data") for part in _parts(review, answers)]
    mentions, unread = read_each(parts, lambda part: [_mention(part, source, now=now)])
    page = Page(
        mentions=mentions,
        quarantined=unread,
        following=_following(record(record(document).get("links")).get("next")),
    )
    return spanned(page)


def _following(link: object) -> str | None:
    """Return the cursor in the address of the next page: the address itself may lead to another server."""
    try:
        query = urlsplit(words(link)).query
    except ValueError:
        return None
    found = [value for name, _, value in (pair.partition("=") for pair in query.split("&")) if name == "cursor"]
    return unquote(found[0]) if found and found[0] else None


def _parts(review: object, answers: Mapping[str, Mapping[str, Any]]) -> Iterable[object]:
    """Yield the review and the developer's answer to it, which stands apart."""
    if not isinstance(review, dict):
        yield review
        return
    yield {"review": review, "answer": None}
    linked = record(record(record(review.get("relationships")).get("response")).get("data"))
    answer = answers.get(words(linked.get("id")))
    if answer is not None:
        yield {"review": review, "answer": answer}


def _mention(part: Mapping[str, Any], source: Source, *, now: datetime) -> Mention:
    """Return a review, or the answer to one. Raises ValueError or TypeError."""
    review, answer = part["review"], part["answer"]
    own = identity(review.get("id"))
    said = (answer or review).get("attributes")
    if not isinstance(said, dict):
        raise TypeError("the review has no attributes")
    territory = words(record(review.get("attributes")).get("territory")).upper()
    country = _COUNTRIES.get(territory, "")
    place = f"App Store ({country.upper() or territory})" if territory else "App Store"
    site = source.settings.get("site", "").strip() or one_line(place, 100)
    if answer:
        return Mention(
            kind=source.kind,
            site=site,
            id=f"{own}#answer",
            parent=own,
            root=own,
            published_at=moment(said.get("lastModifiedDate"), now=now),
            text=clean(words(said.get("responseBody"))),
            reply_by_owner=True,
        )
    return Mention(
        kind=source.kind,
        site=site,
        id=own,
        author=author(name=said.get("reviewerNickname")),
        published_at=moment(said.get("createdDate"), now=now),
        title=one_line(words(said.get("title")), MAX_TITLE_CHARS),
        text=clean(words(said.get("body"))),
        language=LANGUAGES.get(country),
        rating=stars(said.get("rating")),
    )
