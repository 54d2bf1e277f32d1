"""Weibo: posts that name one's own account, and comments to it.

Documentation: https://open.weibo.com/wiki/2/statuses/mentions and /2/comments/to_me. Rate limit: 150 requests an hour
by user on the lowest level; errors 10022 to 10024 say so, with status 403. Written from the documented
examples, of which one post is of 2011; no recording.

Searching what others say needs a contract with the platform; what Weibo gives to every application is what concerns
the account that signed in. A deleted post comes back marked, without words.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from collectors.api import Reply, address, ask, decode, masked
from collectors.errors import CollectError, RateLimited
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
from collectors.slices import AskToken, read_part
from collectors.text import canonical_url, html_to_text
from collectors.types import Collected, Egress, Mention, Source

_API = "https://api.weibo.com/2"
_EDGES = {"posts": "/statuses/mentions.json", "comments": "/comments/to_me.json"}
_PAGE_SIZE = 100
_MAX_PAGES = 4
_OVERLAP = timedelta(hours=2)
_HOUR = timedelta(hours=1)
_LIMITS = frozenset(range(10022, 10025))
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROUNDED = re.compile(r"(\d{1,6}(?:\.\d{1,2})?)\s*([万亿])\+?")
_UNITS = {"万": 10_000, "亿": 100_000_000}


class WeiboCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll both edges once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        whole = Harvest()
        cursor: dict[str, Any] = {}
        wanted = source.settings.get("read", "").strip() or "both"
        for name, path in _EDGES.items():
            known = record(source.cursor.get(name))
            if wanted not in {name, "both"} or whole.over:
                cursor |= {name: known}
                continue
            asker = _asker(source, egress, path, now=now)
            cursor |= {
                name: await read_part(whole, name, asker, known, now=now, overlap=_OVERLAP, max_pages=_MAX_PAGES)
            }
        return whole.collected(cursor)


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the posts or comments of one answer. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


def _asker(source: Source, egress: Egress, path: str, *, now: datetime) -> AskToken:
    """Return what asks for one page of an edge."""

    async def ask_token(token: str | None, harvest: Harvest) -> Page:
        url = address(source, _API, path, {"count": _PAGE_SIZE, "max_id": token})
        headers = {"Authorization": f"OAuth2 {source.settings['token'].strip()}"}
        reply = await ask(egress, source, url, now=now, headers=headers, credential="token", answers=(200, 400, 403))
        _raise_for(reply, source)
        page = _page(reply.document, source, now=now)
        take(harvest, page, reply)
        return page

    return ask_token


def _raise_for(reply: Reply, source: Source) -> None:
    """Raise what an error of the platform's own numbering means."""
    found = record(reply.document)
    code, said = found.get("error_code"), masked(source, words(found.get("error"))[:200])
    if isinstance(code, int) and code in _LIMITS:
        raise RateLimited(f"Weibo asks for a pause: {said}", retry_after=_HOUR)
    if isinstance(code, int) and 21300 <= code < 21400:
        raise CollectError(
            f"the setting token holds a token that is wrong or expired: renew it ({said})", permanent=True
        )
    if reply.status >= 400 or (code and not found.keys() & {"statuses", "comments"}):
        raise CollectError(f"Weibo answered with status {reply.status}: {said}")


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return the posts or comments of an answer."""
    found = record(document)
    items = listed(found, "comments" if "comments" in found else "statuses")
    own = names_in(source.settings.get("own_accounts"))
    mentions, unread = read_each(items, lambda item: [_mention(item, source, own, now=now)])
    times = [at for item in items if (at := moment(record(item).get("created_at"), now=now))]
    following = optional_identity(found.get("next_cursor"))
    return Page(
        mentions=mentions,
        quarantined=unread,
        following=following if following not in {"0", "-1"} else None,
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _mention(item: Mapping[str, Any], source: Source, own: frozenset[str], *, now: datetime) -> Mention:
    """Return one post or comment. Raises ValueError for one without a number."""
    key = identity(item.get("idstr") or item.get("id"))
    by = record(item.get("user"))
    person, name = words(by.get("idstr")) or words(by.get("id")), words(by.get("screen_name")) or words(by.get("name"))
    status, answered = record(item.get("status")), record(item.get("reply_comment"))
    is_comment = bool(status) or "reply_comment" in item
    root = _id(status) if is_comment else _id(record(item.get("retweeted_status")))
    gone = words(item.get("deleted")) == "1"
    long = words(record(item.get("longText")).get("longTextContent"))
    return Mention(
        kind=source.kind,
        site="微博",
        # Posts and comments are numbered apart.
        id=f"c{key}" if is_comment else key,
        url=_url(status if is_comment else item, person=None if is_comment else person),
        parent=f"c{_id(answered)}" if _id(answered) else root,
        root=root,
        author=author(id=person, name=name, url=f"https://weibo.com/u/{person}" if person.isdigit() else None),
        published_at=moment(item.get("created_at"), now=now),
        text="" if gone else html_to_text(long or words(item.get("text"))),
        engagement=counts(
            likes=_whole(item.get("attitudes_count")),
            shares=_whole(item.get("reposts_count")),
            replies=_whole(item.get("comments_count")),
        ),
        reply_by_owner=is_own(own, name, person),
        deleted=gone,
    )


def _id(item: Mapping[str, Any]) -> str | None:
    return optional_identity(item.get("idstr") or item.get("id"))


def _whole(value: object) -> object:
    """Return a count that may be rounded, such as 1.2万."""
    match = _ROUNDED.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(float(match[1]) * _UNITS[match[2]]) if match else value


def _url(status: Mapping[str, Any], *, person: str | None) -> str | None:
    """Return a post's page, whose name is its number in another form."""
    by = record(status.get("user"))
    person = person or words(by.get("idstr")) or words(by.get("id"))
    number = _id(status) or ""
    if not (person.isascii() and person.isdigit() and number.isascii() and number.isdigit() and len(number) < 30):
        return None
    return canonical_url(f"https://weibo.com/{person}/{_short(number)}")


def _short(number: str) -> str:
    """Return a number as Weibo's addresses have it: seven digits each become four of base 62."""
    parts = []
    while number:
        number, seven = number[:-7], number[-7:]
        parts.append(_base62(int(seven)).rjust(4, "0") if number else _base62(int(seven)))
    return "".join(reversed(parts))


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits or "0"
