"""Threads: posts of a keyword search."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited
from collectors.threads import parse
from collectors.types import Collected
from tests import make
from tests.collectors.played import Given, played
from tests.collectors.shaken import assert_never_raises

SEARCH = "/v1.0/keyword_search"
TEA = {"query": "燈籠茶", "token": "very-secret-token"}
SOURCE = make.source(kind="threads", settings=TEA)


def post(number: int = 1, **changed: Any) -> dict[str, Any]:
    at = (make.NOW - timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    given = {
        "id": str(1000 + number),
        "text": "茶太淡了",
        "media_type": "TEXT",
        "permalink": f"https://www.threads.net/@ann/post/{number}",
        "timestamp": at,
        "username": "ann",
        "has_replies": False,
        "is_quote_post": False,
        "is_reply": False,
    }
    return {**given, **changed}


def answer(*posts: Any, more: bool = False) -> dict[str, Any]:
    paging = {"cursors": {"before": "b", "after": "a"}}
    return {"data": list(posts), "paging": {**paging, "next": "https://x/?access_token=t"} if more else paging}


def read(*posts: Any) -> Collected:
    return parse(json.dumps(answer(*posts)).encode(), SOURCE, now=make.NOW)


def test_a_post_becomes_a_mention() -> None:
    (mention,) = read(post(replied_to={"id": "5"}, root_post={"id": "4"})).mentions

    assert (mention.id, mention.url, mention.site) == ("1001", "https://www.threads.net/@ann/post/1", "Threads")
    assert (mention.parent, mention.root) == ("5", "4")
    assert (mention.author.name, mention.author.url) == ("ann", "https://www.threads.net/@ann")
    assert (mention.text, mention.published_at) == ("茶太淡了", make.NOW - timedelta(seconds=1))


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
    document = answer(post(replied_to={"id": "5"}), more=True)

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


async def test_pages_are_followed_by_their_names_and_the_token_stays_ours() -> None:
    async with played() as platform:
        platform.on(SEARCH, answer(post(1), post(60), more=True), answer(post(60), post(90)))

        collected = await platform.poll("threads", TEA, cursor={"newest": "2026-03-05T11:00:00+00:00"})

    first, second = (asked.query for asked in platform.asked)
    assert (first["q"], first["search_type"], first["access_token"]) == ("燈籠茶", "RECENT", "very-secret-token")
    assert first["since"] == str(int(datetime(2026, 3, 5, 10, tzinfo=UTC).timestamp()))
    assert second["after"] == answer(more=True)["paging"]["cursors"]["after"]
    assert (second["since"], "until" in second) == (first["since"], False)
    assert [mention.id for mention in collected.mentions] == ["1001", "1060", "1090"]
    assert collected.cursor == {"newest": "2026-03-05T11:59:59+00:00"}


async def test_a_limit_of_meta_is_a_limit_though_its_status_is_400() -> None:
    said = {"error": {"message": "Application request limit reached", "type": "OAuthException", "code": 4}}
    async with played() as platform:
        platform.on(SEARCH, Given(content=said, status=400))

        with pytest.raises(RateLimited) as raised:
            await platform.poll("threads", TEA)

    assert raised.value.retry_after == timedelta(hours=1)


async def test_an_expired_token_names_its_setting_and_not_its_value() -> None:
    said = {"error": {"message": "Session of very-secret-token has expired", "type": "OAuthException", "code": 190}}
    async with played() as platform:
        platform.on(SEARCH, Given(content=said, status=400))

        with pytest.raises(CollectError, match="setting token") as raised:
            await platform.poll("threads", TEA)

    assert "very-secret-token" not in str(raised.value)


async def test_an_error_inside_a_success_is_one() -> None:
    async with played() as platform:
        platform.on(SEARCH, {"error": {"message": "something went wrong", "code": 1}})

        with pytest.raises(CollectError, match="something went wrong"):
            await platform.poll("threads", TEA)


@pytest.mark.corpus
async def test_recorded_posts_are_read(corpus: Path) -> None:
    for name in ("docs/keyword_search_doc.json", "huginn__huginn/threads_user_posts.json"):
        recorded = json.loads((corpus / "payloads/threads" / name).read_text())
        async with played() as platform:
            platform.on(SEARCH, recorded)

            collected = await platform.poll("threads", TEA)

        assert [mention.id for mention in collected.mentions] == [one["id"] for one in recorded["data"]]
        assert all(mention.published_at and mention.url and mention.text for mention in collected.mentions)
