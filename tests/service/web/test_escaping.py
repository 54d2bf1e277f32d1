"""Words of strangers are shown, never obeyed."""

import json
from urllib.parse import quote, urlsplit

import httpx

from alerts import text
from service.store.pool import Connection, Pool
from service.web import render
from tests.service.web import hostile
from tests.service.web.payloads import HANDMADE
from tests.service.web.reading import OURS, Page


async def test_no_payload_becomes_an_element_an_attribute_or_an_address(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    for n, payload in enumerate(HANDMADE):
        await hostile.tell(pool, conn, n, payload)
    await conn.execute("update component set healthy = false, detail = $1", HANDMADE[0])
    calm = _kinds(Page((await browser.get("/sign-in")).text)) | OURS
    letters = {row["incident_id"]: row["id"] for row in await conn.fetch("select id, incident_id from notification")}
    addresses = ["/", "/?brand=3", "/mentions", "/incidents", "/outbox", "/stories", "/causes", "/compare", "/authors"]
    addresses += ["/quality", "/sources", "/rules", "/settings/brands", "/settings/keys"]
    for n in range(1, len(HANDMADE) + 1):
        addresses += [f"/mentions/{n}", f"/incidents/{n}", f"/outbox/{letters[n]}", f"/settings/brands/{n}"]
        addresses += [f"/stories/{n}", f"/sources/{n}", f"/add-source?change={n}", f"/add-source/{n}"]
    for address in addresses:
        page = Page((await browser.get(address)).text)

        assert not page.dangers(), address
        assert not _kinds(page) - calm, address
        assert not [link for link in page.all("a") if "evil.example" in urlsplit(str(link.get("href"))).netloc]


def _kinds(page: Page) -> set[str]:
    return {tag for tag, _ in page.elements}


async def test_each_payload_is_shown_as_it_was_written(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    for n, payload in enumerate(HANDMADE):
        await hostile.tell(pool, conn, n, payload)
    for n, payload in enumerate(HANDMADE, start=1):
        page = Page((await browser.get(f"/mentions/{n}")).text)

        assert text.body(payload) in page.words


async def test_payloads_in_addresses_come_back_as_words(browser: httpx.AsyncClient) -> None:
    for payload in HANDMADE:
        everywhere = dict.fromkeys(("q", "author", "language", "next", "token", "status", "period", "older"), payload)
        for path in ("/mentions", "/sign-in", "/incidents", "/", f"/{quote(payload, safe='')}"):
            answer = await browser.get(path, params=everywhere)

            assert not Page(answer.text).dangers()


async def test_the_drawing_holds_payloads_as_data_only(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    await hostile.tell(pool, conn, 0, HANDMADE[0])
    answer = await browser.get("/chart", params={"brand": "1", "period": HANDMADE[0]})

    assert answer.headers["content-type"] == "application/json"
    assert "<script" not in json.dumps(answer.json())


async def test_the_framed_letter_shows_payloads_under_a_policy_that_runs_nothing(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    await hostile.tell(pool, conn, 0, HANDMADE[0])
    letter = await conn.fetchval("select id from notification")
    answer = await browser.get(f"/outbox/{letter}/html")

    assert answer.headers["content-security-policy"] == render.MAIL_POLICY
    assert "<script" not in answer.text
