"""Mastodon: a hashtag, a search and an account."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.mastodon import parse
from collectors.types import Collected
from tests import make
from tests.collectors.played import ODD, Given, played
from tests.collectors.shaken import assert_never_raises

TAG = "/api/v1/timelines/tag/hoot"
SEARCH = "/api/v2/search"
HOOT = {"instance": "social.example", "hashtag": "#hoot"}
SOURCE = make.source(kind="mastodon", settings=HOOT)


def status(number: int = 1, **changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "id": str(117020593741189700 + number),
        "created_at": "2026-03-05T10:00:00.867Z",
        "in_reply_to_id": "117020593741189600",
        "spoiler_text": "",
        "visibility": "public",
        "language": "th",
        "uri": f"https://far.example/ap/users/1/statuses/{number}",
        "url": f"https://far.example/@ann/{number}",
        "replies_count": 1,
        "reblogs_count": 2,
        "favourites_count": 3,
        "quotes_count": 0,
        "edited_at": None,
        "content": "<p>ชาจืดมาก <a href='https://social.example/tags/hoot'>#<span>hoot</span></a></p><p>ไม่ซื้อแล้ว</p>",
        "reblog": None,
        "account": {
            "id": "7",
            "acct": "ann@far.example",
            "username": "ann",
            "display_name": "Ann",
            "url": "https://far.example/@ann",
            "indexable": True,
            "noindex": False,
        },
        "media_attachments": [],
        "poll": None,
    }
    return {**given, **changed}


def read(document: Any, **settings: str) -> Collected:
    source = make.source(kind="mastodon", settings={**HOOT, **settings})
    return parse(json.dumps(document).encode(), source, now=make.NOW)


def ids(collected: Collected) -> list[int]:
    return [int(mention.id) - 117020593741189700 for mention in collected.mentions]


def page(first: int, last: int) -> list[dict[str, Any]]:
    """Statuses from the newest to the oldest."""
    return [status(number) for number in range(last, first - 1, -1)]


def test_a_status_becomes_a_mention() -> None:
    (mention,) = read([status(edited_at="2026-03-05T11:00:00Z")]).mentions

    assert (mention.id, mention.parent, mention.site) == ("117020593741189701", "117020593741189600", "social.example")
    assert mention.url == "https://far.example/@ann/1"
    assert (mention.author.id, mention.author.name) == ("ann@far.example", "Ann")
    assert (mention.text, mention.language) == ("ชาจืดมาก #hoot\n\nไม่ซื้อแล้ว", "th")
    assert mention.edited_at == datetime(2026, 3, 5, 11, tzinfo=UTC)
    assert mention.engagement == {"likes": 3, "shares": 2, "replies": 1, "quotes": 0}


def test_a_warning_before_the_words_is_the_title_and_a_poll_is_read() -> None:
    (mention,) = read(
        [status(spoiler_text="tea", content="", poll={"options": [{"title": "hot"}, {"title": "cold"}]})]
    ).mentions

    assert (mention.title, mention.text) == ("tea", "hot\ncold")


@pytest.mark.parametrize("visibility", ["unlisted", "private", "direct", "something new"])
def test_what_is_not_public_is_left_out(visibility: str) -> None:
    assert ids(read([status(1, visibility=visibility), status(2)])) == [2]


@pytest.mark.parametrize("wish", [{"indexable": False}, {"noindex": True}])
def test_who_asks_not_to_be_indexed_is_left_out_unless_the_brand_itself(wish: dict[str, bool]) -> None:
    shy = status(1, account={**status()["account"], **wish})

    assert read([shy]).seen == 0
    assert "not to be indexed" in str(read([shy]).warning)
    assert [mention.reply_by_owner for mention in read([shy], own_accounts="@ann@far.example").mentions] == [True]


def test_a_boost_is_the_status_it_boosts() -> None:
    assert ids(read([status(9, reblog=status(2))])) == [2]


def test_an_unreadable_status_costs_no_sibling() -> None:
    collected = read([status(1), {}, None, status(2, unknown={"x": 1})])

    assert ids(collected) == [1, 2]
    assert collected.seen == 4


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    whole = status(1, poll={"options": [{"title": "a"}]}, media_attachments=[{"description": "x"}], reblog=status(2))
    document = {"statuses": [whole, status(3)]}

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


@pytest.mark.parametrize("key", status())
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_any_value_in_any_field_is_read_or_set_aside(key: str, odd: Any) -> None:
    collected = read([status(1, **{key: odd}), status(2)])

    assert "117020593741189702" in [mention.id for mention in collected.mentions]


async def test_the_first_poll_reads_the_newest_page() -> None:
    async with played() as platform:
        platform.on(TAG, page(1, 3))

        collected = await platform.poll("mastodon", HOOT)

    assert ids(collected) == [3, 2, 1]
    assert collected.cursor["last"] == "117020593741189703"
    assert platform.asked[0].query == {"limit": "40"}
    assert "authorization" not in platform.asked[0].headers


async def test_a_later_poll_pages_forward_from_what_it_knew() -> None:
    async with played() as platform:
        platform.on(TAG, page(101, 140), page(2, 41), page(42, 61), page(62, 100), [])

        collected = await platform.poll("mastodon", HOOT, cursor={"last": "117020593741189701"})

    assert sorted(ids(collected)) == list(range(2, 141))
    assert [asked.query.get("min_id", "")[-3:] for asked in platform.asked] == ["", "701", "741", "761", "800"]
    assert collected.cursor["last"] == "117020593741189840"


async def test_a_timeline_that_did_not_change_is_not_sent_again() -> None:
    async with played() as platform:
        platform.on(TAG, Given(content=[status(1)], headers={"ETag": 'W/"abc"'}), Given(content=b"", status=304))
        first = await platform.poll("mastodon", HOOT)
        second = await platform.poll("mastodon", HOOT, cursor=dict(first.cursor), validators=first.validators)

    assert platform.asked[1].headers["if-none-match"] == 'W/"abc"'
    assert (second.unchanged, second.seen) == (True, 0)
    assert (second.cursor, second.validators) == (first.cursor, first.validators)


async def test_what_is_left_to_read_is_asked_for_though_nothing_is_new() -> None:
    newest = Given(content=page(1001, 1040), headers={"ETag": '"abc"'})
    async with played() as platform:
        platform.on(TAG, newest, *(page(2 + 40 * n, 41 + 40 * n) for n in range(8)))

        collected = await platform.poll("mastodon", HOOT, cursor={"last": "117020593741189701"})

    assert collected.validators.etag is None
    assert "follows with the next polls" in str(collected.warning)


async def test_an_edit_on_the_newest_page_is_the_same_mention_with_new_words() -> None:
    async with played() as platform:
        platform.on(TAG, [status(1)], [status(1, content="<p>better now</p>", edited_at="2026-03-05T11:00:00Z")])
        first = await platform.poll("mastodon", HOOT)
        second = await platform.poll("mastodon", HOOT, cursor=dict(first.cursor))

    assert first.mentions[0].id == second.mentions[0].id
    assert second.mentions[0].text == "better now"
    assert len(platform.asked) == 2


async def test_a_limit_while_paging_keeps_what_came_and_goes_on_from_there() -> None:
    limit = Given(
        content={"error": "Too many requests"},
        status=429,
        headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-03-05T12:03:00.916474Z"},
    )
    async with played() as platform:
        platform.on(TAG, page(101, 140), page(2, 41), limit)

        collected = await platform.poll("mastodon", HOOT, cursor={"last": "117020593741189701"})

    assert len(collected.mentions) == 80
    assert collected.cursor["last"] == "117020593741189741"
    assert collected.next_poll_after == timedelta(minutes=3, microseconds=916474)


async def test_a_limit_at_once_gives_its_pause() -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-03-05T12:03:00Z"}
    async with played() as platform:
        platform.on(TAG, Given(content={"error": "Too many requests"}, status=429, headers=headers))

        with pytest.raises(RateLimited) as raised:
            await platform.poll("mastodon", HOOT)

    assert raised.value.retry_after == timedelta(minutes=3)


async def test_a_search_is_read_to_what_was_known() -> None:
    settings = {"instance": "social.example", "query": "lantern tea", "token": "secret-token"}
    async with played() as platform:
        platform.on(SEARCH, {"statuses": page(41, 80), "accounts": []}, {"statuses": page(1, 40)})

        collected = await platform.poll("mastodon", settings, cursor={"last": "117020593741189720"})

    assert len(collected.mentions) == 80
    assert [asked.query.get("offset") for asked in platform.asked] == ["0", "40"]
    assert platform.asked[0].headers["authorization"] == "Bearer secret-token"
    assert collected.cursor["last"] == "117020593741189780"


async def test_an_account_is_looked_up_once() -> None:
    settings = {"instance": "social.example", "account": "@ann@far.example"}
    async with played() as platform:
        platform.on("/api/v1/accounts/lookup", {"id": "7", "acct": "ann@far.example"})
        platform.on("/api/v1/accounts/7/statuses", page(1, 2))
        first = await platform.poll("mastodon", settings)
        await platform.poll("mastodon", settings, cursor=dict(first.cursor))

    assert platform.paths == ["/api/v1/accounts/lookup", *["/api/v1/accounts/7/statuses"] * 2]
    assert platform.asked[0].query == {"acct": "ann@far.example"}
    assert (first.cursor["account"], first.cursor["last"]) == ("7", "117020593741189702")


async def test_a_status_that_is_left_out_twice_was_deleted() -> None:
    known = [status(1)["id"], status(2)["id"]]
    async with played() as platform:
        platform.on(TAG, [status(9)])
        platform.on("/api/v1/statuses", [status(2, content="<p>edited</p>")])
        first = await platform.poll("mastodon", HOOT, cursor={"recent": known})
        second = await platform.poll("mastodon", HOOT, cursor=dict(first.cursor))

    assert platform.asked[1].url_query["id[]"] == known
    assert [mention.text for mention in first.mentions if mention.id == known[1]] == ["edited"]
    assert first.cursor["missing"] == [known[0]]
    assert [mention.id for mention in second.mentions if mention.deleted] == [known[0]]
    assert known[0] not in second.cursor["recent"]


async def test_a_server_that_cannot_give_several_statuses_is_left_in_peace() -> None:
    async with played() as platform:
        platform.on(TAG, [status(9)])
        platform.on("/api/v1/statuses", Given(content={"error": "Record not found"}, status=404))

        collected = await platform.poll("mastodon", HOOT, cursor={"recent": ["1"], "missing": ["1"]})

    assert (collected.warning, len(collected.mentions)) == (None, 1)
    assert collected.cursor["recent"] == [status(9)["id"], "1"]


async def test_an_expired_token_names_its_setting() -> None:
    async with played() as platform:
        platform.on(TAG, Given(content={"error": "The access token was revoked"}, status=401))

        with pytest.raises(CollectError, match=r"setting token.*renew") as raised:
            await platform.poll("mastodon", {**HOOT, "token": "secret-token"})

    assert raised.value.permanent


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"instance": "a.example"}, "one of hashtag, query and account"),
        ({"instance": "a.example", "hashtag": "a", "query": "b"}, "one of hashtag"),
        ({"instance": "a.example", "query": "b"}, "token: a search needs"),
        ({"instance": "a.example/../x", "hashtag": "b"}, "instance: is the name"),
        ({"instance": "a.example", "hashtag": "a/../b"}, "hashtag: is one word"),
    ],
)
async def test_a_wrong_setting_names_its_field(settings: dict[str, str], said: str) -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match=said):
            await platform.poll("mastodon", settings)


def _recorded(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Every answer of the cassettes with its address."""
    cassettes = [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))]
    return [(one["request"]["uri"], one["response"]) for cassette in cassettes for one in cassette["interactions"]]


@pytest.mark.corpus
async def test_the_recorded_hashtag_and_search_are_read(corpus: Path) -> None:
    recorded = _recorded(corpus / "payloads/mastodon/halcy__Mastodon.py")
    timelines = [response for uri, response in recorded if "/timelines/" in uri or "/api/v2/search" in uri]
    statuses = 0
    for response in timelines:
        async with played() as platform:
            limits = {name: values[0] for name, values in response["headers"].items() if "ratelimit" in name}
            platform.on(TAG, Given(content=response["body"]["string"].encode(), headers=limits))

            collected = await platform.poll("mastodon", HOOT, now=datetime(2026, 8, 2, tzinfo=UTC))

        document = json.loads(response["body"]["string"])
        expected = document if isinstance(document, list) else document["statuses"]
        public = [one for one in expected if one["visibility"] == "public" and one["account"]["indexable"]]
        assert [mention.id for mention in collected.mentions] == [one["id"] for one in public]
        assert not collected.quarantined
        assert all(mention.published_at and mention.author.id for mention in collected.mentions)
        statuses += len(public)

    assert statuses >= 5
