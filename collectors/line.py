"""LINE: what people write to an official account, as its webhook delivers it.

Documentation: https://developers.line.biz/en/reference/messaging-api/#webhooks. LINE has no history to poll: each body
is posted once to an address of ours, signed, and again until it is answered with 200. Written from the examples of
LINE's own software development kit; no recording.

A message that was taken back comes as an unsend event and leaves no words; an edited one keeps its number. Of event
types that are new nothing is read, and nothing breaks.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collectors.api import decode
from collectors.pages import author, identity, listed, moment, optional_identity, read_each, record, words
from collectors.text import clean
from collectors.types import Collected, Mention, Source


def is_signed(body: bytes, signature: str, *, secret: str) -> bool:
    """Say whether X-Line-Signature is the channel's own for these very bytes."""
    digest = hmac.new(secret.encode("utf-8", "replace"), body, hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest), signature.strip().encode("utf-8", "replace"))


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the messages of one webhook's body; of one that was edited or unsent in it, the last. Raises
    CollectError."""
    events = listed(decode(payload), "events")
    mentions, unread = read_each(events, lambda event: _read(event, source, now=now))
    last = {mention.id: mention for mention in mentions}
    return Collected(mentions=tuple(last.values()), quarantined=unread)


def _read(event: Mapping[str, Any], source: Source, *, now: datetime) -> list[Mention]:
    """Return the message of an event, or nothing for an event that is about something else."""
    kind, at = words(event.get("type")), moment(event.get("timestamp"), now=now)
    if kind == "unsend":
        key = identity(record(event.get("unsend")).get("messageId"), "messageId")
        return [_mention(key, event, source, said_at=None, edited_at=at, text="", deleted=True)]
    if kind not in {"message", "messageEdited"}:
        return []
    message = event.get("message")
    if not isinstance(message, dict):
        raise TypeError("a message is an object")
    # Pictures, stickers and places say nothing in words.
    if message.get("type") != "text":
        return []
    edited = at if kind == "messageEdited" else None
    return [
        _mention(
            identity(message.get("id")),
            event,
            source,
            said_at=None if edited else at,
            edited_at=edited,
            text=clean(words(message.get("text"))),
            parent=optional_identity(message.get("quotedMessageId")),
        )
    ]


def _mention(
    key: str,
    event: Mapping[str, Any],
    source: Source,
    *,
    said_at: datetime | None,
    edited_at: datetime | None,
    text: str,
    parent: str | None = None,
    deleted: bool = False,
) -> Mention:
    return Mention(
        kind=source.kind,
        site="LINE",
        id=key,
        parent=parent,
        author=author(id=record(event.get("source")).get("userId")),
        published_at=said_at,
        edited_at=edited_at,
        text=text,
        deleted=deleted,
    )
