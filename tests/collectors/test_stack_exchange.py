"""Stack Exchange: questions, and what stands under them."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.stack_exchange import parse
from collectors.types import Collected
from tests import make
from tests.collectors.played import ODD, Given, Platform, played
from tests.collectors.shaken import assert_never_raises

SEARCH = "/2.3/search/advanced"
TAG = {"tags": "lantern-sdk"}
SOURCE = make.source(kind="stack_exchange", settings=TAG)
OWNER = {"user_id": 22656, "display_name": "Ann &amp; Co", "link": "https://stackoverflow.com/users/22656/ann"}


def at(number: int) -> int:
    return int(make.NOW.timestamp()) - number


def question(number: int = 1, **changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "question_id": number,
        "title": "Why is my &quot;tea&quot; cold?",
        "body": "<p>It <em>is</em>.</p>",
        "link": f"https://stackoverflow.com/questions/{number}/why",
        "owner": OWNER,
        "creation_date": at(900),
        "last_activity_date": at(number),
        "last_edit_date": at(300),
        "score": 3,
        "answer_count": 2,
        "view_count": 40,
        "content_license": "CC BY-SA 4.0",
    }
    return {**given, **changed}


def answer(number: int, question_id: int = 1, **changed: Any) -> dict[str, Any]:
    given = {"answer_id": number, "question_id": question_id, "body": "<p>Heat it.</p>", "owner": OWNER, "score": -2}
    return {**given, "creation_date": at(100), "last_activity_date": at(100), **changed}


def comment(number: int, post_id: int, **changed: Any) -> dict[str, Any]:
    return {"comment_id": number, "post_id": post_id, "body": "why?", "owner": OWNER, "creation_date": at(9), **changed}


def page(*items: Any, **more: Any) -> dict[str, Any]:
    return {"items": list(items), "has_more": False, "quota_max": 300, "quota_remaining": 299, **more}


def read(*items: Any, **settings: str) -> Collected:
    source = make.source(kind="stack_exchange", settings={**TAG, **settings})
    return parse(json.dumps(page(*items)).encode(), source, now=make.NOW)


def with_nothing_under(platform: Platform, *questions: int) -> None:
    for method in ("answers", "comments"):
        platform.on(f"/2.3/questions/{';'.join(map(str, questions))}/{method}", page())


def test_a_question_becomes_a_mention() -> None:
    (mention,) = read(question(), own_accounts="22656").mentions

    assert (mention.id, mention.site, mention.url) == (
        "1",
        "stackoverflow.com",
        "https://stackoverflow.com/questions/1/why",
    )
    assert (mention.title, mention.text) == ('Why is my "tea" cold?', "It is.")
    assert (mention.author.id, mention.author.name) == ("22656", "Ann & Co")
    assert mention.published_at == make.NOW - timedelta(seconds=900)
    assert mention.edited_at == make.NOW - timedelta(seconds=300)
    assert mention.engagement == {"likes": 3, "replies": 2, "views": 40}
    assert mention.reply_by_owner


def test_answers_and_comments_know_where_they_belong() -> None:
    first, second, third = read(answer(5, 1), comment(5, 5), comment(6, 1)).mentions

    assert (first.id, first.parent, first.root) == ("5", "1", "1")
    assert (second.id, second.parent, second.root) == ("c5", "5", "1")
    assert (third.parent, third.root) == ("1", "1")
    assert [mention.url for mention in (first, second)] == [
        "https://stackoverflow.com/a/5",
        "https://stackoverflow.com/posts/comments/5",
    ]
    assert first.engagement == {}


def test_an_unreadable_item_costs_no_sibling() -> None:
    collected = read(question(1), {}, None, question(2, new_field=True))

    assert [len(collected.mentions), len(collected.quarantined)] == [2, 2]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = page(question(1), answer(2), comment(3, 2))

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


@pytest.mark.parametrize("key", [*question(), "answer_id", "comment_id", "post_id"])
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_any_value_in_any_field_is_read_or_set_aside(key: str, odd: Any) -> None:
    assert "2" in [mention.id for mention in read(question(1, **{key: odd}), question(2)).mentions]


async def test_questions_are_read_with_their_answers_and_comments() -> None:
    zipped = Given(content=gzip.compress(json.dumps(page(question(1))).encode()), headers={"Content-Encoding": "gzip"})
    async with played() as platform:
        platform.on(SEARCH, zipped)
        platform.on("/2.3/questions/1/answers", page(answer(5)))
        platform.on("/2.3/questions/1/comments", page(comment(6, 1)))
        platform.on("/2.3/answers/5/comments", page(comment(7, 5)))

        collected = await platform.poll("stack_exchange", {**TAG, "query": "cold", "key": "app-key"})

    assert [mention.id for mention in collected.mentions] == ["1", "5", "c6", "c7"]
    assert collected.mentions[3].root == "1"
    assert platform.asked[0].query == {
        "q": "cold",
        "tagged": "lantern-sdk",
        "sort": "activity",
        "site": "stackoverflow",
        "order": "desc",
        "pagesize": "100",
        "filter": "withbody",
        "key": "app-key",
    }
    assert collected.cursor == {"newest": (make.NOW - timedelta(seconds=1)).isoformat()}


async def test_a_later_poll_asks_for_what_was_active_since() -> None:
    async with played() as platform:
        platform.on(SEARCH, page(question(50), has_more=True), page())
        with_nothing_under(platform, 50)

        await platform.poll("stack_exchange", TAG, cursor={"newest": make.NOW.isoformat()})

    assert platform.asked[0].query["min"] == str(at(600))
    assert platform.asked[1].query["page"] == "2"


async def test_a_backoff_ends_its_method_and_not_the_others() -> None:
    async with played() as platform:
        platform.on(SEARCH, page(question(1), has_more=True, backoff=10))
        with_nothing_under(platform, 1)

        collected = await platform.poll("stack_exchange", TAG)

    assert platform.paths == [SEARCH, "/2.3/questions/1/answers", "/2.3/questions/1/comments"]
    assert collected.next_poll_after == timedelta(seconds=10)


async def test_a_spent_quota_ends_the_poll_and_what_is_left_is_read_later() -> None:
    async with played() as platform:
        platform.on(SEARCH, page(question(1), quota_remaining=0))
        first = await platform.poll("stack_exchange", TAG)
        platform.on(SEARCH, page())
        with_nothing_under(platform, 1)
        second = await platform.poll("stack_exchange", TAG, cursor=dict(first.cursor))

    assert first.next_poll_after == timedelta(hours=12)
    assert first.cursor["open"] == ["1"]
    assert platform.paths == [SEARCH, SEARCH, "/2.3/questions/1/answers", "/2.3/questions/1/comments"]
    assert "open" not in second.cursor


async def test_answers_that_fail_are_read_by_the_next_poll() -> None:
    async with played() as platform:
        platform.on(SEARCH, page(question(1)))
        platform.on("/2.3/questions/1/answers", Given(content=b"", status=503))
        platform.on("/2.3/questions/1/comments", page(comment(6, 1)))

        collected = await platform.poll("stack_exchange", TAG)

    assert [mention.id for mention in collected.mentions] == ["1", "c6"]
    assert collected.cursor["open"] == ["1"]
    assert "answers: " in str(collected.warning)


async def test_a_throttle_is_a_limit_with_its_seconds() -> None:
    said = {
        "error_id": 502,
        "error_name": "throttle_violation",
        "error_message": "more requests available in 82 seconds",
    }
    async with played() as platform:
        platform.on(SEARCH, Given(content=said, status=400))

        with pytest.raises(RateLimited) as raised:
            await platform.poll("stack_exchange", TAG)

    assert raised.value.retry_after == timedelta(seconds=82)


async def test_a_refused_key_names_its_setting_and_not_its_value() -> None:
    said = {"error_id": 403, "error_name": "access_denied", "error_message": "`key=very-secret` is unknown"}
    async with played() as platform:
        platform.on(SEARCH, Given(content=said, status=403))

        with pytest.raises(CollectError, match="setting key") as raised:
            await platform.poll("stack_exchange", {**TAG, "key": "very-secret"})

    assert "very-secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({}, "tags: give tags, a query or both"), ({**TAG, "site": "a/b"}, "site: is the short name")],
)
async def test_a_wrong_setting_names_its_field(settings: dict[str, str], said: str) -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match=said):
            await platform.poll("stack_exchange", settings)
