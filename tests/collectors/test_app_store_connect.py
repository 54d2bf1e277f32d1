"""App Store Connect: reviews of one's own app with the answers, tokens signed by us, and Apple's refusals."""

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.app_store_connect import parse
from collectors.errors import CollectError, RateLimited, SettingError
from collectors.types import Collected, Rating, SourceKind
from tests import make
from tests.collectors.played import Given, Platform, played
from tests.collectors.shaken import assert_never_raises

APP = "682658836"
REVIEWS = f"/v1/apps/{APP}/customerReviews"
SETTINGS = {"app": APP, "issuer_id": "57246542-96fe-1a63-e053-0824d011072a", "key_id": "2X9R4HXF34"}
SOURCE = make.source(kind=SourceKind.APP_STORE_CONNECT, settings=SETTINGS)


def review(name: str = "r1", *, at: str = "2026-03-04T08:10:34-08:00", **attributes: Any) -> dict[str, Any]:
    """One review in the shape of the documentation."""
    links = {"related": f"https://api.appstoreconnect.apple.com/v1/customerReviews/{name}/response"}
    return {
        "type": "customerReviews",
        "id": name,
        "attributes": {
            "rating": 1,
            "title": "一直閃退",
            "body": "更新後打不開",
            "reviewerNickname": "小華",
            "createdDate": at,
            "territory": "TWN",
            **attributes,
        },
        "relationships": {"response": {"data": {"type": "customerReviewResponses", "id": f"{name}-a"}, "links": links}},
    }


def answer(to: str = "r1") -> dict[str, Any]:
    body = {"responseBody": "抱歉，已修正", "lastModifiedDate": "2026-03-05T01:00:00-08:00", "state": "PUBLISHED"}
    return {"type": "customerReviewResponses", "id": f"{to}-a", "attributes": body}


def page(*reviews: Any, included: tuple[Any, ...] = (), cursor: str = "") -> dict[str, Any]:
    links = {"self": f"https://api.appstoreconnect.apple.com{REVIEWS}"}
    if cursor:
        links["next"] = f"https://api.appstoreconnect.apple.com{REVIEWS}?cursor={cursor}&limit=200"
    return {"data": list(reviews), "included": list(included), "links": links, "meta": {"paging": {"total": 9}}}


