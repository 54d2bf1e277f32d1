"""Facebook: posts on a page of one's own and the comments under them.

Documentation: https://developers.facebook.com/docs/graph-api/reference/page/feed/ and /comment/. Rate limit: by the
page's users; X-Business-Use-Case-Usage gives percentages. Recorded: 2019 to August 2021. Ratings of pages are gone
since version 22.

A poll reads the posts of the last two weeks again, each with its newest comments: that finds edits and counts. What was
deleted simply stays away. Who wrote is not told of people who did not allow it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from collectors.api import decode
from collectors.errors import CollectError, SettingError
from collectors.harvest import Harvest
from collectors.meta import GRAPH, ask_meta, following
from collectors.pages import (
    Page,
    author,
    counts,
    identity,
    is_own,
    listed,
    moment,
    names_in,
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
from collectors.types import Collected, Egress, Mention, Source

_COMMENT = "id,message,created_time,from{id,name},parent{id},like_count,comment_count,permalink_url"
_POST = (
    "id,message,story,created_time,updated_time,from{id,name},permalink_url,shares,"
    "reactions.limit(0).summary(total_count),"
    f"comments.filter(stream).order(reverse_chronological).summary(true).limit(50){{{_COMMENT}}}"
)
_NEWEST_COMMENTS: Mapping[str, str | int | None] = {
    "filter": "stream",
    "order": "reverse_chronological",
    "fields": _COMMENT,
    "limit": 100,
}
_PAGE_SIZE = 25
_MAX_PAGES = 4
#: Requests for comments that did not fit beside their post.
_MAX_MORE = 10
_OVERLAP = timedelta(days=14)
_PAGE_NAME = re.compile(r"[A-Za-z0-9.]{2,80}", re.ASCII)
_IN_ADDRESS = re.compile(r"/posts/(\d+)/?\?comment_id=(\d+)(?:&reply_comment_id=(\d+))?")


class FacebookCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the page once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        name = source.settings["page"].strip()
        if not _PAGE_NAME.fullmatch(name):
            raise SettingError("page", "is the number or the short name of a page, such as 19292868552")
        poll = _Poll(source, egress, now)
        harvest, cursor = await read_tokens(
            poll.ask_token, source.cursor, now=now, overlap=_OVERLAP, max_pages=_MAX_PAGES
        )
        await poll.more_comments(harvest)
        return harvest.collected({**cursor, **poll.cursor(harvest)})


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the posts and comments of one answer. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


class _Poll:
    """One poll: what its requests share."""

    def __init__(self, source: Source, egress: Egress, now: datetime) -> None:
        self._source, self._egress, self._now = source, egress, now
        self._known = moment(source.cursor.get("comments"), now=now)
        #: Post and cursor of comments that did not fit beside the post.
        self._more: list[tuple[str, str]] = []

    async def ask_token(self, token: str | None, harvest: Harvest) -> Page:
        """Ask for one page of posts."""
        path = f"/{self._source.settings['page'].strip()}/feed"
        query: dict[str, str | int | None] = {"fields": _POST, "limit": _PAGE_SIZE, "after": token}
        reply = await ask_meta(self._egress, self._source, GRAPH, path, query, now=self._now)
        page = _page(reply.document, self._source, now=self._now)
        take(harvest, page, reply)
        for post in rows(record(reply.document).get("data")):
            self._note(words(record(post).get("id")), record(post).get("comments"))
        return page

    async def more_comments(self, harvest: Harvest) -> None:
        """Read comments on from where they did not fit, back to what was known."""
        for _ in range(_MAX_MORE):
            if not self._more or harvest.over:
                break
            post, after = self._more.pop(0)
            path, query = f"/{post}/comments", {**_NEWEST_COMMENTS, "after": after}
            try:
                reply = await ask_meta(self._egress, self._source, GRAPH, path, query, now=self._now)
                take(harvest, _page(reply.document, self._source, post=post, now=self._now), reply)
            except CollectError as error:
                harvest.failed(f"comments of {post}", error)
                continue
            self._note(post, reply.document)
        if self._more:
            harvest.warn(f"{len(self._more)} posts have more comments than one poll reads")

    def _note(self, post: str, comments: object) -> None:
        """Remember to read on where all comments of a page are newer than what was known."""
        after = following(comments)
        times = [moment(record(one).get("created_time"), now=self._now) for one in rows(record(comments).get("data"))]
        is_new = self._known is None or all(at is None or at >= self._known for at in times)
        if after and is_new and re.fullmatch(r"\d+(?:_\d+)?", post):
            self._more.append((post, after))

    def cursor(self, harvest: Harvest) -> dict[str, Any]:
        """Return the newest comment known; where some wait, the one known before."""
        times = [mention.published_at for mention in harvest.mentions if mention.parent and mention.published_at]
        newest = max([*times, *([self._known] if self._known else [])], default=None)
        kept = self._known if self._more else newest
        return {"comments": kept.isoformat()} if kept else {}


def _page(document: object, source: Source, *, post: str | None = None, now: datetime) -> Page:
    """Return the posts of an answer with their comments, or with `post` the comments under it."""
    items = listed(document, "data") if "data" in record(document) else [document]
    own = names_in(f"{source.settings.get('page', '')},{source.settings.get('own_accounts', '')}")

    def read(item: Mapping[str, Any]) -> list[Mention]:
        if post is not None or ("story" not in item and _IN_ADDRESS.search(words(item.get("permalink_url")))):
            return [_comment(item, post, source, own, now=now)]
        return [_post(item, source, own, now=now)]

    mentions, unread = read_each(items, read)
    below = [
        {"post": words(item.get("id")), "comment": one} for item in map(record, items) for one in _comments_of(item)
    ]
    comments, bad = read_each(
        below, lambda pair: [_comment(_object(pair["comment"]), pair["post"], source, own, now=now)]
    )
    times = [at for item in items if (at := moment(record(item).get("created_time"), now=now))]
    return Page(
        mentions=mentions + comments,
        quarantined=unread + bad,
        following=following(document),
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"a comment is an object, not {type(value).__name__}")
    return value


def _comments_of(post: Mapping[str, Any]) -> Iterator[object]:
    yield from rows(record(post.get("comments")).get("data"))


def _post(post: Mapping[str, Any], source: Source, own: frozenset[str], *, now: datetime) -> Mention:
    """Return one post. Raises ValueError for one without a number."""
    key, by = identity(post.get("id")), record(post.get("from"))
    said, changed = (moment(post.get(f"{name}_time"), now=now) for name in ("created", "updated"))
    attached = [record(one) for one in rows(record(post.get("attachments")).get("data"))]
    shown = "\n".join(words(one.get("title")) or words(one.get("description")) for one in attached)
    is_owner = is_own(own, by.get("id")) or (bool(by.get("id")) and words(by.get("id")) == key.partition("_")[0])
    return Mention(
        kind=source.kind,
        site="Facebook",
        id=key,
        url=canonical_url(words(post.get("permalink_url"))),
        author=author(id=by.get("id"), name=by.get("name")),
        published_at=said,
        # A new comment counts as an update too: only without any is it the author's.
        edited_at=changed if said and changed and changed > said and not _total(post, "comments") else None,
        text=clean(words(post.get("message")) or words(post.get("story")) or shown),
        engagement=counts(
            likes=_total(post, "reactions"),
            shares=record(post.get("shares")).get("count"),
            replies=_total(post, "comments"),
        ),
        reply_by_owner=is_owner,
    )


def _comment(
    comment: Mapping[str, Any], post: str | None, source: Source, own: frozenset[str], *, now: datetime
) -> Mention:
    """Return one comment. Raises ValueError for one without a number."""
    place = _IN_ADDRESS.search(words(comment.get("permalink_url")))
    by = record(comment.get("from"))
    below = optional_identity(record(comment.get("parent")).get("id"))
    if place and not below and place[3]:
        below = f"{place[1]}_{place[2]}"
    key = comment.get("id") or (f"{place[1]}_{place[3] or place[2]}" if place else None)
    page = (post or "").partition("_")[0]
    return Mention(
        kind=source.kind,
        site="Facebook",
        id=identity(key),
        url=canonical_url(words(comment.get("permalink_url"))),
        parent=below or post or (place[1] if place else None),
        root=post or (place[1] if place else None),
        author=author(id=by.get("id"), name=by.get("name")),
        published_at=moment(comment.get("created_time"), now=now),
        text=clean(words(comment.get("message"))),
        engagement=counts(likes=comment.get("like_count"), replies=comment.get("comment_count")),
        reply_by_owner=is_own(own, by.get("id")) or (bool(page) and words(by.get("id")) == page),
    )


def _total(post: Mapping[str, Any], edge: str) -> object:
    return record(record(post.get(edge)).get("summary")).get("total_count")
