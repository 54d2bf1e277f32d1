"""A real Chromium in front of the real program."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, expect

from service.app import create_app
from service.settings import Settings
from service.store import access, clock, component
from service.store.pool import Connection, Pool
from tests import make
from tests.service.web import seed, stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@dataclass
class Complaints:
    """What the browser found wrong."""

    said: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Keep every error, every report of the policy and every failed request of a page."""
        page.on(
            "console", lambda message: self.said.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on(
            "response",
            lambda answer: self.said.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        )


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with stage.launched() as browser:
        yield browser


@pytest.fixture
def served_app(database_url: str, data_dir: Path) -> FastAPI:
    return create_app(Settings(database_url=database_url, data_dir=data_dir, time_zone="Asia/Taipei"))


async def _signed_in(context: BrowserContext, origin: str, conn: Connection, complaints: Complaints) -> Page:
    """Come in by a link, as a person does."""
    token = await access.add_sign_in_link(conn, user="mei", now=await clock.now(conn))
    page = await context.new_page()
    complaints.listen(page)
    await page.goto(f"{origin}/sign-in?token={token}")
    await page.get_by_role("main").get_by_role("button").click()
    await expect(page).to_have_url(f"{origin}/")
    return page


@pytest.mark.usefixtures("angry_place")
async def test_the_main_pages_in_two_languages(chromium: Browser, served_app: FastAPI, conn: Connection) -> None:
    complaints = Complaints()
    with stage.served(served_app) as origin:
        for locale, names in {
            "en-GB": ("Overview", "Mentions", "Sources", "Incidents", "Outbox"),
            "zh-TW": ("總覽", "提及", "來源", "事件", "寄件匣"),
        }.items():
            context = await chromium.new_context(locale=locale)
            page = await _signed_in(context, origin, conn, complaints)
            await expect(page.locator("#chart.drawn svg")).to_be_visible(timeout=20_000)
            for name in names:
                await page.locator("header nav, .within").get_by_role("link", name=name, exact=True).first.click()
                await expect(page).to_have_title(f"{name} · Earshot")
                await expect(page.locator(".tabs [aria-current=page], .within [aria-current=page]").last).to_have_text(
                    name
                )
            await page.locator(".letter a").first.click()
            framed = page.frame_locator("iframe")
            await expect(framed.get_by_text("Never again").first).to_be_visible()
            await context.close()

    assert complaints.said == []


@pytest.mark.usefixtures("angry_place")
async def test_an_incident_is_acknowledged_and_resolved(
    chromium: Browser, served_app: FastAPI, conn: Connection
) -> None:
    complaints = Complaints()
    with stage.served(served_app) as origin:
        context = await chromium.new_context(locale="en-GB")
        page = await _signed_in(context, origin, conn, complaints)
        await page.locator("#incidents a").first.click()
        await page.get_by_role("button", name="Acknowledge").click()
        await expect(page.locator("#standing")).to_contain_text("acknowledged by mei")
        await page.get_by_label("Why it is resolved").select_option("answered")
        await page.get_by_role("button", name="Resolve").click()
        await expect(page.locator("#standing")).to_contain_text("The person was answered")
        await expect(page.get_by_role("button", name="Reopen")).to_be_visible()
        await context.close()

    assert complaints.said == []


@pytest.mark.usefixtures("angry_place")
async def test_the_same_works_without_javascript(chromium: Browser, served_app: FastAPI, conn: Connection) -> None:
    complaints = Complaints()
    with stage.served(served_app) as origin:
        context = await chromium.new_context(locale="en-GB", java_script_enabled=False)
        page = await _signed_in(context, origin, conn, complaints)
        await page.get_by_text("The same numbers as a table").click()
        await expect(page.get_by_role("table")).to_be_visible()
        await page.get_by_label("Language").select_option("th")
        await page.get_by_role("button", name="Choose").click()
        await expect(page.locator("html")).to_have_attribute("lang", "th")
        await page.goto(f"{origin}/incidents/1")
        await page.locator(".actions button").first.click()
        await expect(page.locator("#standing")).to_contain_text("mei")
        await context.close()

    assert complaints.said == []


@pytest.mark.usefixtures("angry_place")
async def test_what_happens_shows_within_two_seconds_and_disturbs_nothing(
    chromium: Browser, served_app: FastAPI, pool: Pool, conn: Connection
) -> None:
    complaints = Complaints()
    with stage.served(served_app) as origin:
        context = await chromium.new_context(locale="en-GB", viewport={"width": 900, "height": 500})
        page = await _signed_in(context, origin, conn, complaints)
        await expect(page.locator("#live")).to_have_text("Live")
        brand_id = await seed.brand_named(conn)
        source_id = await seed.put_source(conn, brand_id, "forum")
        table = page.get_by_text("The same numbers as a table")
        await table.click()
        await page.evaluate("scrollTo(0, 300)")

        first = make.mention(id="new-1", text="Outrageous, again!", published_at=await clock.now(conn))
        await seed.tell(pool, brand_id, source_id, [first], seed.AngryAnalyser())
        await expect(page.locator(".figure-angry .value")).to_have_text("2", timeout=2_000)
        await expect(page.locator("#incidents li")).to_have_count(2, timeout=2_000)
        await expect(page.get_by_role("table")).to_be_visible()
        assert await page.evaluate("scrollY") == 300

        listing = await context.new_page()
        complaints.listen(listing)
        await listing.goto(f"{origin}/mentions")
        await expect(listing.locator("#live")).to_have_text("Live")
        await listing.get_by_role("searchbox").fill("half a wo")
        second = make.mention(id="new-2", text="A third one.", published_at=await clock.now(conn))
        await seed.tell(pool, brand_id, source_id, [second])
        await expect(listing.locator("#pill")).to_have_text("1 new", timeout=2_000)
        await expect(listing.locator("article")).to_have_count(3)
        await expect(listing.get_by_role("searchbox")).to_have_value("half a wo")
        await listing.locator("#pill").click()
        await expect(listing.locator("article")).to_have_count(4)
        await expect(listing.locator("#pill")).to_be_hidden()
        await context.close()

    assert complaints.said == []


@pytest.mark.usefixtures("angry_place")
async def test_a_bar_of_the_chart_opens_its_mentions(chromium: Browser, served_app: FastAPI, conn: Connection) -> None:
    complaints = Complaints()
    with stage.served(served_app) as origin:
        context = await chromium.new_context(locale="en-GB")
        page = await _signed_in(context, origin, conn, complaints)
        await page.goto(f"{origin}/?period=24h")
        await expect(page.locator("#chart.drawn svg")).to_be_visible(timeout=20_000)
        bar = page.locator("#chart .mark-rect path[fill='var(--tone-angry)']").last
        await bar.scroll_into_view_if_needed()
        box = await bar.bounding_box()
        assert box
        await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await expect(page.locator(".tip")).to_contain_text("Angry")
        await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await page.wait_for_url("**/mentions?**angry=1")
        await expect(page.locator("article")).to_have_count(1)
        await context.close()

    assert complaints.said == []


@pytest.mark.usefixtures("angry_place")
async def test_no_page_scrolls_sideways_on_a_small_phone(
    chromium: Browser, served_app: FastAPI, conn: Connection
) -> None:
    complaints = Complaints()
    letter = await conn.fetchval("select id from notification")
    await component.beat(conn, "smtp", now=await clock.now(conn), healthy=False, detail="x" * 200)
    with stage.served(served_app) as origin:
        for locale in ("en-GB", "zh-TW", "th-TH"):
            context = await chromium.new_context(locale=locale, viewport={"width": 360, "height": 740})
            page = await _signed_in(context, origin, conn, complaints)
            for address in (
                "/",
                "/mentions",
                "/mentions/2",
                "/incidents",
                "/incidents/1",
                "/outbox",
                f"/outbox/{letter}",
            ):
                await page.goto(origin + address)
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide <= 360, f"{address} in {locale} is {wide} wide"
            await context.close()

    assert complaints.said == []
