"""Reddit: posts, comments, a search, and what became of them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.reddit import parse
from collectors.tokens import forget_tokens
from collectors.types import Collected
from tests import make
from tests.collectors.played import ODD, Given, played
from tests.collectors.shaken import assert_never_raises

NEW, COMMENTS, INFO, TOKEN = "/r/tea/new", "/r/tea/comments", "/api/info", "/api/v1/access_token"
PUBLIC = {"subreddit": "r/tea", "read": "posts"}
APP = {**PUBLIC, "client_id": "app", "client_secret": "very-secret"}
SOURCE = make.source(kind="reddit", settings=PUBLIC)


@pytest.fixture(autouse=True)
def _no_token_is_kept() -> None:
    forget_tokens()


def epoch(seconds_ago: float) -> float:
    return (make.NOW - timedelta(seconds=seconds_ago)).timestamp()


def post(number: int = 1, **changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "name": f"t3_p{number}",
        "id": f"p{number}",
        "author": "ann",
        "author_fullname": "t2_ann",
        "title": "Cold tea",
        "selftext": "It *was* cold & weak.",
        "selftext_html": '<div class="md"><p>It <em>was</em> cold &amp; weak.</p></div>',
        "score": 12,
        "num_comments": 3,
        "created_utc": epoch(number),
        "edited": False,
        "permalink": f"/r/tea/comments/p{number}/cold_tea/?ref=search_posts",
        "url": "https://elsewhere.example/",
    }
    return {"kind": "t3", "data": {**given, **changed}}


def comment(number: int = 1, **changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "name": f"t1_c{number}",
        "id": f"c{number}",
        "author": "bob",
        "parent_id": "t1_c0",
        "link_id": "t3_p1",
        "body": "agreed",
        "body_html": '<div class="md"><p>agreed</p></div>',
        "score": 1,
        "num_comments": 900,
        "created_utc": epoch(number),
        "edited": epoch(0),
        "replies": "",
    }
    return {"kind": "t1", "data": {**given, **changed}}


def listing(*things: Any, after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": list(things), "after": after, "before": None}}


def read(*things: Any, **settings: str) -> Collected:
    source = make.source(kind="reddit", settings={**PUBLIC, **settings})
    return parse(json.dumps(listing(*things)).encode(), source, now=make.NOW)


def ids(collected: Collected) -> list[str]:
    return [mention.id for mention in collected.mentions]


def test_a_post_becomes_a_mention() -> None:
    (mention,) = read(post(), own_accounts="u, Ann").mentions

    assert (mention.id, mention.url) == ("t3_p1", "https://www.reddit.com/r/tea/comments/p1/cold_tea/")
    assert (mention.title, mention.text) == ("Cold tea", "It was cold & weak.")
    assert (mention.author.id, mention.author.name) == ("t2_ann", "ann")
    assert mention.author.url == "https://www.reddit.com/user/ann"
    assert (mention.parent, mention.root, mention.edited_at) == (None, None, None)
    assert mention.engagement == {"likes": 12, "replies": 3}
    assert mention.reply_by_owner


def test_a_comment_knows_its_parent_its_post_and_its_edit() -> None:
    (mention,) = read(comment()).mentions

    assert (mention.parent, mention.root) == ("t1_c0", "t3_p1")
    assert mention.url == "https://www.reddit.com/comments/p1/_/c1/"
    assert mention.edited_at == make.NOW
    assert mention.engagement == {"likes": 1}


def test_markup_that_comes_escaped_is_read_all_the_same() -> None:
    (mention,) = read(comment(body_html="&lt;div&gt;&lt;p&gt;a &amp;amp; b&lt;/p&gt;&lt;/div&gt;")).mentions

    assert mention.text == "a & b"


@pytest.mark.parametrize(
    "gone",
    [
        comment(author="[deleted]", body="[deleted]"),
        comment(body="[removed]"),
        post(selftext="[deleted]"),
        post(removed_by_category="moderator"),
    ],
)
def test_what_was_deleted_leaves_no_words(gone: dict[str, Any]) -> None:
    (mention,) = read(gone).mentions

    assert (mention.deleted, mention.title, mention.text) == (True, "", "")


def test_who_left_is_nobody_but_the_words_stay() -> None:
    (mention,) = read(comment(author="[deleted]")).mentions

    assert (mention.author.name, mention.text, mention.deleted) == (None, "agreed", False)


def test_answers_inside_comments_are_read_and_stubs_are_not() -> None:
    more = {"kind": "more", "data": {"count": 3, "children": ["x"]}}
    thread = [listing(post()), listing(comment(1, replies=listing(comment(2), more)), more)]

    collected = parse(json.dumps(thread).encode(), SOURCE, now=make.NOW)

    assert ids(collected) == ["t3_p1", "t1_c1", "t1_c2"]


def test_an_unreadable_item_costs_no_sibling_and_an_unknown_kind_nothing() -> None:
    collected = read(post(1), {"kind": "t3", "data": None}, 7, {"kind": "t9", "data": {}}, post(2, new_field=[]))

    assert ids(collected) == ["t3_p1", "t3_p2"]
    assert collected.seen == 4


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = [listing(post(1)), listing(comment(1, replies=listing(comment(2))), after="x")]

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


@pytest.mark.parametrize("key", {**post()["data"], **comment()["data"]})
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_any_value_in_any_field_is_read_or_set_aside(key: str, odd: Any) -> None:
    collected = read(post(1, **{key: odd}), comment(1, **{key: odd}), post(2))

    assert "t3_p2" in ids(collected)


async def test_pages_are_read_back_to_what_was_known() -> None:
    pages = [listing(*(post(n) for n in range(a, a + 100)), after=f"t3_p{a + 99}") for a in (1, 101, 201)]
    known = make.NOW - timedelta(seconds=150)
    async with played() as platform:
        platform.on("/r/tea/new.json", *pages)
        platform.on("/api/info.json", listing())

        collected = await platform.poll(
            "reddit", PUBLIC, cursor={"posts": (known + timedelta(minutes=10)).isoformat(), "recent": ["t3_old"]}
        )

    assert len(collected.mentions) == 200
    assert platform.asked[0].query == {"limit": "100", "raw_json": "1"}
    assert platform.asked[1].query["after"] == "t3_p100"
    assert platform.asked[2].query["id"] == "t3_old"
    assert collected.cursor["recent"][:2] == ["t3_p1", "t3_p2"]
    assert len(collected.cursor["recent"]) == 100


async def test_more_new_pages_than_reddit_lists_are_a_suspected_gap() -> None:
    pages = [listing(post(n), after=f"t3_p{n}") for n in range(1, 20)]
    async with played() as platform:
        platform.on("/r/tea/new.json", *pages)

        collected = await platform.poll("reddit", PUBLIC, cursor={"posts": "2020-01-01T00:00:00+00:00"})

    assert collected.gap
    assert "posts: more than" in (collected.warning or "")


async def test_what_was_deleted_since_comes_back_without_words() -> None:
    async with played() as platform:
        platform.on("/r/tea/new.json", listing(post(2)))
        platform.on("/api/info.json", listing(post(1, selftext="[removed]"), post(3, selftext_html="<p>new words</p>")))

        collected = await platform.poll("reddit", PUBLIC, cursor={"recent": ["t3_p1", "t3_p2", "t3_p3"]})

    assert {mention.id: mention.deleted for mention in collected.mentions} == {
        "t3_p1": True,
        "t3_p2": False,
        "t3_p3": False,
    }
    assert platform.asked[1].query["id"] == "t3_p1,t3_p3"
    assert collected.cursor["recent"] == ["t3_p2", "t3_p3"]


async def test_an_application_signs_in_and_again_when_the_token_has_expired() -> None:
    expired = Given(content={"message": "Unauthorized", "error": 401}, status=401)
    async with played() as platform:
        platform.on(TOKEN, *({"access_token": t, "token_type": "bearer", "expires_in": 3600} for t in ("one", "two")))
        platform.on(NEW, listing(), expired, listing(post()))
        await platform.poll("reddit", APP)
        collected = await platform.poll("reddit", APP)

    assert platform.paths == [TOKEN, NEW, NEW, TOKEN, NEW]
    assert platform.asked[0].headers["authorization"].startswith("Basic ")
    assert platform.asked[0].body == b"grant_type=client_credentials"
    assert platform.asked[4].headers["authorization"] == "Bearer two"
    assert ids(collected) == ["t3_p1"]


async def test_a_token_past_its_time_is_renewed_without_asking() -> None:
    async with played() as platform:
        platform.on(TOKEN, {"access_token": "one", "expires_in": 3600})
        platform.on(NEW, listing())
        await platform.poll("reddit", APP)
        await platform.poll("reddit", APP, now=make.NOW + timedelta(hours=1))

    assert platform.paths == [TOKEN, NEW, TOKEN, NEW]


async def test_a_wrong_secret_names_its_setting() -> None:
    async with played() as platform:
        platform.on(TOKEN, Given(content={"message": "Unauthorized", "error": 401}, status=401))

        with pytest.raises(CollectError, match="setting client_secret"):
            await platform.poll("reddit", APP)


async def test_a_limit_gives_its_seconds_to_go() -> None:
    headers = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "325", "x-ratelimit-used": "600"}
    async with played() as platform:
        platform.on("/r/tea/new.json", Given(content={"message": "Too Many Requests"}, status=429, headers=headers))

        with pytest.raises(RateLimited) as raised:
            await platform.poll("reddit", PUBLIC)

    assert raised.value.retry_after == timedelta(seconds=325)


async def test_the_last_request_of_a_limit_ends_the_poll_and_asks_for_a_pause() -> None:
    headers = {"x-ratelimit-remaining": "0.5", "x-ratelimit-reset": "325"}
    known = {"posts": (make.NOW - timedelta(hours=9)).isoformat()}
    async with played() as platform:
        platform.on("/r/tea/new.json", Given(content=listing(post(1), after="t3_p1"), headers=headers))

        collected = await platform.poll("reddit", PUBLIC, cursor=known)

    assert (ids(collected), len(platform.asked)) == (["t3_p1"], 1)
    assert collected.next_poll_after == timedelta(seconds=325)
    assert collected.cursor["posts"] == known["posts"]


async def test_posts_and_comments_are_read_and_one_may_fail() -> None:
    async with played() as platform:
        platform.on("/r/tea/new.json", listing(post()))
        platform.on("/r/tea/comments.json", Given(content=b"oops", status=502))

        collected = await platform.poll("reddit", {"subreddit": "tea"})

    assert ids(collected) == ["t3_p1"]
    assert "comments, page 1: " in str(collected.warning)


async def test_a_listing_that_fails_is_not_covered_up_by_items_known_already() -> None:
    async with played() as platform:
        platform.on("/r/tea/new.json", Given(content=b"", status=502))
        platform.on("/api/info.json", listing(post()))

        with pytest.raises(CollectError, match="502"):
            await platform.poll("reddit", PUBLIC, cursor={"recent": ["t3_p1"]})


async def test_a_search_may_stay_in_one_subreddit() -> None:
    async with played() as platform:
        platform.on("/r/tea/search.json", listing())
        platform.on("/search.json", listing())
        await platform.poll("reddit", {"subreddit": "tea", "query": "cold"})
        await platform.poll("reddit", {"query": "cold"})

    assert platform.asked[0].query["restrict_sr"] == "1"
    assert "restrict_sr" not in platform.asked[1].query
    assert platform.asked[1].query["sort"] == "new"


@pytest.mark.parametrize(
    ("settings", "said"),
    [({}, "a subreddit, a query or both"), ({"subreddit": "a/../b"}, "is the name of a subreddit")],
)
async def test_a_wrong_setting_names_its_field(settings: dict[str, str], said: str) -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match=said):
            await platform.poll("reddit", settings)


async def test_a_refusal_without_a_token_says_what_helps() -> None:
    async with played() as platform:
        platform.on("/r/tea/new.json", Given(content=b"<html>blocked</html>", status=403))

        with pytest.raises(CollectError, match="give client_id and client_secret"):
            await platform.poll("reddit", PUBLIC)


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("cassette", "path"),
    [
        ("TestSubreddit.test_search", "/search"),
        ("TestSubredditStreams.test_submissions", "/new"),
        ("TestSubredditStreams.test_comments__with_continue_after_id", "/comments/"),
        ("TestComment.test_refresh__removed_comment", "/comments/"),
        ("TestMore.test_comments", "/comments/"),
    ],
)
async def test_recorded_listings_are_read(corpus: Path, cassette: str, path: str) -> None:
    recorded = json.loads((corpus / f"payloads/reddit/praw-dev__praw/{cassette}.json").read_text())
    for interaction in recorded["interactions"]:
        if path not in interaction["request"]["uri"] or "morechildren" in interaction["request"]["uri"]:
            continue
        body = interaction["response"]["body"]["string"]

        collected = parse(body.encode(), SOURCE, now=datetime(2026, 1, 1, tzinfo=UTC))

        expected = body.count('"kind": "t1"') + body.count('"kind": "t3"')
        assert len(collected.mentions) == expected
        assert not collected.quarantined
        assert all(mention.published_at and mention.url for mention in collected.mentions)


@pytest.mark.corpus
async def test_a_recorded_deletion_is_one(corpus: Path) -> None:
    cassette = corpus / "payloads/reddit/praw-dev__praw/TestComment.test_refresh__deleted_comment.json"
    body = json.loads(cassette.read_text())["interactions"][1]["response"]["body"]["string"]
    async with played() as platform:
        platform.on("/r/tea/new.json", listing())
        platform.on("/api/info.json", Given(content=body.encode()))

        collected = await platform.poll("reddit", PUBLIC, cursor={"recent": ["t1_d7ltvl0"]})

    assert [(mention.id, mention.deleted) for mention in collected.mentions] == [("t1_d7ltvl0", True)]
    assert collected.cursor["recent"] == []
