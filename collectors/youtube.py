"""Comments on videos, or on all videos of a channel, by YouTube's Data API.

https://developers.google.com/youtube/v3/docs/commentThreads/list · https://developers.google.com/youtube/v3/docs/comments/list

An API key. 10,000 units a day, one a request; a spent day is answered with 403 quotaExceeded, without a Retry-After,
and ends at midnight on the Pacific coast. Newest threads first; a thread carries up to five replies, the rest is asked
for when its count has grown. Answers recorded 2019 and 2022 (python-youtube's, looked at 2026-11-24). The platform
tells no deletions, and wants what is kept to be refreshed or dropped after 30 days.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.api import Query, Reply, address, ask, decode, failure, reasons_of
from collectors.errors import CollectError, SettingError
from collectors.harvest import Harvest
from collectors.pages import author, counts, identity, listed, moment, names_in, read_each, record, rows, words
from collectors.registry import check
from collectors.text import canonical_url, clean, html_to_text
from collectors.types import Collected, Egress, Mention, Source

_PLATFORM = "https://www.googleapis.com"
_CREDENTIAL = "api_key"
#: A hundred threads each.
MAX_PAGES = 10
#: Requests for replies beyond the five a thread carries, in one poll.
MAX_REPLY_REQUESTS = 30
MAX_VIDEOS = 50
#: Threads so much older than the newest known are read again, for edits, likes and replies.
RESCAN = timedelta(days=7)
_MAX_COUNTS_KEPT = 1_000
_VIDEO = re.compile(r"(?:.*(?:[?&]v=|youtu\.be/|/shorts/|/live/|/embed/))?([A-Za-z0-9_-]{11})(?:[?&#/].*)?")
_CHANNEL = re.compile(r"(?:.*/channel/)?(UC[A-Za-z0-9_-]{22})/?")
_MARKUP = re.compile(r"<(?:br|a href|b|i|s)\b|</|&(?:amp|lt|gt|quot|#39);")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """One page of threads or replies."""

    mentions: tuple[Mention, ...]
    quarantined: tuple[Any, ...]
    following: str | None
    #: Threads with more replies than they carried, and how many they have.
    unheard: Mapping[str, int]
    oldest: datetime | None
    newest: datetime | None


class YoutubeCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read new comments and the latest ones again. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        return await _Poll(source, egress, now).collected()


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the comments in an answer of commentThreads or comments. Raises CollectError."""
    page = _page(decode(payload), source, now=now)
    return Collected(mentions=page.mentions, quarantined=page.quarantined)


def places(source: Source) -> dict[str, Query]:
    """Return what to ask for, by the name its cursor has. Raises SettingError."""
    channel = source.settings.get("channel", "").strip()
    videos = [word for word in re.split(r"[\s,;]+", source.settings.get("videos", "")) if word]
    if not (channel or videos):
        raise SettingError("channel", "give the id of a channel (UC…), or ids of videos in the setting videos")
    if len(videos) > MAX_VIDEOS:
        raise SettingError("videos", f"at most {MAX_VIDEOS} in one source; add another source for the rest")
    asked: dict[str, Query] = {}
    if channel:
        asked[_channel(channel)] = {"allThreadsRelatedToChannelId": _channel(channel)}
    for video in videos:
        match = _VIDEO.fullmatch(video)
        if not match:
            raise SettingError("videos", f"{video[:100]!r} holds no video's id, such as dQw4w9WgXcQ")
        asked[match[1]] = {"videoId": match[1]}
    return asked


def _channel(given: str) -> str:
    match = _CHANNEL.fullmatch(given)
    if not match:
        raise SettingError("channel", "give the channel's id, which begins with UC; its @name is another thing")
    return match[1]


