"""Facebook: a page's posts and the comments under them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.facebook import parse
from collectors.types import Collected
from tests import make
from tests.collectors.played import Given, played
from tests.collectors.shaken import assert_never_raises

FEED = "/v26.0/1929/feed"
PAGE = {"page": "1929", "token": "very-secret-token"}
SOURCE = make.source(kind="facebook", settings=PAGE)


def at(seconds_ago: float) -> str:
    return (make.NOW - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def comment(number: int = 1, **changed: Any) -> dict[str, Any]:
    given = {
        "id": f"55_{number}",
        "message": "冷掉了",
        "created_time": at(number),
        "from": {"id": "7", "name": "Ann"},
        "like_count": 2,
        "comment_count": 1,
        "permalink_url": f"https://www.facebook.com/1929/posts/55/?comment_id={number}",
    }
    return {**given, **changed}


def post(number: int = 55, *comments: Any, more: str | None = None, **changed: Any) -> dict[str, Any]:
    paging = {"cursors": {"after": more}, "next": "https://graph.facebook.com/x?access_token=t"} if more else {}
    given = {
        "id": f"1929_{number}",
        "message": "New tea",
        "created_time": at(number),
        "updated_time": at(0),
        "from": {"id": "1929", "name": "Lantern Tea"},
        "permalink_url": f"https://www.facebook.com/1929/posts/{number}/",
        "shares": {"count": 4},
        "reactions": {"data": [], "summary": {"total_count": 9}},
        "comments": {"data": list(comments), "summary": {"total_count": len(comments)}, "paging": paging},
    }
    return {**given, **changed}


def answer(*items: Any, more: str | None = None) -> dict[str, Any]:
    return {"data": list(items), "paging": {"cursors": {"after": more}, "next": "https://x"} if more else {}}


def read(*items: Any) -> Collected:
    return parse(json.dumps(answer(*items)).encode(), SOURCE, now=make.NOW)


def test_a_post_and_its_comments_become_mentions() -> None:
    answered = comment(2, parent={"id": "55_1"}, **{"from": {"id": "1929", "name": "Lantern Tea"}})

    first, second, third = read(post(55, comment(1), answered)).mentions

    assert (first.id, first.text, first.parent) == ("1929_55", "New tea", None)
    assert first.engagement == {"likes": 9, "shares": 4, "replies": 2}
    assert (second.id, second.parent, second.root) == ("55_1", "1929_55", "1929_55")
    assert (second.author.id, second.author.name, second.text) == ("7", "Ann", "冷掉了")
    assert second.engagement == {"likes": 2, "replies": 1}
    assert (third.parent, third.root) == ("55_1", "1929_55")
    assert [one.reply_by_owner for one in (first, second, third)] == [True, False, True]


def test_who_does_not_allow_it_is_not_named() -> None:
    (_, mention) = read(post(55, comment(1, **{"from": None}))).mentions

    assert (mention.author.id, mention.author.name) == (None, None)


def test_a_post_changed_without_a_comment_was_edited() -> None:
    (mention,) = read(post(55)).mentions

    assert mention.edited_at == make.NOW


def test_an_unreadable_item_costs_no_sibling() -> None:
    collected = read(post(1, comment(1), 7, {}, comment(2)), {}, None, post(2, new_field={}))

    assert [len(collected.mentions), len(collected.quarantined)] == [4, 4]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = answer(post(55, comment(1, parent={"id": "55_0"}), more="c"), more="p")

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


async def test_pages_are_read_by_cursor_and_comments_that_do_not_fit_too() -> None:
    async with played() as platform:
        platform.on(FEED, answer(post(55, comment(1), more="c1"), more="p1"), answer(post(66)))
        platform.on("/v26.0/1929_55/comments", answer(comment(2), more="c2"), answer(comment(3)))

        collected = await platform.poll("facebook", PAGE)

    assert [mention.id for mention in collected.mentions] == ["1929_55", "55_1", "1929_66", "55_2", "55_3"]
    assert [asked.query.get("after") for asked in platform.asked] == [None, "p1", "c1", "c2"]
    assert all(asked.query["access_token"] == "very-secret-token" for asked in platform.asked)
    assert collected.mentions[4].root == "1929_55"
    assert collected.cursor == {
        "newest": (make.NOW - timedelta(seconds=55)).isoformat(),
        "comments": (make.NOW - timedelta(seconds=1)).isoformat(),
    }


async def test_comments_that_were_known_are_not_read_on() -> None:
    cursor = {"newest": make.NOW.isoformat(), "comments": (make.NOW - timedelta(seconds=5)).isoformat()}
    async with played() as platform:
        platform.on(FEED, answer(post(55, comment(1), comment(9), more="c1")))

        await platform.poll("facebook", PAGE, cursor=cursor)

    assert platform.paths == [FEED]


async def test_comments_that_fail_do_not_cost_the_posts() -> None:
    async with played() as platform:
        platform.on(FEED, answer(post(55, comment(1), more="c1")))
        platform.on("/v26.0/1929_55/comments", Given(content={"error": {"message": "unknown", "code": 1}}, status=500))

        collected = await platform.poll("facebook", PAGE)

    assert [mention.id for mention in collected.mentions] == ["1929_55", "55_1"]
    assert "comments of 1929_55" in str(collected.warning)


async def test_a_usage_near_its_end_ends_the_poll() -> None:
    usage = json.dumps({"1929": [{"type": "pages", "call_count": 99, "estimated_time_to_regain_access": 7}]})
    async with played() as platform:
        given_page = Given(content=answer(post(55), more="p1"), headers={"X-Business-Use-Case-Usage": usage})
        platform.on(FEED, given_page)

        collected = await platform.poll("facebook", PAGE)

    assert len(platform.asked) == 1
    assert collected.next_poll_after == timedelta(minutes=7)


@pytest.mark.parametrize("code", [4, 17, 32, 613])
async def test_limits_are_told_from_errors_by_their_code(code: int) -> None:
    async with played() as platform:
        platform.on(FEED, Given(content={"error": {"message": "limit", "code": code}}, status=400))

        with pytest.raises(RateLimited):
            await platform.poll("facebook", PAGE)


async def test_a_missing_permission_is_told_in_the_platforms_words() -> None:
    said = {"error": {"message": "(#100) needs pages_read_engagement", "type": "OAuthException", "code": 100}}
    async with played() as platform:
        platform.on(FEED, Given(content=said, status=400))

        with pytest.raises(CollectError, match="pages_read_engagement"):
            await platform.poll("facebook", PAGE)


async def test_a_page_has_a_plain_name() -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match="page: is the number"):
            await platform.poll("facebook", {**PAGE, "page": "../me"})


@pytest.mark.corpus
async def test_recorded_posts_and_comments_are_read(corpus: Path) -> None:
    folder = corpus / "payloads/facebook/sns-sdks__python-facebook"
    for name in (
        "posts/feeds_default_fields_p1.json",
        "posts/feeds_default_fields_p2.json",
        "posts/feed_fields_p2.json",
    ):
        recorded = json.loads((folder / name).read_text())
        async with played() as platform:
            platform.on(FEED, recorded, answer())

            collected = await platform.poll("facebook", PAGE)

        assert [mention.id for mention in collected.mentions] == [one["id"] for one in recorded["data"]]
        assert not collected.quarantined
        assert all(mention.published_at and mention.text for mention in collected.mentions)

    comments = parse((folder / "comments/comments_p1.json").read_bytes(), SOURCE, now=make.NOW)
    assert comments.mentions[0].id == "10158407654328553_10158407835073553"
    assert not comments.quarantined
