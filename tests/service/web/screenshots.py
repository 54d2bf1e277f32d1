"""Takes pictures of the pages: python -m tests.service.web.screenshots FOLDER [--only PAGE…] [--in LANGUAGE…].

Every page in two languages, on a desktop and a phone, light and dark. QUESTIONS.md says what to look for in them.
"""

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import asyncpg
from playwright.async_api import Browser

from service import database
from service.app import create_app
from service.settings import Settings
from service.store import clock, incident_link
from service.store.pool import Connection, Pool, open_pool
from tests import conftest
from tests.service.web import stage
from tests.service.web.conftest import session_cookie

LANGUAGES = ("zh-Hant", "th")
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


async def _addresses(pool: Pool) -> dict[str, str]:
    async with pool.acquire() as conn:
        newest = await conn.fetchval("select id from incident order by id desc limit 1")
        taken = await conn.fetchval("select id from incident where status = 'acknowledged' limit 1")
        now, reader = await clock.now(conn), await conn.fetchval("select min(id) from contact where enabled")
        link = await incident_link.add(conn, taken, reader, now=now)
        letter = await conn.fetchval("select id from notification where incident_id = $1", newest)
        angry = await conn.fetchval("select mention_id from alert order by id desc limit 1")
        told = await conn.fetchval(
            "select story_id from mention where counted group by 1 order by count(*) desc, 1 limit 1"
        )
        blind = await conn.fetchval("select id from source where error_count > 0 limit 1")
        tryout = await conn.fetchval("select id from tryout order by id desc limit 1")
    return {
        "overview": "/",
        "overview-24h": "/?period=24h",
        "overview-30d": "/?period=30d",
        "mentions": "/mentions",
        "mentions-none": "/mentions?q=zzzz",
        "mention": f"/mentions/{angry}",
        "incidents": "/incidents",
        "incident": f"/incidents/{newest}",
        "incident-taken": f"/incidents/{taken}",
        "incident-link": f"/incidents/{taken}/link?token={link}",
        "stories": "/stories?period=30d",
        "story": f"/stories/{told}",
        "causes": "/causes?period=30d",
        "causes-four": "/causes?period=30d&by=c",
        "compare": "/compare?period=30d",
        "authors": "/authors?period=30d",
        "quality": "/quality",
        "reports": "/reports?kind=daily",
        "webhooks": "/webhooks",
        "outbox": "/outbox",
        "letter": f"/outbox/{letter}",
        "rules": "/rules",
        "rule": "/rules/1",
        "rule-form": "/rules/new?kind=anger_spike",
        "on-call": "/on-call",
        "silences": "/silences",
        "contacts": "/contacts",
        "contact": "/contacts/1",
        "account": "/account",
        "brands": "/settings/brands",
        "brand": "/settings/brands/1",
        "users": "/settings/users",
        "keys": "/settings/keys",
        "audit": "/settings/audit",
        "erasures": "/settings/erasures",
        "erasing": f"/settings/erasures?mention={angry}",
        "sources": "/sources",
        "source": f"/sources/{blind}",
        "quarantine": "/quarantine",
        "add-source": "/add-source",
        "source-form": "/add-source?kind=feed",
        "tryout": f"/add-source/{tryout}",
        "welcome-brand": "/welcome/brand",
        "welcome-contact": "/welcome/contact",
        "lost": "/nowhere",
    }


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The story told, and served."""

    origin: str
    #: Of somebody signed in.
    cookie: str
    #: Addresses by the pages' names.
    pages: Mapping[str, str]
    pool: Pool


async def _shoot(
    browser: Browser, found: Stage, pages: Mapping[str, str], conn: Connection, wanted: argparse.Namespace
) -> None:
    out: Path = wanted.folder
    origin = found.origin
    for scheme, width, language in product(wanted.schemes, WIDTHS, wanted.languages):
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, device_scale_factor=1
        )
        cookies = {"earshot_session": found.cookie, "earshot_language": language}
        await context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in cookies.items()])
        page = await context.new_page()
        page.on("console", lambda message: print("console:", message.text))
        for name, address in pages.items():
            await page.goto(origin + address)
            if await page.locator("#chart").count():
                await page.wait_for_selector("#chart.drawn", timeout=30_000)
            await page.wait_for_load_state("load")
            await page.screenshot(path=out / f"{name}-{language}-{width}-{scheme}.png", full_page=True)
        async for name in stage.at_the_door(page, conn, origin):
            await page.screenshot(path=out / f"{name}-{language}-{width}-{scheme}.png", full_page=True)
        await context.clear_cookies(name="earshot_session")
        await page.goto(f"{origin}/sign-in?token=old")
        await page.screenshot(path=out / f"door-{language}-{width}-{scheme}.png", full_page=True)
        await context.close()


@asynccontextmanager
async def _set(url: str, data_dir: Path) -> AsyncIterator[Stage]:
    await conftest._make_template(url)
    server = await asyncpg.connect(url)
    await server.execute("create database shots template template_earshot")
    await server.execute('alter database shots set search_path = "$user", public, mock, pg_catalog')
    await server.close()
    address = conftest.with_database(url, "shots")
    pool = await open_pool(address)
    await stage.play(pool)
    settings = Settings(
        database_url=address,
        data_dir=data_dir,
        time_zone="Asia/Taipei",
        smtp_url="smtp://mail.example.com",
        oidc_url=stage.PROVIDER,
        oidc_name=stage.PROVIDER_NAME,
    )
    async with pool.acquire() as conn:
        cookie = await session_cookie(conn)
    with stage.served(create_app(settings)) as origin:
        yield Stage(origin=origin, cookie=cookie, pages=await _addresses(pool), pool=pool)
    pool.terminate()


@contextmanager
def _postgres() -> Iterator[tuple[str, Path]]:
    """Give the address of a Postgres, and a folder for what goes with it."""
    root = Path(tempfile.mkdtemp(prefix="earshot-shots-"))
    root.chmod(0o755)
    try:
        yield database.ensure_running(root / "postgres", {"fsync": "off", "max_connections": "50"}).url, root
    finally:
        database.stop(root / "postgres")
        shutil.rmtree(root, ignore_errors=True)


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """Tell the story to an Earshot of its own and serve it, with a Postgres that goes away afterwards."""
    with _postgres() as (url, folder):
        async with _set(url, folder) as found:
            yield found


async def _take(wanted: argparse.Namespace) -> None:
    async with staged() as found, stage.launched() as browser:
        pages = {name: found.pages[name] for name in wanted.only or found.pages}
        async with found.pool.acquire() as conn:
            await _shoot(browser, found, pages, conn, wanted)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", metavar="PAGE")
    parser.add_argument("--in", dest="languages", nargs="*", default=LANGUAGES, metavar="LANGUAGE")
    parser.add_argument("--schemes", nargs="*", default=SCHEMES, choices=SCHEMES)
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_take(wanted))


if __name__ == "__main__":
    main()
