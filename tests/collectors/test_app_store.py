"""The App Store's public reviews: pages, storefronts, edits, and everything Apple answers besides."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.app_store import parse
from collectors.errors import CollectError, RateLimited, Refused, SettingError, Unreachable
from collectors.types import Collected, Rating, SourceKind
from tests import make
from tests.collectors.played import Given, Platform, played
from tests.collectors.shaken import assert_never_raises

APP = "389801252"
SOURCE = make.source(kind=SourceKind.APP_STORE, settings={"app": APP})


def review(number: int, *, stars: str = "2", text: str = "更新後一直閃退", **fields: Any) -> dict[str, Any]:
    """One review in the shape of the JSON feed."""
    return {
        "author": {
            "uri": {"label": f"https://itunes.apple.com/tw/reviews/id{7000 + number}"},
            "name": {"label": f"讀者{number}"},
            "label": "",
        },
        "updated": {"label": "2026-03-01T08:30:00-07:00"},
        "im:rating": {"label": stars},
        "im:version": {"label": "4.2.1"},
        "id": {"label": str(9_000_000_000 + number)},
        "title": {"label": f"評論 {number}"},
        "content": {"label": text, "attributes": {"type": "text"}},
        "link": {"attributes": {"rel": "related", "href": f"https://itunes.apple.com/tw/review?id={APP}&type=x"}},
        "im:voteSum": {"label": "3"},
        "im:contentType": {"attributes": {"term": "Application", "label": "App"}},
        "im:voteCount": {"label": "5"},
        **fields,
    }


def feed(*entries: Any) -> dict[str, Any]:
    return {"feed": {"author": {"name": {"label": "iTunes Store"}}, "entry": list(entries), "id": {"label": "x"}}}


def on(platform: Platform, country: str, page: int, *contents: Any) -> None:
    platform.on(f"/{country}/rss/customerreviews/page={page}/id={APP}/sortby=mostrecent/json", *contents)


def read(document: Any, country: str = "tw") -> Collected:
    return parse(json.dumps(document).encode(), SOURCE, now=make.NOW, country=country)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with played() as running:
        yield running


def test_a_review_is_read_whole() -> None:
    (mention,) = read(feed(review(1))).mentions

    assert (mention.id, mention.site, mention.title) == ("9000000001", "App Store (TW)", "評論 1")
    assert (mention.text, mention.language) == ("更新後一直閃退", "zh-Hant")
    assert mention.rating == Rating(value=2, scale=5)
    assert mention.published_at == datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
    assert mention.author.name == "讀者1"
    assert mention.author.id == "https://itunes.apple.com/tw/reviews/id7001"
    assert mention.url == f"https://itunes.apple.com/tw/review?id={APP}&type=x"
    assert mention.engagement == {"helpful": 3, "votes": 5}


def test_the_app_itself_at_the_head_of_older_answers_is_no_review() -> None:
    app = {"im:name": {"label": "LINE"}, "id": {"label": "https://apps.apple.com/x"}, "title": {"label": "LINE"}}

    found = read(feed(app, review(1)))

    assert [mention.id for mention in found.mentions] == ["9000000001"]
    assert not found.quarantined


@pytest.mark.parametrize(("entries", "count"), [(review(1), 1), (None, 0), ([], 0)])
def test_entries_may_be_a_list_one_object_or_missing(entries: Any, count: int) -> None:
    document = {"feed": {"entry": entries} if entries is not None else {}}

    assert len(read(document).mentions) == count


def test_a_review_of_2020_without_a_date_is_read() -> None:
    old = review(1)
    del old["updated"]

    assert read(feed(old)).mentions[0].published_at is None


def test_a_poison_review_costs_only_itself() -> None:
    found = read(feed(review(1), review(2, stars="99"), "junk", review(3)))

    assert [mention.id for mention in found.mentions] == ["9000000001", "9000000003"]
    assert len(found.quarantined) == 2
    assert found.seen == 4


def test_the_xml_form_gives_the_same_review() -> None:
    payload = f"""<?xml version="1.0" encoding="utf-8"?>
    <feed xmlns:im="http://itunes.apple.com/rss" xmlns="http://www.w3.org/2005/Atom">
      <id>x</id><title>iTunes Store</title>
      <entry>
        <updated>2026-03-01T08:30:00-07:00</updated><id>9000000001</id><title>評論 1</title>
        <content type="text">更新後一直閃退</content>
        <im:voteSum>3</im:voteSum><im:voteCount>5</im:voteCount><im:rating>2</im:rating><im:version>4.2.1</im:version>
        <author><name>讀者1</name><uri>https://itunes.apple.com/tw/reviews/id7001</uri></author>
        <link rel="related" href="https://itunes.apple.com/tw/review?id={APP}&amp;type=x"/>
        <content type="html">&lt;table&gt;&lt;/table&gt;</content>
      </entry>
    </feed>"""

    assert parse(payload.encode(), SOURCE, now=make.NOW, country="tw").mentions == read(feed(review(1))).mentions


def test_xml_that_declares_entities_is_refused() -> None:
    bomb = b'<!DOCTYPE feed [<!ENTITY a "aaaa">]><feed xmlns="http://www.w3.org/2005/Atom"><title>&a;</title></feed>'

    with pytest.raises(Refused):
        parse(bomb, SOURCE, now=make.NOW)


def test_whatever_stands_in_a_document_gives_reviews_or_our_error() -> None:
    assert_never_raises(read, feed(review(1), review(2)))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: ("<feed>" + text).encode()))
def test_any_bytes_give_reviews_or_our_error(payload: bytes) -> None:
    with contextlib.suppress(CollectError):
        parse(payload, SOURCE, now=make.NOW)


async def test_pages_are_read_until_what_is_known(platform: Platform) -> None:
    on(platform, "us", 1, feed(review(4), review(3)))
    on(platform, "us", 2, feed(review(2), review(1)))
    on(platform, "us", 3, feed())

    first = await platform.poll("app_store", {"app": APP})
    on(platform, "us", 1, feed(review(5), review(4)))
    second = await platform.poll("app_store", {"app": APP}, cursor=first.cursor)

    assert [mention.id[-1] for mention in first.mentions] == ["4", "3", "2", "1"]
    assert [mention.id[-1] for mention in second.mentions] == ["5", "4"]
    assert len(platform.asked) == 4


async def test_an_edited_review_on_top_does_not_hide_the_new_ones_below(platform: Platform) -> None:
    on(platform, "us", 1, feed(review(2), review(1)))
    on(platform, "us", 2, feed())
    first = await platform.poll("app_store", {"app": APP})
    on(platform, "us", 1, feed(review(1, text="修好了", stars="5")))
    on(platform, "us", 2, feed(review(3), review(2)))

    second = await platform.poll("app_store", {"app": APP}, cursor=first.cursor)

    assert next((mention.id[-1], mention.text) for mention in second.mentions) == ("1", "修好了")
    assert [mention.id[-1] for mention in second.mentions] == ["1", "3", "2"]


async def test_ten_pages_are_the_end_and_a_gap_is_told(platform: Platform) -> None:
    for page in range(1, 12):
        on(platform, "us", page, feed(review(1000 + page)))
    cursor = {"us": {"anchors": ["of long ago"], "etag": None}}

    found = await platform.poll("app_store", {"app": APP}, cursor=cursor)

    assert len(platform.asked) == len(found.mentions) == 10
    assert found.gap
    assert "more than 10 pages were new" in (found.warning or "")


async def test_every_storefront_is_asked_and_one_that_fails_costs_no_other(platform: Platform) -> None:
    on(platform, "tw", 1, feed(review(1)))
    on(platform, "tw", 2, feed())
    on(platform, "cn", 1, Given(content=b"<html>busy</html>", status=500))
    on(platform, "th", 1, feed(review(2)))
    on(platform, "th", 2, feed())

    found = await platform.poll("app_store", {"app": f"id{APP}", "countries": "TW, cn th"})

    assert [(mention.site, mention.language) for mention in found.mentions] == [
        ("App Store (TW)", "zh-Hant"),
        ("App Store (TH)", "th"),
    ]
    assert "cn: " in (found.warning or "")
    assert found.complete
    assert found.cursor["cn"]["anchors"] == []


async def test_too_many_requests_end_the_poll_with_what_was_read(platform: Platform) -> None:
    on(platform, "tw", 1, feed(review(1)))
    on(platform, "tw", 2, Given(content=b"", status=429, headers={"Retry-After": "600"}))

    found = await platform.poll("app_store", {"app": APP, "countries": "tw,us"})

    assert len(found.mentions) == 1
    assert found.next_poll_after == timedelta(seconds=600)
    assert not [path for path in platform.paths if path.startswith("/us/")]
    assert found.cursor["tw"]["anchors"] == []


async def test_a_bare_429_asks_for_a_pause(platform: Platform) -> None:
    on(platform, "us", 1, Given(content=b"<html>", status=429))

    with pytest.raises(RateLimited) as caught:
        await platform.poll("app_store", {"app": APP})

    assert caught.value.retry_after >= timedelta(seconds=60)


async def test_not_modified_brings_nothing_and_keeps_what_is_known(platform: Platform) -> None:
    on(platform, "us", 1, Given(content=feed(review(1)), headers={"ETag": '"7"'}))
    on(platform, "us", 2, feed())
    first = await platform.poll("app_store", {"app": APP})
    on(platform, "us", 1, Given(content=b"", status=304))

    second = await platform.poll("app_store", {"app": APP}, cursor=first.cursor)

    assert platform.asked[-1].headers["if-none-match"] == '"7"'
    assert second.mentions == ()
    assert second.cursor == first.cursor


async def test_an_empty_answer_where_reviews_were_keeps_the_cursor(platform: Platform) -> None:
    on(platform, "us", 1, {"feed": {}})
    cursor = {"us": {"anchors": ["abc"], "etag": None}}

    found = await platform.poll("app_store", {"app": APP}, cursor=cursor)

    assert found.cursor == cursor
    assert "though there were some" in (found.warning or "")


@pytest.mark.parametrize("body", [b"<html>sorry</html>", b"", b"[]", b'{"feed": 1}', b"\xff\xfe"])
async def test_another_answer_than_a_feed_is_our_error(body: bytes, platform: Platform) -> None:
    on(platform, "us", 1, Given(content=body))

    with pytest.raises(CollectError):
        await platform.poll("app_store", {"app": APP})


async def test_an_unknown_storefront_or_app_says_the_status(platform: Platform) -> None:
    on(platform, "us", 1, Given(content=b"", status=503))

    with pytest.raises(Unreachable, match="status 503"):
        await platform.poll("app_store", {"app": APP})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"app": "instagram"}, "app: give the number"),
        ({"app": APP, "countries": "Taiwan"}, "countries: 'taiwan' is no country"),
        ({}, "app: is required"),
    ],
)
async def test_a_wrong_setting_names_its_field(wrong: dict[str, str], said: str, platform: Platform) -> None:
    with pytest.raises(SettingError, match=said):
        await platform.poll("app_store", wrong)


def test_an_edit_changes_the_anchor_and_not_the_id() -> None:
    before, after = read(feed(review(1))).mentions[0], read(feed(review(1, stars="5"))).mentions[0]

    assert before.id == after.id
    assert replace(after, rating=before.rating) == before