def refused(status: int, code: str, detail: str, **headers: str) -> Given:
    errors = [{"status": str(status), "code": code, "title": "No.", "detail": detail}]
    return Given(
        content={"errors": errors}, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def read(document: Any) -> Collected:
    return parse(json.dumps(document).encode(), SOURCE, now=make.NOW)


def signing(name: str) -> Any:
    """Return a module of the package that signs."""
    return pytest.importorskip(f"cryptography.hazmat.primitives.{name}", reason="signing needs cryptography")


@pytest.fixture(scope="session")
def key() -> Any:
    ec = signing("asymmetric.ec")
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def whole(key: Any) -> dict[str, str]:
    """The settings with a key."""
    form = signing("serialization")
    pem = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()
    return {**SETTINGS, "private_key": pem}


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with played() as running:
        yield running


def test_a_review_is_read_whole_and_its_answer_is_a_mention_of_its_own() -> None:
    said, answered = read(page(review(), included=(answer(),))).mentions

    assert (said.id, said.site, said.title, said.text) == ("r1", "App Store (TW)", "一直閃退", "更新後打不開")
    assert (said.rating, said.author.name, said.language) == (Rating(value=1, scale=5), "小華", "zh-Hant")
    assert said.published_at == datetime(2026, 3, 4, 16, 10, 34, tzinfo=UTC)
    assert (answered.id, answered.parent, answered.root) == ("r1#answer", "r1", "r1")
    assert (answered.text, answered.reply_by_owner, said.reply_by_owner) == ("抱歉，已修正", True, False)


def test_an_unanswered_review_and_an_unknown_country_are_read() -> None:
    (mention,) = read(page(review(territory="XYZ"))).mentions

    assert (mention.site, mention.language) == ("App Store (XYZ)", None)


def test_a_poison_review_costs_only_itself() -> None:
    found = read(page(review("a", rating=7), "junk", {"type": "customerReviews", "id": "x"}, review("b")))

    assert [mention.id for mention in found.mentions] == ["b"]
    assert len(found.quarantined) == 3


def test_whatever_stands_in_a_document_gives_reviews_or_our_error() -> None:
    assert_never_raises(read, page(review(), included=(answer(),), cursor="AQ.x"))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_reviews_or_our_error(payload: bytes) -> None:
    with contextlib.suppress(CollectError):
        parse(payload, SOURCE, now=make.NOW)


async def test_the_token_is_what_apple_asks_for(platform: Platform, whole: dict[str, str], key: Any) -> None:
    platform.on(REVIEWS, page())

    await platform.poll("app_store_connect", whole)

    signed, _, signature = platform.asked[0].headers["authorization"].removeprefix("Bearer ").rpartition(".")
    both = _decoded(signature)
    numbers = (int.from_bytes(both[:32], "big"), int.from_bytes(both[32:], "big"))
    ec = signing("asymmetric.ec")
    der = signing("asymmetric.utils").encode_dss_signature(*numbers)
    key.public_key().verify(der, signed.encode(), ec.ECDSA(signing("hashes").SHA256()))
    head, claims = (json.loads(_decoded(part)) for part in signed.split("."))
    assert head == {"alg": "ES256", "typ": "JWT", "kid": "2X9R4HXF34"}
    assert (claims["iss"], claims["aud"]) == (SETTINGS["issuer_id"], "appstoreconnect-v1")
    assert 0 < claims["exp"] - claims["iat"] <= 20 * 60


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def test_pages_are_read_back_to_two_weeks_before_what_is_known(platform: Platform, whole: dict[str, str]) -> None:
    old = "2026-01-01T00:00:00Z"
    platform.on(REVIEWS, page(review("b"), cursor="AQ.2"), page(review("a", at=old)))
    first = await platform.poll("app_store_connect", {**whole, "territories": "twn, THA"})
    platform.on(REVIEWS, page(review("c"), cursor="AQ.2"), page(review("a", at=old), cursor="AQ.3"), page())

    second = await platform.poll("app_store_connect", whole, cursor=first.cursor)

    assert [mention.id for mention in first.mentions] == ["b", "a"]
    assert [mention.id for mention in second.mentions] == ["c", "a"]
    assert [asked.query.get("cursor") for asked in platform.asked] == [None, "AQ.2", None, "AQ.2"]
    assert platform.asked[0].query == {
        "sort": "-createdDate",
        "limit": "200",
        "include": "response",
        "filter[territory]": "TWN,THA",
    }


async def test_the_last_request_of_the_hour_ends_the_poll(platform: Platform, whole: dict[str, str]) -> None:
    spent = {"X-Rate-Limit": "user-hour-lim:3600;user-hour-rem:0;"}
    platform.on(REVIEWS, Given(content=page(review(), cursor="AQ.2"), headers=spent))

    found = await platform.poll("app_store_connect", whole)

    assert (len(found.mentions), len(platform.asked)) == (1, 1)
    assert found.next_poll_after == timedelta(hours=1)
    assert found.cursor == {}


async def test_a_spent_hour_asks_for_a_pause(platform: Platform, whole: dict[str, str]) -> None:
    limit = "user-hour-lim:3600;user-hour-rem:0;"
    platform.on(REVIEWS, refused(429, "RATE_LIMIT_EXCEEDED", "You have exceeded it.", X_Rate_Limit=limit))

    with pytest.raises(RateLimited, match="You have exceeded it") as caught:
        await platform.poll("app_store_connect", whole)

    assert caught.value.retry_after == timedelta(hours=1)


async def test_a_refused_token_names_the_key_s_setting(platform: Platform, whole: dict[str, str]) -> None:
    platform.on(REVIEWS, refused(401, "NOT_AUTHORIZED", "Provide a properly configured and signed bearer token."))

    with pytest.raises(CollectError, match=r"signed bearer token.*the setting private_key") as caught:
        await platform.poll("app_store_connect", whole)

    assert caught.value.permanent


async def test_a_partial_error_in_a_success_is_a_warning(platform: Platform, whole: dict[str, str]) -> None:
    platform.on(REVIEWS, {**page(review()), "errors": [{"detail": "some territories are not ready"}], "new": 1})

    found = await platform.poll("app_store_connect", whole)

    assert len(found.mentions) == 1
    assert "some territories" in (found.warning or "")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"private_key": "-----BEGIN secret-----"}, "private_key: "),
        ({"key_id": "a key"}, "key_id: copy it"),
        ({"issuer_id": "?"}, "issuer_id: copy it"),
        ({"app": "lantern"}, "app: give the number"),
        ({"territories": "Taiwan"}, "territories: 'TAIWAN' is no country"),
    ],
)
async def test_a_wrong_setting_names_its_field(
    wrong: dict[str, str], said: str, platform: Platform, whole: dict[str, str]
) -> None:
    with pytest.raises(SettingError, match=said) as caught:
        await platform.poll("app_store_connect", {**whole, **wrong})

    assert "secret" not in str(caught.value)


@pytest.mark.corpus
async def test_the_documented_answer_is_read(platform: Platform, whole: dict[str, str], corpus: Path) -> None:
    document = (corpus / "payloads" / "appstore_connect" / "customerReviews_doc.json").read_bytes()
    platform.on(REVIEWS, Given(content=document), page())

    found = await platform.poll("app_store_connect", whole)

    (mention,) = found.mentions
    assert (mention.title, mention.rating, mention.language) == ("Awesome!!!", Rating(value=5, scale=5), "en")
    assert mention.published_at == datetime(2017, 11, 15, 16, 10, 34, tzinfo=UTC)
    assert platform.asked[1].query["cursor"] == "AQ.AAAA"
