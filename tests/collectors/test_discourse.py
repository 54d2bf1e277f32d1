"""Discourse: latest posts, a search, a topic."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.discourse import parse
from collectors.errors import CollectError, RateLimited, SettingError
from collectors.types import Collected
from tests import make
from tests.collectors.played import ODD, Given, played
from tests.collectors.shaken import assert_never_raises

FORUM = {"url": "https://forum.example/"}
SOURCE = make.source(kind="discourse", settings=FORUM)


def post(number: int = 1, **changed: Any) -> dict[str, Any]:
    """Post `number` of the forum, in topic 11."""
    given: dict[str, Any] = {
        "id": number,
        "name": "Ann A.",
        "username": "ann",
        "created_at": "2026-03-05T02:10:07.971Z",
        "cooked": "<p>The tea is <em>cold</em>.</p>\n<p>Again.</p>",
        "post_number": number,
        "post_type": 1,
        "updated_at": "2026-03-05T03:00:00.000Z",
        "reply_count": 2,
        "reply_to_post_number": None,
        "reads": 9,
        "topic_id": 11,
        "topic_slug": "cold-tea",
        "topic_title": "Cold tea?",
        "version": 1,
        "actions_summary": [{"id": 2, "count": 4}],
        "staff": False,
        "hidden": False,
        "deleted_at": None,
        "user_deleted": False,
    }
    return {**given, **changed}


def latest(first: int, last: int) -> dict[str, Any]:
    return {"latest_posts": [post(number) for number in range(last, first - 1, -1)]}


def read(*posts: Any, **settings: str) -> Collected:
    source = make.source(kind="discourse", settings={**FORUM, **settings})
    return parse(json.dumps({"latest_posts": list(posts)}).encode(), source, now=make.NOW)


def ids(collected: Collected) -> list[str]:
    return [mention.id for mention in collected.mentions]


def test_the_first_post_of_a_topic_has_its_title() -> None:
    (mention,) = read(post(1), site="Lantern Forum").mentions

    assert (mention.id, mention.url) == ("11/1", "https://forum.example/t/cold-tea/11/1")
    assert (mention.site, mention.title, mention.text) == ("Lantern Forum", "Cold tea?", "The tea is cold.\n\nAgain.")
    assert (mention.author.id, mention.author.name, mention.author.url) == (
        "ann",
        "Ann A.",
        "https://forum.example/u/ann",
    )
    assert (mention.parent, mention.root, mention.edited_at) == (None, None, None)
    assert mention.engagement == {"likes": 4, "replies": 2, "views": 9}


def test_an_answer_knows_its_parent_and_its_topic() -> None:
    first, second = read(post(5, reply_to_post_number=3), post(6)).mentions

    assert (first.parent, first.root, first.title) == ("11/3", "11/1", "")
    assert second.parent == "11/1"


def test_what_is_quoted_is_not_the_authors_unless_it_is_all_there_is() -> None:
    quote = '<aside class="quote no-group" data-post="1"><blockquote><p>Worst tea ever</p></blockquote></aside>'

    answer, bare = read(post(1, cooked=f"{quote}\n<p>I like it.</p>"), post(2, cooked=quote)).mentions

    assert (answer.text, bare.text) == ("I like it.", "Worst tea ever")


def test_quotes_within_quotes_go_too_and_a_flood_of_open_ones_costs_little() -> None:
    inner = '<aside class="quote"><p>Worst tea ever</p></aside>'
    started = time.process_time()

    (nested,) = read(post(1, cooked=f'<aside class="quote">{inner}<p>No</p></aside><p>I like it.</p>')).mentions
    read(post(2, cooked='<aside class="quote' * 50_000))

    assert nested.text == "I like it."
    assert time.process_time() - started < 2


def test_an_edited_post_says_when() -> None:
    (mention,) = read(post(1, version=2)).mentions

    assert mention.edited_at == datetime(2026, 3, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize("gone", [{"deleted_at": "2026-03-05T03:00:00Z"}, {"user_deleted": True}, {"hidden": True}])
def test_a_deleted_or_hidden_post_leaves_no_words(gone: dict[str, Any]) -> None:
    (mention,) = read(post(1, **gone)).mentions

    assert (mention.deleted, mention.title, mention.text) == (True, "", "")


def test_what_nobody_said_is_left_out_and_the_owner_is_known() -> None:
    collected = read(post(1, post_type=3), post(2, post_type=4), post(3), own_accounts="Ann")

    assert [(mention.id, mention.reply_by_owner) for mention in collected.mentions] == [("11/3", True)]


def test_an_unreadable_post_costs_no_sibling() -> None:
    collected = read(post(1), {}, "x", post(2, unknown=[1]))

    assert ids(collected) == ["11/1", "11/2"]
    assert collected.seen == 4


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    topic = {"id": 11, "title": "Tea", "topics": [{"id": 1, "title": "x"}]}
    document = {**topic, "post_stream": {"posts": [post(1)], "stream": [1]}}

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


@pytest.mark.parametrize("key", post())
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_any_value_in_any_field_is_read_or_set_aside(key: str, odd: Any) -> None:
    assert "11/2" in ids(read(post(1, **{key: odd}), post(2)))


async def test_the_first_poll_reads_the_newest_posts() -> None:
    async with played() as platform:
        platform.on("/posts.json", latest(951, 1000))

        collected = await platform.poll("discourse", FORUM)

    assert len(collected.mentions) == 50
    assert collected.cursor == {"last": 1000}
    assert [asked.query for asked in platform.asked] == [{}]


@pytest.mark.parametrize(
    ("given", "asked", "value"),
    [("ETag", "if-none-match", 'W/"abc"'), ("Last-Modified", "if-modified-since", "Thu, 05 Mar 2026 10:00:00 GMT")],
)
async def test_a_forum_that_did_not_change_is_not_sent_again(given: str, asked: str, value: str) -> None:
    async with played() as platform:
        known = Given(content=latest(1, 3), headers={given: value})
        platform.on("/posts.json", known, Given(content=b"", status=304))
        first = await platform.poll("discourse", FORUM)
        second = await platform.poll("discourse", FORUM, cursor=dict(first.cursor), validators=first.validators)

    assert platform.asked[1].headers[asked] == value
    assert (second.unchanged, second.seen, second.cursor) == (True, 0, {"last": 3})


async def test_a_later_poll_reads_on_from_what_it_knew() -> None:
    async with played() as platform:
        platform.on("/posts.json", latest(951, 1000), latest(851, 900), latest(901, 950))

        collected = await platform.poll("discourse", FORUM, cursor={"last": 850})

    assert len(set(ids(collected))) == 150
    assert [asked.query.get("before") for asked in platform.asked] == [None, "900", "950"]
    assert collected.cursor == {"last": 1000}


async def test_a_limit_keeps_what_came_and_gives_its_pause() -> None:
    said = {"errors": ["slow down"], "error_type": "rate_limit", "extras": {"wait_seconds": 75}}
    limit = Given(content=said, status=429, headers={"Retry-After": "70"})
    async with played() as platform:
        platform.on("/posts.json", latest(951, 1000), latest(851, 900), limit)
        collected = await platform.poll("discourse", FORUM, cursor={"last": 850})
        platform.on("/posts.json", limit)
        with pytest.raises(RateLimited) as raised:
            await platform.poll("discourse", FORUM)

    assert len(collected.mentions) == 100
    assert (collected.cursor, collected.next_poll_after) == ({"last": 900}, timedelta(seconds=75))
    assert raised.value.retry_after == timedelta(seconds=75)


async def test_what_a_search_finds_is_read_in_full_the_oldest_first() -> None:
    found = {
        "posts": [
            {"id": 9, "topic_id": 12, "post_number": 1, "blurb": "cold…"},
            {"id": 7, "topic_id": 11, "post_number": 2, "blurb": "tea…"},
            {"id": 5, "topic_id": 11, "post_number": 1, "blurb": "old"},
        ],
        "topics": [{"id": 12, "title": "Tea", "slug": "tea"}],
        "grouped_search_result": {"more_full_page_results": None},
    }
    async with played() as platform:
        platform.on("/search.json", found)
        platform.on("/t/11/posts.json", {"post_stream": {"posts": [post(7, post_number=2)]}, "id": 11})
        platform.on("/t/12/posts.json", {"post_stream": {"posts": [post(9, post_number=1, topic_id=12)]}, "id": 12})

        collected = await platform.poll("discourse", {**FORUM, "query": "cold tea"}, cursor={"last": 5})

    assert ids(collected) == ["11/2", "12/1"]
    assert platform.asked[0].query == {"q": "cold tea order:latest", "page": "1"}
    assert platform.asked[1].query == {"post_ids[]": "7"}
    assert collected.cursor == {"last": 9}


async def test_a_topic_that_cannot_be_read_now_is_asked_for_again() -> None:
    found = {"posts": [{"id": 9, "topic_id": 12}, {"id": 7, "topic_id": 11}]}
    async with played() as platform:
        platform.on("/search.json", found)
        platform.on("/t/11/posts.json", {"post_stream": {"posts": [post(7)]}})
        platform.on("/t/12/posts.json", Given(content=b"", status=502))

        collected = await platform.poll("discourse", {**FORUM, "query": "tea"})

    assert ids(collected) == ["11/7"]
    assert collected.cursor == {"last": 7}
    assert "topic 12" in str(collected.warning)


async def test_a_topic_is_read_to_its_end() -> None:
    beginning = {
        "id": 11,
        "title": "Cold tea?",
        "slug": "cold-tea",
        "post_stream": {"posts": [post(n, topic_title=None) for n in range(1, 21)], "stream": list(range(1, 46))},
    }
    rest = [{"post_stream": {"posts": [post(n) for n in range(a, b)]}} for a, b in ((21, 41), (41, 46))]
    async with played() as platform:
        platform.on("/t/11.json", beginning)
        platform.on("/t/11/posts.json", *rest)

        collected = await platform.poll("discourse", {**FORUM, "topic": "11"})

    assert len(set(ids(collected))) == 45
    assert collected.mentions[0].title == "Cold tea?"
    assert collected.cursor == {"last": 45}


async def test_a_refused_key_names_its_setting() -> None:
    async with played() as platform:
        platform.on("/posts.json", Given(content={"errors": ["no"], "error_type": "invalid_access"}, status=403))

        with pytest.raises(CollectError, match="setting api_key"):
            await platform.poll("discourse", {**FORUM, "api_key": "secret-key"})

    assert platform.asked[0].headers["api-key"] == "secret-key"


async def test_a_topic_is_a_number() -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match="topic: is the number"):
            await platform.poll("discourse", {**FORUM, "topic": "../admin"})


@pytest.mark.corpus
async def test_the_recorded_posts_and_topic_are_read(corpus: Path) -> None:
    folder = corpus / "payloads/discourse/discourse__discourse_api"
    async with played() as platform:
        platform.on("/posts.json", Given(content=(folder / "posts_latest.json").read_bytes()))
        platform.on("/t/57.json", Given(content=(folder / "topic.json").read_bytes()))
        newest = await platform.poll("discourse", FORUM)
        topic = await platform.poll("discourse", {**FORUM, "topic": "57"})

    assert ids(newest) == ["11/2", "11/1", "7/1", "2/1"]
    assert ids(topic) == ["57/1", "57/2", "57/3", "57/14"]
    assert [mention.parent for mention in topic.mentions] == [None, "57/1", "57/1", "57/1"]
    assert all(mention.published_at for mention in (*newest.mentions, *topic.mentions))
    # The third post is a picture.
    assert [bool(mention.text) for mention in topic.mentions] == [True, True, False, True]
    assert not newest.quarantined
    assert not topic.quarantined
