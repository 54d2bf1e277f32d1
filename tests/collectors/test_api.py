"""Asking APIs: what comes back, and what an error says and does not say."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from collectors.api import Reply, address, ask, ask_any
from collectors.egress import GuardedEgress
from collectors.errors import CollectError, RateLimited, Unreachable
from collectors.types import SourceKind
from tests import make
from tests.collectors.hostile import answers, hostile_server, raw, redirects
from tests.collectors.played import Given, Platform, played

SECRET = "AIzaSecretOfOurs"


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with played() as running:
        yield running


async def asked(platform: Platform, content: Any, **given: Any) -> Reply:
    """Ask a platform that answers so, with a key in the query."""
    platform.on("/v1/things", content)
    source = make.source(
        kind=SourceKind.YOUTUBE, settings={"api_key": SECRET}, base_url=platform.url, allow_private=True
    )
    url = address(source, "https://api.example", "/v1/things", {"key": SECRET})
    async with GuardedEgress() as egress:
        return await ask(egress, source, url, now=make.NOW, credential="api_key", **given)


def failed(status: int, document: Any, **headers: str) -> Given:
    return Given(content=document, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize(
    ("base_url", "address_asked"),
    [
        (None, "https://api.example/v3/a?q=%E6%9D%B1&tag=1&tag=2"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v3/a?q=%E6%9D%B1&tag=1&tag=2"),
        ("https://proxy.example/apple/", "https://proxy.example/apple/v3/a?q=%E6%9D%B1&tag=1&tag=2"),
    ],
)
def test_a_source_can_name_another_server(base_url: str | None, address_asked: str) -> None:
    query = {"q": "東", "tag": ["1", "2"], "page": None}

    assert address(make.source(base_url=base_url), "https://api.example/v3", "/a", query) == address_asked


@pytest.mark.parametrize(
    "document",
    [
        {"error": "the index is being rebuilt"},
        {"ok": False, "error_code": 500, "description": "the index is being rebuilt"},
        {"error": {"message": "the index is being rebuilt"}, "meta": {"request": "1"}},
        {"error_id": 500, "error_name": "internal_error", "error_message": "the index is being rebuilt"},
    ],
)
async def test_an_error_in_place_of_everything_else_is_told_in_the_places_words(
    platform: Platform, document: Any
) -> None:
    with pytest.raises(CollectError, match=r"status 200.*the index is being rebuilt"):
        await asked(platform, document)


@pytest.mark.parametrize(
    "document",
    [
        {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 77}},
        {"error_id": 502, "error_name": "throttle_violation", "error_message": "more requests in 77 seconds"},
    ],
)
async def test_a_limit_told_with_the_status_of_success_is_a_limit(platform: Platform, document: Any) -> None:
    with pytest.raises(RateLimited) as raised:
        await asked(platform, document)

    assert raised.value.retry_after == timedelta(seconds=77)


async def test_a_refused_token_told_with_the_status_of_success_names_its_setting(platform: Platform) -> None:
    with pytest.raises(CollectError, match="Unauthorized; the setting api_key holds"):
        await asked(platform, {"ok": False, "error_code": 401, "description": "Unauthorized"})


async def test_an_answer_is_decoded(platform: Platform) -> None:
    reply = await asked(platform, {"items": [1], "unknown": {}})

    assert reply.document == {"items": [1], "unknown": {}}
    assert (reply.warning, reply.pause) == (None, None)
    assert platform.asked[0].query == {"key": SECRET}


async def test_a_body_is_posted(platform: Platform) -> None:
    await asked(platform, {}, body=b'{"q": 1}', headers={"Content-Type": "application/json"})

    assert (platform.asked[0].method, platform.asked[0].body) == ("POST", b'{"q": 1}')


async def test_a_partial_error_inside_a_success_is_a_warning(platform: Platform) -> None:
    document = {"data": [], "errors": [{"title": "Not Found", "detail": f"no user, asked with key={SECRET}"}]}

    reply = await asked(platform, document)

    assert reply.warning == "the place left out 1 thing: no user, asked with key=***"


async def test_a_success_that_is_only_an_error_is_one(platform: Platform) -> None:
    with pytest.raises(CollectError, match="status 200: Unsupported get request"):
        await asked(platform, {"error": {"message": "Unsupported get request", "code": 100}})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (failed(401, {"error": {"message": "Invalid Credentials"}}), "Invalid Credentials; the setting api_key holds"),
        (failed(403, b"<html>no</html>"), "status 403.*; the setting api_key holds"),
        (failed(400, {"error": {"message": "Session has expired", "code": 190}}), "Session has expired; the setting"),
        (failed(400, {"error": "invalid_grant", "error_description": "Bad"}), "; the setting api_key holds"),
        (
            failed(400, {"error": {"message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}}),
            "API key not valid.; the setting api_key holds",
        ),
    ],
)
async def test_a_refused_credential_names_its_setting_and_is_permanent(
    answer: Given, said: str, platform: Platform
) -> None:
    with pytest.raises(CollectError, match=said) as caught:
        await asked(platform, answer)

    assert caught.value.permanent


async def test_a_limit_is_told_with_the_place_s_own_words(platform: Platform) -> None:
    with pytest.raises(RateLimited, match="slow down") as caught:
        await asked(platform, failed(429, {"message": "slow down"}, Retry_After="300"))

    assert caught.value.retry_after == timedelta(seconds=300)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\x00", b"[" * 100_000, b"1", b"null", b'{"a": ', b"[1]"])
async def test_what_is_no_json_object_is_our_error(body: bytes, platform: Platform) -> None:
    with pytest.raises(CollectError):
        await asked(platform, Given(content=body))


async def test_a_fault_of_the_server_is_not_permanent(platform: Platform) -> None:
    with pytest.raises(Unreachable, match=r"status 502") as caught:
        await asked(platform, failed(502, b"bad gateway"))

    assert not caught.value.permanent


async def test_a_status_that_is_wanted_comes_back(platform: Platform) -> None:
    reply = await asked(platform, failed(404, {"error": {"message": "gone"}}), answers=(404,))

    assert (reply.status, reply.document) == (404, {"error": {"message": "gone"}})


async def test_a_list_is_json_too(platform: Platform) -> None:
    platform.on("/", [1, 2])
    source = make.source(allow_private=True)

    async with GuardedEgress() as egress:
        reply = await ask_any(egress, source, platform.url + "/", now=make.NOW)

    assert reply.document == [1, 2]


@pytest.mark.parametrize(
    "habit",
    [
        answers(b'{"message": "key AIzaSecretOfOurs is unknown"}', status="400 Bad"),
        answers(b'{"error": {"message": "asked ?key=AIzaSecretOfOurs&x=1"}}', status="401 No"),
        raw(b"HTTP/1.1 2xx\r\n\r\n"),
        raw(b"junk"),
        redirects("http://[/?key=AIzaSecretOfOurs"),
        redirects("http://127.0.0.1:9/?key=AIzaSecretOfOurs"),
    ],
)
async def test_no_error_holds_the_key(habit: Any) -> None:
    async with hostile_server() as server, GuardedEgress() as egress:
        source = make.source(
            kind=SourceKind.YOUTUBE, settings={"api_key": SECRET}, base_url=server.on("/", habit), allow_private=True
        )
        with pytest.raises(CollectError) as caught:
            await ask(egress, source, address(source, "https://a.example", "", {"key": SECRET}), now=make.NOW)

    chain: BaseException | None = caught.value
    assert SECRET not in str(chain)


async def test_what_was_posted_follows_no_redirect() -> None:
    async with hostile_server() as server, GuardedEgress() as egress:
        url = server.on("/", redirects("/elsewhere", status="307 Temporary"))
        with pytest.raises(Unreachable, match="redirect"):
            await egress.post(url, body=b"secret", allow_private=True)

    assert [request.path for request in server.requests] == ["/"]
