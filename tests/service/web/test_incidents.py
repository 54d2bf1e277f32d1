"""What a person can do about an incident, without any script."""

import httpx
import pytest
from fastapi import FastAPI

from alerts.types import IncidentId, IncidentStatus, MentionId
from service.store import clock, erasure, incident
from service.store.pool import Connection
from tests.service.web.conftest import session_cookie, visitor
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")


async def _do(browser: httpx.AsyncClient, verb: str, **fields: str) -> httpx.Response:
    page = Page((await browser.get("/incidents/1")).text)
    token = page.form("/sign-out")["csrf"]
    answer = await browser.post(f"/incidents/1/{verb}", data={"csrf": token, **fields})
    assert answer.status_code == 303
    return await browser.get(answer.headers["location"])


async def test_acknowledge_resolve_and_reopen(browser: httpx.AsyncClient, conn: Connection) -> None:
    taken = await _do(browser, "acknowledge")
    closed = await _do(browser, "resolve", resolution="answered")
    again = await _do(browser, "reopen")
    lines = [entry.kind for entry in await incident.timeline(conn, IncidentId(1))]

    assert "acknowledged by mei" in taken.text
    assert "The person was answered" in closed.text
    assert "Opened again by mei" in again.text
    assert lines == ["opened", "acknowledged", "resolved", "reopened"]


async def test_an_acknowledgement_is_kept_and_given_back(browser: httpx.AsyncClient) -> None:
    await _do(browser, "acknowledge")
    kept = await _do(browser, "keep")
    back = await _do(browser, "give-back")

    assert "mei is still on it" in kept.text
    assert "mei gave it back" in back.text
    assert "acknowledged by mei" not in back.text


async def test_a_resolution_needs_a_reason(browser: httpx.AsyncClient, conn: Connection) -> None:
    answer = await _do(browser, "resolve", resolution="")

    assert "Choose why it is resolved" in answer.text
    assert await incident.count_by_status(conn) == {IncidentStatus.TRIGGERED: 1}


async def test_a_stale_page_shows_who_was_faster(app: FastAPI, browser: httpx.AsyncClient, conn: Connection) -> None:
    async with visitor(app) as other:
        other.cookies.set("earshot_session", await session_cookie(conn, "arthit"), domain="127.0.0.1")
        await _do(other, "resolve", resolution="spam")
    late = await _do(browser, "acknowledge")
    later = await _do(browser, "resolve", resolution="answered")

    for answer in (late, later):
        assert answer.status_code == 200
        assert "Nothing was changed" in answer.text
        assert "arthit did that today" in answer.text
    assert await incident.count_by_status(conn) == {IncidentStatus.RESOLVED: 1}


async def test_an_incident_that_is_gone_is_a_page(browser: httpx.AsyncClient) -> None:
    token = Page((await browser.get("/")).text).form("/sign-out")["csrf"]
    answer = await browser.post("/incidents/77/acknowledge", data={"csrf": token})

    assert answer.status_code == 404


async def test_tabs_count_and_divide_by_state(browser: httpx.AsyncClient) -> None:
    await _do(browser, "acknowledge")
    shown = {
        tab: "/incidents/1"
        in [link.get("href") for link in Page((await browser.get(f"/incidents?status={tab}")).text).all("a")]
        for tab in ("open", "triggered", "acknowledged", "resolved")
    }

    assert shown == {"open": True, "triggered": False, "acknowledged": True, "resolved": False}


async def test_the_page_tells_the_words_the_reason_and_who_is_told(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/incidents/1")

    assert "Never again" in page.text
    assert "<mark>Never</mark>" in page.text
    assert "with a probability of 97%" in page.text
    assert "mei@lantern.example" in page.text


async def test_snooze_give_and_note(browser: httpx.AsyncClient, conn: Connection) -> None:
    asleep = await _do(browser, "snooze", hours="4")
    given = await _do(browser, "assign", to="Arthit")
    noted = await _do(browser, "note", text="Called <b>back</b>")
    lines = [entry.kind for entry in await incident.timeline(conn, IncidentId(1))]

    assert "Snoozed by mei until" in asleep.text
    assert "given to Arthit" in given.text
    assert "mei noted: Called &lt;b&gt;back&lt;/b&gt;" in noted.text
    assert lines == ["opened", "snoozed", "assigned", "noted"]
    assert "/incidents/1" in (await browser.get("/incidents?status=snoozed")).text


async def test_what_was_not_chosen_is_asked_for(browser: httpx.AsyncClient) -> None:
    for verb, said in (("snooze", "how long"), ("note", "Write something"), ("merge", "Choose the incident")):
        assert said in (await _do(browser, verb)).text


async def test_an_incident_cannot_go_on_in_itself(browser: httpx.AsyncClient) -> None:
    assert "only go on in another open incident" in (await _do(browser, "merge", into="1")).text


async def test_an_erased_mention_is_told_of_in_place_of_its_words(browser: httpx.AsyncClient, conn: Connection) -> None:
    mention_id = await conn.fetchval("select mention_id from alert")
    async with conn.transaction():
        await erasure.erase(conn, MentionId(mention_id), by="mei", now=await clock.now(conn))
    shown = [(await browser.get(path)).text for path in ("/incidents/1", "/incidents", "/", f"/mentions/{mention_id}")]

    assert "or erased" in shown[0]
    assert "[erased" in shown[1]
    assert "This was erased for good" in shown[3]
    assert not [page for page in shown if "lied to my face" in page or "Never again" in page]
