"""What Meta's webhooks say of a page, a professional account or a Threads user of one's own.

Documentation: https://developers.facebook.com/docs/graph-api/webhooks/reference/page/#feed,
https://developers.facebook.com/docs/instagram-platform/webhooks and
https://developers.facebook.com/docs/threads/webhooks. Bodies are signed by X-Hub-Signature-256 with the app's secret;
an app has one address for all its pages. Written from the documented examples; no recording.

Words come with a notification and are taken from it; a poll completes them. A mention in an Instagram caption or
comment comes by its number alone: the poll asks for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collectors.api import decode
from collectors.errors import CollectError
from collectors.known_again import tombstone
from collectors.pages import (
    author,
    identity,
    is_own,
    moment,
    names_in,
    optional_identity,
    read_each,
    record,
    rows,
    words,
)
from collectors.text import canonical_url, clean
from collectors.threads import post_of
from collectors.types import Collected, Mention, Push, Received, Source, SourceKind

_SITES = {SourceKind.FACEBOOK: "Facebook", SourceKind.INSTAGRAM: "Instagram", SourceKind.THREADS: "Threads"}
#: The setting that holds the number of the account a source is about.
_ACCOUNT = {SourceKind.FACEBOOK: "page", SourceKind.INSTAGRAM: "account"}
_FIELDS = {
    SourceKind.FACEBOOK: {"feed"},
    SourceKind.INSTAGRAM: {"comments", "live_comments", "mentions"},
    SourceKind.THREADS: {"replies", "mentions", "delete"},
}
_SILENT_VERBS = frozenset({"hide", "unhide", "block", "unblock"})
_POSTS = frozenset({"post", "status", "photo", "video", "share", "link", "album", "event", "note"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    """One thing that happened to one account."""

    account: str
    field: str
    value: Any


class MetaReceiver:
    """Implements `collectors.types.Receiver` for Facebook, Instagram and Threads."""

    async def receive(self, push: Push, source: Source, *, now: datetime) -> Received:
        """Read one body. Raises CollectError."""
        return parse(push.body, source, now=now)


def parse(payload: bytes, source: Source, *, now: datetime) -> Received:
    """Return what one body says about the source's account, and which other accounts it is about. Raises
    CollectError."""
    changes = _changes(decode(payload))
    mine = source.settings.get(_ACCOUNT.get(source.kind, ""), "").strip()
    # A page may be set by its short name, which no notification has: then every one is taken for its own.
    others = {one.account for one in changes if mine.isdigit() and one.account not in {"", mine}}
    own = [one for one in changes if one.account not in others]
    heard = [one for one in own if one.field in _FIELDS[source.kind] and not _is_silent(one)]
    wanted = [key for one in heard if (key := _only_named(one, source.kind))]
    spoken = [{"value": one.value, "field": one.field} for one in heard if not _only_named(one, source.kind)]
    mentions, unread = read_each(spoken, _reader(source, now=now))
    last = {mention.id: mention for mention in mentions}
    return Received(
        collected=Collected(mentions=tuple(last.values()), quarantined=unread),
        ignored=len(own) - len(heard),
        poll=source.kind is not SourceKind.THREADS and bool(heard),
        wanted=tuple(dict.fromkeys(wanted)),
        accounts=tuple(sorted(others)),
    )


def _changes(document: object) -> list[_Change]:
    """Return everything that a body tells of. Raises CollectError for a body of another shape."""
    bodies = rows(document) if isinstance(document, list) else [document]
    found: list[_Change] = []
    for body in map(record, bodies):
        if "values" in body:
            values = record(body.get("values"))
            account = optional_identity(body.get("target_id")) or ""
            found.append(_Change(account=account, field=words(values.get("field")), value=values.get("value")))
        for entry in map(record, rows(body.get("entry"))):
            account = optional_identity(entry.get("id")) or ""
            for change in rows(entry.get("changes")) or ([entry] if "field" in entry else []):
                field, value = words(record(change).get("field")), record(change).get("value")
                found.append(_Change(account=account, field=field, value=value))
    if not found and not any("entry" in record(body) for body in bodies):
        raise CollectError("the body is no notification: it has neither entry nor values")
    return found


def _is_silent(change: _Change) -> bool:
    """Say whether a change of a page is about no words: somebody liked, or a picture came without any."""
    value = record(change.value)
    if change.field != "feed" or not value:
        return False
    return words(value.get("item")) not in {"comment", *_POSTS} or words(value.get("verb")) in _SILENT_VERBS


def _only_named(change: _Change, kind: SourceKind) -> str | None:
    """Return what a poll must ask for: a mention on Instagram comes without words."""
    if kind is not SourceKind.INSTAGRAM or change.field != "mentions":
        return None
    value = record(change.value)
    comment, media = optional_identity(value.get("comment_id")), optional_identity(value.get("media_id"))
    return f"comment:{comment}" if comment else f"media:{media}" if media else None


def _reader(source: Source, *, now: datetime) -> Callable[[Mapping[str, Any]], list[Mention]]:
    """Return what reads one change of the source's kind."""
    own = names_in(source.settings.get("own_accounts"))

    def read(change: Mapping[str, Any]) -> list[Mention]:
        value = change["value"]
        if not isinstance(value, dict):
            raise TypeError("the value of a change is an object")
        if source.kind is SourceKind.FACEBOOK:
            return _of_page(value, source, own, now=now)
        if source.kind is SourceKind.INSTAGRAM:
            return [_of_instagram(value, source, own)]
        if change["field"] == "delete":
            return [tombstone(source, site=_SITES[source.kind], key=identity(value.get("id")))]
        return [post_of(value, source, own, now=now)]

    return read


