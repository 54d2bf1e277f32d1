"""Reviews of one's own app on Google Play, with the developer's answers.

https://developers.google.com/android-publisher/api-ref/rest/v3/reviews/list

A service account or OAuth, with the right to see reviews in the Play Console. The last seven days only, only reviews
with text, only of production; the one changed last comes first. 3,000 requests a minute. What is older comes by the
monthly files (`import_mappings.GOOGLE_PLAY`). The shape is that of the documentation, read 2026-11-24; not recorded.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from collectors.api import address, decode
from collectors.errors import CollectError, SettingError
from collectors.feed_items import language_tag, one_line
from collectors.google_sign_in import ask_google
from collectors.harvest import Harvest
from collectors.newest_first import read_newest_first, spanned
from collectors.pages import Page, author, counts, identity, moment, read_each, record, rows, stars, take, words
from collectors.registry import check
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean
from collectors.types import Collected, Egress, Mention, Source

_PLATFORM = "https://androidpublisher.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/androidpublisher"
#: A hundred reviews each.
MAX_PAGES = 20
#: An answer of the developer does not bring its review to the front: so much is read again.
RESCAN = timedelta(days=2)
_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)+")


class GooglePlayCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read what changed since the last poll, and two days more. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        harvest = Harvest()
        known = moment(source.cursor.get("newest"), now=now)

        async def ask_page(token: str | None) -> Page:
            return await _ask(source, token, harvest, egress=egress, now=now)

        newest = await read_newest_first(
            ask_page, harvest, part="reviews", known=known, rescan=RESCAN, max_pages=MAX_PAGES
        )
        return harvest.collected({"newest": newest.isoformat()} if newest else {})


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the reviews in an answer of reviews.list, each followed by its answer. Raises CollectError."""
    page = _page(decode(payload), source, now=now)
    return Collected(mentions=page.mentions, quarantined=page.quarantined)


def package_of(source: Source) -> str:
    """Return the app's package name. Raises SettingError."""
    package = source.settings.get("package", "").strip()
    if not _PACKAGE.fullmatch(package):
        raise SettingError("package", "give the name in the app's address, such as com.example.lantern")
    return package


async def _ask(source: Source, token: str | None, harvest: Harvest, *, egress: Egress, now: datetime) -> Page:
    """Return one page, which is in the harvest then. Raises CollectError."""
    path = f"/androidpublisher/v3/applications/{package_of(source)}/reviews"
    url = address(source, _PLATFORM, path, {"maxResults": 100, "token": token})
    reply = await ask_google(egress, source, url, scope=_SCOPE, now=now)
    page = _page(reply.document, source, now=now)
    take(harvest, page, reply)
    return page


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return one answer's reviews. Raises CollectError for another shape."""
    if not isinstance(document, dict):
        raise CollectError("the answer holds no reviews")
    # An app without reviews has no list.
    parts = [part for review in rows(document.get("reviews")) for part in _parts(review)]
    mentions, unread = read_each(parts, lambda part: [_mention(part, source, now=now)])
    following = record(document.get("tokenPagination")).get("nextPageToken")
    page = Page(
        mentions=mentions,
        quarantined=unread,
        following=following if isinstance(following, str) and following else None,
    )
    return spanned(page)


def _parts(review: object) -> Iterable[object]:
    """Yield what the user said and what the developer answered, each with its review."""
    if not isinstance(review, dict):
        yield review
        return
    comments = [record(comment) for comment in rows(review.get("comments"))]
    said = [comment["userComment"] for comment in comments if comment.get("userComment") is not None]
    answered = [comment["developerComment"] for comment in comments if comment.get("developerComment") is not None]
    # The list is a conversation in which each side's last word stands for what it says.
    yield {"review": review, "comment": said[-1] if said else None, "answer": False}
    if answered:
        yield {"review": review, "comment": answered[-1], "answer": True}


def _mention(part: Mapping[str, Any], source: Source, *, now: datetime) -> Mention:
    """Return a review, or the answer to one. Raises ValueError or TypeError."""
    review, comment = part["review"], part["comment"]
    if not isinstance(comment, dict):
        raise TypeError("the review has no comment")
    own = identity(review.get("reviewId"), "reviewId")
    package = package_of(source)
    answer = part["answer"]
    title, _, text = words(comment.get("originalText") or comment.get("text")).rpartition("\t")
    return Mention(
        kind=source.kind,
        site=source.settings.get("site", "").strip() or "Google Play",
        id=f"{own}#answer" if answer else own,
        url=canonical_url(f"https://play.google.com/store/apps/details?id={package}&reviewId={quote(own, safe='')}"),
        parent=own if answer else None,
        root=own if answer else None,
        author=author() if answer else author(name=review.get("authorName")),
        published_at=_moment(comment.get("lastModified"), now=now),
        title=one_line(title, MAX_TITLE_CHARS),
        text=clean(text),
        language=None if answer else language_tag(words(comment.get("reviewerLanguage"))),
        rating=stars(comment.get("starRating")),
        engagement=counts(likes=comment.get("thumbsUpCount"), dislikes=comment.get("thumbsDownCount")),
        reply_by_owner=answer,
    )


def _moment(stamp: object, *, now: datetime) -> datetime | None:
    """Return the moment of {"seconds": "1443676826", "nanos": …}."""
    return moment(words(record(stamp).get("seconds")), now=now)
