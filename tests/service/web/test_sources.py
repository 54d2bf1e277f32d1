"""Sources by a form: tried, kept, changed, paused; and three steps from nothing to a first mention."""

from collections.abc import AsyncIterator
from random import Random

import httpx
import pytest

from alerts.brands import BrandTerms
from collectors.egress import GuardedEgress
from service.pipeline.analyse import analyse_due
from service.pipeline.collect import collect_due
from service.pipeline.try_out import try_due
from service.store import brand, clock, contact, rule, source, verification
from service.store.pool import Connection, Pool
from tests.places import Feed, Post, serving_feed
from tests.service.web import seed
from tests.service.web.reading import Page


@pytest.fixture
async def feed() -> AsyncIterator[Feed]:
    async with serving_feed(Post(text="Where is my soup?", guid="1"), Post(text="Lovely tea.", guid="2")) as served:
        yield served


async def _send(browser: httpx.AsyncClient, form: str, **fields: str) -> httpx.Response:
    """Fill in the form of a page and send it."""
    hidden = Page((await browser.get(form)).text).form("/add-source")
    return await browser.post("/add-source", data={**hidden, **fields})


async def _tried(browser: httpx.AsyncClient, pool: Pool, form: str, **fields: str) -> str:
    sent = await _send(browser, form, **fields)
    assert sent.status_code == 303, sent.text
    async with GuardedEgress() as egress:
        assert await try_due(pool, egress, allow_private=False)
    return sent.headers["location"]


async def _keep(browser: httpx.AsyncClient, there: str) -> str:
    form = Page((await browser.get(there)).text).form(f"{there}/keep")
    return (await browser.post(f"{there}/keep", data=form)).headers["location"]


async def test_a_source_is_tried_and_then_kept(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection, feed: Feed
) -> None:
    there = await _tried(
        browser, pool, "/add-source?kind=feed", name="Forum", set_url=feed.url, allow_private="1", minutes="15"
    )
    look = (await browser.get(there)).text
    before = await source.health(conn, now=await clock.now(conn))
    kept = await _keep(browser, there)
    (found,) = await source.health(conn, now=await clock.now(conn))

    assert "2 items came" in look
    assert "Where is my soup?" in look
    assert before == []
    assert kept == f"/sources/{found.id}?came=kept"
    assert (found.name, found.settings, found.brand, found.enabled) == ("Forum", {"url": feed.url}, None, True)
    assert await conn.fetchval("select count(*) from mention") == 0


async def test_trying_a_shared_source_says_what_it_would_not_keep(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection, feed: Feed
) -> None:
    await brand.add(conn, BrandTerms(name="Soup"), now=await clock.now(conn))
    there = await _tried(browser, pool, "/add-source?kind=feed", name="Forum", set_url=feed.url, allow_private="1")
    look = (await browser.get(there)).text

    assert "1 of them is about none of your brands" in look
    assert look.count("not kept</span>") == 1


async def test_a_place_that_does_not_answer_says_why(browser: httpx.AsyncClient, pool: Pool, feed: Feed) -> None:
    feed.status = 404
    there = await _tried(browser, pool, "/add-source?kind=feed", name="Forum", set_url=feed.url, allow_private="1")
    look = (await browser.get(there)).text

    assert "Nothing came" in look
    assert "404" in look


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_tried(
    browser: httpx.AsyncClient, conn: Connection
) -> None:
    nameless = await _send(browser, "/add-source?kind=feed", set_url="https://forum.example/feed")
    homeless = await _send(browser, "/add-source?kind=feed", name="Forum", set_url="forum")
    private = await _send(browser, "/add-source?kind=feed", name="Forum", set_url="http://10.0.0.1/feed")

    for answer, field in ((nameless, "name"), (homeless, "set_url"), (private, "set_url")):
        wrong = [one["name"] for one in Page(answer.text).all("input") if "aria-invalid" in one]
        assert (answer.status_code, wrong) == (422, [field])
    assert 'value="forum"' in homeless.text
    assert await conn.fetchval("select count(*) from tryout") == 0


