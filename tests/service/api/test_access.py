"""Who may do what: every route against every scope."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from service.store import access, clock
from service.store.access import Scope
from service.store.pool import Connection
from tests.service.api.conftest import Place, client_of, key_with

#: None: open to everybody. A new route without an entry fails.
NEEDED: dict[tuple[str, str], Scope | None] = {
    ("get", "/api/v1/mentions"): Scope.READ,
    ("get", "/api/v1/mentions/{id}"): Scope.READ,
    ("post", "/api/v1/mentions"): Scope.WRITE,
    ("get", "/api/v1/trends"): Scope.READ,
    ("get", "/api/v1/share-of-voice"): Scope.READ,
    ("get", "/api/v1/spread"): Scope.READ,
    ("get", "/api/v1/terms"): Scope.READ,
    ("get", "/api/v1/exports"): Scope.READ,
    ("patch", "/api/v1/mentions/{id}"): Scope.RESPOND,
    ("get", "/api/v1/corrections"): Scope.READ,
    ("get", "/api/v1/quality"): Scope.READ,
    ("get", "/api/v1/stories"): Scope.READ,
    ("get", "/api/v1/authors"): Scope.READ,
    ("get", "/api/v1/incidents"): Scope.READ,
    ("get", "/api/v1/incidents/{id}"): Scope.READ,
    ("post", "/api/v1/incidents/{id}/ack"): Scope.RESPOND,
    ("post", "/api/v1/incidents/{id}/keep"): Scope.RESPOND,
    ("post", "/api/v1/incidents/{id}/unack"): Scope.RESPOND,
    ("post", "/api/v1/incidents/{id}/resolve"): Scope.RESPOND,
    ("post", "/api/v1/incidents/{id}/reopen"): Scope.RESPOND,
    ("post", "/api/v1/incidents/{id}/assign"): Scope.RESPOND,
    ("post", "/api/v1/incidents/{id}/snooze"): Scope.RESPOND,
    ("post", "/api/v1/incidents/{id}/merge"): Scope.RESPOND,
    ("post", "/api/v1/incidents/{id}/note"): Scope.RESPOND,
    ("get", "/api/v1/schedules/{id}/history"): Scope.READ,
    ("get", "/api/v1/webhooks"): Scope.ADMIN,
    ("post", "/api/v1/webhooks"): Scope.ADMIN,
    ("put", "/api/v1/webhooks/{id}"): Scope.ADMIN,
    ("delete", "/api/v1/webhooks/{id}"): Scope.ADMIN,
    ("post", "/api/v1/webhooks/{id}/enable"): Scope.ADMIN,
    ("post", "/api/v1/webhooks/{id}/disable"): Scope.ADMIN,
    ("post", "/api/v1/webhooks/{id}/rotate"): Scope.ADMIN,
    ("post", "/api/v1/webhooks/{id}/test"): Scope.ADMIN,
    ("get", "/api/v1/webhooks/{id}/deliveries"): Scope.ADMIN,
    ("post", "/api/v1/webhooks/{id}/deliveries/{delivery}/again"): Scope.ADMIN,
    ("get", "/api/v1/silences"): Scope.READ,
    ("post", "/api/v1/silences"): Scope.RESPOND,
    ("delete", "/api/v1/silences/{id}"): Scope.RESPOND,
    ("get", "/api/v1/on-call"): Scope.READ,
    ("get", "/api/v1/schedules"): Scope.READ,
    ("get", "/api/v1/schedules/{id}"): Scope.READ,
    ("post", "/api/v1/schedules"): Scope.WRITE,
    ("put", "/api/v1/schedules/{id}"): Scope.WRITE,
    ("delete", "/api/v1/schedules/{id}"): Scope.WRITE,
    ("post", "/api/v1/schedules/{id}/overrides"): Scope.RESPOND,
    ("delete", "/api/v1/overrides/{id}"): Scope.RESPOND,
    ("get", "/api/v1/policies"): Scope.READ,
    ("get", "/api/v1/policies/{id}"): Scope.READ,
    ("post", "/api/v1/policies"): Scope.WRITE,
    ("put", "/api/v1/policies/{id}"): Scope.WRITE,
    ("delete", "/api/v1/policies/{id}"): Scope.WRITE,
    ("get", "/api/v1/calendars"): Scope.READ,
    ("post", "/api/v1/calendars"): Scope.WRITE,
    ("delete", "/api/v1/calendars/{id}"): Scope.WRITE,
    ("get", "/api/v1/rules"): Scope.READ,
    ("get", "/api/v1/rules/kinds"): Scope.READ,
    ("post", "/api/v1/rules/preview"): Scope.READ,
    ("get", "/api/v1/rules/{id}"): Scope.READ,
    ("post", "/api/v1/rules"): Scope.WRITE,
    ("put", "/api/v1/rules/{id}"): Scope.WRITE,
    ("delete", "/api/v1/rules/{id}"): Scope.WRITE,
    ("get", "/api/v1/contacts"): Scope.READ,
    ("get", "/api/v1/contacts/{id}"): Scope.READ,
    ("post", "/api/v1/contacts"): Scope.WRITE,
    ("put", "/api/v1/contacts/{id}"): Scope.WRITE,
    ("delete", "/api/v1/contacts/{id}"): Scope.WRITE,
    ("post", "/api/v1/contacts/{id}/verification"): Scope.WRITE,
    ("post", "/api/v1/contacts/{id}/test"): Scope.WRITE,
    ("get", "/api/v1/sources"): Scope.READ,
    ("get", "/api/v1/sources/{id}"): Scope.READ,
    ("post", "/api/v1/sources/{id}/poll"): Scope.WRITE,
    ("get", "/api/v1/sources/{id}/quarantine"): Scope.READ,
    ("post", "/api/v1/sources/{id}/quarantine/{item}/replay"): Scope.WRITE,
    ("get", "/api/v1/sources/{id}/address"): Scope.ADMIN,
    ("post", "/api/v1/sources/{id}/address"): Scope.ADMIN,
    ("post", "/api/v1/sources/{id}/replay"): Scope.WRITE,
    ("get", "/api/v1/brands"): Scope.READ,
    ("post", "/api/v1/brands"): Scope.WRITE,
    ("post", "/api/v1/brands/preview"): Scope.READ,
    ("get", "/api/v1/brands/{id}"): Scope.READ,
    ("patch", "/api/v1/brands/{id}"): Scope.WRITE,
    ("get", "/api/v1/notifications"): Scope.READ,
    ("get", "/api/v1/notifications/{id}"): Scope.READ,
    ("post", "/api/v1/notifications/{id}/retry"): Scope.RESPOND,
    ("get", "/api/v1/keys"): Scope.ADMIN,
    ("post", "/api/v1/keys"): Scope.ADMIN,
    ("delete", "/api/v1/keys/{id}"): Scope.ADMIN,
    ("post", "/api/v1/keys/{id}/rotate"): Scope.ADMIN,
    ("get", "/api/v1/users"): Scope.ADMIN,
    ("post", "/api/v1/users"): Scope.ADMIN,
    ("patch", "/api/v1/users/{id}"): Scope.ADMIN,
    ("post", "/api/v1/users/{id}/link"): Scope.ADMIN,
    ("get", "/api/v1/sessions"): Scope.ADMIN,
    ("delete", "/api/v1/sessions/{id}"): Scope.ADMIN,
    ("get", "/api/v1/audit"): Scope.ADMIN,
    ("get", "/api/v1/audit/proof"): Scope.ADMIN,
    ("get", "/api/v1/erasures"): Scope.ADMIN,
    ("post", "/api/v1/erasures"): Scope.ADMIN,
    ("get", "/api/v1/events"): Scope.READ,
    ("get", "/healthz"): None,
    ("get", "/readyz"): None,
    ("get", "/metrics"): None,
}
GUARDED = [(*route, needed) for route, needed in NEEDED.items() if needed is not None]
UUID_OF_NOTHING = "00000000-0000-4000-8000-000000000000"


async def _ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    """Ask a route about things that do not exist; a stream that would begin is refused for its parameter instead."""
    address = path.replace("{id}", UUID_OF_NOTHING if "notifications" in path else "999")
    body = {"resolution": "answered"} if path.endswith("/resolve") else {}
    json = body if method == "post" else None
    return await client.request(method, address + "?no_such=1", json=json)


def test_every_route_is_in_the_matrix(app: FastAPI) -> None:
    described = {(method, path) for path, methods in app.openapi()["paths"].items() for method in methods}

    assert described == set(NEEDED)


def test_the_document_says_the_scope_of_every_route(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for (method, path), needed in NEEDED.items():
        security = paths[path][method].get("security")

        assert security == (None if needed is None else [{"key": [needed.value]}, {"session": []}])


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_may_do_what_its_scope_says_and_no_more(app: FastAPI, conn: Connection, scope: Scope) -> None:
    async with client_of(app, await key_with(conn, scope)) as client:
        for method, path, needed in GUARDED:
            answer = await _ask(client, method, path)
            may = scope in (needed, Scope.ADMIN)

            assert (answer.status_code == 403) != may, (method, path)
            assert may or f"scope {needed}" in answer.json()["detail"]


async def test_nobody_gets_in_without_a_key(app: FastAPI) -> None:
    async with client_of(app) as client:
        for method, path, _ in GUARDED:
            answer = await _ask(client, method, path)

            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


ODD_KEYS = [
    b"Bearer ",
    b"Bearer earshot_",
    b"Bearer earshot_abc_" + b"0" * 64,
    b"Bearer earshot_\xe6\xbc\xa2_\xff",
    b"Bearer earshot_\x00_\x00",
    b"Bearer " + b"x" * 1_000_000,
    b"Bearer earshot_" + b"a" * 1_000_000 + b"_b",
    b"Basic YTpi",
    b"\xff\xfe",
    b"",
]


async def test_odd_keys_are_refused(app: FastAPI) -> None:
    async with client_of(app) as client:
        for sent in ODD_KEYS:
            answer = await client.get("/api/v1/brands", headers=[(b"Authorization", sent)])

            assert answer.status_code == 401, sent[:40]


async def test_a_secret_with_one_wrong_digit_is_refused(app: FastAPI, conn: Connection) -> None:
    key = await key_with(conn, Scope.READ)
    async with client_of(app, key[:-1] + ("0" if key[-1] != "0" else "1")) as client:
        assert (await client.get("/api/v1/brands")).status_code == 401


async def test_revoked_and_expired_keys_are_refused(app: FastAPI, conn: Connection) -> None:
    now = await clock.now(conn)
    revoked = await key_with(conn, Scope.READ)
    await access.revoke_key(conn, revoked.split("_")[1], now=now)
    expired = await access.add_key(
        conn, name="old", scopes=[Scope.READ], now=now - timedelta(days=2), expires_at=now - timedelta(days=1)
    )
    for key in (revoked, expired):
        async with client_of(app, key) as client:
            assert (await client.get("/api/v1/brands")).status_code == 401


async def _session(conn: Connection) -> tuple[str, str]:
    """Return the cookie and the token of a signed-in browser."""
    now = await clock.now(conn)
    cookie = await access.sign_in(conn, await access.add_sign_in_link(conn, user="admin", now=now), now=now)
    assert cookie is not None
    session = await access.session_of(conn, cookie, now=now)
    assert session is not None
    return cookie, session.csrf_token


async def test_a_signed_in_browser_may_read(app: FastAPI, conn: Connection) -> None:
    cookie, _ = await _session(conn)
    async with client_of(app, cookie=f"earshot_session={cookie}") as client:
        assert (await client.get("/api/v1/brands")).status_code == 200


async def test_a_browser_may_act_only_with_its_token(app: FastAPI, conn: Connection, place: Place) -> None:
    cookie, token = await _session(conn)
    address = f"/api/v1/sources/{place.source_id}/poll"
    async with client_of(app, cookie=f"earshot_session={cookie}") as client:
        for wrong in (None, "", "wrong", "é", token + "0"):
            headers = [] if wrong is None else [(b"X-CSRF-Token", wrong.encode())]
            assert (await client.post(address, headers=headers)).status_code == 403, wrong

        assert (await client.post(address, headers={"X-CSRF-Token": token})).status_code == 202


async def test_a_cookie_does_not_make_a_bad_key_good(app: FastAPI, conn: Connection) -> None:
    cookie, _ = await _session(conn)
    async with client_of(app, "earshot_a_b", cookie=f"earshot_session={cookie}") as client:
        assert (await client.get("/api/v1/brands")).status_code == 401


async def test_an_unknown_session_is_refused(app: FastAPI) -> None:
    async with client_of(app, cookie="earshot_session=nothing") as client:
        assert (await client.get("/api/v1/brands")).status_code == 401
