"""LINE: what people write to an official account, as its webhook delivers it.

Documentation: https://developers.line.biz/en/reference/messaging-api/#webhooks. LINE has no history to poll: each body
is posted once to an address of ours, signed, and again until it is answered with 200. Written from the examples of
LINE's own software development kit; no recording.

A message that was taken back comes as an unsend event and leaves no words; an edited one keeps its number. Of event
types that are new nothing is read, and nothing breaks.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from collectors.api import decode
from collectors.pages import author, identity, listed, moment, optional_identity, read_each, record, words
from collectors.text import clean
from collectors.types import Collected, Mention, Push, Received, Source


class LineReceiver:
    """Implements `collectors.types.Receiver`."""

    async def receive(self, push: Push, source: Source, *, now: datetime) -> Received:
        """Read one body. Raises CollectError."""
        return parse(push.body, source, now=now, known=push.known)


def parse(payload: bytes, source: Source, *, now: datetime, known: Collection[str] = frozenset()) -> Received:
    """Return the messages of one webhook's body; of one that was edited or unsent in it, the last. Events that are
    known already are passed over: LINE sends again what was not answered in time, in any order. Raises CollectError."""
    events = listed(decode(payload), "events")
    new = [event for event in events if _event_id(event) not in known]
    spoken = [event for event in new if not isinstance(event, dict) or _speaks(event)]
    mentions, unread = read_each(spoken, lambda event: [_read(event, source, now=now)])
    last = {mention.id: mention for mention in mentions}
    return Received(
        collected=Collected(mentions=tuple(last.values()), quarantined=unread),
        ignored=len(events) - len(spoken),
        events=tuple(dict.fromkeys(key for event in events if (key := _event_id(event)))),
    )


def _event_id(event: object) -> str | None:
    return optional_identity(record(event).get("webhookEventId"))


def _speaks(event: Mapping[str, Any]) -> bool:
    """Say whether an event is about words: pictures, stickers and places have none, joining and following neither."""
    kind, message = words(event.get("type")), event.get("message")
    is_silent = isinstance(message, dict) and message.get("type") != "text"
    return kind == "unsend" or (kind in {"message", "messageEdited"} and not is_silent)


def _read(event: Mapping[str, Any], source: Source, *, now: datetime) -> Mention:
    """Return the message of an event. Raises ValueError or TypeError for an event of another shape."""
    kind, at = words(event.get("type")), moment(event.get("timestamp"), now=now)
    if kind == "unsend":
        key = identity(record(event.get("unsend")).get("messageId"), "messageId")
        return _mention(key, event, source, said_at=None, edited_at=at, text="", deleted=True)
    message = event.get("message")
    if not isinstance(message, dict):
        raise TypeError("a message is an object")
    edited = at if kind == "messageEdited" else None
    return _mention(
        identity(message.get("id")),
        event,
        source,
        said_at=None if edited else at,
        edited_at=edited,
        text=clean(words(message.get("text"))),
        parent=optional_identity(message.get("quotedMessageId")),
    )


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
