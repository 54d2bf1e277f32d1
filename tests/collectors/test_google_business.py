"""Google Business Profile: stars without words, translations nobody wrote, answers, and a quota of nothing."""

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.google_business import original, parse
from collectors.tokens import forget_tokens
from collectors.types import Collected, Rating, SourceKind
from tests import make
from tests.collectors.played import Given, Platform, played
from tests.collectors.shaken import assert_never_raises

SETTINGS = {"account": "accounts/1", "locations": "55", "access_token": "ya29.ours"}
SOURCE = make.source(kind=SourceKind.GOOGLE_BUSINESS, settings=SETTINGS)


def reviews_of(place: str) -> str:
    return f"/v4/accounts/1/locations/{place}/reviews"


def review(name: str = "r1", *, at: str = "2026-03-04T10:23:45.123456789Z", **fields: Any) -> dict[str, Any]:
    """One review in the shape of the documentation."""
    return {
        "name": f"accounts/1/locations/55/reviews/{name}",
        "reviewId": name,
        "reviewer": {"displayName": "王小明", "profilePhotoUrl": "https://lh3.example/a"},
        "starRating": "ONE",
        "comment": "服務態度很差",
        "createTime": at,
        "updateTime": at,
        **fields,
    }


def page(*reviews: Any, following: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"reviews": list(reviews), "averageRating": 4.7, "totalReviewCount": 128}
    return {**found, "nextPageToken": following} if following else found


def read(document: Any) -> Collected:
    return parse(json.dumps(document).encode(), SOURCE, now=make.NOW)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    forget_tokens()
    async with played() as running:
        yield running


def test_a_review_is_read_whole_and_its_answer_is_a_mention_of_its_own() -> None:
    reply = {"comment": "非常抱歉", "updateTime": "2026-03-05T08:00:00Z"}

    said, answer = read(page(review(reviewReply=reply, updateTime="2026-03-04T12:00:00Z"))).mentions

    assert (said.id, said.site, said.text, said.author.name) == ("r1", "Google Maps", "服務態度很差", "王小明")
    assert said.rating == Rating(value=1, scale=5)
    assert said.published_at == datetime(2026, 3, 4, 10, 23, 45, tzinfo=UTC)
    assert said.edited_at == datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    assert (answer.id, answer.parent, answer.root, answer.text) == ("r1#answer", "r1", "r1", "非常抱歉")
    assert (answer.reply_by_owner, said.reply_by_owner) == (True, False)


def test_stars_without_words_by_nobody_are_a_review() -> None:
    bare = {"reviewId": "r2", "reviewer": {"displayName": "x", "isAnonymous": True}, "starRating": "THREE"}

    (mention,) = read(page(bare)).mentions

    assert (mention.text, mention.author.name, mention.rating) == ("", None, Rating(value=3, scale=5))
    assert mention.published_at is None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("(Translated by Google) Bad service\n\n(Original)\n服務很差", "服務很差"),
        ("(由 Google 提供翻譯) Bad\n\n(原文)\n服務態度很差", "服務態度很差"),
        ("บริการแย่มาก\n\n(Translated by Google)\nVery bad service", "บริการแย่มาก"),
        ("(แปลโดย Google) แย่\n\n(ต้นฉบับ)\nBad", "Bad"),
        ("I saw (Original) on the sign", "I saw (Original) on the sign"),
        ("", ""),
    ],
)
def test_what_google_translated_is_left_out(text: str, written: str) -> None:
    assert original(text) == written


def test_a_poison_review_costs_only_itself() -> None:
    found = read(page(review("a", starRating="SIX"), "junk", review("b", reviewReply="x"), review("c")))

    assert [mention.id for mention in found.mentions] == ["b", "c"]
    assert len(found.quarantined) == 3


def test_whatever_stands_in_a_document_gives_reviews_or_our_error() -> None:
    assert_never_raises(read, page(review(reviewReply={"comment": "x"}), following="y"))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_reviews_or_our_error(payload: bytes) -> None:
    with contextlib.suppress(CollectError):
        parse(payload, SOURCE, now=make.NOW)


async def test_every_place_is_read_back_to_two_weeks_before_what_is_known(platform: Platform) -> None:
    old = "2026-01-01T00:00:00Z"
    platform.on(reviews_of("55"), page(review("b"), following="2"), page(review("a", at=old)))
    platform.on(reviews_of("56"), page(review("z")))
    both = {**SETTINGS, "locations": "locations/55, 56"}
    first = await platform.poll("google_business", both)
    platform.on(reviews_of("55"), page(review("c"), following="2"), page(review("a", at=old), following="3"), page())

    second = await platform.poll("google_business", both, cursor=first.cursor)

    assert [mention.id for mention in first.mentions] == ["b", "a", "z"]
    assert [mention.id for mention in second.mentions] == ["c", "a", "z"]
    assert platform.asked[0].query == {"pageSize": "50", "orderBy": "updateTime desc"}
    assert platform.asked[1].query["pageToken"] == "2"


async def test_a_place_without_reviews_brings_none(platform: Platform) -> None:
    platform.on(reviews_of("55"), {})

    assert (await platform.poll("google_business", SETTINGS)).mentions == ()


async def test_a_place_that_is_not_there_costs_no_other(platform: Platform) -> None:
    gone = {"error": {"code": 404, "status": "NOT_FOUND", "message": "Requested entity was not found."}}
    platform.on(reviews_of("54"), Given(content=gone, status=404))
    platform.on(reviews_of("55"), page(review()))

    found = await platform.poll("google_business", {**SETTINGS, "locations": "54,55"})

    assert len(found.mentions) == 1
    assert "location 54" in (found.warning or "")
    assert "54" not in found.cursor


async def test_a_quota_that_is_not_granted_yet_asks_for_a_pause(platform: Platform) -> None:
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded for quota metric 'Requests'"}
    platform.on(reviews_of("55"), Given(content={"error": error}, status=429))

    with pytest.raises(RateLimited, match="Quota exceeded") as caught:
        await platform.poll("google_business", SETTINGS)

    assert caught.value.retry_after == timedelta(seconds=60)


async def test_an_ended_token_names_its_setting(platform: Platform) -> None:
    error = {"code": 401, "status": "UNAUTHENTICATED", "message": "Request had invalid authentication credentials."}
    platform.on(reviews_of("55"), Given(content={"error": error}, status=401))

    with pytest.raises(CollectError, match="the setting access_token") as caught:
        await platform.poll("google_business", SETTINGS)

    assert caught.value.permanent


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"locations": "Taipei"}, "locations: 'Taipei' is no number"),
        ({"account": "me"}, "account: 'me' is no number"),
        ({"locations": ""}, "locations: is required"),
        ({"access_token": ""}, "service_account: give"),
    ],
)
async def test_a_wrong_setting_names_its_field(wrong: dict[str, str], said: str, platform: Platform) -> None:
    with pytest.raises(SettingError, match=said):
        await platform.poll("google_business", {**SETTINGS, **wrong})


@pytest.mark.corpus
async def test_the_documented_answer_is_read(platform: Platform, corpus: Path) -> None:
    document = (corpus / "payloads" / "google_business" / "reviews_list_shape.json").read_bytes()
    platform.on(reviews_of("55"), Given(content=document), page())

    found = await platform.poll("google_business", SETTINGS, now=datetime(2026, 11, 1, tzinfo=UTC))

    assert [(mention.text, mention.reply_by_owner) for mention in found.mentions] == [
        ("Excellent service!", False),
        ("Thank you!", True),
        ("", False),
        ("服務態度很差", False),
    ]
