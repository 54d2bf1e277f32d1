"""The link by which an address agrees to be told: GET shows, POST acts."""

import re

import httpx
import pytest
from fastapi import FastAPI

from service.store import clock, contact, verification
from service.store.pool import Connection
from tests.service.web.conftest import visitor


@pytest.fixture
async def token(conn: Connection) -> str:
    now = await clock.now(conn)
    made = await contact.put(
        conn, name="Mei", email="mei@example.com", language="en", enabled=True, verified=False, now=now
    )
    asked = await contact.get(conn, made)
    assert asked is not None
    return await verification.add_link(conn, asked, now=now)


async def verified(conn: Connection) -> bool:
    return bool(await conn.fetchval("select verified_at is not null from contact"))


async def post(client: httpx.AsyncClient, token: str) -> httpx.Response:
    page = await client.get(f"/contacts/verify?token={token}")
    (secret,) = set(re.findall(r'name="csrf" value="([^"]+)"', page.text)[:1])
    return await client.post("/contacts/verify", data={"csrf": secret, "token": token})


async def test_looking_agrees_to_nothing(app: FastAPI, conn: Connection, token: str) -> None:
    async with visitor(app) as client:
        for _ in range(3):
            page = await client.get(f"/contacts/verify?token={token}")
            await client.head(f"/contacts/verify?token={token}")

    assert "mei@example.com" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not await verified(conn)


async def test_the_button_agrees_and_a_second_time_changes_nothing(app: FastAPI, conn: Connection, token: str) -> None:
    async with visitor(app) as client:
        assert (await post(client, token)).status_code == 200
        assert await verified(conn)
        assert (await post(client, token)).status_code == 200


@pytest.mark.parametrize("case", ["old", "moved", "wrong"])
async def test_a_link_that_is_old_or_of_another_address_agrees_to_nothing(
    app: FastAPI, conn: Connection, token: str, case: str
) -> None:
    if case == "old":
        await conn.execute("update mock.clock set shift = shift + interval '7 days'")
    if case == "moved":
        await conn.execute("update contact set email = 'other@example.com'")
    async with visitor(app) as client:
        answer = await post(client, "nonsense" if case == "wrong" else token)

    assert answer.status_code == 403
    assert not await verified(conn)


async def test_the_database_holds_no_token(conn: Connection, token: str) -> None:
    row = await conn.fetchrow("select * from contact_verification")

    assert row is not None
    assert token not in repr(dict(row))
