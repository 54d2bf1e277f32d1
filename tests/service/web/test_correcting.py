"""A person's word against the verdict, and back."""

import httpx
import pytest

from alerts.types import MentionId
from service.store import correction
from service.store.pool import Connection
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")
_ANGRY = MentionId(2)


async def _post(browser: httpx.AsyncClient, verb: str, **fields: str) -> str:
    form = Page((await browser.get("/mentions/2")).text).form("/mentions/2/confirm")
    answer = await browser.post(f"/mentions/2/{verb}", data={**form, **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_a_correction_shows_everywhere_and_can_be_undone(browser: httpx.AsyncClient, conn: Connection) -> None:
    there = await _post(browser, "correct", label="positive", anger="0", kind="praise", cause_trust="1")
    said = await correction.of(conn, _ANGRY)
    page = (await browser.get(there)).text
    listed = Page((await browser.get("/mentions?label=positive&kind=praise&cause=trust")).text)
    form = Page(page).form("/mentions/2/undo")
    await browser.post("/mentions/2/undo", data=form)
    undone = await correction.of(conn, _ANGRY)

    assert said
    assert (said.label, said.anger_level, said.kind, said.causes) == ("positive", 0, "praise", ("trust",))
    assert len(listed.all("article")) == 1
    assert undone is None
    assert "No corrections yet" in (await browser.get("/quality")).text
    assert len(Page((await browser.get("/mentions?angry=1")).text).all("article")) == 1


async def test_the_second_undo_goes_back_to_the_first_correction(browser: httpx.AsyncClient, conn: Connection) -> None:
    await _post(browser, "correct", label="neutral")
    there = await _post(browser, "correct", label="positive", irrelevant="1")
    form = Page((await browser.get(there)).text).form("/mentions/2/undo")
    await browser.post("/mentions/2/undo", data=form)
    said = await correction.of(conn, _ANGRY)

    assert said
    assert (said.label, said.irrelevant) == ("neutral", False)


async def test_what_was_taken_for_advertising_counts_again_once_that_is_undone(
    browser: httpx.AsyncClient, conn: Connection
) -> None:
    there = await _post(browser, "correct", kind="promotion")
    counted = [await conn.fetchval("select counted from mention where id = 2")]
    form = Page((await browser.get(there)).text).form("/mentions/2/undo")
    await browser.post("/mentions/2/undo", data=form)
    counted.append(await conn.fetchval("select counted from mention where id = 2"))

    assert counted == [False, True]


async def test_what_is_not_about_the_brand_counts_nowhere(browser: httpx.AsyncClient, conn: Connection) -> None:
    await _post(browser, "correct", irrelevant="1")

    assert await conn.fetchval("select not counted from mention where id = 2")
    assert "Not about the brand" in (await browser.get("/mentions")).text


async def test_a_confirmed_verdict_counts_for_quality(browser: httpx.AsyncClient) -> None:
    await _post(browser, "confirm")
    page = (await browser.get("/quality")).text

    assert "100%" in page
    assert "Negative, Angry" in page


async def test_a_strangers_link_fills_no_undo(browser: httpx.AsyncClient) -> None:
    forged = "eyJsYWJlbCI6InBvc2l0aXZlIn0=.00000000000000000000000000000000"
    page = (await browser.get("/mentions/2", params={"came": "corrected", "was": forged})).text

    assert forged not in page


async def test_the_export_holds_exactly_the_list(browser: httpx.AsyncClient) -> None:
    page = Page((await browser.get("/mentions?angry=1&from=2020-01-01T00:00&q=money")).text)
    links = {str(link["href"]) for link in page.all("a") if str(link.get("href")).startswith("/api/v1/exports")}
    lines = (await browser.get(next(link for link in links if "jsonl" in link))).text.splitlines()

    assert len(links) == 3
    assert len(lines) == 1
    assert "You lied" in lines[0]
