"""Hacker News by Algolia's search.

Documentation: https://hn.algolia.com/api. Rate limit: 10,000 requests an hour by address. Written from the documented
example; no recording.

One query gives at most a thousand hits, so that what is older is asked for by time. Texts are HTML with entities.
Deleted items leave the index without a word.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from collectors.api import address, ask, decode
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
    optional_identity,
    read_each,
    record,
    take,
    words,
)
from collectors.registry import check
from collectors.slices import BY_TIME, Slice, read_slices
from collectors.text import MAX_TITLE_CHARS, canonical_url, html_to_text
from collectors.types import Collected, Egress, Mention, Source

_API = "https://hn.algolia.com"
_SITE = "https://news.ycombinator.com"
_PAGE_SIZE = 500
_MAX_PAGES = 4
#: Read again for points and edits, which the site allows for two hours.
_OVERLAP = timedelta(hours=2)
_TAGS = {"stories": "story", "comments": "comment", "both": "(story,comment)"}


class HackerNewsCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the search once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)

        async def ask_slice(part: Slice, harvest: Harvest) -> Page:
            limits = [
                f"created_at_i>={int(part.since.timestamp())}" if part.since else "",
                f"created_at_i<{int(part.before.timestamp())}" if part.before else "",
            ]
            query = {
                "query": source.settings["query"].strip(),
                "tags": _TAGS[source.settings.get("read", "").strip() or "both"],
                "numericFilters": ",".join(filter(None, limits)) or None,
                "hitsPerPage": _PAGE_SIZE,
            }
            reply = await ask(egress, source, address(source, _API, "/api/v1/search_by_date", query), now=now)
            page = _page(reply.document, source, now=now)
            take(harvest, page, reply)
            return page

        harvest, cursor = await read_slices(ask_slice, source.cursor, now=now, overlap=_OVERLAP, max_pages=_MAX_PAGES)
        return harvest.collected(cursor)


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the hits of one answer. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return the stories and comments of an answer."""
    hits = listed(document, "hits")
    own = names_in(source.settings.get("own_accounts"))
    mentions, unread = read_each(hits, lambda hit: [_mention(hit, source, own, now=now)])
    times = [at for hit in hits if (at := moment(record(hit).get("created_at_i"), now=now))]
    total = record(document).get("nbHits")
    return Page(
        mentions=mentions,
        quarantined=unread,
        following=BY_TIME if isinstance(total, int) and total > len(hits) and hits else None,
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _mention(hit: Mapping[str, Any], source: Source, own: frozenset[str], *, now: datetime) -> Mention:
    """Return one story or comment. Raises ValueError for one without a name."""
    key = identity(hit.get("objectID"), "objectID")
    name, parent, story = words(hit.get("author")), hit.get("parent_id"), optional_identity(hit.get("story_id"))
    is_comment = isinstance(hit.get("comment_text"), str) or parent is not None
    return Mention(
        kind=source.kind,
        site="Hacker News",
        id=key,
        url=f"{_SITE}/item?id={key}" if key.isascii() and key.isdigit() else None,
        parent=(optional_identity(parent) or story) if is_comment else None,
        root=story if is_comment else None,
        author=author(id=name, name=name, url=canonical_url(f"{_SITE}/user?id={name}") if name else None),
        published_at=moment(hit.get("created_at_i"), now=now) or moment(hit.get("created_at"), now=now),
        title="" if is_comment else one_line(html_to_text(words(hit.get("title"))), MAX_TITLE_CHARS),
        text=html_to_text(words(hit.get("comment_text") if is_comment else hit.get("story_text"))),
        engagement=counts(likes=hit.get("points"), replies=hit.get("num_comments")),
        reply_by_owner=is_own(own, name),
    )
