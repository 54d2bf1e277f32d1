"""The link in an e-mail about an incident: looking changes nothing, a button acts once, for one of each."""

import re

import httpx
import pytest
from fastapi import FastAPI

from alerts.types import ContactId, IncidentId
from service.store import clock, contact, incident, incident_link
from service.store.pool import Connection
from tests.service.web.conftest import visitor
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")
LINK = "/incidents/1/link"


@pytest.fixture
async def token(conn: Connection) -> str:
    now = await clock.now(conn)
    made = await contact.put(conn, name="Mei Lin", email="mei@example.com", language="en", enabled=True, now=now)
    return await incident_link.add(conn, IncidentId(1), ContactId(made), now=now)


async def press(client: httpx.AsyncClient, token: str, verb: str, *, address: str = LINK) -> httpx.Response:
    page = await client.get(f"{LINK}?token={token}")
    (secret,) = re.findall(r'name="csrf" value="([^"]+)"', page.text)[:1] or [""]
    return await client.post(address, data={"csrf": secret, "token": token, "do": verb})


async def kinds(conn: Connection) -> list[str]:
    return [f"{one.kind} {one.actor or ''}".strip() for one in await incident.timeline(conn, IncidentId(1))]


async def test_looking_changes_nothing_however_many_scanners_do(app: FastAPI, conn: Connection, token: str) -> None:
    async with visitor(app) as client:
        for agent in ("Barracuda", "GoogleImageProxy", "curl", "Outlook", "Safe Links"):
            for method in ("GET", "HEAD", "GET"):
                answer = await client.request(method, f"{LINK}?token={token}", headers={"User-Agent": agent})
                assert answer.status_code == 200
        page = await client.get(f"{LINK}?token={token}")

    assert page.headers["referrer-policy"] == "no-referrer"
    assert "earshot_session" not in page.cookies
    assert not Page(page.text).dangers()
    assert await kinds(conn) == ["opened"]


async def test_its_buttons_act_in_the_contacts_name_once_each(app: FastAPI, conn: Connection, token: str) -> None:
    async with visitor(app) as client:
        taken = await press(client, token, "acknowledge")
        twice = await press(client, token, "acknowledge")
        await press(client, token, "keep")
        await press(client, token, "give-back")
        inside = await client.get("/incidents/1")

    assert "acknowledged by Mei Lin" in taken.text
    assert "Nothing was changed." in twice.text
    assert await kinds(conn) == ["opened", "acknowledged Mei Lin", "kept Mei Lin", "given_back Mei Lin"]
    assert inside.status_code == 303
    assert "Mei Lin (e-mail)" in {row["actor"] for row in await conn.fetch("select actor from audit_log")}


@pytest.mark.parametrize("case", ["old", "wrong", "another", "switched off", "resolve", "forged"])
async def test_it_opens_nothing_else(app: FastAPI, conn: Connection, token: str, case: str) -> None:
    if case == "old":
        await conn.execute("update mock.clock set shift = shift + interval '73 hours'")
    if case == "switched off":
        await conn.execute("update contact set enabled = false")
    async with visitor(app) as client:
        if case == "another":
            answer = await press(client, token, "acknowledge", address="/incidents/2/link")
        elif case == "forged":
            answer = await client.post(LINK, data={"csrf": "", "token": token, "do": "acknowledge"})
        else:
            given = "x" * 43 if case == "wrong" else token
            answer = await press(client, given, "resolve" if case == "resolve" else "acknowledge")

    assert answer.status_code == (200 if case == "resolve" else 403)
    assert await kinds(conn) == ["opened"]


async def test_spent_links_are_forgotten(conn: Connection, token: str) -> None:
    await incident_link.forget_expired(conn, now=await clock.now(conn))
    kept = await conn.fetchval("select count(*) from incident_link")
    await conn.execute("update mock.clock set shift = shift + interval '73 hours'")
    await incident_link.forget_expired(conn, now=await clock.now(conn))

    assert (kept, await conn.fetchval("select count(*) from incident_link")) == (1, 0)