class _Poll:
    """One poll under way."""

    def __init__(self, source: Source, egress: Egress, now: datetime) -> None:
        self._source, self._egress, self._now = source, egress, now
        self._harvest = Harvest()
        self._replies_left = MAX_REPLY_REQUESTS
        # How many replies each thread had when they were last read.
        self._heard = {
            thread: count for thread, count in record(source.cursor.get("heard")).items() if isinstance(count, int)
        }
        self._newest = {place: at for place, at in record(source.cursor.get("newest")).items() if isinstance(at, str)}

    async def collected(self) -> Collected:
        for place, query in places(self._source).items():
            if self._harvest.over:
                break
            try:
                await self._threads(place, query)
            except CollectError as error:
                self._harvest.failed(place, error)
        heard = dict(list(self._heard.items())[-_MAX_COUNTS_KEPT:])
        return self._harvest.collected({"newest": self._newest, "heard": heard})

    async def _threads(self, place: str, query: Query) -> None:
        """Read one place's threads, the newest first, and their replies. Raises CollectError."""
        known = moment(self._newest.get(place), now=self._now)
        newest, token = known, None
        for _ in range(MAX_PAGES):
            page = await self._ask("commentThreads", {"part": "snippet,replies", "order": "time", **query}, token)
            newest = max((at for at in (newest, page.newest) if at), default=None)
            await self._unheard(page.unheard)
            # A page that names itself as the next is the last one.
            asked, token = token, page.following
            if not token or token == asked or (known and page.oldest and page.oldest < known - RESCAN):
                break
            if self._harvest.over:
                # What the pages not read hold is asked for again: the newest known stays.
                return
        else:
            if known and page.oldest and page.oldest > known:
                self._harvest.suspect_gap(f"{place}: more than {MAX_PAGES} pages were new")
        if newest:
            self._newest[place] = newest.astimezone(UTC).isoformat()

    async def _unheard(self, threads: Mapping[str, int]) -> None:
        """Read the replies of threads that have more than they carry and more than at the last poll."""
        for thread, count in threads.items():
            if self._heard.get(thread) == count or self._harvest.over:
                continue
            if not await self._replies(thread):
                # The count stays unknown, so that the next poll asks.
                self._harvest.warn("some replies are left for the next poll")
                return
            self._heard.pop(thread, None)
            self._heard[thread] = count

    async def _replies(self, thread: str) -> bool:
        """Read all replies of a thread; return whether all were read."""
        token: str | None = None
        while self._replies_left > 0 and not self._harvest.over:
            self._replies_left -= 1
            asked = token
            token = (await self._ask("comments", {"part": "snippet", "parentId": thread}, token)).following
            if not token or token == asked:
                return True
        return False

    async def _ask(self, resource: str, query: Query, token: str | None) -> _Page:
        """Return one page, which is in the harvest then. Raises CollectError."""
        wanted = {
            **query,
            "maxResults": 100,
            "textFormat": "plainText",
            "searchTerms": self._source.settings.get("search", "").strip() or None,
            "pageToken": token,
            "key": self._source.settings[_CREDENTIAL].strip(),
        }
        if resource == "comments":
            del wanted["searchTerms"]
        url = address(self._source, _PLATFORM, f"/youtube/v3/{resource}", wanted)
        # Comments turned off and a video taken down come with the statuses of a refused key.
        reply = await ask(self._egress, self._source, url, now=self._now, credential=_CREDENTIAL, answers=(403, 404))
        if reply.status >= 400:
            raise _unreadable(self._source, url, reply)
        page = _page(reply.document, self._source, now=self._now)
        self._harvest.add(page.mentions, page.quarantined, warning=reply.warning)
        self._harvest.wait(reply.pause)
        return page


def _unreadable(source: Source, url: str, reply: Reply) -> CollectError:
    """Return why there are no comments: turned off, taken down, or a key that is refused."""
    reasons = reasons_of(reply.document)
    if "commentsDisabled" in reasons:
        return CollectError("comments are turned off here; take it out of the settings")
    if reply.status == 404:
        return CollectError("there is no such video or channel any more; take it out of the settings")
    return failure(source, url, reply.status, reply.document, _CREDENTIAL)