def _of_page(value: Mapping[str, Any], source: Source, own: frozenset[str], *, now: datetime) -> list[Mention]:
    """Return the post or comment that came, changed or went; nothing for one without words."""
    is_comment = value.get("item") == "comment"
    key = identity(value.get("comment_id" if is_comment else "post_id"), "comment_id or post_id")
    if value.get("verb") == "remove":
        return [tombstone(source, site=_SITES[source.kind], key=key)]
    text, by = clean(words(value.get("message"))), record(value.get("from"))
    post = optional_identity(value.get("post_id"))
    if not text:
        return []
    said = moment(value.get("created_time"), now=now)
    mention = Mention(
        kind=source.kind,
        site=_SITES[source.kind],
        id=key,
        url=canonical_url(words(record(value.get("post")).get("permalink_url"))) if not is_comment else None,
        parent=(optional_identity(value.get("parent_id")) or post) if is_comment else None,
        root=post if is_comment else None,
        author=author(id=by.get("id"), name=by.get("name")),
        published_at=None if value.get("verb") == "edited" else said,
        text=text,
        reply_by_owner=is_own(own | names_in(source.settings.get("page")), by.get("id"))
        or (bool(by.get("id")) and words(by.get("id")) == (post or "").partition("_")[0]),
    )
    return [mention]


def _of_instagram(value: Mapping[str, Any], source: Source, own: frozenset[str]) -> Mention:
    """Return a comment. When it was said comes with the poll."""
    by, media = record(value.get("from")), optional_identity(record(value.get("media")).get("id"))
    name = words(by.get("username"))
    return Mention(
        kind=source.kind,
        site=_SITES[source.kind],
        id=identity(value.get("id")),
        parent=optional_identity(value.get("parent_id")) or media,
        root=media,
        author=author(id=name, name=name, url=canonical_url(f"https://www.instagram.com/{name}/") if name else None),
        text=clean(words(value.get("text"))),
        reply_by_owner=is_own(own, name) or words(by.get("id")) == source.settings.get("account", "").strip(),
    )
