"""Weibo: posts that name an account, and comments to it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited
from collectors.types import Collected
from collectors.weibo import parse
from tests import make
from tests.collectors.played import Given, played
from tests.collectors.shaken import assert_never_raises

POSTS, COMMENTS = "/2/statuses/mentions.json", "/2/comments/to_me.json"
ACCOUNT = {"token": "very-secret-token"}
SOURCE = make.source(kind="weibo", settings=ACCOUNT)


def at(seconds_ago: float) -> str:
    return (make.NOW + timedelta(hours=8) - timedelta(seconds=seconds_ago)).strftime("%a %b %d %H:%M:%S +0800 %Y")


def post(number: int = 1, **changed: Any) -> dict[str, Any]:
    given = {
        "created_at": at(number),
        "id": 3501756485200000 + number,
        "text": "茶凉了 &amp; 淡",
        "reposts_count": 8,
        "comments_count": "1.2万",
        "attitudes_count": 3,
        "user": {"id": 1404376560, "screen_name": "zaku"},
    }
    return {**given, **changed}


def answer(*items: Any, key: str = "statuses", more: int = 0) -> dict[str, Any]:
    return {key: list(items), "previous_cursor": 0, "next_cursor": more, "total_number": len(items)}


def read(*items: Any, key: str = "statuses") -> Collected:
    return parse(json.dumps(answer(*items, key=key)).encode(), SOURCE, now=make.NOW)


def test_a_post_becomes_a_mention() -> None:
    (mention,) = read(post(75, retweeted_status={"id": 9})).mentions

    assert (mention.id, mention.site, mention.text) == ("3501756485200075", "微博", "茶凉了 & 淡")
    assert mention.url == "https://weibo.com/1404376560/z0JH2lOMb"
    assert (mention.parent, mention.root) == ("9", "9")
    assert (mention.author.id, mention.author.name) == ("1404376560", "zaku")
    assert mention.published_at == make.NOW - timedelta(seconds=75)
    assert mention.engagement == {"likes": 3, "shares": 8, "replies": 12_000}


def test_a_comment_knows_its_post_and_what_it_answers() -> None:
    said = {"status": post(75), "reply_comment": {"id": 5}}

    (mention,) = read({**post(1), **said}, key="comments").mentions

    assert (mention.id, mention.parent, mention.root) == ("c3501756485200001", "c5", "3501756485200075")
    assert mention.url == "https://weibo.com/1404376560/z0JH2lOMb"


def test_a_deleted_post_leaves_no_words() -> None:
    (mention,) = read(post(1, deleted="1", text="抱歉，此微博已被作者删除", user=None)).mentions

    assert (mention.deleted, mention.text) == (True, "")


def test_an_unreadable_post_costs_no_sibling() -> None:
    collected = read(post(1), {}, 1, post(2, new_field=[1]))

    assert [len(collected.mentions), len(collected.quarantined)] == [2, 2]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = answer({**post(1), "status": post(2), "reply_comment": {"id": 5}}, post(3), key="comments", more=4)

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


async def test_both_edges_are_read_page_by_page() -> None:
    async with played() as platform:
        platform.on(POSTS, answer(post(1), more=77), answer(post(2)))
        platform.on(COMMENTS, answer({**post(3), "status": post(1)}, key="comments"))

        collected = await platform.poll("weibo", ACCOUNT)

    assert [asked.query.get("max_id") for asked in platform.asked] == [None, "77", None]
    assert platform.asked[0].headers["authorization"] == "OAuth2 very-secret-token"
    assert len(collected.mentions) == 3
    assert collected.cursor["posts"] == {"newest": (make.NOW - timedelta(seconds=1)).isoformat()}


@pytest.mark.parametrize("code", [10022, 10023, 10024])
async def test_a_limit_is_told_by_its_number(code: int) -> None:
    said = {"error": "User requests out of rate limit!", "error_code": code, "request": "/2/x"}
    async with played() as platform:
        platform.on(POSTS, Given(content=said, status=403))

        with pytest.raises(RateLimited) as raised:
            await platform.poll("weibo", ACCOUNT)

    assert raised.value.retry_after == timedelta(hours=1)


async def test_an_expired_token_names_its_setting() -> None:
    async with played() as platform:
        platform.on(POSTS, Given(content={"error": "expired_token", "error_code": 21327}, status=403))

        with pytest.raises(CollectError, match=r"setting token.*renew") as raised:
            await platform.poll("weibo", ACCOUNT)

    assert raised.value.permanent


async def test_one_edge_may_fail() -> None:
    async with played() as platform:
        platform.on(POSTS, Given(content={"error": "system error", "error_code": 10001}, status=400))
        platform.on(COMMENTS, answer(key="comments"))

        collected = await platform.poll("weibo", ACCOUNT)

    assert "posts: " in str(collected.warning)
    assert "system error" in str(collected.warning)


@pytest.mark.corpus
async def test_the_recorded_post_is_read(corpus: Path) -> None:
    payload = (corpus / "payloads/weibo/huginn__huginn/one_weibo.json").read_bytes()

    (mention,) = parse(payload, SOURCE, now=make.NOW).mentions

    assert (mention.id, mention.author.name, mention.text) == ("11488058246", "zaku", "求关注。")
    assert mention.published_at == datetime(2011, 5, 31, 9, 46, 55, tzinfo=UTC)
