"""Hacker News: stories and comments of a search."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.hacker_news import parse
from collectors.types import Collected
from tests import make
from tests.collectors.played import ODD, Given, played
from tests.collectors.shaken import assert_never_raises

SEARCH = "/api/v1/search_by_date"
TEA = {"query": "lantern tea"}
SOURCE = make.source(kind="hacker_news", settings=TEA)


def at(number: int) -> int:
    return int(make.NOW.timestamp()) - number


def story(number: int = 1, **changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "objectID": str(number),
        "title": "Show HN: Lantern &amp; tea",
        "url": "https://lantern.example/",
        "author": "ann",
        "points": 7,
        "story_text": None,
        "comment_text": None,
        "num_comments": 3,
        "story_id": number,
        "parent_id": None,
        "created_at": "2026-03-05T11:59:59Z",
        "created_at_i": at(number),
        "_tags": ["story"],
        "_highlightResult": {},
    }
    return {**given, **changed}


def comment(number: int = 2, **changed: Any) -> dict[str, Any]:
    said = {"comment_text": "It&#x27;s cold.<p>Never <i>again</i>.", "parent_id": 8, "story_id": 7, "title": None}
    return story(number, **{**said, "points": None, "num_comments": None, "story_title": "Tea", **changed})


def answer(*hits: Any, total: int | None = None) -> dict[str, Any]:
    return {"hits": list(hits), "nbHits": len(hits) if total is None else total, "page": 0, "hitsPerPage": 500}


def read(*hits: Any, **settings: str) -> Collected:
    source = make.source(kind="hacker_news", settings={**TEA, **settings})
    return parse(json.dumps(answer(*hits)).encode(), source, now=make.NOW)


def test_a_story_and_a_comment_become_mentions() -> None:
    first, second = read(story(1), comment(2), own_accounts="Ann").mentions

    assert (first.id, first.url) == ("1", "https://news.ycombinator.com/item?id=1")
    assert (first.title, first.text, first.parent, first.root) == ("Show HN: Lantern & tea", "", None, None)
    assert first.engagement == {"likes": 7, "replies": 3}
    assert (second.title, second.text) == ("", "It's cold.\nNever again.")
    assert (second.parent, second.root) == ("8", "7")
    assert second.published_at == make.NOW - timedelta(seconds=2)
    assert (second.author.name, second.reply_by_owner) == ("ann", True)


def test_an_unreadable_hit_costs_no_sibling() -> None:
    collected = read(story(1), {}, "x", comment(2, new={"a": 1}))

    assert [len(collected.mentions), len(collected.quarantined)] == [2, 2]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = answer(story(1), comment(2))

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


@pytest.mark.parametrize("key", story())
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_any_value_in_any_field_is_read_or_set_aside(key: str, odd: Any) -> None:
    assert "22" in [mention.id for mention in read(story(1, **{key: odd}), comment(22)).mentions]


async def test_more_hits_than_a_page_are_asked_for_by_time() -> None:
    async with played() as platform:
        platform.on(SEARCH, answer(story(1), comment(9), total=3), answer(comment(9), comment(20), total=2))

        collected = await platform.poll("hacker_news", TEA)

    assert [mention.id for mention in collected.mentions] == ["1", "9", "20"]
    assert platform.asked[0].query == {"query": "lantern tea", "tags": "(story,comment)", "hitsPerPage": "500"}
    assert platform.asked[1].query["numericFilters"] == f"created_at_i<{at(8)}"
    assert collected.cursor == {"newest": (make.NOW - timedelta(seconds=1)).isoformat()}


async def test_a_later_poll_asks_since_what_it_knew_and_two_hours_more() -> None:
    async with played() as platform:
        platform.on(SEARCH, answer())

        collected = await platform.poll(
            "hacker_news", {**TEA, "read": "comments"}, cursor={"newest": make.NOW.isoformat()}
        )

    assert platform.asked[0].query["numericFilters"] == f"created_at_i>={at(7200)}"
    assert platform.asked[0].query["tags"] == "comment"
    assert collected.cursor == {"newest": make.NOW.isoformat()}


async def test_what_one_poll_cannot_hold_is_read_by_the_next() -> None:
    known = (make.NOW - timedelta(hours=9)).isoformat()
    async with played() as platform:
        platform.on(SEARCH, *(answer(story(n * 60), total=9000) for n in range(1, 5)))
        first = await platform.poll("hacker_news", TEA, cursor={"newest": known})
        platform.asked.clear()
        platform.on(SEARCH, answer(), answer(story(600)))
        second = await platform.poll("hacker_news", TEA, cursor=dict(first.cursor))

    assert "follows with the next polls" in str(first.warning)
    assert f"created_at_i<{at(239)}" in platform.asked[1].query["numericFilters"]
    assert "gap" not in second.cursor


async def test_a_limit_and_an_error_are_told_apart() -> None:
    async with played() as platform:
        platform.on(SEARCH, Given(content={"message": "Too Many Requests", "status": 429}, status=429))
        with pytest.raises(RateLimited):
            await platform.poll("hacker_news", TEA)
        platform.on(SEARCH, Given(content={"message": "bad filter", "status": 400}, status=400))
        with pytest.raises(CollectError, match="400: bad filter"):
            await platform.poll("hacker_news", TEA)


async def test_a_wrong_choice_names_its_field() -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match="read: 'jobs' is none of"):
            await platform.poll("hacker_news", {**TEA, "read": "jobs"})
