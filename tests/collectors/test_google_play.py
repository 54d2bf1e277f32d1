"""Google Play's reviews: what users and the developer said, three ways to sign in, and what goes wrong."""

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.google_play import parse
from collectors.tokens import forget_tokens
from collectors.types import Collected, Rating, SourceKind
from tests import make
from tests.collectors.played import Given, Platform, played
from tests.collectors.shaken import assert_never_raises

PACKAGE = "com.example.lantern"
REVIEWS = f"/androidpublisher/v3/applications/{PACKAGE}/reviews"
TOKEN = {"package": PACKAGE, "access_token": "ya29.ours"}
REFRESH = {"package": PACKAGE, "refresh_token": "1//ours", "client_id": "me", "client_secret": "secret-of-ours"}
SOURCE = make.source(kind=SourceKind.GOOGLE_PLAY, settings=TOKEN)
SECONDS = int(make.NOW.timestamp())


def review(name: str = "r1", *, hours_ago: int = 1, answer: str = "", **comment: Any) -> dict[str, Any]:
    """One review in the shape of the documentation."""
    stamp = {"seconds": str(SECONDS - 3600 * hours_ago), "nanos": 713000000}
    said = {
        "text": "更新後一直閃退",
        "lastModified": stamp,
        "starRating": 1,
        "reviewerLanguage": "zh_TW",
        "device": "trltespr",
        "androidOsVersion": 21,
        "appVersionCode": 42,
        "appVersionName": "4.2",
        "thumbsUpCount": 10,
        "thumbsDownCount": 3,
        "deviceMetadata": {"productName": "E5333", "ramMb": 2048},
        **comment,
    }
    comments: list[dict[str, Any]] = [{"userComment": said}]
    if answer:
        comments.append({"developerComment": {"text": answer, "lastModified": {"seconds": str(SECONDS - 60)}}})
    return {"reviewId": name, "authorName": "小華", "comments": comments}


def page(*reviews: Any, following: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"reviews": list(reviews)} if reviews else {}
    return {**found, "tokenPagination": {"nextPageToken": following}} if following else found


def refused(status: int, kind: str, message: str = "No.") -> Given:
    return Given(content={"error": {"code": status, "status": kind, "message": message}}, status=status)


def read(document: Any) -> Collected:
    return parse(json.dumps(document).encode(), SOURCE, now=make.NOW)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    forget_tokens()
    async with played() as running:
        yield running


def test_a_review_is_read_whole_and_its_answer_is_a_mention_of_its_own() -> None:
    said, answer = read(page(review(answer="抱歉，已修正"))).mentions

    assert (said.id, said.site, said.text, said.language) == ("r1", "Google Play", "更新後一直閃退", "zh-TW")
    assert (said.rating, said.author.name) == (Rating(value=1, scale=5), "小華")
    assert said.published_at == make.NOW - timedelta(hours=1)
    assert said.engagement == {"likes": 10, "dislikes": 3}
    assert said.url == f"https://play.google.com/store/apps/details?id={PACKAGE}&reviewId=r1"
    assert (answer.id, answer.parent, answer.root, answer.text) == ("r1#answer", "r1", "r1", "抱歉，已修正")
    assert (answer.reply_by_owner, said.reply_by_owner, answer.rating) == (True, False, None)


def test_title_and_body_are_parted_by_a_tab_and_the_original_is_preferred() -> None:
    (mention,) = read(page(review(text="Bad\tCrashes", originalText="爛\t一直閃退"))).mentions

    assert (mention.title, mention.text) == ("爛", "一直閃退")


def test_a_poison_review_costs_only_itself() -> None:
    found = read(page(review("a", starRating=9), "junk", {"reviewId": "x", "comments": []}, review("b")))

    assert [mention.id for mention in found.mentions] == ["b"]
    assert len(found.quarantined) == 3


def test_whatever_stands_in_a_document_gives_reviews_or_our_error() -> None:
    assert_never_raises(read, page(review(answer="x"), following="y"))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_reviews_or_our_error(payload: bytes) -> None:
    with contextlib.suppress(CollectError):
        parse(payload, SOURCE, now=make.NOW)


