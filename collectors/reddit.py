"""Reddit: new posts and comments of a subreddit, or posts that a search finds.

Documentation: https://www.reddit.com/dev/api/. Rate limit: 100 requests a minute with an application's token, about
ten without; x-ratelimit-remaining is a float and x-ratelimit-reset the seconds to go. Recorded: 2016 to October 2023.
Its Responsible Builder Policy asks for approval before any use of the API.

A listing reaches back a thousand items. The last hundred items known are asked for again at each poll: an edit comes
as new words, and what was deleted or removed leaves none, as the platform's terms demand.
"""

import base64
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from collectors.api import Query, Reply, address, ask, decode
from collectors.errors import CollectError, SettingError
from collectors.feed_items import one_line
from collectors.harvest import Harvest
from collectors.newest_first import read_newest_first
from collectors.pages import (
    Page,
    author,
    counts,
    identity,
    is_own,
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
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean, html_to_text
from collectors.tokens import Token, ask_signed
from collectors.types import Author, Collected, Egress, Mention, Source

_PUBLIC = "https://www.reddit.com"
_SIGNED_IN = "https://oauth.reddit.com"
_PAGE_SIZE = 100
_MAX_PAGES = 10
_RECENT = 100
_OVERLAP = timedelta(minutes=10)
_GONE = frozenset({"[deleted]", "[removed]"})
_SUBREDDIT = re.compile(r"(?:/?r/)?([A-Za-z0-9_]{2,30})/?", re.ASCII)


class RedditCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the listings once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        poll = _Poll(source, egress, now)
        cursor: dict[str, Any] = {}
        for name, (path, query) in _listings(source).items():
            newest = await poll.listing(name, path, query)
            cursor |= {name: newest.isoformat()} if newest else {}
        await poll.known_again()
        return poll.harvest.collected({**cursor, "recent": poll.recent()})


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the posts and comments of a listing or of a whole discussion. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


class _Poll:
    """One poll: what its requests share."""

    def __init__(self, source: Source, egress: Egress, now: datetime) -> None:
        self._source, self._egress, self._now = source, egress, now
        self.harvest = Harvest()
        self._has_read = False

    async def listing(self, name: str, path: str, query: Mapping[str, str]) -> datetime | None:
        """Read one listing from the newest to what was known; return the newest moment known now."""
        known = moment(self._source.cursor.get(name), now=self._now)

        async def ask_page(after: str | None) -> Page:
            page = await self._take(path, {**query, "limit": _PAGE_SIZE, "after": after})
            self._has_read = True
            return page

        if self.harvest.over:
            return known
        return await read_newest_first(
            ask_page, self.harvest, part=name, known=known, rescan=_OVERLAP, max_pages=_MAX_PAGES
        )

    async def known_again(self) -> None:
        """Ask for items of earlier polls that were not on the listings now."""
        read = {mention.id for mention in self.harvest.mentions}
        again = [name for name in _recent(self._source) if name not in read]
        # Where no listing could be read, old items must not make the poll look well.
        if not again or not self._has_read or self.harvest.over:
            return
        try:
            await self._take("/api/info", {"id": ",".join(again)})
        except CollectError as error:
            self.harvest.failed("items known already", error)

    def recent(self) -> list[str]:
        """Return the names to ask for again, the newest first."""
        read = sorted(
            (mention for mention in self.harvest.mentions if mention.published_at and not mention.deleted),
            key=lambda mention: mention.published_at or self._now,
            reverse=True,
        )
        gone = {mention.id for mention in self.harvest.mentions if mention.deleted}
        names = dict.fromkeys([*(mention.id for mention in read), *_recent(self._source)])
        return [name for name in names if name not in gone][:_RECENT]

    async def _take(self, path: str, query: Query) -> Page:
        reply = await self._ask(path, {**query, "raw_json": 1})
        page = _page(reply.document, self._source, now=self._now)
        take(self.harvest, page, reply)
        return page

    async def _ask(self, path: str, query: Query) -> Reply:
        if self._source.settings.get("client_id", "").strip():
            url = address(self._source, _SIGNED_IN, path, query)
            return await ask_signed(
                self._egress, self._source, url, sign_in=self._sign_in, now=self._now, credential="client_secret"
            )
        url = address(self._source, _PUBLIC, f"{path}.json", query)
        reply = await ask(self._egress, self._source, url, now=self._now, answers=(401, 403))
        if reply.status >= 400:
            raise CollectError(
                "Reddit does not answer without an application's token: give client_id and client_secret",
                permanent=True,
            )
        return reply

    async def _sign_in(self) -> Token:
        """Return a token for the application itself, without a user."""
        settings = self._source.settings
        pair = f"{settings.get('client_id', '').strip()}:{settings.get('client_secret', '').strip()}"
        reply = await ask(
            self._egress,
            self._source,
            address(self._source, _PUBLIC, "/api/v1/access_token"),
            now=self._now,
            headers={
                "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
                "Content-Type": "application/x-www-form-urlencoded",
            },
            credential="client_secret",
            body=b"grant_type=client_credentials",
        )
        token, seconds = words(reply.document.get("access_token")), reply.document.get("expires_in")
        if not token:
            raise CollectError("the settings client_id and client_secret gave no token: check both", permanent=True)
        lasts = timedelta(seconds=min(seconds, 86_400)) if isinstance(seconds, int) else timedelta(hours=1)
        return Token(value=token, expires_at=self._now + lasts)


def _listings(source: Source) -> dict[str, tuple[str, dict[str, str]]]:
    """Return the listings to read: name to path and query. Raises SettingError."""
    subreddit, query = (source.settings.get(key, "").strip() for key in ("subreddit", "query"))
    match = _SUBREDDIT.fullmatch(subreddit)
    if subreddit and not match:
        raise SettingError("subreddit", "is the name of a subreddit, such as r/taiwan")
    place = f"/r/{match[1]}" if match else ""
    if query:
        search = {"q": query, "sort": "new", "type": "link", **({"restrict_sr": "1"} if place else {})}
        return {"posts": (f"{place}/search", search)}
    if not place:
        raise SettingError("subreddit", "give a subreddit, a query or both")
    wanted = source.settings.get("read", "").strip() or "both"
    every = {"posts": (f"{place}/new", dict[str, str]()), "comments": (f"{place}/comments", dict[str, str]())}
    return {name: listing for name, listing in every.items() if wanted in {name, "both"}}


def _recent(source: Source) -> list[str]:
    return [name for one in rows(source.cursor.get("recent"))[:_RECENT] if (name := optional_identity(one))]


def _things(document: object) -> Iterator[object]:
    """Yield every post and comment of listings, with the answers inside comments. Raises CollectError."""
    waiting = list(document) if isinstance(document, list) else [document]
    if not all(record(one).get("kind") == "Listing" for one in waiting):
        raise CollectError("the answer is no listing of Reddit's")
    waiting.reverse()
    while waiting:
        thing = waiting.pop()
        kind, held = record(thing).get("kind"), record(record(thing).get("data"))
        if kind == "Listing":
            waiting.extend(reversed(rows(held.get("children"))))
        # «more» stands for comments left out; other kinds are users, subreddits and what may come.
        elif kind in ("t1", "t3") or not isinstance(thing, dict):
            yield thing
            if isinstance(held.get("replies"), dict):
                waiting.append(held["replies"])


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return the posts and comments of an answer."""
    things: Sequence[object] = list(_things(document))
    own = names_in(source.settings.get("own_accounts"))
    mentions, unread = read_each(things, lambda thing: [_mention(thing, source, own, now=now)])
    times = [mention.published_at for mention in mentions if mention.published_at]
    return Page(
        mentions=mentions,
        quarantined=unread,
        following=optional_identity(record(record(document).get("data")).get("after")),
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _mention(thing: Mapping[str, Any], source: Source, own: frozenset[str], *, now: datetime) -> Mention:
    """Return one post or comment. Raises ValueError for one without a name."""
    held, is_post = record(thing.get("data")), thing.get("kind") == "t3"
    name = identity(held.get("name") or f"{thing['kind']}_{identity(held.get('id'))}", "name")
    gone = _is_gone(held, is_post=is_post)
    return Mention(
        kind=source.kind,
        site="Reddit",
        id=name,
        url=_url(held, name, is_post=is_post),
        parent=None if is_post else optional_identity(held.get("parent_id")),
        root=None if is_post else optional_identity(held.get("link_id")),
        author=_author(held),
        published_at=moment(held.get("created_utc"), now=now),
        edited_at=moment(held.get("edited"), now=now),
        title=one_line(words(held.get("title")), MAX_TITLE_CHARS) if is_post and not gone else "",
        text="" if gone else _text(held, is_post=is_post),
        engagement=counts(
            likes=held.get("score", held.get("ups")),
            # In a comment this counts the comments of the post it belongs to.
            replies=held.get("num_comments") if is_post else None,
        ),
        reply_by_owner=is_own(own, held.get("author")),
        deleted=gone,
    )


def _is_gone(held: Mapping[str, Any], *, is_post: bool) -> bool:
    """Say whether its author deleted it, or someone else removed it."""
    said = words(held.get("selftext" if is_post else "body")).strip()
    return said in _GONE or (is_post and isinstance(held.get("removed_by_category"), str))


def _text(held: Mapping[str, Any], *, is_post: bool) -> str:
    """Return the words as a reader sees them, without the marks of Markdown."""
    marked = words(held.get("selftext_html" if is_post else "body_html"))
    # Without raw_json the markup comes escaped once more.
    marked = html.unescape(marked) if marked.startswith("&lt;") else marked
    return html_to_text(marked) or clean(words(held.get("selftext" if is_post else "body")))


def _author(held: Mapping[str, Any]) -> Author:
    name = words(held.get("author"))
    if not name or name in _GONE:
        return Author()
    return author(id=held.get("author_fullname") or name, name=name, url=canonical_url(f"{_PUBLIC}/user/{name}"))


def _url(held: Mapping[str, Any], name: str, *, is_post: bool) -> str | None:
    """Return the page of a post or comment."""
    path = words(held.get("permalink")).partition("?")[0]
    if path.startswith("/"):
        return canonical_url(_PUBLIC + path)
    key, post = name.partition("_")[2], words(held.get("link_id")).partition("_")[2]
    if is_post:
        return canonical_url(f"{_PUBLIC}/comments/{key}/")
    return canonical_url(f"{_PUBLIC}/comments/{post}/_/{key}/") if post else None
