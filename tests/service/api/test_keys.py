"""Keys are made, listed and revoked; a secret is shown once."""

import httpx
from fastapi import FastAPI

from service.store.pool import Connection
from tests.service.api.conftest import client_of

LIST = "/api/v1/keys"


async def test_a_new_key_is_shown_once_and_works_until_it_is_revoked(
    app: FastAPI, client: httpx.AsyncClient, conn: Connection
) -> None:
    made = await client.post(LIST, json={"name": "reporting", "scopes": ["read"]})
    listed = await client.get(LIST)
    key_id, key = made.json()["id"], made.json()["key"]
    async with client_of(app, key) as reader:
        before = await reader.get("/api/v1/brands")
        revoked = await client.delete(f"{LIST}/{key_id}")
        after = await reader.get("/api/v1/brands")
        again = await client.delete(f"{LIST}/{key_id}")

    assert made.status_code == 201
    assert key.startswith(f"earshot_{key_id}_")
    assert [item["name"] for item in listed.json()["items"]] == ["reporting", "tester"]
    assert key.rpartition("_")[2] not in listed.text
    assert (before.status_code, revoked.status_code, after.status_code, again.status_code) == (200, 204, 401, 204)
    assert await conn.fetchval("select count(*) from api_key where $1 = any(scopes)", key) == 0


async def test_a_key_may_expire(client: httpx.AsyncClient) -> None:
    made = await client.post(
        LIST, json={"name": "guest", "scopes": ["read", "respond"], "expires_at": "2100-01-01T00:00:00+08:00"}
    )

    assert made.json()["expires_at"] == "2099-12-31T16:00:00Z"
    assert made.json()["scopes"] == ["read", "respond"]


async def test_a_key_that_makes_no_sense_is_refused(client: httpx.AsyncClient) -> None:
    good = {"name": "n", "scopes": ["read"]}
    cases: list[tuple[dict[str, object], str]] = [
        ({"name": ""}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes.0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2100-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": 4102444800}, "expires_at"),
        ({"role": "king"}, "role"),
    ]
    for change, field in cases:
        refused = await client.post(LIST, json={**good, **change})

        assert refused.status_code == 422, change
        assert [error["field"] for error in refused.json()["errors"]] == [field]


async def test_half_a_surrogate_pair_is_refused_in_names_and_values(client: httpx.AsyncClient) -> None:
    for body in (b'{"name": "\\ud800", "scopes": ["read"]}', b'{"name": "n", "scopes": ["read"], "\\udfff": 1}'):
        refused = await client.post(LIST, content=body, headers={"content-type": "application/json"})

        assert refused.status_code == 422


async def test_there_is_no_such_key(client: httpx.AsyncClient) -> None:
    assert (await client.delete(f"{LIST}/nothing")).status_code == 404
    assert (await client.delete(f"{LIST}/%00")).status_code == 422
