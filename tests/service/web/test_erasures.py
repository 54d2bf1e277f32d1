"""What a person said is erased on the page, once somebody has seen how much and typed it again."""

import httpx
import pytest

from service.store import erasure
from service.store.pool import Connection
from tests.service.web.conftest import send
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")


async def _author(conn: Connection) -> tuple[str, str]:
    """Return the site and the name of who said everything here."""
    await conn.execute("update mention set author_name = 'ant'")
    return await conn.fetchval("select min(site) from mention"), "ant"


async def test_a_page_tells_how_much_would_go_and_takes_nothing(browser: httpx.AsyncClient, conn: Connection) -> None:
    site, author = await _author(conn)
    page = Page((await browser.get("/settings/erasures", params={"site": site, "author": author})).text)

    assert "2 mentions would be erased" in page.words
    assert await conn.fetchval("select count(*) from mention where not erased") == 2


async def test_an_author_is_erased_once_typed_again(browser: httpx.AsyncClient, conn: Connection) -> None:
    site, author = await _author(conn)
    wrong = await send(browser, "/settings/erasures", site=site, author=author, again="somebody else")
    before = await erasure.newest(conn, limit=9)
    page = await send(browser, "/settings/erasures", site=site, author=author, again=author)
    (done,) = await erasure.newest(conn, limit=9)

    assert wrong.status_code == 422
    assert "nothing was erased" in wrong.text
    assert before == []
    assert (done.items, done.by) == (2, "mei")
    assert "All of an author" in Page(page.text).words
    assert await conn.fetchval("select count(*) from mention where not erased") == 0


async def test_a_mention_is_erased_by_its_number(browser: httpx.AsyncClient, conn: Connection) -> None:
    known = await conn.fetchval("select id from mention where external_id = 'angry'")
    link = f"/settings/erasures?mention={known}"
    links = {str(one.get("href")) for one in Page((await browser.get(f"/mentions/{known}")).text).all("a")}
    page = await send(browser, "/settings/erasures", mention=str(known), again=str(known))

    assert link in links
    assert f"Mention {known}" in Page(page.text).words
    assert await conn.fetchval("select erased from mention where id = $1", known)


@pytest.mark.parametrize("given", [{"site": "x"}, {"mention": "a"}, {"mention": "1", "site": "x", "author": "y"}])
async def test_what_names_nothing_is_said(browser: httpx.AsyncClient, given: dict[str, str]) -> None:
    answer = await browser.get("/settings/erasures", params=given)
    page = Page(answer.text)

    assert answer.status_code == 422
    assert "Give either the number of a mention" in page.words


async def test_what_is_not_there_is_said(browser: httpx.AsyncClient) -> None:
    page = Page((await browser.get("/settings/erasures", params={"mention": "4711"})).text)

    assert "Nothing would be erased" in page.words
