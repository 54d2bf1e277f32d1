"""What somebody sees to themselves."""

import httpx
from fastapi import FastAPI

from service.store import access, clock, user
from service.store.pool import Connection
from tests.service.web.conftest import session_cookie, visitor
from tests.service.web.reading import Page

PASSWORD = "correct horse 電池"


async def _change(browser: httpx.AsyncClient, **fields: str) -> httpx.Response:
    form = Page((await browser.get("/account")).text).form("/account/password")
    return await browser.post("/account/password", data={**form, **fields})


async def test_a_new_password_signs_every_other_browser_out(
    app: FastAPI, browser: httpx.AsyncClient, conn: Connection
) -> None:
    async with visitor(app) as other:
        other.cookies.set("earshot_session", await session_cookie(conn), domain="127.0.0.1")
        before = await other.get("/account")
        changed = await _change(browser, password=PASSWORD, again=PASSWORD)
        here, there = await browser.get("/account"), await other.get("/account")

    assert before.status_code == 200
    assert changed.headers["location"] == "/account?came=password"
    assert (here.status_code, there.status_code) == (200, 303)
    known = await user.password_of(conn, "mei")
    assert known is not None
    assert str(known[1]).startswith("$argon2id$")


async def test_what_is_wrong_with_a_password_is_said_at_its_field(browser: httpx.AsyncClient) -> None:
    short = await _change(browser, password="short", again="short")
    unlike = await _change(browser, password=PASSWORD, again=PASSWORD + "!")
    await _change(browser, password=PASSWORD, again=PASSWORD)
    wrong = await _change(browser, before="not it at all", password=PASSWORD + "2", again=PASSWORD + "2")

    assert [one.status_code for one in (short, unlike, wrong)] == [422, 422, 422]
    assert "at least 12 characters" in short.text
    assert "not the same" in unlike.text
    assert "not your password of now" in wrong.text


async def test_another_browser_is_signed_out_and_nobody_elses_is(browser: httpx.AsyncClient, conn: Connection) -> None:
    await session_cookie(conn)
    await session_cookie(conn, "lek")
    now = await clock.now(conn)
    others = {one.user: one.id for one in await access.sessions(conn, now=now)}
    page = Page((await browser.get("/account")).text)
    mine = next(one.id for one in await access.sessions(conn, now=now) if one.user == "mei")
    form = page.form(f"/account/sessions/{mine}/end")
    ended = await browser.post(f"/account/sessions/{mine}/end", data=form)
    refused = await browser.post(f"/account/sessions/{others['lek']}/end", data=form)

    await session_cookie(conn)
    form = Page((await browser.get("/account")).text).form("/account/sessions/end-others")
    everywhere = await browser.post("/account/sessions/end-others", data=form)
    left = [one.user for one in await access.sessions(conn, now=now)]

    assert everywhere.headers["location"] == "/account?came=sessions"
    assert sorted(left) == ["lek", "mei"]
    assert (ended.status_code, refused.status_code) == (303, 404)
    assert [one.user for one in await access.sessions(conn, now=now)].count("lek") == 1
