"""Rules are made, tried, changed and removed on their pages, without any script."""

import httpx
import pytest

from service.store import rule
from service.store.pool import Connection
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")


async def _send(browser: httpx.AsyncClient, address: str, **fields: str) -> httpx.Response:
    token = Page((await browser.get("/rules")).text).form("/sign-out")["csrf"]
    answer = await browser.post(address, data={"csrf": token, **fields})
    return await browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


async def test_a_rule_is_tried_before_it_is_stored(browser: httpx.AsyncClient, conn: Connection) -> None:
    given = {"kind": "angry_mention", "name": "Furious", "setting-threshold": "0.5", "mode": "monitor"}
    tried = await _send(browser, "/rules/new", do="try", **given)
    assert "What it would have done" in tried.text
    assert "1 alert ·" in tried.text
    assert "laughed" in tried.text
    assert await rule.named(conn, "Furious") is None
    stored = await _send(browser, "/rules/new", do="save", **given)

    assert "The rule is stored." in stored.text
    made = next(one for one in await rule.every(conn) if one.name == "Furious")
    assert (dict(made.settings), made.mode, made.group_by) == ({"threshold": "0.5"}, "monitor", "story")


async def test_a_mistake_is_named_and_what_was_typed_stays(browser: httpx.AsyncClient, conn: Connection) -> None:
    answer = await _send(
        browser, "/rules/new", do="save", kind="angry_mention", name="Furious", **{"setting-threshold": "2"}
    )
    nameless = await _send(browser, "/rules/new", do="save", kind="angry_mention", name=" ")

    assert "From this probability, 0 to 1:" in answer.text
    assert 'value="2"' in answer.text
    assert "Give the rule a name." in nameless.text
    assert await rule.named(conn, "Furious") is None


async def test_a_rule_is_changed_and_removed(browser: httpx.AsyncClient, conn: Connection) -> None:
    changed = await _send(
        browser, "/rules/1", do="save", kind="angry_mention", name="Angrier", group_by="author", **{"contact-1": "1"}
    )
    assert "Angrier" in changed.text
    stored = await rule.get(conn, (await rule.every(conn))[0].id)
    assert stored is not None
    assert stored.group_by == "author"
    assert await conn.fetchval("select array_agg(contact_id) from rule_contact where rule_id = 1") == [1]
    removed = await _send(browser, "/rules/1", do="remove", kind="angry_mention")

    assert "The rule is removed." in removed.text
    assert await rule.every(conn) == []


async def test_a_kind_that_is_not_there_is_a_page(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/rules/new?kind=calm")).status_code == 404
    assert (await browser.get("/rules/77")).status_code == 404
