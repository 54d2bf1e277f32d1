"""Settings: people, and the record of what they did."""

import httpx
from fastapi import FastAPI

from alerts.types import BrandId
from service.pipeline.prove import prove_log
from service.store import clock, user
from service.store.access import Role
from service.store.pool import Connection, Pool
from tests.service.web import seed
from tests.service.web.conftest import visitor
from tests.service.web.reading import Page


async def _let_in(browser: httpx.AsyncClient, **fields: str) -> httpx.Response:
    form = Page((await browser.get("/settings/users")).text).form("/settings/users")
    return await browser.post("/settings/users", data={**form, **fields})


async def test_somebody_new_comes_in_by_the_link_that_is_shown(
    app: FastAPI, browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    shown = await _let_in(browser, name="lek", role="responder")
    token = shown.text.partition("/sign-in?token=")[2].partition("<")[0]
    async with visitor(app) as lek:
        form = Page((await lek.get("/sign-in", params={"token": token})).text).form("/sign-in")
        entered = await lek.post("/sign-in", data=form)
        denied = await lek.get("/settings/users")
    known = await user.named(conn, "lek")
    unproved = await browser.get("/settings/audit")
    await prove_log(pool)
    record = await browser.get("/settings/audit")

    assert (shown.status_code, entered.status_code, denied.status_code) == (200, 303, 403)
    assert known is not None
    assert (known.role, known.brands) == (Role.RESPONDER, None)
    assert "was not proved yet" in unproved.text
    assert "The record is whole" in record.text
    assert "User 2 · added" in record.text
    assert token not in record.text


async def test_a_name_is_nobody_elses_and_the_last_administrator_stays(
    browser: httpx.AsyncClient, conn: Connection
) -> None:
    nameless, taken = await _let_in(browser, name=" "), await _let_in(browser, name="mei")
    mei = await user.named(conn, "mei")
    assert mei is not None
    form = Page((await browser.get("/settings/users")).text).form(f"/settings/users/{mei.id}")
    refused = await browser.post(f"/settings/users/{mei.id}", data={**form, "role": "viewer", "enabled": "1"})

    assert [one.status_code for one in (nameless, taken, refused)] == [422, 422, 422]
    assert "Nobody would be left" in refused.text


async def test_bounds_whose_brands_are_gone_are_not_lifted_by_a_change_of_role(
    browser: httpx.AsyncClient, conn: Connection
) -> None:
    await seed.brand_named(conn)
    gone = frozenset({BrandId(999)})
    ploy = await user.add(conn, name="ploy", role=Role.VIEWER, brands=gone, now=await clock.now(conn))
    form = Page((await browser.get("/settings/users")).text).form(f"/settings/users/{ploy.id}")
    await browser.post(f"/settings/users/{ploy.id}", data={**form, "role": "responder", "enabled": "1"})
    after = await user.get(conn, ploy.id)

    assert after is not None
    assert (after.role, after.brands) == (Role.RESPONDER, gone)


async def test_the_record_says_what_a_change_was_before_and_after(browser: httpx.AsyncClient, conn: Connection) -> None:
    await _let_in(browser, name="lek", role="responder")
    lek = await user.named(conn, "lek")
    assert lek is not None
    action = f"/settings/users/{lek.id}"
    form = Page((await browser.get("/settings/users")).text).form(action)
    await browser.post(action, data={**form, "role": "analyst", "enabled": "1"})
    record = (await browser.get("/settings/audit")).text

    assert "<code>role: responder → analyst</code>" in record
    assert "<code>name: lek</code>" in record
    assert "None" not in record
