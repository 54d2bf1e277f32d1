"""Topics of Pantip, Thailand's consumer forum, that a search finds, with the comments below them.

POST https://pantip.com/api/search-service/search/getresult {"keyword", "page", "rooms", "timebias"}, with ptauthorize ·
GET https://pantip.com/forum/topic/render_comments?tid=&param=&type=, with X-Requested-With

No interface is promised; the terms forbid taking content in bulk, so that this kind only searches, and only for who
says that they may. At most ten topics come for a search, whatever total is told. 429 is answered by a pause. Written
from descriptions; not tried against the platform, no recording.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from collectors.api import address, ask, decode
from collectors.dates import parse_date
from collectors.errors import CollectError
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
from collectors.text import MAX_TITLE_CHARS, canonical_url, html_to_text
from collectors.types import Collected, Egress, Mention, Source

_PLATFORM = "https://pantip.com"
_SEARCH = "/api/search-service/search/getresult"
_COMMENTS = "/forum/topic/render_comments"
_ZONE = timezone(timedelta(hours=7))
#: Topics whose comments are read in one poll.
_MAX_TOPICS = 10
#: A topic so old gets no comments any more.
_OPEN_FOR = timedelta(days=14)
_MAX_KEPT = 200


class PantipCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Search once and read the comments of what was found lately. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        harvest = Harvest()
        question = {"keyword": source.settings["query"].strip(), "page": 1, "rooms": [], "timebias": True}
        reply = await ask(
            egress,
            source,
            address(source, _PLATFORM, _SEARCH),
            now=now,
            headers={
                "Content-Type": "application/json",
                "ptauthorize": f"Basic {source.settings['authorisation'].strip()}",
            },
            credential="authorisation",
            body=json.dumps(question, ensure_ascii=False).encode(),
        )
        take(harvest, _topics(reply.document, source, now=now), reply)
        topics = _recent(source.cursor.get("topics"), harvest.mentions, now=now)
        for topic in list(topics)[:_MAX_TOPICS]:
            if harvest.over:
                break
            try:
                await self._comments(topic, source, harvest, egress=egress, now=now)
            except CollectError as error:
                harvest.failed(f"topic {topic}", error)
        # Those read now come last in line next time.
        turned = [*list(topics)[_MAX_TOPICS:], *list(topics)[:_MAX_TOPICS]]
        return harvest.collected({"topics": {topic: topics[topic] for topic in turned[:_MAX_KEPT]}})

    async def _comments(self, topic: str, source: Source, harvest: Harvest, *, egress: Egress, now: datetime) -> None:
        """Read one topic's comments into the harvest. Raises CollectError."""
        url = address(source, _PLATFORM, _COMMENTS, {"tid": topic, "param": "", "type": 1})
        headers = {"X-Requested-With": "XMLHttpRequest"}
        reply = await ask(egress, source, url, now=now, headers=headers)
        take(harvest, _comments_of(reply.document, topic, source, now=now), reply)


def parse(payload: bytes, source: Source, *, now: datetime, topic: str = "") -> Collected:
    """Return the topics of a search's answer, or the comments of `topic`'s. Raises CollectError."""
    harvest, document = Harvest(), decode(payload)
    read = _comments_of(document, topic, source, now=now) if topic else _topics(document, source, now=now)
    take(harvest, read)
    return harvest.collected({})


def _topics(document: object, source: Source, *, now: datetime) -> Page:
    """Return the topics of a search. Raises CollectError."""
    mentions, unread = read_each(listed(document, "data"), lambda topic: [_topic(topic, source, now=now)])
    return Page(mentions=mentions, quarantined=unread)


def _topic(topic: Mapping[str, Any], source: Source, *, now: datetime) -> Mention:
    key = identity(topic.get("id"))
    by = record(topic.get("author") or topic.get("user"))
    return Mention(
        kind=source.kind,
        site="Pantip",
        id=key,
        url=_url_of(key),
        author=author(id=by.get("id") or by.get("mid"), name=by.get("name")),
        published_at=_at(topic.get("created_time"), now=now),
        title=one_line(html_to_text(words(topic.get("title"))), MAX_TITLE_CHARS),
        text=html_to_text(words(topic.get("detail"))),
        engagement=counts(replies=topic.get("comments_count"), likes=topic.get("votes_count")),
        reply_by_owner=is_own(names_in(source.settings.get("own_accounts")), by.get("name")),
    )


def _comments_of(document: object, topic: str, source: Source, *, now: datetime) -> Page:
    """Return the comments of a topic and the replies to them. A topic without any has no list."""
    given = record(document).get("comments")
    if given is None and "count" not in record(document):
        raise CollectError("the answer has no list of comments")
    mentions, unread = read_each(rows(given), lambda comment: _said(comment, topic, topic, source, now=now))
    return Page(mentions=mentions, quarantined=unread)


def _said(comment: Mapping[str, Any], topic: str, parent: str, source: Source, *, now: datetime) -> Iterator[Mention]:
    """Yield a comment and the replies to it. Raises ValueError for one without a name."""
    key = f"{topic}/{identity(comment.get('_id') or comment.get('id') or comment.get('comment_no'))}"
    by, number = record(comment.get("user")), words(comment.get("comment_no"))
    yield Mention(
        kind=source.kind,
        site="Pantip",
        id=key,
        url=canonical_url(f"{_url_of(topic)}/comment{number}") if number else _url_of(topic),
        parent=parent,
        root=topic,
        author=author(id=by.get("mid"), name=by.get("name"), url=canonical_url(words(by.get("link")), _PLATFORM)),
        published_at=_at(comment.get("created_time"), now=now) or _at(comment.get("data_utime"), now=now),
        text=html_to_text(words(comment.get("message"))),
        engagement=counts(likes=comment.get("point"), replies=comment.get("reply_count")),
        reply_by_owner=is_own(names_in(source.settings.get("own_accounts")), by.get("name")),
    )
    if parent == topic:
        for reply in rows(comment.get("replies")):
            yield from _said(record(reply), topic, key, source, now=now)


def _at(value: object, *, now: datetime) -> datetime | None:
    """Return a time as Pantip gives it: seconds, or MM/DD/YYYY of Bangkok."""
    if isinstance(value, str) and not value.isdigit():
        return parse_date(value, now=now, zone=_ZONE, day_first=False)
    return moment(int(value) if isinstance(value, str) else value, now=now)


def _url_of(topic: str) -> str | None:
    return canonical_url(f"{_PLATFORM}/topic/{topic}")


def _recent(kept: object, found: list[Mention], *, now: datetime) -> dict[str, int]:
    """Return the topics that may still get comments, by the time they began: new ones first."""
    oldest = int((now - _OPEN_FOR).timestamp())
    fresh = {one.id: int((one.published_at or now).timestamp()) for one in found}
    old = {topic: began for topic, began in record(kept).items() if isinstance(began, int)}
    topics = {**{topic: began for topic, began in fresh.items() if topic not in old}, **old}
    return {topic: began for topic, began in topics.items() if began >= oldest}
