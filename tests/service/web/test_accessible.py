"""Every page in a real Chromium: axe finds nothing, and reading needs no script."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI
from playwright.async_api import Browser, Page

from service.app import create_app
from service.settings import Settings
from service.store.pool import Connection, Pool
from tests.service.web import stage
from tests.service.web.conftest import session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

_STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Pages by what they are about; {…} is filled in.
PAGES = (
    *("/account", "/settings/users", "/settings/keys", "/settings/audit", "/settings/brands", "/settings/brands/1"),
    *("/", "/mentions", "/mentions?q=soup", "/mentions/{angry}", "/incidents", "/incidents/{incident}", "/outbox"),
    "/incidents/{incident}/link?token=old",
    *("/stories?period=30d", "/stories/{story}", "/causes?period=30d", "/causes?period=30d&by=c", "/compare"),
    *("/authors?period=30d", "/quality", "/sources", "/sources/1", "/add-source", "/add-source?kind=feed"),
    *("/add-source/{tryout}", "/welcome/brand", "/welcome/contact", "/rules", "/rules/1", "/nowhere"),
    *("/reports", "/webhooks", "/on-call", "/silences", "/contacts", "/contacts/1", "/quarantine"),
    *("/settings/erasures", "/settings/erasures?mention={angry}"),
)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with stage.launched() as browser:
        yield browser


@pytest.fixture
def house(database_url: str, data_dir: Path) -> FastAPI:
    settings = Settings(
        database_url=database_url,
        data_dir=data_dir,
        time_zone="Asia/Taipei",
        oidc_url=stage.PROVIDER,
        oidc_name=stage.PROVIDER_NAME,
    )
    return create_app(settings)


async def _pages(conn: Connection) -> list[str]:
    found = {
        "angry": await conn.fetchval("select mention_id from alert order by id desc limit 1"),
        "incident": await conn.fetchval("select max(id) from incident"),
        "story": await conn.fetchval("select story_id from mention where counted group by 1 order by count(*) desc"),
        "tryout": await conn.fetchval("select max(id) from tryout"),
    }
    return [page.format(**found) for page in PAGES]


async def _wrong(page: Page) -> list[str]:
    """Return what axe finds on a page, each with where."""
    found = await Axe().run(page, options={"runOnly": _STANDARDS, "resultTypes": ["violations"]})
    return [
        f"{one['id']}: {node['target']} {node['html'][:120]}"
        for one in found.response["violations"]
        for node in one["nodes"][:3]
    ]


@dataclass(frozen=True, kw_only=True)
class Look:
    """How somebody looks at the pages."""

    locale: str
    scheme: Literal["light", "dark"]
    width: int


_LOOKS = (
    Look(locale="zh-TW", scheme="light", width=1280),
    Look(locale="th-TH", scheme="dark", width=390),
)


@pytest.mark.parametrize("look", _LOOKS, ids=lambda look: f"{look.locale}-{look.scheme}-{look.width}")
async def test_axe_finds_nothing(chromium: Browser, house: FastAPI, pool: Pool, look: Look) -> None:
    await stage.play(pool)
    async with pool.acquire() as conn:
        pages, cookie = await _pages(conn), await session_cookie(conn)
    found: dict[str, list[str]] = {}
    with stage.served(house) as origin:
        context = await chromium.new_context(
            locale=look.locale, color_scheme=look.scheme, viewport={"width": look.width, "height": 900}
        )
        await context.add_cookies([{"name": "earshot_session", "value": cookie, "url": origin}])
        page = await context.new_page()
        for address in pages:
            await page.goto(origin + address)
            await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            if wrong := await _wrong(page):
                found[address] = wrong
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > look.width:
                found.setdefault(address, []).append(f"is {wide} wide")
        async with pool.acquire() as conn:
            async for name in stage.at_the_door(page, conn, origin):
                await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
                if wrong := await _wrong(page):
                    found[name] = wrong
        await context.close()

    assert found == {}


#: What a page is for, where it stands: each of these says something, with script or without. Charts have their numbers
#: beside them as a table.
_MAIN = {
    "/": ("#figures .value", "#steps-table tbody td", "#incidents .row"),
    "/mentions": ("article.mention .said", "form label"),
    "/mentions/{angry}": (".said", "dl.facts dd", "#why-title"),
    "/incidents": (".row .quote",),
    "/incidents/{incident}": ("article.mention .said", "#timeline li", "#standing .status"),
    "/outbox": ("main li",),
    "/stories?period=30d": ("#stories .row .big", "#stories .quote"),
    "/stories/{story}": ("#steps-table tbody td", "article.mention .said", "#figures .value"),
    "/causes?period=30d": ("#causes table tbody td",),
    "/compare": (".voice-card .big", ".voice-card dd"),
    "/authors?period=30d": ("#authors table tbody td",),
    "/quality": ("#languages table tbody td", "#rules table tbody td", "#lessons li, #lessons td"),
    "/reports": ("#contacts li, #contacts label", "main a[href^='/reports/chart.png']"),
    "/sources": (".row.source", ".course"),
    "/sources/1": ("#polls", "dl.facts dd"),
    "/quarantine": (".row .raw", ".course"),
    "/add-source": ("main a[href*='kind=']",),
    "/add-source/{tryout}": ("article.mention .said",),
    "/rules": (".row",),
    "/on-call": (".duty .now", ".week td .meta"),
    "/silences": (".rows .row",),
    "/contacts": (".rows .row",),
    "/webhooks": (".timeline li",),
    "/settings/brands": (".rows .row",),
    "/settings/users": (".rows .row",),
    "/settings/keys": (".rows .row",),
    "/settings/audit": (".rows .row",),
    "/settings/erasures?mention={angry}": ("#would-title", "form label"),
}


async def test_every_page_can_be_read_without_script(chromium: Browser, house: FastAPI, pool: Pool) -> None:
    await stage.play(pool)
    async with pool.acquire() as conn:
        pages, cookie = await _pages(conn), await session_cookie(conn)
    missing = []
    with stage.served(house) as origin:
        context = await chromium.new_context(locale="en-GB", java_script_enabled=False)
        await context.add_cookies([{"name": "earshot_session", "value": cookie, "url": origin}])
        page = await context.new_page()
        for pattern, address in zip(PAGES, pages, strict=True):
            await page.goto(origin + address)
            if len(await page.locator("main").inner_text()) < 40:
                missing.append(address)
            if await page.locator("#steps-table").count():
                await page.locator("#steps-table summary").click()
            for place in _MAIN.get(pattern, ()):
                found = page.locator(place)
                if not await found.count() or not (await found.first.inner_text()).strip():
                    missing.append(f"{place} of {address}")
        await context.close()

    assert missing == []
