"""Bluesky by search.

Documentation: https://docs.bsky.app/docs/api/app-bsky-feed-search-posts and
https://docs.bsky.app/docs/advanced-guides/rate-limits. Rate limit: 3,000 requests in five minutes by address, 30
sign-ins in five minutes by account; RateLimit-Reset is a Unix time. Recorded: December 2025.

Without sign-in the platform answers the first page only (a cursor gives 403), so that pages are asked for by `until`,
with and without. Posts cannot be edited there. Fifty posts of earlier polls are asked for again each time: one that is
left out twice was deleted.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.api import Query, Reply, address, ask, decode
from collectors.errors import CollectError
from collectors.feed_items import language_tag
from collectors.harvest import Harvest
from collectors.known_again import Known, tombstone
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
from collectors.slices import BY_TIME, Slice, read_slices
from collectors.text import clean
from collectors.tokens import Token, ask_signed
from collectors.types import Collected, Egress, Mention, Source

_PUBLIC = "https://api.bsky.app"
_SIGNED_IN = "https://bsky.social"
SITE = "Bluesky"
_PAGE_SIZE = 100
#: Posts of earlier polls that are asked for again, and how many at once.
_RECENT, _POSTS_AT_ONCE = 50, 25
_MAX_PAGES = 5
#: The search index takes posts in late, and likes come in for hours.
_OVERLAP = timedelta(hours=1)


class BlueskyCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the search once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)

        async def ask_slice(part: Slice, harvest: Harvest) -> Page:
            reply = await _search(egress, source, part, now=now)
            page = _page(reply.document, source, now=now)
            take(harvest, page, reply)
            return page

        harvest, cursor = await read_slices(ask_slice, source.cursor, now=now, overlap=_OVERLAP, max_pages=_MAX_PAGES)
        remembered = await _known_again(egress, source, harvest, now=now)
        return harvest.collected({**cursor, **remembered})


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the posts of one answer of searchPosts or getPosts. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


async def _search(egress: Egress, source: Source, part: Slice, *, now: datetime) -> Reply:
    """Ask for the newest posts of a span of time."""
    query = {
        "q": source.settings["query"].strip(),
        "sort": "latest",
        "lang": source.settings.get("language", "").strip() or None,
        "since": _said(part.since),
        "until": _said(part.before),
        "limit": _PAGE_SIZE,
        "cursor": part.token,
    }
    return await _ask(egress, source, "/xrpc/app.bsky.feed.searchPosts", query, now=now)


async def _known_again(egress: Egress, source: Source, harvest: Harvest, *, now: datetime) -> dict[str, Any]:
    """Ask for posts of earlier polls, put what became of them into the harvest, and return what to remember."""
    known = Known.read(source.cursor, most=_RECENT)
    waiting, asked, found = known.not_in(harvest.mentions), list[str](), set[str]()
    for at in range(0, len(waiting), _POSTS_AT_ONCE):
        if harvest.over:
            break
        uris = waiting[at : at + _POSTS_AT_ONCE]
        try:
            reply = await _ask(egress, source, "/xrpc/app.bsky.feed.getPosts", {"uris": uris}, now=now)
            page = _page(reply.document, source, now=now)
        except CollectError as error:
            harvest.failed("posts known already", error)
            break
        take(harvest, page, reply)
        asked += uris
        found |= {mention.id for mention in page.mentions}
    remembered = known.cursor(harvest.mentions, asked=asked, found=found, most=_RECENT)
    harvest.mentions.extend(tombstone(source, site=SITE, key=uri) for uri in known.gone(asked, found))
    return remembered


async def _ask(egress: Egress, source: Source, path: str, query: Query, *, now: datetime) -> Reply:
    """Ask the server, signed in where the source can be."""
    signed_in = _signs_in(source)
    url = address(source, _SIGNED_IN if signed_in else _PUBLIC, path, query)
    if signed_in:
        return await ask_signed(
            egress, source, url, sign_in=lambda: _sign_in(egress, source, now=now), now=now, credential="password"
        )
    reply = await ask(egress, source, url, now=now, answers=(401, 403))
    if reply.status >= 400:
        raise CollectError(
            "Bluesky does not answer searches without sign-in at present: give identifier and password", permanent=True
        )
    return reply


def _signs_in(source: Source) -> bool:
    return bool(source.settings.get("identifier", "").strip())


async def _sign_in(egress: Egress, source: Source, *, now: datetime) -> Token:
    """Return the token of a new session."""
    account = {
        "identifier": source.settings.get("identifier", "").strip(),
        "password": source.settings.get("password", "").strip(),
    }
    reply = await ask(
        egress,
        source,
        address(source, _SIGNED_IN, "/xrpc/com.atproto.server.createSession"),
        now=now,
        headers={"Content-Type": "application/json"},
        credential="password",
        body=json.dumps(account).encode(),
    )
    token = words(reply.document.get("accessJwt"))
    if not token:
        raise CollectError("Bluesky signed us in without giving a token")
    return Token(value=token)


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return the posts of an answer."""
    posts = rows(document) if isinstance(document, list) else listed(document, "posts")
    own = names_in(source.settings.get("own_accounts"))
    mentions, unread = read_each(posts, lambda post: [post_of(post, source, own, now=now)])
    times = [at for post in posts if (at := _created_at(record(post), now=now))]
    following = optional_identity(record(document).get("cursor")) or (BY_TIME if len(posts) >= _PAGE_SIZE else None)
    return Page(
        mentions=mentions,
        quarantined=unread,
        # Without sign-in a cursor is answered with 403.
        following=following if _signs_in(source) else following and BY_TIME,
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def post_of(post: Mapping[str, Any], source: Source, own: frozenset[str], *, now: datetime) -> Mention:
    """Return one post view. Raises ValueError for one without a name."""
    uri = identity(post.get("uri"), "uri")
    said, by = record(post.get("record")), record(post.get("author"))
    reply = record(said.get("reply"))
    languages = [words(tag) for tag in rows(said.get("langs"))]
    handle = words(by.get("handle"))
    return Mention(
        kind=source.kind,
        site=SITE,
        id=uri,
        url=_url(uri),
        parent=optional_identity(record(reply.get("parent")).get("uri")),
        root=optional_identity(record(reply.get("root")).get("uri")),
        author=author(
            id=by.get("did"),
            name=words(by.get("displayName")).strip() or handle,
            url=f"https://bsky.app/profile/{handle or by.get('did')}" if handle or by.get("did") else None,
        ),
        # The author's client sets createdAt; a date that lies in the future is none.
        published_at=_created_at(post, now=now),
        text=clean(words(said.get("text")) or "\n".join(_described(said))),
        language=language_tag(*languages),
        engagement=counts(
            likes=post.get("likeCount"),
            shares=post.get("repostCount"),
            replies=post.get("replyCount"),
            quotes=post.get("quoteCount"),
        ),
        reply_by_owner=is_own(own, handle, by.get("did")),
    )


def _described(said: Mapping[str, Any]) -> list[str]:
    """Return the words an author gave to the pictures of a post without text."""
    embed = record(said.get("embed"))
    images = rows(embed.get("images")) or rows(record(embed.get("media")).get("images"))
    return [words(record(image).get("alt")) for image in images]


def _created_at(post: Mapping[str, Any], *, now: datetime) -> datetime | None:
    """Return when it was posted, which search sorts by too: never after the platform first saw it."""
    times = [
        at
        for value in (record(post.get("record")).get("createdAt"), post.get("indexedAt"))
        if (at := moment(value, now=now))
    ]
    return min(times, default=None)


def _url(uri: str) -> str | None:
    """Return the page of at://did/app.bsky.feed.post/key."""
    parts = uri.removeprefix("at://").split("/")
    return f"https://bsky.app/profile/{parts[0]}/post/{parts[2]}" if len(parts) == 3 and all(parts) else None


def _said(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
