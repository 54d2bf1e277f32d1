"""Telegram: channels and groups that a bot of one's own is in.

Documentation: https://core.telegram.org/bots/api#getupdates. Rate limit: none for reading is documented; 429 comes with
parameters.retry_after. Written from the documented example; no recording.

Telegram forgets an update once a later one is asked for, so that a poll asks once: what it brought is stored before
the next one confirms it. Updates wait for a day. Bots are not told of deletions, and see no message from before they
came.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from collectors.api import address, ask, decode
from collectors.errors import CollectError, SettingError
from collectors.feed_items import one_line
from collectors.harvest import Harvest
from collectors.pages import (
    Page,
    author,
    identity,
    is_own,
    listed,
    moment,
    names_in,
    read_each,
    record,
    rows,
    take,
    words,
)
from collectors.registry import check
from collectors.text import clean
from collectors.types import Author, Collected, Egress, Mention, Source

_API = "https://api.telegram.org"
_PAGE_SIZE = 100
_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{10,100}", re.ASCII)
_POSTS = ("message", "edited_message", "channel_post", "edited_channel_post")
_MOST = 2**53


class TelegramCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the bot's updates once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        token = source.settings["token"].strip()
        if not _TOKEN.fullmatch(token):
            raise SettingError("token", "is what BotFather gives, such as 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")
        offset = source.cursor.get("offset")
        allowed = "[" + ",".join(f'"{kind}"' for kind in _POSTS) + "]"
        query = {"offset": offset if isinstance(offset, int) else None, "limit": _PAGE_SIZE, "allowed_updates": allowed}
        url = address(source, _API, f"/bot{token}/getUpdates", query)
        reply = await ask(egress, source, url, now=now, credential="token", answers=(404, 409))
        if reply.status == 404:
            raise CollectError("Telegram knows no bot with the token in the setting token: renew it", permanent=True)
        if reply.status == 409:
            raise CollectError("another program reads this bot's updates, or a webhook is set: end it, or make a bot")
        harvest = Harvest()
        take(harvest, _page(reply.document, source, now=now), reply)
        updates = listed(reply.document, "result")
        if len(updates) >= _PAGE_SIZE:
            harvest.warn("more updates wait than one poll reads: poll more often, they are kept for a day")
        following = max((number + 1 for number in _numbers(updates)), default=offset)
        return harvest.collected({"offset": following} if following else {})


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the messages of one answer of getUpdates, or of one update of a webhook. Raises CollectError."""
    harvest = Harvest()
    document = decode(payload)
    held = {"result": [document]} if "update_id" in record(document) else document
    take(harvest, _page(held, source, now=now))
    return harvest.collected({})


def _numbers(updates: Sequence[object]) -> list[int]:
    numbers = [record(update).get("update_id") for update in updates]
    return [number for number in numbers if isinstance(number, int) and 0 <= number < _MOST]


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return the messages of an answer; of one that was edited in the meantime, the last."""
    own = names_in(source.settings.get("own_accounts"))
    chats = names_in(source.settings.get("chats"))
    updates = listed(document, "result")
    mentions, unread = read_each(updates, lambda update: _read(update, source, chats, own, now=now))
    last = {mention.id: mention for mention in mentions}
    return Page(mentions=tuple(last.values()), quarantined=unread)


def _read(
    update: Mapping[str, Any], source: Source, chats: frozenset[str], own: frozenset[str], *, now: datetime
) -> list[Mention]:
    """Return the message of an update, or nothing for an update that is about something else."""
    message = next((update[kind] for kind in _POSTS if kind in update), None)
    if message is None:
        return []
    if not isinstance(message, dict):
        raise TypeError("a message is an object")
    chat = record(message.get("chat"))
    if chats and not is_own(chats, chat.get("username"), chat.get("id")):
        return []
    text = _text(message)
    # Who joined, what was pinned, a picture without words: nothing was said.
    return [_mention(message, text, source, own, now=now)] if text else []


def _mention(message: Mapping[str, Any], text: str, source: Source, own: frozenset[str], *, now: datetime) -> Mention:
    """Return one message. Raises ValueError for one without a number or a chat."""
    chat = record(message.get("chat"))
    place, number = identity(chat.get("id"), "chat"), identity(message.get("message_id"), "message_id")
    answered = words(record(message.get("reply_to_message")).get("message_id"))
    by, channel = record(message.get("from")), record(message.get("sender_chat"))
    return Mention(
        kind=source.kind,
        site=one_line(words(chat.get("title")), 200) or "Telegram",
        id=f"{place}/{number}",
        url=_url(chat, number),
        parent=f"{place}/{answered}" if answered else None,
        author=_author(message, by, channel),
        published_at=moment(message.get("date"), now=now),
        edited_at=moment(message.get("edit_date"), now=now),
        text=text,
        reply_by_owner=is_own(own, by.get("username"), by.get("id"), channel.get("username"), channel.get("id")),
    )


def _text(message: Mapping[str, Any]) -> str:
    """Return the words of a message: its text, what stands under its pictures, or a poll."""
    poll = record(message.get("poll"))
    asked = [words(poll.get("question")), *(words(record(one).get("text")) for one in rows(poll.get("options")))]
    return clean(words(message.get("text")) or words(message.get("caption")) or "\n".join(filter(None, asked)))


def _author(message: Mapping[str, Any], by: Mapping[str, Any], channel: Mapping[str, Any]) -> Author:
    """Return who wrote: a person, or the channel in its own name, signed or not."""
    who = by or channel
    name = " ".join(filter(None, (words(by.get("first_name")), words(by.get("last_name")))))
    user = words(who.get("username"))
    return author(
        id=who.get("id"),
        name=name or words(message.get("author_signature")) or words(channel.get("title")),
        url=f"https://t.me/{user}" if re.fullmatch(r"[A-Za-z0-9_]{3,40}", user) else None,
    )


def _url(chat: Mapping[str, Any], number: str) -> str | None:
    """Return the message's page, which only public channels and groups have."""
    name = words(chat.get("username"))
    is_public = words(chat.get("type")) in {"channel", "supergroup"}
    return f"https://t.me/{name}/{number}" if is_public and re.fullmatch(r"[A-Za-z0-9_]{3,40}", name) else None
