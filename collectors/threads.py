"""Threads: public posts that a keyword search finds.

Documentation: https://developers.facebook.com/docs/threads/keyword-search. Rate limit: 2,200 searches a day by user.
Recorded: 2024 (posts of a user); the search from its documented example of January 2026.

Before Meta approves the permission threads_keyword_search, only one's own posts are found; words that Meta calls
sensitive find nothing, without saying so. Deletions are not told of, and the API gives no counts for others' posts.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from collectors.api import decode
from collectors.harvest import Harvest
from collectors.meta import THREADS, ask_meta, following
from collectors.pages import (
    Page,
    author,
    identity,
    is_own,
    listed,
    moment,
    names_in,
    optional_identity,
    read_each,
    record,
    take,
    words,
)
from collectors.registry import check
from collectors.slices import BY_TIME, Slice, read_slices
from collectors.text import canonical_url, clean
from collectors.types import Collected, Egress, Mention, Source

_FIELDS = "id,text,media_type,permalink,timestamp,username,has_replies,is_quote_post,is_reply"
_PAGE_SIZE = 100
_MAX_PAGES = 5
_OVERLAP = timedelta(hours=1)


class ThreadsCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the search once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)

        async def ask_slice(part: Slice, harvest: Harvest) -> Page:
            query: dict[str, str | int | None] = {
                "q": source.settings["query"].strip(),
                "search_type": "RECENT",
                "fields": _FIELDS,
                "limit": _PAGE_SIZE,
                "since": int(part.since.timestamp()) if part.since else None,
                "until": int(part.before.timestamp()) if part.before else None,
                "after": part.token,
            }
            reply = await ask_meta(egress, source, THREADS, "/keyword_search", query, now=now)
            page = _page(reply.document, source, now=now)
            take(harvest, page, reply)
            return page

        harvest, cursor = await read_slices(ask_slice, source.cursor, now=now, overlap=_OVERLAP, max_pages=_MAX_PAGES)
        return harvest.collected(cursor)


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the posts of one answer. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return the posts of an answer."""
    posts = listed(document, "data")
    own = names_in(source.settings.get("own_accounts"))
    mentions, unread = read_each(posts, lambda post: [post_of(post, source, own, now=now)])
    times = [mention.published_at for mention in mentions if mention.published_at]
    return Page(
        mentions=mentions,
        quarantined=unread,
        following=following(document) or (BY_TIME if len(posts) >= _PAGE_SIZE else None),
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def post_of(post: Mapping[str, Any], source: Source, own: frozenset[str], *, now: datetime) -> Mention:
    """Return one post. Raises ValueError for one without a number."""
    name = words(post.get("username"))
    return Mention(
        kind=source.kind,
        site="Threads",
        id=identity(post.get("id")),
        url=canonical_url(words(post.get("permalink"))),
        parent=optional_identity(record(post.get("replied_to")).get("id")),
        root=optional_identity(record(post.get("root_post")).get("id")),
        author=author(id=name, name=name, url=canonical_url(f"https://www.threads.net/@{name}") if name else None),
        published_at=moment(post.get("timestamp"), now=now),
        text=clean(words(post.get("text")) or words(post.get("alt_text"))),
        reply_by_owner=is_own(own, name),
    )
