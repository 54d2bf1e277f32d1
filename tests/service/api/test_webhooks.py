"""Webhooks over the API."""

import httpx
from fastapi import FastAPI

from service.store.pool import Connection

HOOKS = "/api/v1/webhooks"
DESK = {"name": "Help desk", "url": "https://desk.example.com/earshot"}


async def test_a_secret_is_shown_once(client: httpx.AsyncClient, conn: Connection) -> None:
    made = await client.post(HOOKS, json=DESK)
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    hook = made.json()["webhook"]["id"]
    listed = await client.get(HOOKS)
    rotated = await client.post(f"{HOOKS}/{hook}/rotate")

    assert secret.startswith("whsec_")
    assert secret not in listed.text
    assert rotated.json()["secret"] != secret


async def test_an_inward_address_needs_to_be_allowed(client: httpx.AsyncClient) -> None:
    refused = await client.post(HOOKS, json={**DESK, "url": "http://127.0.0.1:8080/x"})
    odd = await client.post(HOOKS, json={**DESK, "url": "file:///etc/passwd"})
    allowed = await client.post(HOOKS, json={**DESK, "url": "http://127.0.0.1:8080/x", "allow_private": True})

    assert (refused.status_code, odd.status_code, allowed.status_code) == (422, 422, 201)
    assert "url" in refused.text


async def test_a_test_is_owed_logged_and_sent_again_only_when_done(client: httpx.AsyncClient) -> None:
    hook = (await client.post(HOOKS, json=DESK)).json()["webhook"]["id"]
    made = await client.post(f"{HOOKS}/{hook}/test")
    log = (await client.get(f"{HOOKS}/{hook}/deliveries")).json()["items"]
    again = await client.post(f"{HOOKS}/{hook}/deliveries/{made.json()['id']}/again")

    assert made.status_code == 202
    assert [one["kind"] for one in log] == ["test"]
    assert again.status_code == 409


async def test_it_is_switched_off_on_and_removed(client: httpx.AsyncClient) -> None:
    hook = (await client.post(HOOKS, json=DESK)).json()["webhook"]["id"]

    assert (await client.post(f"{HOOKS}/{hook}/disable")).json()["enabled"] is False
    assert (await client.post(f"{HOOKS}/{hook}/enable")).json()["enabled"] is True
    assert (await client.post(HOOKS, json=DESK)).status_code == 409
    assert (await client.delete(f"{HOOKS}/{hook}")).status_code == 204
    assert (await client.get(f"{HOOKS}/{hook}/deliveries")).status_code == 404


async def test_it_is_changed_whole_and_keeps_its_secret(client: httpx.AsyncClient, conn: Connection) -> None:
    hook = (await client.post(HOOKS, json=DESK)).json()["webhook"]["id"]
    await client.post(HOOKS, json={**DESK, "name": "Other"})
    secret = await conn.fetchval("select secret from webhook where id = $1", hook)
    wanted = {"name": "Desk", "events": ["mention.angry"], "description": "For the night shift"}
    changed = await client.put(f"{HOOKS}/{hook}", json=wanted)
    moved = await client.put(f"{HOOKS}/{hook}", json={**wanted, "url": "https://new.example.com/x"})
    refused = [
        (await client.put(f"{HOOKS}/{hook}", json={**wanted, **wrong})).status_code
        for wrong in ({"name": "Other"}, {"url": "http://127.0.0.1/x"}, {"events": ["test"]}, {"kind": "chat"})
    ]

    assert changed.status_code == 200, changed.text
    assert {key: changed.json()[key] for key in ("name", "url", "events", "description")} == {
        **wanted,
        "url": DESK["url"],
    }
    assert moved.json()["url"] == "https://new.example.com/x"
    assert refused == [409, 422, 422, 422]
    assert await conn.fetchval("select secret from webhook where id = $1", hook) == secret
    assert (await client.put(f"{HOOKS}/777", json=wanted)).status_code == 404


async def test_a_chat_moves_with_its_secret_address_or_stays(client: httpx.AsyncClient, conn: Connection) -> None:
    first, other = ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7F" + end for end in "QZ")
    made = await client.post(HOOKS, json={**DESK, "kind": "chat", "url": first})
    address = f"{HOOKS}/{made.json()['webhook']['id']}"
    await client.put(address, json={"name": "Room", "language": "th"})
    stayed = await conn.fetchval("select secret from webhook")
    moved = await client.put(address, json={"name": "Room", "url": other})

    assert (stayed, await conn.fetchval("select secret from webhook")) == (first, other)
    assert "TIiajkdnlazkcOXrIdevi7FZ" not in moved.text


def test_the_messages_are_documented(app: FastAPI) -> None:
    document = app.openapi()

    assert {"incident", "mention.angry"} <= set(document["webhooks"])
    assert "ToldIncident" in document["components"]["schemas"]


async def test_a_chats_address_is_never_shown_again(client: httpx.AsyncClient) -> None:
    address = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    made = await client.post(HOOKS, json={**DESK, "kind": "chat", "url": address, "language": "zh-Hant"})
    refused = await client.post(HOOKS, json={**DESK, "name": "x", "kind": "chat", "url": "file:///etc/passwd"})
    rotated = await client.post(f"{HOOKS}/{made.json()['webhook']['id']}/rotate")

    assert made.status_code == 201, made.text
    assert made.json()["secret"] is None
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in made.text + (await client.get(HOOKS)).text
    assert (refused.status_code, rotated.status_code) == (422, 409)
