"""What holds for every kind that asks a platform, whatever the platform answers.

A new kind joins by a line in SETTINGS. App Store Connect stays out: signing needs a package that may be missing.
"""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from collectors import registry
from collectors.egress import GuardedEgress
from collectors.errors import CollectError, RateLimited, Refused
from collectors.kinds import KINDS
from collectors.tokens import forget_tokens
from collectors.types import Collected, Source, SourceKind
from tests import make

SECRET = "sesame-of-ours"
#: The least that each kind can be asked with, and a secret wherever one can be given.
SETTINGS: dict[str, dict[str, str]] = {
    "bluesky": {"query": "lantern", "identifier": "lantern.example", "password": SECRET},
    "mastodon": {"instance": "social.example", "hashtag": "lantern", "token": SECRET},
    "discourse": {"url": "https://forum.example", "api_key": SECRET, "api_username": "listener"},
    "reddit": {"subreddit": "taiwan", "client_id": "me", "client_secret": SECRET},
    "steam": {"appid": "620"},
    "hacker_news": {"query": "lantern"},
    "stack_exchange": {"site": "superuser", "tags": "lantern", "key": SECRET},
    "telegram": {"token": f"110201543:{SECRET}"},
    "x": {"query": "lantern", "token": SECRET},
    "threads": {"query": "lantern", "token": SECRET},
    "facebook": {"page": "1929", "token": SECRET},
    "instagram": {"account": "17841405822304914", "token": SECRET},
    "weibo": {"token": SECRET},
    "app_store": {"app": "389801252", "countries": "tw,us"},
    "youtube": {"api_key": SECRET, "videos": "dQw4w9WgXcQ"},
    "ptt": {"board": "Food"},
    "pantip": {"query": "lantern", "authorisation": SECRET, "accept_terms": "yes"},
    "google_business": {
        "account": "1",
        "locations": "2,3",
        "client_id": "me",
        "client_secret": SECRET,
        "refresh_token": SECRET,
    },
    "google_play": {
        "package": "com.example.lantern",
        "client_id": "me",
        "client_secret": SECRET,
        "refresh_token": SECRET,
    },
}
KINDS_ASKED = sorted(SETTINGS)

_ODD_ITEMS: list[object] = [None, 1, "x", [], {}, {"id": None}, {"id": {"label": []}}, {"data": {"id": 1e400}}]
_HOLDERS = ("items", "data", "reviews", "posts", "statuses", "hits", "children", "entry", "latest_posts")
BODIES = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"NaN",
    b'"text"',
    b"\xff\xfe\x00",
    b"[" * 50_000,
    b"<html><body>busy</body></html>",
    b"\xef\xbb\xbf{}",
    json.dumps({"access_token": "t", "accessJwt": "t", "expires_in": "soon"}).encode(),
    json.dumps({"error": {"message": f"bad key={SECRET}", "code": "x", "errors": 1}}).encode(),
    json.dumps({"error": SECRET, "message": SECRET, "errors": [None, 1, {"detail": SECRET}]}).encode(),
    json.dumps(dict.fromkeys(_HOLDERS, _ODD_ITEMS)).encode(),
    json.dumps({name: dict.fromkeys(_HOLDERS, _ODD_ITEMS) for name in (*_HOLDERS, "feed", "response")}).encode(),
    json.dumps(_ODD_ITEMS).encode(),
    b'<div class="r-ent"><a href="/bbs/Food/M.1772700000.A.ABC.html">x</a></div>',
]
STATUSES = [200, 400, 401, 403, 404, 410, 418, 429, 500, 503]


