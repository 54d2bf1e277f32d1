"""Bluesky: posts of a search, with and without sign-in."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.bluesky import parse
from collectors.errors import CollectError, RateLimited, SettingError
from collectors.tokens import forget_tokens
from collectors.types import Collected
from tests import make
from tests.collectors.played import ODD, Given, played
from tests.collectors.shaken import assert_never_raises

SEARCH = "/xrpc/app.bsky.feed.searchPosts"
POSTS = "/xrpc/app.bsky.feed.getPosts"
SIGN_IN = "/xrpc/com.atproto.server.createSession"
SOURCE = make.source(kind="bluesky", settings={"query": "lantern"})
ACCOUNT = {"query": "lantern", "identifier": "lantern.example", "password": "abcd-efgh"}


@pytest.fixture(autouse=True)
def _no_token_is_kept() -> None:
    forget_tokens()


def post(number: int = 1, **changed: Any) -> dict[str, Any]:
    """A post view, `number` seconds before now."""
    at = (make.NOW - timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    view: dict[str, Any] = {
        "uri": f"at://did:plc:ann/app.bsky.feed.post/key{number}",
        "cid": "bafy",
        "author": {"did": "did:plc:ann", "handle": "ann.example", "displayName": "Ann 🍵"},
        "record": {
            "$type": "app.bsky.feed.post",
            "createdAt": at,
            "text": "茶太淡了",
            "langs": ["zh-TW", "en"],
            "reply": {
                "parent": {"uri": "at://did:plc:bob/app.bsky.feed.post/p", "cid": "x"},
                "root": {"uri": "at://did:plc:bob/app.bsky.feed.post/r", "cid": "x"},
            },
        },
        "likeCount": 3,
        "repostCount": 2,
        "replyCount": 1,
        "quoteCount": 0,
        "indexedAt": at,
    }
    return {**view, **changed}


def read(*posts: Any, **more: Any) -> Collected:
    return parse(json.dumps({"posts": list(posts), **more}).encode(), SOURCE, now=make.NOW)


def test_a_post_becomes_a_mention() -> None:
    (mention,) = read(post()).mentions

    assert (mention.id, mention.site) == ("at://did:plc:ann/app.bsky.feed.post/key1", "Bluesky")
    assert mention.url == "https://bsky.app/profile/did:plc:ann/post/key1"
    assert (mention.parent, mention.root) == (
        "at://did:plc:bob/app.bsky.feed.post/p",
        "at://did:plc:bob/app.bsky.feed.post/r",
    )
    assert (mention.author.id, mention.author.name) == ("did:plc:ann", "Ann 🍵")
    assert (mention.text, mention.language) == ("茶太淡了", "zh-TW")
    assert mention.published_at == make.NOW - timedelta(seconds=1)
    assert mention.engagement == {"likes": 3, "shares": 2, "replies": 1, "quotes": 0}


def test_a_time_set_by_the_author_is_never_after_the_platform_saw_it() -> None:
    record = {**post()["record"], "createdAt": "2026-03-06T09:00:00Z"}

    (mention,) = read(post(record=record, indexedAt="2026-03-05T10:00:00Z")).mentions

    assert mention.published_at == datetime(2026, 3, 5, 10, tzinfo=UTC)


def test_a_picture_without_words_says_its_description() -> None:
    record = {"text": "", "embed": {"media": {"images": [{"alt": "a cold cup of tea"}, {"alt": ""}]}}}

    (mention,) = read(post(record=record)).mentions

    assert mention.text == "a cold cup of tea"


def test_the_brands_own_post_is_the_owners() -> None:
    source = make.source(kind="bluesky", settings={"query": "x", "own_accounts": "bob.example, @Ann.example"})

    (mention,) = parse(json.dumps({"posts": [post()]}).encode(), source, now=make.NOW).mentions

    assert mention.reply_by_owner


def test_an_unreadable_post_costs_no_sibling() -> None:
    collected = read(post(1), {"uri": None}, 7, post(2), unknown_field={"new": True})

    assert [len(collected.mentions), len(collected.quarantined), collected.seen] == [2, 2, 4]


def test_of_a_page_without_end_only_the_beginning_is_read() -> None:
    collected = read(*(post(n) for n in range(3_000)))

    assert len(collected.mentions) == 2_000
    assert [one.reason for one in collected.quarantined] == ["only the first 2000 items of a page are read"]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    embed = {"images": [{"alt": "x"}], "media": {"images": [{"alt": "x"}]}}
    document = {"posts": [post(1, record={**post()["record"], "embed": embed})], "cursor": "1"}

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


@pytest.mark.parametrize("key", post())
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_any_value_in_any_field_is_read_or_set_aside(key: str, odd: Any) -> None:
    collected = read(post(1, **{key: odd}), post(2))

    assert collected.seen == 2
    assert "at://did:plc:ann/app.bsky.feed.post/key2" in [mention.id for mention in collected.mentions]


async def test_pages_are_asked_back_in_time_until_a_short_one() -> None:
    async with played() as platform:
        platform.on(
            SEARCH, {"posts": [post(n) for n in range(1, 101)], "cursor": "100"}, {"posts": [post(100), post(101)]}
        )

        collected = await platform.poll("bluesky", {"query": "lantern tea", "language": "th"})

    assert collected.seen == 101
    assert platform.asked[0].query == {"q": "lantern tea", "sort": "latest", "lang": "th", "limit": "100"}
    assert platform.asked[1].query["until"] == "2026-03-05T11:58:21Z"
    assert collected.cursor["newest"] == "2026-03-05T11:59:59+00:00"


async def test_pages_are_followed_by_their_cursor_after_sign_in() -> None:
    async with played() as platform:
        platform.on(SIGN_IN, {"accessJwt": "token", "refreshJwt": "other"})
        platform.on(SEARCH, {"posts": [post(1)], "cursor": "1"}, {"posts": [], "cursor": "2"}, {"posts": [post(2)]})

        collected = await platform.poll("bluesky", ACCOUNT)

    searched = [asked.query for asked in platform.asked if asked.path == SEARCH]
    assert [query.get("cursor") for query in searched] == [None, "1", "2"]
    assert not any("until" in query for query in searched)
    assert collected.seen == 2


async def test_the_next_poll_asks_for_what_came_since_and_an_hour_before() -> None:
    async with played() as platform:
        platform.on(SEARCH, {"posts": []})

        collected = await platform.poll("bluesky", {"query": "x"}, cursor={"newest": "2026-03-05T10:00:00+00:00"})

    assert platform.asked[0].query["since"] == "2026-03-05T09:00:00Z"
    assert collected.cursor == {"newest": "2026-03-05T10:00:00+00:00"}


async def test_what_one_poll_cannot_hold_is_read_by_the_next() -> None:
    def page(first: int) -> dict[str, Any]:
        return {"posts": [post(n) for n in range(first, first + 100)], "cursor": "c"}

    cursor = {"newest": (make.NOW - timedelta(seconds=900)).isoformat()}
    async with played() as platform:
        platform.on(SEARCH, *(page(1 + 100 * n) for n in range(5)))
        first = await platform.poll("bluesky", {"query": "x"}, cursor=cursor)
        platform.asked.clear()
        platform.on(SEARCH, {"posts": []}, {"posts": [post(600)]})
        second = await platform.poll("bluesky", {"query": "x"}, cursor=dict(first.cursor))

    assert len(first.mentions) == 500
    assert first.warning is not None
    assert "follows with the next polls" in first.warning
    assert platform.asked[1].query["until"] == "2026-03-05T11:51:41Z"
    assert [mention.id[-6:] for mention in second.mentions] == ["key600"]
    assert "gap" not in second.cursor


async def test_a_post_that_is_left_out_twice_was_deleted() -> None:
    keys = [post(n)["uri"] for n in (1, 2, 3)]
    async with played() as platform:
        platform.on(SEARCH, {"posts": [post(1), post(2), post(3)]}, {"posts": []})
        platform.on(POSTS, {"posts": [post(1, likeCount=99), post(3)]})
        first = await platform.poll("bluesky", {"query": "x"})
        second = await platform.poll("bluesky", {"query": "x"}, cursor=dict(first.cursor))
        third = await platform.poll("bluesky", {"query": "x"}, cursor=dict(second.cursor))
        await platform.poll("bluesky", {"query": "x"}, cursor=dict(third.cursor))

    assert first.cursor["recent"] == keys
    assert second.cursor["missing"] == [keys[1]]
    assert {mention.id: mention.engagement["likes"] for mention in second.mentions} == {keys[0]: 99, keys[2]: 3}
    assert [(mention.id, mention.text) for mention in third.mentions if mention.deleted] == [(keys[1], "")]
    assert third.cursor["recent"] == [keys[0], keys[2]]
    assert [asked.url_query["uris"] for asked in platform.asked if asked.path == POSTS][2] == [keys[0], keys[2]]


async def test_a_search_that_fails_is_not_covered_up_by_posts_known_already() -> None:
    async with played() as platform:
        platform.on(SEARCH, Given(content=b"", status=502))
        platform.on(POSTS, {"posts": [post(1)]})

        with pytest.raises(CollectError, match="502"):
            await platform.poll("bluesky", {"query": "x"}, cursor={"recent": [post(1)["uri"]]})


async def test_where_nothing_at_all_comes_back_nothing_was_deleted() -> None:
    cursor = {"recent": ["at://a/b/1", "at://a/b/2"], "missing": ["at://a/b/1", "at://a/b/2"]}
    async with played() as platform:
        platform.on(SEARCH, {"posts": []})
        platform.on(POSTS, {"posts": []})

        collected = await platform.poll("bluesky", {"query": "x"}, cursor=cursor)

    assert collected.mentions == ()
    assert collected.cursor == {"recent": ["at://a/b/1", "at://a/b/2"]}


async def test_signs_in_once_and_again_when_the_token_has_expired() -> None:
    expired = Given(content={"error": "ExpiredToken", "message": "Token has expired"}, status=400)
    async with played() as platform:
        platform.on(SIGN_IN, {"accessJwt": "one"}, {"accessJwt": "two"})
        platform.on(SEARCH, {"posts": [post(1)]}, expired, {"posts": [post(2)]})
        await platform.poll("bluesky", ACCOUNT)
        collected = await platform.poll("bluesky", ACCOUNT)

    assert platform.paths == [SIGN_IN, SEARCH, SEARCH, SIGN_IN, SEARCH]
    assert json.loads(platform.asked[0].body) == {"identifier": "lantern.example", "password": "abcd-efgh"}
    assert [asked.headers.get("authorization") for asked in platform.asked[1::3]] == ["Bearer one", "Bearer two"]
    assert len(collected.mentions) == 1


async def test_a_wrong_password_names_the_setting_and_not_its_value() -> None:
    async with played() as platform:
        platform.on(
            SIGN_IN, Given(content={"error": "AuthenticationRequired", "message": "Invalid abcd-efgh"}, status=401)
        )

        with pytest.raises(CollectError, match="setting password") as raised:
            await platform.poll("bluesky", ACCOUNT)

    assert raised.value.permanent
    assert "abcd-efgh" not in str(raised.value)


async def test_a_refused_search_says_that_sign_in_helps() -> None:
    async with played() as platform:
        platform.on(SEARCH, Given(content=b"<html>403 Forbidden</html>", status=403))

        with pytest.raises(CollectError, match="give identifier and password"):
            await platform.poll("bluesky", {"query": "x"})


async def test_the_limit_of_bluesky_gives_its_pause() -> None:
    reset = str(int((make.NOW + timedelta(minutes=4)).timestamp()))
    limits = {
        "RateLimit-Limit": "30",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": reset,
        "RateLimit-Policy": "30;w=300",
    }
    async with played() as platform:
        platform.on(
            SIGN_IN, Given(content={"error": "RateLimitExceeded", "message": "Too Many"}, status=429, headers=limits)
        )

        with pytest.raises(RateLimited) as raised:
            await platform.poll("bluesky", ACCOUNT)

    assert raised.value.retry_after == timedelta(minutes=4)


async def test_a_limit_on_a_later_page_keeps_what_came_before_and_reads_the_rest_later() -> None:
    cursor = {"newest": (make.NOW - timedelta(seconds=900)).isoformat()}
    async with played() as platform:
        first = {"posts": [post(n) for n in range(1, 101)]}
        platform.on(SEARCH, first, Given(content={"error": "RateLimitExceeded"}, status=429))

        collected = await platform.poll("bluesky", {"query": "x"}, cursor=cursor)

    assert len(collected.mentions) == 100
    assert collected.next_poll_after == timedelta(minutes=1)
    assert collected.cursor["gap"] == ["2026-03-05T10:45:00+00:00", "2026-03-05T11:58:21+00:00"]


async def test_a_search_for_nothing_is_refused() -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match="query"):
            await platform.poll("bluesky", {"query": " "})


@pytest.mark.corpus
async def test_recorded_posts_are_read(corpus: Path) -> None:
    recorded = corpus / "payloads/bluesky/medialab__twitwi/bluesky-hydrated-firehose-posts.json"
    posts = json.loads(recorded.read_text())
    async with played() as platform:
        platform.on(SEARCH, {"posts": posts})

        collected = await platform.poll("bluesky", {"query": "x"})

    assert [mention.id for mention in collected.mentions] == [view["uri"] for view in posts]
    assert not collected.quarantined
    assert all(mention.published_at and mention.author.name for mention in collected.mentions)
