"""Telegram: what a bot sees in channels and groups."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.telegram import parse
from collectors.types import Collected
from tests import make
from tests.collectors.played import Given, played
from tests.collectors.shaken import assert_never_raises

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
UPDATES = f"/bot{TOKEN}/getUpdates"
BOT = {"token": TOKEN}
SOURCE = make.source(kind="telegram", settings=BOT)
CHANNEL = {"id": -1001234, "title": "Lantern news", "username": "lantern_tea", "type": "channel"}
GROUP = {"id": -77, "title": "Tea friends", "type": "group"}
ANN = {"id": 5, "is_bot": False, "first_name": "Ann", "last_name": "A", "username": "ann_a", "language_code": "th"}


def message(number: int = 1, **changed: Any) -> dict[str, Any]:
    given = {"message_id": number, "from": ANN, "chat": GROUP, "date": int(make.NOW.timestamp()), "text": "ชาเย็น"}
    return {**given, **changed}


def update(number: int = 1, kind: str = "message", **changed: Any) -> dict[str, Any]:
    return {"update_id": 1000 + number, kind: message(number, **changed)}


def read(*updates: Any, **settings: str) -> Collected:
    source = make.source(kind="telegram", settings={**BOT, **settings})
    return parse(json.dumps({"ok": True, "result": list(updates)}).encode(), source, now=make.NOW)


def test_a_message_in_a_group_becomes_a_mention() -> None:
    (mention,) = read(update(8, reply_to_message={"message_id": 7}), own_accounts="@ann_a").mentions

    assert (mention.id, mention.parent, mention.site, mention.url) == ("-77/8", "-77/7", "Tea friends", None)
    assert (mention.author.id, mention.author.name, mention.author.url) == ("5", "Ann A", "https://t.me/ann_a")
    assert (mention.text, mention.published_at, mention.reply_by_owner) == ("ชาเย็น", make.NOW, True)


def test_a_post_of_a_public_channel_has_its_page() -> None:
    post = {"from": None, "sender_chat": CHANNEL, "chat": CHANNEL, "text": None, "caption": "新茶上市"}

    (mention,) = read(update(9, "channel_post", **post)).mentions

    assert (mention.url, mention.text) == ("https://t.me/lantern_tea/9", "新茶上市")
    assert (mention.author.id, mention.author.name) == ("-1001234", "Lantern news")


def test_an_edit_is_the_same_mention_with_new_words() -> None:
    edited = update(2, "edited_message", message_id=1, text="better", edit_date=int(make.NOW.timestamp()))

    (mention,) = read(update(1), edited).mentions

    assert (mention.id, mention.text, mention.edited_at) == ("-77/1", "better", make.NOW)


def test_what_is_no_message_or_says_nothing_is_left_out() -> None:
    poll = {"question": "Hot?", "options": [{"text": "yes"}, {"text": "no"}]}

    collected = read(
        {"update_id": 1, "chat_boost": {"new": "kind"}},
        update(2, text=None, new_chat_members=[ANN]),
        update(3, text=None, poll=poll),
    )

    assert [mention.text for mention in collected.mentions] == ["Hot?\nyes\nno"]
    assert collected.seen == 1


def test_only_the_chats_that_are_asked_for_are_read() -> None:
    channel = update(2, "channel_post", chat=CHANNEL)

    assert [mention.id for mention in read(update(1), channel, chats="@lantern_tea").mentions] == ["-1001234/2"]
    assert [mention.id for mention in read(update(1), channel, chats="-77").mentions] == ["-77/1"]


def test_an_unreadable_update_costs_no_sibling() -> None:
    collected = read(update(1), 7, {"update_id": 3, "message": "x"}, update(4, chat=None), update(5))

    assert [len(collected.mentions), len(collected.quarantined)] == [2, 3]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = {
        "ok": True,
        "result": [update(1, reply_to_message={"message_id": 7}, sender_chat=CHANNEL, chat=CHANNEL)],
    }

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


async def test_a_poll_asks_once_and_the_next_confirms_what_it_brought() -> None:
    async with played() as platform:
        platform.on(UPDATES, {"ok": True, "result": [update(1), {"update_id": 1002}]}, {"ok": True, "result": []})
        first = await platform.poll("telegram", BOT)
        second = await platform.poll("telegram", BOT, cursor=dict(first.cursor))

    assert "offset" not in platform.asked[0].query
    assert platform.asked[1].query["offset"] == "1003"
    assert first.cursor == second.cursor == {"offset": 1003}


async def test_a_full_page_says_that_more_waits() -> None:
    async with played() as platform:
        platform.on(UPDATES, {"ok": True, "result": [update(n) for n in range(100)]})

        collected = await platform.poll("telegram", BOT)

    assert len(platform.asked) == 1
    assert "poll more often" in str(collected.warning)


async def test_a_limit_gives_its_seconds() -> None:
    said = {"ok": False, "error_code": 429, "description": "Too Many", "parameters": {"retry_after": 95}}
    async with played() as platform:
        platform.on(UPDATES, Given(content=said, status=429))

        with pytest.raises(RateLimited) as raised:
            await platform.poll("telegram", BOT)

    assert raised.value.retry_after == timedelta(seconds=95)


@pytest.mark.parametrize(
    ("status", "said"), [(401, "setting token"), (404, "setting token"), (409, "another program reads this bot")]
)
async def test_an_error_says_what_to_do_and_never_the_token(status: int, said: str) -> None:
    answer = {"ok": False, "error_code": status, "description": f"no {TOKEN}"}
    async with played() as platform:
        platform.on(UPDATES, Given(content=answer, status=status))

        with pytest.raises(CollectError, match=said) as raised:
            await platform.poll("telegram", BOT)

    assert TOKEN not in str(raised.value)


async def test_a_token_that_is_none_is_refused_before_asking() -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match="token: is what BotFather gives"):
            await platform.poll("telegram", {"token": "../../x"})

    assert platform.asked == []