@dataclass(kw_only=True)
class Answering:
    """A server that answers everything alike."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    async def serve(self, request: web.Request) -> web.Response:
        self.asked += 1
        await request.read()
        return web.Response(body=self.body, status=self.status, headers=self.headers)


@pytest.fixture
async def server() -> AsyncIterator[Answering]:
    answering = Answering()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answering.serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    answering.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    forget_tokens()
    yield answering
    forget_tokens()
    await runner.cleanup()


async def poll(kind: str, server: Answering, *, allow_private: bool = True) -> Collected | CollectError:
    """Return what a poll brought, or the error it ended with."""
    source: Source = make.source(
        kind=SourceKind(kind), settings=SETTINGS[kind], base_url=server.url, allow_private=allow_private
    )
    async with GuardedEgress() as egress:
        try:
            return await registry.collector(kind).collect(source, egress=egress, now=make.NOW)
        except CollectError as error:
            return error


#: These speak no JSON to a platform of their own; App Store Connect signs with a package that may be missing.
WITH_TESTS_OF_THEIR_OWN = {"feed", "imap", "web_page", "sitemap", "app_store_connect"}


def test_every_kind_that_is_polled_is_tried() -> None:
    assert {kind.value for kind, entry in KINDS.items() if entry.collector} == {*SETTINGS, *WITH_TESTS_OF_THEIR_OWN}


@pytest.mark.parametrize("kind", KINDS_ASKED)
def test_the_settings_tried_are_settings_of_the_kind(kind: str) -> None:
    registry.check(kind, SETTINGS[kind])


@pytest.mark.parametrize("kind", [kind for kind, entry in KINDS.items() if entry.collector])
def test_every_setting_is_explained_by_an_example(kind: str) -> None:
    assert all(setting.description and setting.example for setting in registry.settings_of(kind))


@pytest.mark.parametrize("kind", KINDS_ASKED)
async def test_no_answer_raises_anything_but_our_errors_or_tells_a_secret(kind: str, server: Answering) -> None:
    for server.body in BODIES:
        for server.status in STATUSES:
            found = await poll(kind, server)

            said = str(found) if isinstance(found, CollectError) else found.warning or ""
            assert SECRET not in SETTINGS[kind].values() or SECRET not in said, (server.status, server.body[:80])


@pytest.mark.parametrize("kind", KINDS_ASKED)
async def test_too_many_requests_are_a_pause(kind: str, server: Answering) -> None:
    server.status, server.headers = 429, {"Retry-After": "600"}

    found = await poll(kind, server)

    assert isinstance(found, RateLimited)
    assert found.retry_after.total_seconds() == 600


@pytest.mark.parametrize("kind", KINDS_ASKED)
async def test_nothing_is_lost_to_an_answer_that_nothing_changed(kind: str, server: Answering) -> None:
    server.status = 304

    found = await poll(kind, server)

    # A page of PTT's or the App Store's is asked with what was kept of it; the others were not asked so.
    assert isinstance(found, CollectError) or not (found.seen or found.validators.etag)


@pytest.mark.parametrize("kind", [kind for kind in KINDS_ASKED if SECRET in " ".join(SETTINGS[kind].values())])
async def test_an_expired_credential_names_its_setting(kind: str, server: Answering) -> None:
    server.status, server.body = 401, b'{"message": "expired"}'

    found = await poll(kind, server)

    assert isinstance(found, CollectError)
    assert found.permanent
    named = re.search(r"the setting (\w+) holds a credential", str(found))
    assert named
    assert SECRET in SETTINGS[kind][named[1]]


#: What stands in for an answer without being one.
NO_ANSWERS = {
    "an error inside a success": b'{"error": {"message": "broke", "code": 2}}',
    "a page of HTML": b"<html><body>Just a moment</body></html>",
    "a body cut short": b'{"data": [{"id": "1"',
    "nothing": b"",
}


@pytest.mark.parametrize("body", NO_ANSWERS)
@pytest.mark.parametrize("kind", KINDS_ASKED)
async def test_what_is_no_answer_is_no_silence(kind: str, body: str, server: Answering) -> None:
    server.body = NO_ANSWERS[body]

    found = await poll(kind, server)

    assert isinstance(found, CollectError) or found.warning


@pytest.mark.parametrize("kind", KINDS_ASKED)
async def test_no_kind_reaches_inward_unless_it_may(kind: str, server: Answering) -> None:
    found = await poll(kind, server, allow_private=False)

    assert isinstance(found, Refused)
    assert server.asked == 0


@pytest.mark.parametrize("kind", KINDS_ASKED)
async def test_no_kind_follows_an_answer_to_the_machine_s_own_data(kind: str, server: Answering) -> None:
    server.status, server.headers = 302, {"Location": "http://169.254.169.254/latest/meta-data"}

    assert isinstance(await poll(kind, server), CollectError)


@pytest.mark.parametrize("kind", KINDS_ASKED)
async def test_a_cursor_of_another_shape_is_as_none(kind: str, server: Answering) -> None:
    server.body = b"{}"
    odd = {name: [1, {"a": None}] for name in ("newest", "threads", "heard", "gap", "last", "known", "tw", "anchors")}
    source: Source = make.source(
        kind=SourceKind(kind), settings=SETTINGS[kind], base_url=server.url, allow_private=True, cursor=odd
    )

    async with GuardedEgress() as egress:
        for tried in (source, replace(source, cursor=dict.fromkeys(odd, "x"))):
            try:
                await registry.collector(kind).collect(tried, egress=egress, now=make.NOW)
            except CollectError:
                continue
