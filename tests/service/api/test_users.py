"""People by the API, and what ends when what they may do changes."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from service.store import access, clock
from service.store.access import Role, Scope
from service.store.pool import Connection
from tests.service.api.conftest import Place, client_of

USERS = "/api/v1/users"


async def _made(client: httpx.AsyncClient, **fields: object) -> int:
    made = await client.post(USERS, json={"name": "mei", **fields})
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


async def test_somebody_new_comes_in_by_a_link(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    user_id = await _made(client, role="responder", brands=[place.brand_id])
    link = (await client.post(f"{USERS}/{user_id}/link")).json()["url"]
    cookie = await access.sign_in(conn, link.partition("token=")[2], now=await clock.now(conn))
    assert cookie is not None
    session = await access.session_of(conn, cookie, now=await clock.now(conn))

    assert session is not None
    assert (session.user, session.role) == ("mei", Role.RESPONDER)
    assert session.brands == frozenset({place.brand_id})


async def test_a_changed_role_ends_sessions_at_once(app: FastAPI, client: httpx.AsyncClient, conn: Connection) -> None:
    user_id, now = await _made(client, role="viewer"), await clock.now(conn)
    cookie = await access.open_session(conn, user_id, now=now)
    async with client_of(app, cookie=f"earshot_session={cookie}") as browser:
        before = await browser.get("/api/v1/brands")
        changed = await client.patch(f"{USERS}/{user_id}", json={"role": "analyst"})
        after = await browser.get("/api/v1/brands")

    assert (before.status_code, changed.json()["role"], after.status_code) == (200, "analyst", 401)


async def test_the_last_administrator_stays_one(client: httpx.AsyncClient) -> None:
    only = await _made(client, role="admin")
    for change in ({"role": "viewer"}, {"enabled": False}):
        refused = await client.patch(f"{USERS}/{only}", json=change)

        assert refused.status_code == 409
    await _made(client, name="lek", role="admin")

    assert (await client.patch(f"{USERS}/{only}", json={"enabled": False})).status_code == 200
    assert (await client.post(f"{USERS}/{only}/link")).status_code == 409


async def test_two_who_change_somebody_at_once_do_not_undo_each_other(client: httpx.AsyncClient) -> None:
    for role in ("analyst", "responder", "viewer"):
        user_id = await _made(client, name=role)
        path = f"{USERS}/{user_id}"
        await asyncio.gather(
            client.patch(path, json={"enabled": False}), client.patch(path, json={"role": role, "brands": None})
        )
        (after,) = [one for one in (await client.get(USERS)).json()["items"] if one["id"] == user_id]

        assert (after["role"], after["disabled_at"] is None) == (role, False)


async def test_sessions_are_listed_and_ended(app: FastAPI, client: httpx.AsyncClient, conn: Connection) -> None:
    user_id, now = await _made(client), await clock.now(conn)
    cookie = await access.open_session(conn, user_id, now=now, address="203.0.113.7", agent="Firefox")
    (shown,) = (await client.get("/api/v1/sessions")).json()["items"]
    ended = await client.delete(f"/api/v1/sessions/{shown['id']}")
    async with client_of(app, cookie=f"earshot_session={cookie}") as browser:
        refused = await browser.get("/api/v1/brands")

    assert (shown["user"], shown["address"], shown["agent"]) == ("mei", "203.0.113.7", "Firefox")
    assert (ended.status_code, refused.status_code) == (204, 401)


WRONG = [
    ({"name": "mei", "brands": [999]}, "brands"),
    ({"name": "mei", "role": "admin", "brands": [1]}, "brands"),
    ({"name": ""}, "name"),
    ({"name": "mei", "role": "king"}, "role"),
    ({"name": "taken"}, "name"),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
async def test_what_is_wrong_with_a_user_is_named(client: httpx.AsyncClient, body: object, field: str) -> None:
    await _made(client, name="taken")
    refused = await client.post(USERS, json=body)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field


async def test_a_rotated_key_has_two_secrets_for_a_day(
    app: FastAPI, client: httpx.AsyncClient, conn: Connection
) -> None:
    old = await access.add_key(conn, name="shop", scopes=[Scope.READ], now=await clock.now(conn))
    rotated = (await client.post(f"/api/v1/keys/{old.split('_')[1]}/rotate")).json()
    async with client_of(app, old) as before, client_of(app, rotated["key"]) as after:
        both = [(await one.get("/api/v1/brands")).status_code for one in (before, after)]
        await conn.execute("update mock.clock set shift = '25 hours'")
        next_day = [(await one.get("/api/v1/brands")).status_code for one in (before, after)]
        await client.delete(f"/api/v1/keys/{rotated['id']}")
        revoked = await after.get("/api/v1/brands")

    assert both == [200, 200]
    assert next_day == [401, 200]
    assert revoked.status_code == 401


async def test_a_bound_key_cannot_administer(client: httpx.AsyncClient, place: Place) -> None:
    body = {"name": "x", "scopes": ["admin"], "brands": [place.brand_id]}

    assert (await client.post("/api/v1/keys", json=body)).json()["errors"][0]["field"] == "brands"
