"""Reviews of one's own places on Google Maps, with the owner's answers, by the Google Business Profile.

https://developers.google.com/my-business/reference/rest/v4/accounts.locations.reviews/list

OAuth of an owner or manager (scope business.manage), and Google's approval of the project: until then its quota is 0
and every answer a 429. 300 requests a minute then. The one changed last comes first. A review may have stars and no
words; one in another language comes with Google's translation, which is left out. What the Places API gives may not be
stored: this one may. The shape is that of the documentation, read 2026-11-24; not recorded.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from collectors.api import Query, address, decode
from collectors.errors import CollectError, SettingError
from collectors.google_sign_in import ask_google
from collectors.harvest import Harvest
from collectors.newest_first import read_newest_first
from collectors.pages import Page, author, identity, moment, read_each, record, rows, take, words
from collectors.registry import check
from collectors.text import clean
from collectors.types import Collected, Egress, Mention, Rating, Source

_PLATFORM = "https://mybusiness.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/business.manage"
#: Fifty reviews each.
MAX_PAGES = 20
MAX_LOCATIONS = 50
RESCAN = timedelta(days=14)
_STARS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
_NUMBER = re.compile(r"(?:.*/)?(\d{1,30})/?")
_TRANSLATED = r"\((?:Translated by Google|由 ?Google ?(?:提供)?(?:翻譯|翻译)(?:提供)?|แปลโดย ?Google)\)"
_ORIGINAL = r"\((?:Original|原文|原始評論|原始评论|原始留言|ต้นฉบับ|ข้อความต้นฉบับ)\)"
#: (Translated by Google) … (Original) …
_ORIGINAL_LAST = re.compile(rf"^\s*{_TRANSLATED}.*?\n\s*{_ORIGINAL}\s*(.*)$", re.DOTALL)
#: … (Translated by Google) …
_ORIGINAL_FIRST = re.compile(rf"^(.+?)\n\s*{_TRANSLATED}.*$", re.DOTALL)


class GoogleBusinessCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read what changed at every place since the last poll, and two weeks more. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        harvest = Harvest()
        cursor = {place: at for place, at in source.cursor.items() if isinstance(at, str)}
        for place in locations(source):
            if harvest.over:
                break

            async def ask_page(token: str | None, place: str = place) -> Page:
                return await _ask(source, place, token, harvest, egress=egress, now=now)

            known = moment(cursor.get(place), now=now)
            newest = await read_newest_first(
                ask_page, harvest, part=f"location {place}", known=known, rescan=RESCAN, max_pages=MAX_PAGES
            )
            if newest:
                cursor[place] = newest.isoformat()
        return harvest.collected(cursor)


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the reviews in an answer, each followed by its answer. Raises CollectError."""
    page = _page(decode(payload), source, now=now)
    return Collected(mentions=page.mentions, quarantined=page.quarantined)


def locations(source: Source) -> tuple[str, ...]:
    """Return the numbers of the places. Raises SettingError."""
    given = [word for word in re.split(r"[\s,;]+", source.settings.get("locations", "")) if word]
    if len(given) > MAX_LOCATIONS:
        raise SettingError("locations", f"at most {MAX_LOCATIONS} in one source; add another source for the rest")
    return tuple(dict.fromkeys(_number("locations", word) for word in given))


def _number(setting: str, given: str) -> str:
    match = _NUMBER.fullmatch(given)
    if not match:
        raise SettingError(setting, f"{given[:60]!r} is no number, such as 17303088970776446827 of locations/1730…")
    return match[1]


async def _ask(
    source: Source, place: str, token: str | None, harvest: Harvest, *, egress: Egress, now: datetime
) -> Page:
    """Return one page, which is in the harvest then. Raises CollectError."""
    account = _number("account", source.settings["account"].strip())
    path = f"/v4/accounts/{account}/locations/{place}/reviews"
    query: Query = {"pageSize": 50, "orderBy": "updateTime desc", "pageToken": token}
    reply = await ask_google(egress, source, address(source, _PLATFORM, path, query), scope=_SCOPE, now=now)
    page = _page(reply.document, source, now=now)
    take(harvest, page, reply)
    return page


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return one answer's reviews. Raises CollectError for another shape."""
    if not isinstance(document, dict):
        raise CollectError("the answer holds no reviews")
    # A place without reviews has no list.
    reviews = rows(document.get("reviews"))
    parts = [part for review in reviews for part in _parts(review)]
    mentions, unread = read_each(parts, lambda part: [_mention(part, source, now=now)])
    changed = [moment(record(review).get("updateTime"), now=now) for review in reviews]
    times = [at for at in changed if at]
    following = document.get("nextPageToken")
    return Page(
        mentions=mentions,
        quarantined=unread,
        following=following if isinstance(following, str) and following else None,
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _parts(review: object) -> Iterable[object]:
    """Yield the review, and the owner's answer where there is one."""
    if not isinstance(review, dict):
        yield review
        return
    yield {"review": review, "answer": None}
    if review.get("reviewReply") is not None:
        yield {"review": review, "answer": review["reviewReply"]}


def _mention(part: Mapping[str, Any], source: Source, *, now: datetime) -> Mention:
    """Return a review, or the answer to one. Raises ValueError or TypeError."""
    review, answer = part["review"], part["answer"]
    own = identity(review.get("reviewId"), "reviewId")
    site = source.settings.get("site", "").strip() or "Google Maps"
    if answer is not None:
        if not isinstance(answer, dict):
            raise TypeError("the answer is no object")
        return Mention(
            kind=source.kind,
            site=site,
            id=f"{own}#answer",
            parent=own,
            root=own,
            published_at=moment(answer.get("updateTime"), now=now),
            text=original(clean(words(answer.get("comment")))),
            reply_by_owner=True,
        )
    written, changed = (moment(review.get(key), now=now) for key in ("createTime", "updateTime"))
    reviewer = record(review.get("reviewer"))
    return Mention(
        kind=source.kind,
        site=site,
        id=own,
        author=author(name=None if reviewer.get("isAnonymous") is True else reviewer.get("displayName")),
        published_at=written,
        edited_at=changed if changed != written else None,
        text=original(clean(words(review.get("comment")))),
        rating=_rating(review.get("starRating")),
    )


def original(text: str) -> str:
    """Return what was written, without the translation that Google puts before or after it."""
    match = _ORIGINAL_LAST.match(text) or _ORIGINAL_FIRST.match(text)
    return match[1].strip() if match else text


def _rating(stars: object) -> Rating | None:
    """Return the stars, none where there are none. Raises ValueError for what cannot be stars."""
    if stars in (None, "STAR_RATING_UNSPECIFIED"):
        return None
    if not isinstance(stars, str) or stars not in _STARS:
        raise ValueError(f"{str(stars)[:30]!r} are no stars")
    return Rating(value=_STARS[stars], scale=5)
