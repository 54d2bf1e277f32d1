"""Steam: the reviews of one game.

Documentation: https://partner.steamgames.com/doc/store/getreviews and IUserReviewsService/GetAppReviews, which took the
place of store.steampowered.com/appreviews on 22 October 2026. Rate limit: none is documented; 429 comes without more.
Recorded: 2017 (the old service, whose reviews have the same fields); the new envelope from its documented form.

A short page is not the end: a cursor that comes twice is. The developer's answer is a mention of its own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from collectors.api import address, ask, decode
from collectors.errors import CollectError, SettingError
from collectors.harvest import Harvest
from collectors.pages import (
    Page,
    author,
    counts,
    identity,
    moment,
    optional_identity,
    read_each,
    record,
    rows,
    take,
    words,
)
from collectors.registry import check
from collectors.slices import read_tokens
from collectors.text import canonical_url, clean
from collectors.types import Collected, Egress, Mention, Rating, Source

_API = "https://api.steampowered.com"
_PAGE_SIZE = 100
_MAX_PAGES = 10
#: Read again for edits, votes and the developer's answers.
_OVERLAP = timedelta(days=1)
#: Steam counts votes_funny down past zero.
_MOST_VOTES = 2**31
_FIRST = "*"

_LANGUAGES = {
    "arabic": "ar", "bulgarian": "bg", "schinese": "zh-Hans", "tchinese": "zh-Hant", "czech": "cs", "danish": "da",
    "dutch": "nl", "english": "en", "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hungarian": "hu",
    "indonesian": "id", "italian": "it", "japanese": "ja", "koreana": "ko", "norwegian": "no", "polish": "pl",
    "portuguese": "pt", "brazilian": "pt-BR", "romanian": "ro", "russian": "ru", "spanish": "es", "latam": "es-419",
    "swedish": "sv", "thai": "th", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip
_BLOCK = re.compile(r"\[/?(?:h[1-6]|list|olist|\*|quote|code|table|tr|hr|p)(?:=[^\[\]]{0,300})?\]", re.IGNORECASE)
_INLINE = re.compile(r"\[/?(?:b|i|u|s|strike|spoiler|noparse|url|td|th|img)(?:=[^\[\]]{0,300})?\]", re.IGNORECASE)


class SteamCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the reviews once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        wanted = _wanted(source)

        async def ask_token(token: str | None, harvest: Harvest) -> Page:
            query = {"input_json": json.dumps({**wanted, "cursor": token or _FIRST}, separators=(",", ":"))}
            url = address(source, _API, "/IUserReviewsService/GetAppReviews/v1/", query)
            reply = await ask(egress, source, url, now=now)
            page = _page(reply.document, source, now=now)
            take(harvest, page, reply)
            return page

        harvest, cursor = await read_tokens(ask_token, source.cursor, now=now, overlap=_OVERLAP, max_pages=_MAX_PAGES)
        return harvest.collected(cursor)


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the reviews of one answer. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


def _wanted(source: Source) -> dict[str, Any]:
    """Return what to ask for. Raises SettingError."""
    app = source.settings["appid"].strip()
    if not re.fullmatch(r"[0-9]{1,10}", app):
        raise SettingError("appid", "is the number in the game's address, such as 620")
    languages = [name.strip().lower() for name in source.settings.get("languages", "").split(",") if name.strip()]
    unknown = [name for name in languages if name not in _LANGUAGES]
    if unknown:
        raise SettingError("languages", f"{unknown[0]!r} is none of {', '.join(_LANGUAGES)}")
    return {
        "appid": int(app),
        # The newest first.
        "filter": 1,
        "languages": languages or ["all"],
        "review_type": 0,
        "purchase_type": 1,
        "num_per_page": _PAGE_SIZE,
        "filter_offtopic_activity": False,
    }


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return the reviews of an answer. Raises CollectError for one that is none."""
    found = record(document)
    found = record(found["response"]) if "response" in found else found
    reviews = found.get("reviews")
    if reviews is None and not record(document).keys() & {"response", "query_summary"}:
        raise CollectError("the answer has no reviews")
    items = rows(list(reviews.values()) if isinstance(reviews, dict) else reviews)
    mentions, unread = read_each(items, lambda review: _read(review, source, now=now))
    times = [at for item in items if (at := moment(record(item).get("timestamp_created"), now=now))]
    following = optional_identity(found.get("cursor"))
    return Page(
        mentions=mentions,
        quarantined=unread,
        following=following if following != _FIRST else None,
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _read(review: Mapping[str, Any], source: Source, *, now: datetime) -> Iterator[Mention]:
    """Yield the review, and the developer's answer where there is one. Raises ValueError for one without a name."""
    key = identity(review.get("recommendationid"), "recommendationid")
    by = words(record(review.get("author")).get("steamid"))
    said, changed = (moment(review.get(f"timestamp_{name}"), now=now) for name in ("created", "updated"))
    app, liked = source.settings.get("appid", "").strip(), review.get("voted_up")
    votes = {name: review.get(key) for name, key in (("likes", "votes_up"), ("funny", "votes_funny"))}
    url = canonical_url(f"https://steamcommunity.com/profiles/{by}/recommended/{app}/") if by and app else None
    yield Mention(
        kind=source.kind,
        site="Steam",
        id=key,
        url=url,
        author=author(id=by, url=canonical_url(f"https://steamcommunity.com/profiles/{by}") if by else None),
        published_at=said,
        edited_at=changed if said and changed and changed > said else None,
        text=_plain(words(review.get("review"))),
        language=_LANGUAGES.get(words(review.get("language"))),
        rating=Rating(value=5 if liked else 1, scale=5) if isinstance(liked, bool) else None,
        engagement={
            name: count
            for name, count in counts(**votes, replies=review.get("comment_count")).items()
            if count < _MOST_VOTES
        },
    )
    answer = _plain(words(review.get("developer_response")))
    if answer:
        yield Mention(
            kind=source.kind,
            site="Steam",
            id=f"{key}/response",
            url=url,
            parent=key,
            root=key,
            published_at=moment(review.get("timestamp_dev_responded"), now=now),
            text=answer,
            reply_by_owner=True,
        )


def _plain(marked: str) -> str:
    """Return the words without BBCode."""
    return clean(_INLINE.sub("", _BLOCK.sub("\n", marked)))
