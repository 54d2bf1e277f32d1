"""Only our own pages can send our forms."""

import re

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from alerts.types import IncidentStatus
from service.store import incident
from service.store.pool import Connection
from service.web import csrf, pages
from tests.service.web.conftest import session_cookie, visitor
from tests.service.web.reading import Page

_FORMS = (
    "/sign-in",
    "/sign-out",
    "/language",
    "/incidents/1/acknowledge",
    "/incidents/1/resolve",
    "/incidents/1/reopen",
    "/demo/remove",
)
_FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.usefixtures("angry_place")
async def test_a_form_without_our_token_changes_nothing(browser: httpx.AsyncClient, conn: Connection) -> None:
    good = Page((await browser.get("/incidents/1")).text).form("/incidents/1/acknowledge")["csrf"]
    for address in _FORMS:
        tries = [
            await browser.post(address, data={"resolution": "spam"}),
            await browser.post(address, data={"resolution": "spam", "csrf": "x"}),
            await browser.post(address, data={"resolution": "spam", "csrf": ""}),
            await browser.post(address, data={"resolution": "spam", "csrf": csrf.masked("another")}),
            await browser.post(address, data={"csrf": good}, headers={"sec-fetch-site": "cross-site"}),
            await browser.post(address, json={"csrf": good}),
            await browser.post(address, content=b"csrf=" + b"a" * 20_000, headers=_FORM),
            await browser.post(address, content=b"a=1&" * 100, headers=_FORM),
            await browser.post(address, content=b"csrf=\xff", headers=_FORM),
        ]

        assert [answer.status_code for answer in tries] == [403] * len(tries)
        assert all("Nothing was changed" in answer.text for answer in tries)
    assert await incident.count_by_status(conn) == {IncidentStatus.TRIGGERED: 1}
    assert (await browser.get("/")).status_code == 200


@pytest.mark.usefixtures("angry_place")
async def test_no_form_of_any_page_is_taken_without_our_token(
    app: FastAPI, browser: httpx.AsyncClient, conn: Connection
) -> None:
    paths = [
        route.path
        for part in pages.PARTS
        for route in part.router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    ]
    answers = {path: await browser.post(re.sub(r"{\w+}", "1", path), data={"csrf": "x"}) for path in paths}
    async with visitor(app) as stranger:
        strangers = {path: (await stranger.post(re.sub(r"{\w+}", "1", path), data={})).status_code for path in paths}

    assert len(paths) > 40
    assert {path: one.status_code for path, one in answers.items() if one.status_code != 403} == {}
    assert {path: status for path, status in strangers.items() if status not in (303, 403)} == {}
    assert await conn.fetchval("select count(*) from audit_log where action <> 'added'") == 0


@pytest.mark.usefixtures("angry_place")
async def test_the_token_of_another_session_is_no_good(
    app: FastAPI, browser: httpx.AsyncClient, conn: Connection
) -> None:
    async with visitor(app) as other:
        other.cookies.set("earshot_session", await session_cookie(conn, "arthit"), domain="127.0.0.1")
        theirs = Page((await other.get("/incidents/1")).text).form("/incidents/1/acknowledge")
    answer = await browser.post("/incidents/1/acknowledge", data=theirs)

    assert answer.status_code == 403


async def test_a_page_never_shows_the_same_token_twice(browser: httpx.AsyncClient) -> None:
    seen = {Page((await browser.get("/outbox")).text).form("/sign-out")["csrf"] for _ in range(5)}

    assert len(seen) == 5


@given(st.text())
def test_any_text_as_a_token_is_answered(token: str) -> None:
    assert csrf._unmasked(token) != b"the secret of a session"


@given(st.text(alphabet=st.characters(max_codepoint=126), min_size=1))
def test_a_masked_secret_is_the_secret(secret: str) -> None:
    assert csrf._unmasked(csrf.masked(secret)) == secret.encode()
