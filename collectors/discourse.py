"""Any Discourse forum: its latest posts, a search, or one topic.

Documentation: https://docs.discourse.org/. Rate limit: 200 requests a minute and 50 in ten seconds by address, 60 a
minute with an administrator's key; 429 comes with Retry-After and extras.wait_seconds. Recorded: 2013 (topic) and
January 2020 (posts).

Posts are numbered over the whole forum, and `before` gives the fifty below a number, so that a poll reads on from the
last one it knew. The newest page is read again each time, for edits, deletions and counts. A search gives excerpts
only: the posts themselves are asked for, topic by topic.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from collectors.api import Query, Reply, address, ask, decode
from collectors.errors import CollectError, SettingError
from collectors.feed_items import one_line
from collectors.harvest import Harvest
from collectors.pages import (
    Page,
    author,
    counts,
    identity,
    is_own,
    listed,
    moment,
    names_in,
    read_each,
    record,
    rows,
    take,
    words,
)
from collectors.registry import check
from collectors.text import MAX_TITLE_CHARS, canonical_url, host_of, html_to_text
from collectors.types import Collected, Egress, Mention, Source
from collectors.validators import asked_with, validators_of

_WINDOW = 50
_MAX_PAGES = 8
_MAX_TOPICS = 15
_POSTS_AT_ONCE = 20
_LIKE = 2
#: A quote without another in it: to look no further than the next tag keeps what is never closed from costing more.
_QUOTE = re.compile(r'<aside class="quote\b(?:(?!</?aside\b).)*+</aside>', re.DOTALL)
_DEEPEST_QUOTE = 5
#: What a system or the staff writes for itself: «closed this topic», whispers.
_NOT_SAID = frozenset({"3", "4"})


class DiscourseCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the forum once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        poll = _Poll(source, egress, now)
        query, topic = (source.settings.get(key, "").strip() for key in ("query", "topic"))
        if query and topic:
            raise SettingError("query", "give query or topic, not both")
        if topic and not (topic.isascii() and topic.isdigit()):
            raise SettingError("topic", "is the number in the topic's address, such as 57")
        if query:
            return await poll.search(query)
        return await (poll.topic(topic) if topic else poll.latest())


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the posts of posts.json, a topic, a search or a single post. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


class _Poll:
    """One poll: what its requests share."""

    def __init__(self, source: Source, egress: Egress, now: datetime) -> None:
        self._source, self._egress, self._now = source, egress, now
        self._harvest = Harvest()
        last = source.cursor.get("last")
        self._known = last if isinstance(last, int) else None

    async def latest(self) -> Collected:
        """Read the newest posts, and on from the last known one where it lies below them."""
        reply = await self._reply("/posts.json", None, headers=asked_with(self._source.validators))
        if reply.unchanged:
            return Collected(unchanged=True, validators=self._source.validators, cursor=self._source.cursor)
        take(self._harvest, _page(reply.document, self._source, now=self._now), reply)
        ids = _ids(reply.document)
        last = newest = max(ids, default=self._known or 0)
        if self._known is not None and ids and self._known < min(ids) - 1:
            last = await self._forward(self._known, newest=newest, below=min(ids))
        collected = self._collected(last)
        if last != newest:
            # While something is left to read on from, «nothing is new» would leave it there.
            return collected
        return replace(collected, validators=validators_of(reply.headers, complete=reply.complete))

    async def _forward(self, known: int, *, newest: int, below: int) -> int:
        """Read on from the last known post to the ones already read; return the last that is known now."""
        for _ in range(_MAX_PAGES):
            if self._harvest.over:
                return known
            try:
                await self._take("/posts.json", {"before": known + _WINDOW})
            except CollectError as error:
                self._harvest.failed("a page", error)
                return known
            known += _WINDOW
            if known >= below - 1:
                return newest
        self._harvest.warn("more came than one poll reads; the rest follows with the next polls")
        return known

    async def search(self, query: str) -> Collected:
        """Read what a search finds and is not known yet, the oldest first, in full."""
        fresh = await self._found(query)
        topics = _by_topic(fresh)
        unread = {topic for topic, ids in topics.items() if ids}
        for topic, ids in topics.items():
            if self._harvest.over:
                break
            try:
                await self._posts(topic, ids)
            except CollectError as error:
                self._harvest.failed(f"topic {topic}", error)
                if not error.permanent:
                    break
            unread.discard(topic)
        left = [post["id"] for post in fresh if words(post.get("topic_id")) not in topics.keys() - unread]
        read = [post["id"] for post in fresh if not left or post["id"] < min(left)]
        return self._collected(max(read, default=self._known or 0))

    async def _found(self, query: str) -> list[Mapping[str, Any]]:
        """Return the posts a search finds that are not known yet, the oldest first."""
        fresh: dict[int, Mapping[str, Any]] = {}
        for number in range(1, _MAX_PAGES + 1):
            found = await self._ask("/search.json", {"q": f"{query} order:latest", "page": number})
            posts = {
                post["id"]: post for post in map(record, listed(found, "posts")) if isinstance(post.get("id"), int)
            }
            fresh |= {one: post for one, post in posts.items() if one > (self._known or 0)}
            more = record(found.get("grouped_search_result")).get("more_full_page_results")
            if not more or not posts or self._known is None or min(posts) <= self._known or self._harvest.over:
                break
        return [post for _, post in sorted(fresh.items())]

    async def topic(self, topic: str) -> Collected:
        """Read a topic's beginning, its newest posts and those not known yet."""
        document = await self._take(f"/t/{topic}.json")
        stream = [one for one in rows(record(document.get("post_stream")).get("stream")) if isinstance(one, int)]
        read = set(_ids(document))
        fresh = [one for one in stream if one not in read and one > (self._known or 0)]
        again = [one for one in stream[-_POSTS_AT_ONCE:] if one not in read and one not in fresh]
        last = max([*read, self._known or 0]) if not fresh else self._known or 0
        for chunk in _chunks(fresh[: _MAX_PAGES * _POSTS_AT_ONCE]) + _chunks(again):
            if self._harvest.over:
                break
            try:
                await self._posts(topic, chunk)
            except CollectError as error:
                self._harvest.failed("a page", error)
                break
            last = max(last, *chunk)
        return self._collected(last)

    async def _posts(self, topic: str, ids: Sequence[int]) -> None:
        for chunk in _chunks(ids):
            await self._take(f"/t/{topic}/posts.json", {"post_ids[]": [str(one) for one in chunk]})

    async def _take(self, path: str, query: Query | None = None) -> Mapping[str, Any]:
        """Take in the posts of one answer; return it."""
        document = await self._ask(path, query)
        take(self._harvest, _page(document, self._source, now=self._now))
        return document

    async def _ask(self, path: str, query: Query | None = None) -> Mapping[str, Any]:
        reply = await self._reply(path, query)
        self._harvest.wait(reply.pause)
        return record(reply.document)

    async def _reply(self, path: str, query: Query | None, *, headers: Mapping[str, str] | None = None) -> Reply:
        key = self._source.settings.get("api_key", "").strip()
        name = self._source.settings.get("api_username", "").strip() or "system"
        own = {"Api-Key": key, "Api-Username": name} if key else {}
        return await ask(
            self._egress,
            self._source,
            address(self._source, _forum(self._source), path, query),
            now=self._now,
            headers={**own, **(headers or {})},
            credential="api_key" if key else None,
        )

    def _collected(self, last: int) -> Collected:
        return self._harvest.collected({"last": last} if last else {})


