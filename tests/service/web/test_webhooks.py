"""The page of webhooks."""

import re

import httpx
import pytest

from service.store import clock, component
from service.store.pool import Connection
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")

DESK = {"name": "Help desk", "url": "https://desk.example.com/earshot", "incident.opened": "1"}


async def press(browser: httpx.AsyncClient, address: str, **fields: str) -> httpx.Response:
    token = Page((await browser.get("/webhooks")).text).form("/sign-out")["csrf"]
    return await browser.post(address, data={"csrf": token, **fields})


async def test_a_webhook_is_added_and_its_secret_shown_once(browser: httpx.AsyncClient) -> None:
    added = await press(browser, "/webhooks", **DESK)
    later = await browser.get("/webhooks")

    assert re.search("whsec_[A-Za-z0-9+/=]{40,}", added.text)
    assert "whsec_" not in later.text
    assert "desk.example.com" in later.text


async def test_buttons_test_rotate_switch_and_remove(browser: httpx.AsyncClient, conn: Connection) -> None:
    await press(browser, "/webhooks", **DESK)
    await press(browser, "/webhooks/1/test")
    rotated = await press(browser, "/webhooks/1/rotate")
    await press(browser, "/webhooks/1/disable")
    switched = await browser.get("/webhooks")
    await press(browser, "/webhooks/1/remove")

    assert "whsec_" in rotated.text
    assert "Switched off." in switched.text
    assert "Waiting" in switched.text
    assert '<span class="strong">Test</span>' in switched.text
    assert await conn.fetchval("select count(*) from webhook") == 0


async def test_what_no_database_holds_is_left_out_of_what_was_written(
    browser: httpx.AsyncClient, conn: Connection
) -> None:
    await press(browser, "/webhooks", **{**DESK, "name": "Help\0 desk", "description": "\0 Night  shift"})
    row = await conn.fetchrow("select name, description from webhook")
    assert row is not None

    assert tuple(row) == ("Help desk", "Night shift")


async def test_one_is_changed_where_it_stands(browser: httpx.AsyncClient, conn: Connection) -> None:
    await press(browser, "/webhooks", **DESK)
    wanted = {"name": "Desk", "url": "https://new.example.com/x", "description": "Night shift", "mention.angry": "1"}
    changed = await press(browser, "/webhooks/1/change", **wanted)
    shown = await browser.get("/webhooks")
    wrong = await press(browser, "/webhooks/1/change", **{**wanted, "url": "http://127.0.0.1/x"})
    row = await conn.fetchrow("select name, url, events, description from webhook")
    assert row is not None

    assert (changed.status_code, wrong.status_code) == (303, 422)
    assert "Night shift" in shown.text
    assert "Each angry mention" in shown.text
    assert "This address cannot be used." in wrong.text
    assert "<details open>" in wrong.text
    assert tuple(row) == ("Desk", "https://new.example.com/x", ["mention.angry"], "Night shift")


async def test_what_is_wrong_is_said_beside_what_was_written(browser: httpx.AsyncClient) -> None:
    inward = await press(browser, "/webhooks", **{**DESK, "url": "http://127.0.0.1/x"})
    nameless = await press(browser, "/webhooks", **{**DESK, "name": " "})

    assert (inward.status_code, nameless.status_code) == (422, 422)
    assert "This address cannot be used." in inward.text
    assert 'value="Help desk"' in inward.text
    assert 'value="https://desk.example.com/earshot"' in nameless.text


async def test_one_that_was_switched_off_by_itself_is_noticed(browser: httpx.AsyncClient, conn: Connection) -> None:
    await component.beat(conn, "webhooks", now=await clock.now(conn), healthy=False, detail="Help desk: 410")

    assert "they took no webhook" in (await browser.get("/")).text


async def test_a_chat_is_added_and_its_address_shown_by_scheme_alone(browser: httpx.AsyncClient) -> None:
    token = "TIiajkdnlazkcOXrIdevi7FQ"
    await press(browser, "/webhooks", **{**DESK, "url": f"slack://T1JJ3T3L2/A1BRTD4JD/{token}"})
    refused = await press(browser, "/webhooks", **{**DESK, "name": "x", "url": "file:///etc/passwd"})
    page = (await browser.get("/webhooks")).text

    assert "slack://…" in page
    assert token not in page
    assert refused.status_code == 422