def _page(document: object, source: Source, *, now: datetime) -> _Page:
    """Return one answer's comments. Raises CollectError for another shape."""
    items = listed(document, "items")
    own = names_in(source.settings.get("own_channels")) | _own_channel(source)
    flat = [comment for item in items for comment in _comments(item)]
    mentions, unread = read_each(flat, lambda comment: [_mention(comment, source, own, now=now)])
    tops = [mention.published_at for mention in mentions if mention.parent is None and mention.published_at]
    following = record(document).get("nextPageToken")
    return _Page(
        mentions=mentions,
        quarantined=unread,
        following=following if isinstance(following, str) and following else None,
        unheard=dict(_unheard(items)),
        oldest=min(tops, default=None),
        newest=max(tops, default=None),
    )


def _own_channel(source: Source) -> frozenset[str]:
    match = _CHANNEL.fullmatch(source.settings.get("channel", "").strip())
    return frozenset({match[1].lower()} if match else ())


def _comments(item: object) -> list[object]:
    """Return the comments in an item: a thread's first one and the replies it carries, each with what it lacks."""
    snippet = record(record(item).get("snippet"))
    top = snippet.get("topLevelComment")
    if not isinstance(top, dict):
        return [item]
    total = snippet.get("totalReplyCount")
    around = {"videoId": snippet.get("videoId"), "thread": top.get("id")}
    replies = rows(record(record(item).get("replies")).get("comments"))
    return [
        {**around, **top, "replyCount": total, "thread": None},
        *({**around, **reply} if isinstance(reply, dict) else reply for reply in replies),
    ]


def _unheard(items: Iterable[object]) -> Iterable[tuple[str, int]]:
    """Yield the threads with more replies than they carry, and how many they have."""
    for item in items:
        snippet, thread = record(record(item).get("snippet")), record(item).get("id")
        total = snippet.get("totalReplyCount")
        carried = len(rows(record(record(item).get("replies")).get("comments")))
        if isinstance(thread, str) and isinstance(total, int) and total > carried:
            yield thread, total


def _mention(comment: Mapping[str, Any], source: Source, own: frozenset[str], *, now: datetime) -> Mention:
    """Return one comment. Raises ValueError."""
    snippet = comment.get("snippet")
    if not isinstance(snippet, dict):
        raise TypeError("the comment has no snippet")
    own_id = identity(comment.get("id"))
    # A reply's id begins with its thread's.
    thread = words(snippet.get("parentId")) or words(comment.get("thread")) or own_id.partition(".")[0]
    parent = None if thread == own_id else identity(thread)
    published = moment(snippet.get("publishedAt"), now=now)
    updated = moment(snippet.get("updatedAt"), now=now)
    channel = record(snippet.get("authorChannelId")).get("value")
    return Mention(
        kind=source.kind,
        site=source.settings.get("site", "").strip() or "YouTube",
        id=own_id,
        url=_link(words(snippet.get("videoId")) or words(comment.get("videoId")), own_id),
        parent=parent,
        root=parent,
        author=author(
            id=channel,
            name=snippet.get("authorDisplayName"),
            url=canonical_url(words(snippet.get("authorChannelUrl"))),
        ),
        published_at=published,
        edited_at=updated if updated != published else None,
        text=_text(snippet),
        engagement=counts(likes=snippet.get("likeCount"), replies=comment.get("replyCount")),
        reply_by_owner=words(channel).lower() in own,
    )


def _link(video: str, comment: str) -> str | None:
    return canonical_url(f"https://www.youtube.com/watch?v={video}&lc={comment}") if video else None


def _text(snippet: Mapping[str, Any]) -> str:
    """Return what was written: as the author typed it where that is given, else what is shown, freed of HTML."""
    original, shown = words(snippet.get("textOriginal")), words(snippet.get("textDisplay"))
    if original:
        return clean(original)
    # Plain text was asked for, but an answer may have come through a cache that holds the other form.
    return html_to_text(shown) if _MARKUP.search(shown) else clean(shown)
