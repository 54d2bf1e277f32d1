"""Instagram: media that tag an account of one's own, and comments under one's own media.

Documentation: https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/tags/ and
/ig-media/comments/. Rate limit: 4,800 times the account's impressions a day; X-Business-Use-Case-Usage gives
percentages. Recorded: 2020 to August 2021.

Mentions inside captions and comments are told of by webhook only (`meta_push.py`), by their numbers, and asked for
then. What was deleted simply stays away.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from collectors.api import decode
from collectors.errors import CollectError, RateLimited, SettingError, Unreachable
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
from collectors.slices import AskToken, read_part
from collectors.text import canonical_url, clean
from collectors.types import Collected, Egress, Mention, Source

_MEDIA = "id,caption,media_type,permalink,timestamp,username,like_count,comments_count"
_COMMENT = "id,text,timestamp,username,like_count"
_COMMENTS = f"comments.limit(50){{{_COMMENT},replies.limit(50){{{_COMMENT}}}}}"
_PAGE_SIZE = 25
_MAX_PAGES = 4
#: Requests of one poll for captions and comments that named the account.
_MAX_MENTIONED = 20
_OVERLAP = timedelta(days=14)


class InstagramCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the account once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        account = source.settings["account"].strip()
        if not re.fullmatch(r"[0-9]{5,25}", account):
            raise SettingError("account", "is the number of a professional account, such as 17841405822304914")
        wanted = source.settings.get("read", "").strip() or "both"
        whole = Harvest()
        cursor: dict[str, Any] = {}
        for name, edge in (("tags", "tags"), ("comments", "media")):
            if wanted not in {name, "both"} or whole.over:
                cursor |= {name: source.cursor.get(name) or {}}
                continue
            fields = f"{_MEDIA},{_COMMENTS}" if edge == "media" else _MEDIA
            asker, known = (
                _asker(source, egress, f"/{account}/{edge}", fields, now=now),
                record(source.cursor.get(name)),
            )
            cursor |= {
                name: await read_part(whole, name, asker, known, now=now, overlap=_OVERLAP, max_pages=_MAX_PAGES)
            }
        left = await _mentioned(source, egress, account, whole, now=now)
        return whole.collected({**cursor, **({"wanted": left} if left else {})})


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the media and comments of one answer. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, own_media=False, now=now))
    return harvest.collected({})


async def _mentioned(source: Source, egress: Egress, account: str, whole: Harvest, *, now: datetime) -> list[str]:
    """Ask for captions and comments that named the account, as its webhook told; return those left for later."""
    waiting = [one for value in rows(source.cursor.get("wanted")) if (one := optional_identity(value))]
    asked = [one for one in waiting if re.fullmatch(r"(?:comment|media):[0-9]{1,30}", one)]
    for number, one in enumerate(asked):
        if whole.over or number >= _MAX_MENTIONED:
            return asked[number:]
        kind, _, key = one.partition(":")
        fields = _COMMENT if kind == "comment" else _MEDIA
        query = {"fields": f"mentioned_{kind}.{kind}_id({key}){{{fields}}}"}
        try:
            reply = await ask_meta(egress, source, GRAPH, f"/{account}", query, now=now)
        except CollectError as error:
            whole.failed(f"a mention of the account ({one})", error)
            if error.permanent or isinstance(error, RateLimited | Unreachable):
                return asked[number:]
            # It was deleted since, or its author hid it.
            continue
        found = record(reply.document).get(f"mentioned_{kind}")
        take(whole, _page({"data": [found]}, source, own_media=False, now=now), reply)
    return []


def _asker(source: Source, egress: Egress, path: str, fields: str, *, now: datetime) -> AskToken:
    """Return what asks for one page of an edge."""

    async def ask_token(token: str | None, harvest: Harvest) -> Page:
        query: dict[str, str | int | None] = {"fields": fields, "limit": _PAGE_SIZE, "after": token}
        reply = await ask_meta(egress, source, GRAPH, path, query, now=now)
        page = _page(reply.document, source, own_media=path.endswith("/media"), now=now)
        take(harvest, page, reply)
        return page

    return ask_token


def _page(document: object, source: Source, *, own_media: bool, now: datetime) -> Page:
    """Return the media of an answer, with the comments under them."""
    items = listed(document, "data") if "data" in record(document) else [document]
    own = names_in(source.settings.get("own_accounts"))

    def read(item: Mapping[str, Any]) -> list[Mention]:
        is_media = "media_type" in item or "caption" in item or "permalink" in item
        return [_mention(item, source, own, is_owner=own_media and is_media, now=now)]

    def read_below(pair: Mapping[str, Any]) -> list[Mention]:
        return [_mention(pair["comment"], source, own, parent=pair["parent"], root=pair["root"], now=now)]

    mentions, unread = read_each(items, read)
    comments, bad = read_each((pair for item in items for pair in _below(record(item))), read_below)
    times = [at for item in items if (at := moment(record(item).get("timestamp"), now=now))]
    return Page(
        mentions=mentions + comments,
        quarantined=unread + bad,
        following=following(document),
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _below(media: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every comment and every answer to one, with where it stands."""
    root = media.get("id")
    for comment in rows(record(media.get("comments")).get("data")):
        yield {"comment": comment, "parent": root, "root": root}
        for answer in rows(record(record(comment).get("replies")).get("data")):
            yield {"comment": answer, "parent": record(comment).get("id"), "root": root}


def _mention(
    item: object,
    source: Source,
    own: frozenset[str],
    *,
    parent: object = None,
    root: object = None,
    is_owner: bool = False,
    now: datetime,
) -> Mention:
    """Return one medium or comment. Raises ValueError for one without a number, TypeError for what is none."""
    if not isinstance(item, dict):
        raise TypeError(f"an item is an object, not {type(item).__name__}")
    name = words(item.get("username"))
    return Mention(
        kind=source.kind,
        site="Instagram",
        id=identity(item.get("id")),
        url=canonical_url(words(item.get("permalink"))),
        parent=words(parent) or None,
        root=words(root) or None,
        author=author(id=name, name=name, url=canonical_url(f"https://www.instagram.com/{name}/") if name else None),
        published_at=moment(item.get("timestamp"), now=now),
        text=clean(words(item.get("caption")) or words(item.get("text"))),
        engagement=counts(likes=item.get("like_count"), replies=item.get("comments_count")),
        reply_by_owner=is_owner or is_own(own, name),
    )
