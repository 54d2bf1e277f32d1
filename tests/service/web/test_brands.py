"""Brands are added, tried and changed on their pages, without any script."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from alerts.brands import MOST_NAMES
from service.store import access, brand, clock, user
from service.store.access import Role
from service.store.pool import Connection, Pool
from tests import make
from tests.service.web import seed
from tests.service.web.conftest import visitor
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")


async def _send(browser: httpx.AsyncClient, of: int | str, **fields: str) -> httpx.Response:
    address = f"/settings/brands/{of}"
    form = Page((await browser.get(address)).text).form(address)
    answer = await browser.post(address, data={**form, **fields})
    return await browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


async def test_a_brand_is_tried_on_what_was_heard_and_then_watched(
    browser: httpx.AsyncClient, conn: Connection
) -> None:
    given = {"name": "Lamp", "query": "laughed OR zebra", "aliases": "燈籠麵\n\n Lamp  House ", "exclude": "festival"}
    tried = await _send(browser, "new", do="try", **given)
    before = await brand.named(conn, "Lamp")
    kept = await _send(browser, "new", do="save", **given)
    made = await brand.named(conn, "Lamp")

    assert "Of all brands’ mentions: 1 of 2" in tried.text
    assert "<mark>laughed</mark>" in tried.text
    assert before is None
    assert "watched from now on" in kept.text
    assert made is not None
    assert (made.terms.query, made.terms.aliases) == ("laughed OR zebra", ("燈籠麵", "Lamp House"))
    assert (made.terms.context, made.terms.exclude) == ((), ("festival",))


async def test_trying_a_change_tells_its_own_mentions_from_those_of_others(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    other = await seed.brand_named(conn, "Mole Tea")
    source_id = await seed.put_source(conn, other, "shop")
    at = await clock.now(conn)
    posts = [make.mention(id=f"tea-{n}", text="All fine, very fine.", published_at=at) for n in range(2)]
    await seed.tell(pool, other, source_id, posts)
    noodles = await seed.brand_named(conn)
    tried = await _send(browser, noodles, do="try", name="Lantern Noodles", query="fine")
    listed = await browser.get("/settings/brands")

    assert "Of this brand’s mentions: 1 of 2" in tried.text
    assert "Of other brands’ mentions: 2 of 2" in tried.text
    assert "0.3 mentions a day" in listed.text
    assert (await brand.get(conn, noodles)) is not None
    assert 'href="/settings/brands/new"' in listed.text


async def test_what_was_heard_over_a_month_ago_is_not_looked_at(
    browser: httpx.AsyncClient, conn: Connection, pool: Pool
) -> None:
    noodles = await seed.brand_named(conn)
    source_id = await seed.put_source(conn, noodles, "shop")
    long_ago = await clock.now(conn) - timedelta(days=31)
    await seed.tell(pool, noodles, source_id, [make.mention(id="old", text="A fine old one.", published_at=long_ago)])
    tried = await _send(browser, noodles, do="try", name="Lantern Noodles", query="fine")

    assert "Of this brand’s mentions: 1 of 2" in tried.text


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("name", " ", "Give the brand a name."),
        ("name", "Mole Tea", "Another brand has this name"),
        ("name", "n" * 201, "Shorten the name to 200 letters"),
        ("query", "soup (noodle", "It cannot be read at character 6. A bracket is empty"),
        ("query", "label:negative", "It cannot be read at character 1. There is no such field"),
        ("query", "-festival", "It only excludes"),
        ("aliases", "tea\n!!", "At most 300 lines, each with letters"),
        ("own_accounts", "\n".join(f"account {n}" for n in range(MOST_NAMES + 1)), "At most 300 lines"),
        ("exclude", "麵" * 201, "at most 200 signs"),
    ],
)
async def test_a_mistake_is_told_at_its_field_and_changes_nothing(
    browser: httpx.AsyncClient, conn: Connection, field: str, given: str, said: str
) -> None:
    await seed.brand_named(conn, "Mole Tea")
    noodles = await seed.brand_named(conn)
    answer = await _send(browser, noodles, do="save", **{"name": "Lantern Noodles", "context": "soup", field: given})
    marked = [
        one.get("name")
        for tag in ("input", "textarea")
        for one in Page(answer.text).all(tag)
        if one.get("aria-invalid")
    ]
    after = await brand.get(conn, noodles)

    assert answer.status_code == 422
    assert said in answer.text
    assert marked == [field]
    assert "soup</textarea>" in answer.text
    assert after is not None
    assert (after.name, after.terms.context) == ("Lantern Noodles", ())


async def test_a_brand_with_as_many_names_as_may_be_is_kept(browser: httpx.AsyncClient, conn: Connection) -> None:
    noodles = await seed.brand_named(conn)
    names = [f"{n:03}" + "麵" * 197 for n in range(MOST_NAMES)]
    kept = await _send(browser, noodles, do="save", name="Lantern Noodles", aliases="\n".join(names))
    after = await brand.get(conn, noodles)

    assert "Changed" in kept.text
    assert after is not None
    assert list(after.terms.aliases) == names


async def test_a_viewer_reads_the_list_and_changes_nothing(app: FastAPI, conn: Connection) -> None:
    now = await clock.now(conn)
    lek = await user.add(conn, name="lek", role=Role.VIEWER, now=now)
    async with visitor(app) as browser:
        browser.cookies.set("earshot_session", await access.open_session(conn, lek.id, now=now), domain="127.0.0.1")
        listed, form = await browser.get("/settings/brands"), await browser.get("/settings/brands/1")

    assert (listed.status_code, form.status_code) == (200, 403)
    assert "Lantern Noodles" in listed.text
    assert "/settings/brands/" not in listed.text


async def test_a_change_is_on_record_with_who_made_it(browser: httpx.AsyncClient, conn: Connection) -> None:
    noodles = await seed.brand_named(conn)
    await _send(browser, noodles, do="save", name="Lantern Noodles", query="noodle*")
    record = await browser.get("/settings/audit")

    assert f"Brand {noodles} · changed" in record.text
    assert '<bdi class="strong">mei</bdi>' in record.text
