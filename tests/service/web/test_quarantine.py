"""What could not be read is looked at, read again or thrown away on its page."""

import httpx

from alerts.types import SourceId
from collectors.types import Quarantined
from service.store import audit, clock, quarantine
from service.store.pool import Connection
from tests.service.web import seed
from tests.service.web.conftest import send
from tests.service.web.reading import Page


async def _put(conn: Connection, *raws: str, name: str = "forum") -> SourceId:
    """Return a source of which some items could not be read."""
    source_id = await seed.put_source(conn, await seed.brand_named(conn), name)
    items = [Quarantined(raw=raw.encode(), reason=f"no date in {raw}") for raw in raws]
    await quarantine.put(conn, source_id, items, now=await clock.now(conn))
    return source_id


async def test_items_are_listed_with_why_and_how_they_begin(browser: httpx.AsyncClient, conn: Connection) -> None:
    source_id = await _put(conn, "<b>one</b>", "two")
    page = Page((await browser.get("/quarantine")).text)
    links = {str(link.get("href")) for link in Page((await browser.get("/sources")).text).all("a")}

    assert "2 items could not be read" in page.words
    assert "no date in two" in page.words
    assert "<b>one</b>" in page.words
    assert not page.dangers()
    assert f"/quarantine?source={source_id}" in links


async def test_an_item_is_wanted_again_and_so_are_all_of_a_source(browser: httpx.AsyncClient, conn: Connection) -> None:
    source_id = await _put(conn, "one", "two")
    other = await _put(conn, "three", name="shop")
    newest = (await quarantine.latest(conn, source_id=source_id, limit=1))[0].id
    await send(browser, f"/quarantine/{newest}/replay", source=str(source_id))
    first = [one.wanted for one in await quarantine.latest(conn, source_id=source_id, limit=9)]
    page = await send(browser, "/quarantine/replay", source=str(source_id))

    assert first == [True, False]
    assert [one.wanted for one in await quarantine.latest(conn, source_id=source_id, limit=9)] == [True, True]
    assert [one.wanted for one in await quarantine.latest(conn, source_id=other, limit=9)] == [False]
    assert "read again in a moment" in page.text


async def test_an_item_is_thrown_away_with_a_reason_only(browser: httpx.AsyncClient, conn: Connection) -> None:
    source_id = await _put(conn, "one")
    (kept,) = await quarantine.latest(conn, limit=9)
    asked = await send(browser, f"/quarantine/{kept.id}/dismiss", source=str(source_id), reason=" ")
    await send(browser, f"/quarantine/{kept.id}/dismiss", source=str(source_id), reason="spam")
    (deed,) = await audit.newest(conn, thing="quarantined", limit=9)

    assert asked.status_code == 422
    assert "Write why" in asked.text
    assert await quarantine.latest(conn, limit=9) == []
    assert (deed.actor, deed.action, deed.detail) == ("mei", "removed", {"reason": "spam"})


async def test_an_item_far_down_shows_what_is_wrong_with_its_form(browser: httpx.AsyncClient, conn: Connection) -> None:
    source_id = await _put(conn, *(f"item {n}" for n in range(40)))
    oldest = (await quarantine.latest(conn, limit=40))[-1].id
    asked = await send(browser, f"/quarantine/{oldest}/dismiss", source=str(source_id))

    assert "Write why" in asked.text


async def test_an_item_is_of_its_source_alone(browser: httpx.AsyncClient, conn: Connection) -> None:
    await _put(conn, "one")
    other = await _put(conn, "two", name="shop")
    first = (await quarantine.latest(conn, limit=9))[-1].id
    answer = await send(browser, f"/quarantine/{first}/dismiss", source=str(other), reason="not theirs")

    assert answer.status_code == 404
    assert len(await quarantine.latest(conn, limit=9)) == 2


async def test_a_page_says_when_nothing_waits_and_goes_on_where_much_does(
    browser: httpx.AsyncClient, conn: Connection
) -> None:
    calm = Page((await browser.get("/quarantine")).text)
    await _put(conn, *(f"item {n}" for n in range(40)))
    first = Page((await browser.get("/quarantine")).text)
    (older,) = (str(link["href"]) for link in first.all("a") if link.get("rel") == "next")
    second = Page((await browser.get(older)).text)

    assert "could be read" in calm.words
    assert "item 39" in first.words
    assert "item 0" not in first.words
    assert "item 0" in second.words
