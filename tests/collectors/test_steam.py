"""Steam: reviews and what developers answer."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.steam import parse
from collectors.types import Collected, Rating
from tests import make
from tests.collectors.played import ODD, Given, played
from tests.collectors.shaken import assert_never_raises

REVIEWS = "/IUserReviewsService/GetAppReviews/v1/"
GAME = {"appid": "620"}
SOURCE = make.source(kind="steam", settings=GAME)


def review(number: int = 1, **changed: Any) -> dict[str, Any]:
    """A review written `number` minutes before now."""
    at = int((make.NOW - timedelta(minutes=number)).timestamp())
    given: dict[str, Any] = {
        "recommendationid": str(18446744073709551000 + number),
        "author": {"steamid": "76561199435972925", "playtime_forever": 7210},
        "language": "tchinese",
        "review": "[h1]很好玩[/h1]但是[b]伺服器[/b]一直斷線 [a real bracket] [url=https://x.example]這裡[/url]",
        "timestamp_created": at,
        "timestamp_updated": at,
        "voted_up": True,
        "votes_up": 4,
        "votes_funny": 4294967295,
        "comment_count": 1,
    }
    return {**given, **changed}


def answer(*reviews: Any, cursor: str | None = None) -> dict[str, Any]:
    return {"response": {"query_summary": {"num_reviews": len(reviews)}, "reviews": list(reviews), "cursor": cursor}}


def read(*reviews: Any) -> Collected:
    return parse(json.dumps(answer(*reviews)).encode(), SOURCE, now=make.NOW)


def test_a_review_becomes_a_mention_with_a_thumb() -> None:
    up, down = read(review(1), review(2, voted_up=False, language="schinese")).mentions

    assert (up.id, up.site, up.language, down.language) == ("18446744073709551001", "Steam", "zh-Hant", "zh-Hans")
    assert up.url == "https://steamcommunity.com/profiles/76561199435972925/recommended/620/"
    assert up.text == "很好玩\n但是伺服器一直斷線 [a real bracket] 這裡"
    assert (up.rating, down.rating) == (Rating(value=5, scale=5), Rating(value=1, scale=5))
    assert up.engagement == {"likes": 4, "replies": 1}
    assert (up.published_at, up.edited_at) == (make.NOW - timedelta(minutes=1), None)


def test_a_later_update_is_an_edit() -> None:
    (mention,) = read(review(5, timestamp_updated=int(make.NOW.timestamp()))).mentions

    assert mention.edited_at == make.NOW


def test_the_developers_answer_is_a_mention_of_its_own() -> None:
    said = {"developer_response": "謝謝", "timestamp_dev_responded": int(make.NOW.timestamp())}

    first, second = read(review(1, **said)).mentions

    assert (second.id, second.parent, second.root) == (f"{first.id}/response", first.id, first.id)
    assert (second.text, second.reply_by_owner, second.rating) == ("謝謝", True, None)
    assert second.published_at == make.NOW


def test_no_reviews_are_none() -> None:
    empty = b'{"response":{"query_summary":{"num_reviews":0},"cursor":"*"}}'

    assert parse(empty, SOURCE, now=make.NOW).seen == 0
    with pytest.raises(CollectError, match="no reviews"):
        parse(b"{}", SOURCE, now=make.NOW)


def test_an_unreadable_review_costs_no_sibling() -> None:
    collected = read(review(1), {"recommendationid": None}, [], review(2, hardware={"new": 1}))

    assert [len(collected.mentions), len(collected.quarantined)] == [2, 2]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = answer(review(1, developer_response="x", timestamp_dev_responded=1), cursor="c")

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


@pytest.mark.parametrize("key", [*review(), "developer_response", "timestamp_dev_responded"])
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_any_value_in_any_field_is_read_or_set_aside(key: str, odd: Any) -> None:
    collected = read(review(1, **{key: odd}), review(2))

    assert "18446744073709551002" in [mention.id for mention in collected.mentions]


async def test_pages_are_read_until_a_cursor_comes_twice() -> None:
    async with played() as platform:
        platform.on(REVIEWS, answer(review(1), cursor="next+/="), answer(review(2), cursor="next+/="))

        collected = await platform.poll("steam", {**GAME, "languages": "thai, tchinese"})

    asked = [json.loads(one.query["input_json"]) for one in platform.asked]
    assert [one["cursor"] for one in asked] == ["*", "next+/="]
    assert (asked[0]["appid"], asked[0]["languages"], asked[0]["num_per_page"]) == (620, ["thai", "tchinese"], 100)
    assert (len(collected.mentions), collected.warning) == (2, None)
    assert collected.cursor == {"newest": (make.NOW - timedelta(minutes=1)).isoformat()}


async def test_a_page_without_reviews_is_not_the_end() -> None:
    async with played() as platform:
        platform.on(REVIEWS, answer(review(1), cursor="a"), answer(cursor="b"), answer(review(2)), answer(cursor="*"))

        collected = await platform.poll("steam", GAME)
        await platform.poll("steam", GAME)

    assert len(platform.asked) == 4
    assert len(collected.mentions) == 2


async def test_a_later_poll_reads_back_to_what_it_knew_and_a_day_more() -> None:
    known = (make.NOW - timedelta(minutes=10)).isoformat()
    async with played() as platform:
        platform.on(REVIEWS, answer(review(1), cursor="a"), answer(review(1500), cursor="b"), answer(review(1600)))

        collected = await platform.poll("steam", GAME, cursor={"newest": known})

    assert len(platform.asked) == 2
    assert len(collected.mentions) == 2


async def test_what_one_poll_cannot_hold_is_read_by_the_next() -> None:
    known = (make.NOW - timedelta(minutes=10_000)).isoformat()
    async with played() as platform:
        platform.on(REVIEWS, *(answer(review(n), cursor=f"c{n}") for n in range(1, 11)))
        first = await platform.poll("steam", GAME, cursor={"newest": known})
        platform.asked.clear()
        platform.on(REVIEWS, answer(review(3000), cursor="x"), answer(review(20_000), cursor="y"))
        second = await platform.poll("steam", GAME, cursor=dict(first.cursor))

    assert first.cursor["gap"][1] == "c10"
    assert [json.loads(one.query["input_json"])["cursor"] for one in platform.asked] == ["*", "c10"]
    assert "gap" not in second.cursor


async def test_a_bare_429_is_a_limit() -> None:
    async with played() as platform:
        platform.on(REVIEWS, Given(content=b"<html>", status=429))

        with pytest.raises(RateLimited) as raised:
            await platform.poll("steam", GAME)

    assert raised.value.retry_after >= timedelta(minutes=1)


@pytest.mark.parametrize(
    ("settings", "said"), [({"appid": "x"}, "appid: is the number"), ({**GAME, "languages": "klingon"}, "languages:")]
)
async def test_a_wrong_setting_names_its_field(settings: dict[str, str], said: str) -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match=said):
            await platform.poll("steam", settings)


@pytest.mark.corpus
async def test_recorded_reviews_are_read(corpus: Path) -> None:
    for path in sorted((corpus / "payloads/steam").rglob("*.json")):
        recorded = json.loads(path.read_text())
        held = recorded.get("response", recorded)
        reviews = list(held["reviews"].values()) if isinstance(held["reviews"], dict) else held["reviews"]
        async with played() as platform:
            platform.on(REVIEWS, Given(content=path.read_bytes()))

            collected = await platform.poll("steam", GAME, now=datetime(2026, 11, 1, tzinfo=UTC))

        told = [mention.id for mention in collected.mentions if not mention.reply_by_owner]
        assert told == [one["recommendationid"] for one in reviews]
        assert not collected.quarantined
        assert all(mention.published_at and mention.text for mention in collected.mentions)