async def test_pages_are_read_back_to_two_days_before_what_is_known(platform: Platform) -> None:
    platform.on(REVIEWS, page(review("b"), following="2"), page(review("a", hours_ago=100)))
    first = await platform.poll("google_play", TOKEN)
    platform.on(
        REVIEWS,
        page(review("c", hours_ago=0), review("b"), following="2"),
        page(review("a", hours_ago=100), following="3"),
        page(),
    )
    second = await platform.poll("google_play", TOKEN, cursor=first.cursor)

    assert [mention.id for mention in first.mentions] == ["b", "a"]
    assert [mention.id for mention in second.mentions] == ["c", "b", "a"]
    assert [asked.query.get("token") for asked in platform.asked] == [None, "2", None, "2"]
    assert {asked.headers["authorization"] for asked in platform.asked} == {"Bearer ya29.ours"}
    assert platform.asked[0].query == {"maxResults": "100"}


async def test_an_app_without_reviews_brings_none(platform: Platform) -> None:
    platform.on(REVIEWS, {})

    found = await platform.poll("google_play", TOKEN)

    assert (found.mentions, found.warning) == ((), None)


async def test_a_refresh_token_signs_in_once_and_anew_when_the_token_ended(platform: Platform) -> None:
    platform.on("/token", {"access_token": "first", "expires_in": 3599}, {"access_token": "second", "expires_in": 3599})
    platform.on(REVIEWS, page(review()), page(review()), refused(401, "UNAUTHENTICATED"), page(review("new")))

    await platform.poll("google_play", REFRESH)
    await platform.poll("google_play", REFRESH)
    found = await platform.poll("google_play", REFRESH)

    assert [mention.id for mention in found.mentions] == ["new"]
    assert platform.paths == ["/token", REVIEWS, REVIEWS, REVIEWS, "/token", REVIEWS]
    assert platform.asked[-1].headers["authorization"] == "Bearer second"
    assert parse_qs(platform.asked[0].body.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["me"],
        "client_secret": ["secret-of-ours"],
        "refresh_token": ["1//ours"],
    }


async def test_a_revoked_refresh_token_names_its_setting(platform: Platform) -> None:
    revoked = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
    platform.on("/token", Given(content=revoked, status=400))

    with pytest.raises(CollectError, match=r"expired or revoked.*the setting refresh_token") as caught:
        await platform.poll("google_play", REFRESH)

    assert caught.value.permanent


async def test_a_service_account_signs_its_own_way_in(platform: Platform) -> None:
    hashes, serialization, padding, rsa = map(
        signing, ("hashes", "serialization", "asymmetric.padding", "asymmetric.rsa")
    )
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = json.dumps({"type": "service_account", "client_email": "robot@x.example", "private_key": pem})
    platform.on("/token", {"access_token": "robot's", "expires_in": 3599})
    platform.on(REVIEWS, page(review()))

    found = await platform.poll("google_play", {"package": PACKAGE, "service_account": account})

    (assertion,) = parse_qs(platform.asked[0].body.decode())["assertion"]
    signed, _, signature = assertion.rpartition(".")
    key.public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    claims = json.loads(_decoded(signed.partition(".")[2]))
    assert (claims["iss"], claims["aud"]) == ("robot@x.example", "https://oauth2.googleapis.com/token")
    assert claims["scope"].endswith("/androidpublisher")
    assert claims["exp"] - claims["iat"] == 3600
    assert platform.asked[1].headers["authorization"] == "Bearer robot's"
    assert len(found.mentions) == 1