def _by_topic(posts: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return the ids of the first posts by topic, of as many topics as one poll asks for."""
    topics: dict[str, list[int]] = {}
    for post in posts:
        topic = words(post.get("topic_id"))
        if topic not in topics and len(topics) >= _MAX_TOPICS:
            break
        if topic.isascii() and topic.isdigit():
            topics.setdefault(topic, []).append(post["id"])
    return topics


def _chunks(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[at : at + _POSTS_AT_ONCE] for at in range(0, len(ids), _POSTS_AT_ONCE)]


def _forum(source: Source) -> str:
    """Return the forum's address without a slash at its end."""
    return source.settings.get("url", "").strip().rstrip("/")


def _posts_of(document: object) -> list[Any]:
    """Return the posts of any answer that has some. Raises CollectError."""
    found = record(document)
    if "cooked" in found:
        return [found]
    if "post_stream" in found:
        return listed(found["post_stream"], "posts")
    return listed(found, "latest_posts" if "latest_posts" in found else "posts")


def _ids(document: object) -> list[int]:
    return [one for post in _posts_of(document) if (one := _number(post)) is not None]


def _number(post: object) -> int | None:
    """Return a post's number in the forum."""
    number = record(post).get("id")
    return number if isinstance(number, int) and 0 < number < 2**53 else None


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return what people wrote of an answer's posts."""
    found = record(document)
    own = names_in(source.settings.get("own_accounts"))
    titles = {words(record(one).get("id")): words(record(one).get("title")) for one in rows(found.get("topics"))}
    titles[words(found.get("id"))] = words(found.get("title"))
    said = [post for post in _posts_of(document) if words(record(post).get("post_type")) not in _NOT_SAID]
    mentions, unread = read_each(said, lambda post: [_mention(post, source, titles, own, now=now)])
    return Page(mentions=mentions, quarantined=unread)


def _mention(
    post: Mapping[str, Any], source: Source, titles: Mapping[str, str], own: frozenset[str], *, now: datetime
) -> Mention:
    """Return one post. Raises ValueError for one without a place in a topic."""
    topic, number = identity(post.get("topic_id"), "topic_id"), identity(post.get("post_number"), "post_number")
    is_first = number == "1"
    parent = words(post.get("reply_to_post_number")) or "1"
    name, forum = words(post.get("username")), _forum(source)
    gone = bool(post.get("deleted_at") or post.get("user_deleted") is True or post.get("hidden") is True)
    slug = words(post.get("topic_slug")) or "-"
    version = post.get("version")
    return Mention(
        kind=source.kind,
        site=one_line(source.settings.get("site", ""), 200) or host_of(forum) or "Discourse",
        id=f"{topic}/{number}",
        url=canonical_url(f"{forum}/t/{slug}/{topic}/{number}"),
        parent=None if is_first else f"{topic}/{parent}",
        root=None if is_first else f"{topic}/1",
        author=author(
            id=name, name=words(post.get("name")) or name, url=canonical_url(f"{forum}/u/{name}") if name else None
        ),
        published_at=moment(post.get("created_at"), now=now),
        edited_at=moment(post.get("updated_at"), now=now) if isinstance(version, int | float) and version > 1 else None,
        title="" if gone or not is_first else one_line(_title(post, titles), MAX_TITLE_CHARS),
        text="" if gone else _text(words(post.get("cooked")) or words(post.get("blurb"))),
        engagement=counts(likes=_likes(post), replies=post.get("reply_count"), views=post.get("reads")),
        reply_by_owner=is_own(own, name),
        deleted=gone,
    )


def _text(cooked: str) -> str:
    """Return what the author wrote: what is quoted from the post answered is another's, unless it is all there is."""
    own = cooked
    for _ in range(_DEEPEST_QUOTE):
        own = _QUOTE.sub("", own)
    return html_to_text(own) or html_to_text(cooked)


def _title(post: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    return words(post.get("topic_title")) or titles.get(words(post.get("topic_id")), "")


def _likes(post: Mapping[str, Any]) -> object:
    """Return how many liked it: a summary of actions leaves out those that nobody took."""
    actions = [record(action) for action in rows(post.get("actions_summary"))]
    counted = [action.get("count") for action in actions if action.get("id") == _LIKE]
    return counted[0] if counted else post.get("like_count", 0 if "actions_summary" in post else None)