async def test_no_secret_comes_back_and_an_empty_field_keeps_it(browser: httpx.AsyncClient, conn: Connection) -> None:
    brand_id = await seed.brand_named(conn)
    sent = await _send(
        browser, "/add-source?kind=youtube", name="Videos", brand=str(brand_id), set_api_key="s3cret", set_search="soup"
    )
    there = sent.headers["location"]
    kept = await _keep(browser, (await _finished(browser, conn, there)))
    pages = [(await browser.get(address)).text for address in (kept, "/sources", "/add-source?change=1")]
    again = await _send(browser, "/add-source?change=1", set_search="noodles")
    await _keep(browser, await _finished(browser, conn, again.headers["location"]))
    (found,) = await source.health(conn, now=await clock.now(conn))

    assert not [page for page in pages if "s3cret" in page]
    assert found.settings == {"api_key": "s3cret", "search": "noodles"}
    assert (found.name, found.brand_id) == ("Videos", brand_id)


async def _finished(browser: httpx.AsyncClient, conn: Connection, there: str) -> str:
    """Let a try-out end without asking the place; return its page."""
    assert "s3cret" not in (await browser.get(there)).text
    await conn.execute("update tryout set due = null, finished_at = now(), error = 'not asked' where due is not null")
    return there


async def test_a_source_is_paused_and_resumed(browser: httpx.AsyncClient, conn: Connection) -> None:
    source_id = await seed.put_source(conn, await seed.brand_named(conn), "forum")
    form = Page((await browser.get(f"/sources/{source_id}")).text).form(f"/sources/{source_id}/pause")
    states = []
    for verb in ("pause", "resume"):
        await browser.post(f"/sources/{source_id}/{verb}", data=form)
        found = await source.health_of(conn, source_id, now=await clock.now(conn))
        assert found
        states.append(found.enabled)

    assert states == [False, True]


async def test_a_worker_that_vanishes_leaves_no_try_out_waiting(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    sent = await _send(browser, "/add-source?kind=feed", name="Forum", set_url="https://forum.example/feed")
    await conn.execute("update tryout set attempts = 3")
    async with GuardedEgress() as egress:
        assert not await try_due(pool, egress, allow_private=False)

    assert "the worker that tried it did not come back" in (await browser.get(sent.headers["location"])).text


async def test_three_steps_lead_to_a_first_mention(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection, feed: Feed
) -> None:
    steps = [len(Page((await browser.get("/")).text).all("ol"))]
    hidden = Page((await browser.get("/welcome/brand")).text).form("/welcome/brand")
    await browser.post("/welcome/brand", data={**hidden, "name": "Lantern Noodles", "aliases": "燈籠麵\nsoup\n"})
    there = await _tried(
        browser, pool, "/add-source?kind=feed", name="Forum", set_url=feed.url, allow_private="1", match="1"
    )
    await _keep(browser, there)
    contact_form = {**hidden, "name": "Mei", "email": "mei@lantern.example", "language": "zh-Hant"}
    await browser.post("/welcome/contact", data=contact_form)
    asked = (await browser.get("/")).text
    mei = await contact.named(conn, "Mei")
    assert mei
    now = await clock.now(conn)
    await verification.agree(conn, await verification.add_link(conn, mei, now=now), now=now)
    async with GuardedEgress() as egress:
        await collect_due(pool, egress, allow_private=False, random=Random(1))
    while await analyse_due(pool, seed.ScriptedAnalyser()):
        pass
    page = (await browser.get("/")).text

    assert steps == [1]
    assert [one.terms.aliases for one in await brand.every(conn)] == [("燈籠麵", "soup")]
    assert [one.language for one in await contact.every(conn)] == ["zh-Hant"]
    assert [one.name for one in await rule.every(conn)] == ["Angry mentions"]
    assert "told nothing until somebody there agrees" in asked
    assert 'id="chart"' not in asked
    assert Page(page).all("ol") == []
    assert 'class="value">1<' in page
    assert 'id="chart"' in page


async def test_a_step_says_what_is_wrong(browser: httpx.AsyncClient) -> None:
    hidden = Page((await browser.get("/welcome/contact")).text).form("/welcome/contact")
    for fields in ({"name": "", "email": "a@b.example"}, {"name": "Mei", "email": "mei"}):
        answer = await browser.post("/welcome/contact", data={**hidden, **fields})

        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    nameless = await browser.post("/welcome/brand", data={**hidden, "name": " "})

    assert nameless.status_code == 422