def signing(name: str) -> Any:
    """Return a module of the package that signs."""
    return pytest.importorskip(f"cryptography.hazmat.primitives.{name}", reason="signing needs cryptography")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize(
    "account", ["junk", "[]", '{"client_email": 1, "private_key": "x"}', '{"client_email": "a", "private_key": "PEM?"}']
)
async def test_a_key_file_that_is_none_names_its_setting_and_not_its_content(account: str, platform: Platform) -> None:
    with pytest.raises(SettingError, match="service_account: ") as caught:
        await platform.poll("google_play", {"package": PACKAGE, "service_account": account})

    assert "PEM?" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"package": PACKAGE}, "service_account: give"),
        ({"package": "lantern", "access_token": "x"}, "package: give the name"),
        ({"package": PACKAGE, "refresh_token": "x"}, "client_id: is needed"),
        ({"access_token": "x"}, "package: is required"),
    ],
)
async def test_a_wrong_setting_names_its_field(wrong: dict[str, str], said: str, platform: Platform) -> None:
    with pytest.raises(SettingError, match=said):
        await platform.poll("google_play", wrong)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refused(401, "UNAUTHENTICATED"), "the setting access_token"),
        (
            refused(403, "PERMISSION_DENIED", "The caller does not have permission"),
            "does not have permission; the sett",
        ),
        (refused(404, "NOT_FOUND", "Package not found: com.example.lantern."), "status 404: Package not found"),
    ],
)
async def test_a_refusal_is_told_in_the_place_s_words(answer: Given, said: str, platform: Platform) -> None:
    platform.on(REVIEWS, answer)

    with pytest.raises(CollectError, match=said) as caught:
        await platform.poll("google_play", TOKEN)

    assert "ya29" not in str(caught.value)


async def test_an_exhausted_quota_asks_for_a_pause(platform: Platform) -> None:
    platform.on(REVIEWS, refused(429, "RESOURCE_EXHAUSTED", "Quota exceeded"))

    with pytest.raises(RateLimited) as caught:
        await platform.poll("google_play", TOKEN)

    assert caught.value.retry_after == timedelta(seconds=60)


async def test_a_failing_second_page_keeps_the_first_and_the_cursor(platform: Platform) -> None:
    platform.on(REVIEWS, page(review(), following="2"), Given(content=b"<html>", status=502))
    cursor = {"newest": "2026-03-01T00:00:00+00:00"}

    found = await platform.poll("google_play", TOKEN, cursor=cursor)

    assert len(found.mentions) == 1
    assert found.cursor == cursor
    assert "page 2" in (found.warning or "")


async def test_a_page_that_names_itself_as_the_next_is_read_once_more_and_no_more(platform: Platform) -> None:
    platform.on(REVIEWS, page(review(), following="on"))

    found = await platform.poll("google_play", TOKEN, cursor={"newest": "2020-01-01T00:00:00+00:00"})

    assert len(platform.asked) == 2
    assert found.gap


def test_no_answer_may_be_written_as_null() -> None:
    given = review()
    given["comments"].append({"developerComment": None})

    found = read(page(given))

    assert (len(found.mentions), found.quarantined) == (1, ())


def test_stars_may_come_as_a_text() -> None:
    (mention,) = read(page(review(starRating="4"))).mentions

    assert mention.rating == Rating(value=4, scale=5)


@pytest.mark.parametrize(("cursor", "gap"), [({}, False), ({"newest": "2020-01-01T00:00:00+00:00"}, True)])
async def test_more_new_pages_than_are_read_are_a_suspected_gap(
    platform: Platform, cursor: dict[str, str], gap: bool
) -> None:
    platform.on(REVIEWS, *(page(review(), following=f"on{number}") for number in range(20)))

    found = await platform.poll("google_play", TOKEN, cursor=cursor)

    assert len(platform.asked) == 20
    assert found.gap is gap
    assert "more than 20 pages" in (found.warning or "")


@pytest.mark.corpus
async def test_the_documented_answer_is_read(platform: Platform, corpus: Path) -> None:
    document = (corpus / "payloads" / "google_play" / "docs" / "reviews_list_doc.json").read_bytes()
    platform.on(REVIEWS, Given(content=document), page())

    found = await platform.poll("google_play", TOKEN)

    assert [(mention.id, mention.reply_by_owner) for mention in found.mentions] == [
        ("12345678", False),
        ("11223344", False),
        ("11223344#answer", True),
    ]
    assert found.mentions[0].published_at == datetime(2015, 10, 1, 5, 20, 26, tzinfo=UTC)
    assert not found.quarantined
