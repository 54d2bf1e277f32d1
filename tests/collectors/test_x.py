"""X: posts of a search, within a budget."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.types import Collected
from collectors.x import parse
from tests import make
from tests.collectors.played import Given, played
from tests.collectors.shaken import assert_never_raises

SEARCH = "/2/tweets/search/recent"
TEA = {"query": "lantern tea", "token": "very-secret"}
SOURCE = make.source(kind="x", settings=TEA)


def post(number: int = 1, **changed: Any) -> dict[str, Any]:
    at = (make.NOW - timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    given: dict[str, Any] = {
        "id": str(9000 - number),
        "author_id": "42",
        "conversation_id": "77",
        "created_at": at,
        "edit_history_tweet_ids": [str(9000 - number)],
        "lang": "th",
        "text": "ชา &amp; นม",
        "public_metrics": {
            "retweet_count": 1,
            "reply_count": 2,
            "like_count": 3,
            "quote_count": 4,
            "impression_count": 5,
        },
        "referenced_tweets": [{"type": "quoted", "id": "5"}, {"type": "replied_to", "id": "6"}],
    }
    return {**given, **changed}


def answer(*posts: Any, following: str | None = None, **more: Any) -> dict[str, Any]:
    meta = {"result_count": len(posts), **({"next_token": following} if following else {})}
    return {**({"data": list(posts)} if posts else {}), "meta": meta, **more}


def read(*posts: Any, **more: Any) -> Collected:
    return parse(json.dumps(answer(*posts, **more)).encode(), SOURCE, now=make.NOW)


def test_a_post_becomes_a_mention() -> None:
    (mention,) = read(post()).mentions

    assert (mention.id, mention.url) == ("8999", "https://x.com/i/web/status/8999")
    assert (mention.parent, mention.root, mention.author.id) == ("6", "77", "42")
    assert (mention.text, mention.language) == ("ชา & นม", "th")
    assert mention.engagement == {"likes": 3, "shares": 1, "replies": 2, "quotes": 4, "views": 5}


def test_an_edit_keeps_the_name_of_its_first_version() -> None:
    (mention,) = read(post(edit_history_tweet_ids=["8000", "8999"], lang="und", note_tweet={"text": "long"})).mentions

    assert (mention.id, mention.edited_at) == ("8000", make.NOW - timedelta(seconds=1))
    assert (mention.language, mention.text) == (None, "long")


def test_a_name_is_shown_where_the_answer_has_it() -> None:
    (mention,) = read(post(), includes={"users": [{"id": "42", "name": "Ann", "username": "ann"}]}).mentions

    assert (mention.author.name, mention.author.url) == ("Ann", "https://x.com/ann")


def test_an_unreadable_post_costs_no_sibling() -> None:
    collected = read(post(1), {}, 3, post(2, withheld={"new": 1}))

    assert [len(collected.mentions), len(collected.quarantined)] == [2, 2]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = answer(post(), includes={"users": [{"id": "42", "name": "Ann"}]}, following="x")

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


async def test_the_first_poll_reads_back_page_by_page() -> None:
    async with played() as platform:
        platform.on(SEARCH, answer(post(1), post(30), following="t"), answer(post(40)))

        collected = await platform.poll("x", TEA)

    first, second = (asked.query for asked in platform.asked)
    assert (first["query"], first["max_results"]) == ("lantern tea -is:retweet", "100")
    assert "start_time" not in first
    assert (second["next_token"], "end_time" in second) == ("t", False)
    assert platform.asked[0].headers["authorization"] == "Bearer very-secret"
    assert len(collected.mentions) == 3
    assert collected.cursor == {
        "newest": "2026-03-05T11:59:59+00:00",
        "last": "8999",
        "spent": {"day": "2026-03-05", "posts": 3},
    }


async def test_an_empty_page_is_not_the_last_where_it_names_another() -> None:
    async with played() as platform:
        platform.on(SEARCH, answer(post(1), following="t"), answer(following="u"), answer(post(40)))

        collected = await platform.poll("x", TEA)

    assert [asked.query.get("next_token") for asked in platform.asked] == [None, "t", "u"]
    assert len(collected.mentions) == 2


async def test_what_a_poll_leaves_is_read_on_by_time_and_its_pages_by_their_names() -> None:
    cursor = {"newest": "2026-03-05T11:00:00+00:00", "gap": ["2026-03-05T10:00:00+00:00", "2026-03-05T10:30:00+00:00"]}
    async with played() as platform:
        platform.on(SEARCH, answer(), answer(post(5500), following="t"), answer(post(5600)))

        collected = await platform.poll("x", TEA, cursor=cursor)

    first, second = (asked.query for asked in platform.asked[1:])
    assert (first["end_time"], "next_token" in first) == ("2026-03-05T10:30:00Z", False)
    assert (second["end_time"], second["next_token"]) == ("2026-03-05T10:30:00Z", "t")
    assert "gap" not in collected.cursor


async def test_what_was_read_is_not_paid_for_twice() -> None:
    cursor = {"newest": "2026-03-05T11:00:00+00:00", "last": "8000"}
    async with played() as platform:
        platform.on(SEARCH, answer())

        collected = await platform.poll("x", TEA, cursor=cursor)

    assert platform.asked[0].query["since_id"] == "8000"
    assert "start_time" not in platform.asked[0].query
    assert (collected.seen, collected.cursor["last"]) == (0, "8000")


async def test_after_a_week_the_search_starts_where_it_can() -> None:
    cursor = {"newest": "2026-01-05T11:00:00+00:00", "last": "8000"}
    async with played() as platform:
        platform.on(SEARCH, answer())

        await platform.poll("x", TEA, cursor=cursor)

    assert "since_id" not in platform.asked[0].query
    assert platform.asked[0].query["start_time"] == "2026-02-26T13:00:00Z"


async def test_the_budget_ends_the_poll_until_the_next_day() -> None:
    settings = {**TEA, "posts_a_day": "12"}
    known = {"newest": "2026-03-05T10:00:00+00:00", "last": "8000"}
    async with played() as platform:
        platform.on(SEARCH, answer(post(1), post(2), post(30), following="t"))
        first = await platform.poll("x", settings, cursor=known)
        again = await platform.poll("x", settings, cursor=dict(first.cursor))
        platform.on(SEARCH, answer(), answer(post(99)))
        tomorrow = await platform.poll("x", settings, cursor=dict(first.cursor), now=make.NOW + timedelta(days=1))

    assert platform.asked[0].query["max_results"] == "12"
    assert "budget of 12 posts" in str(first.warning)
    assert first.next_poll_after == timedelta(hours=12)
    assert first.cursor["gap"] == ["2026-03-05T10:00:00+00:00", "2026-03-05T11:59:31+00:00"]
    assert again.seen == 0
    assert len(platform.asked) == 3
    assert platform.asked[2].query["start_time"] == "2026-03-05T10:00:00Z"
    assert [mention.id for mention in tomorrow.mentions] == ["8901"]


async def test_the_month_s_budget_holds_over_days_and_ends_with_the_month() -> None:
    settings = {**TEA, "posts_a_month": "100"}
    async with played() as platform:
        platform.on(SEARCH, answer(post(1)))
        nearly = await platform.poll("x", settings, spent=88)
        asked = len(platform.asked)
        spent = await platform.poll("x", settings, spent=91)

    assert platform.asked[0].query["max_results"] == "12"
    assert nearly.spent == 1
    assert asked == len(platform.asked)
    assert "budget of 100 posts for this month is spent" in str(spent.warning)
    # The 5th of March, at noon.
    assert spent.next_poll_after == timedelta(days=26, hours=12)


async def test_what_fell_out_of_reach_while_the_budget_was_spent_is_a_gap() -> None:
    settings = {**TEA, "posts_a_month": "100"}
    near, far = ({"newest": f"2026-{day}T12:00:00+00:00"} for day in ("03-01", "02-20"))
    async with played() as platform:
        platform.on(SEARCH, answer(post(1)))
        gaps = [
            (await platform.poll("x", settings, spent=spent, cursor=cursor)).gap
            for spent in (0, 100)
            for cursor in (near, far, {**near, "gap": [far["newest"], near["newest"]]})
        ]

    assert gaps == [False, True, True] * 2


async def test_a_partial_error_inside_a_success_is_a_warning() -> None:
    errors = [{"title": "Authorization Error", "detail": "not allowed to see post 5", "type": "https://x"}]
    async with played() as platform:
        platform.on(SEARCH, answer(post(), errors=errors))

        collected = await platform.poll("x", TEA)

    assert len(collected.mentions) == 1
    assert "not allowed to see post 5" in str(collected.warning)


async def test_a_limit_gives_its_reset() -> None:
    headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(make.NOW.timestamp()) + 600)}
    async with played() as platform:
        platform.on(SEARCH, Given(content={"title": "Too Many Requests"}, status=429, headers=headers))

        with pytest.raises(RateLimited) as raised:
            await platform.poll("x", TEA)

    assert raised.value.retry_after == timedelta(minutes=10)


async def test_an_expired_token_names_its_setting() -> None:
    async with played() as platform:
        platform.on(SEARCH, Given(content={"title": "Unauthorized", "status": 401}, status=401))

        with pytest.raises(CollectError, match="setting token"):
            await platform.poll("x", TEA)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({**TEA, "posts_a_day": "9"}, "posts_a_day: is a number"), ({**TEA, "query": "x" * 520}, "query:")],
)
async def test_a_wrong_setting_names_its_field(settings: dict[str, str], said: str) -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match=said):
            await platform.poll("x", settings)


@pytest.mark.corpus
async def test_recorded_posts_are_read(corpus: Path) -> None:
    folder = corpus / "payloads/x"
    names = (
        "sns-sdks__python-twitter/searches/search_tweets_for_nyc.json",
        "sns-sdks__python-twitter/timeline/timeline_mentions.json",
        "sns-sdks__python-twitter/tweet/tweet_quote_tweets_resp.json",
        "medialab__twitwi/payload-v2.json",
    )
    for name in names:
        recorded = json.loads((folder / name).read_text())
        recorded["meta"].pop("next_token", None)
        async with played() as platform:
            platform.on(SEARCH, recorded)

            collected = await platform.poll("x", TEA, now=datetime(2026, 1, 1, tzinfo=UTC))

        assert [mention.id for mention in collected.mentions] == [one["id"] for one in recorded["data"]]
        assert not collected.quarantined
        assert all(mention.text and mention.published_at for mention in collected.mentions)
