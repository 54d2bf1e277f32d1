"""Takes a picture of every page in several languages and sizes: python -m tests.service.web.screenshots OUT_DIR."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import asyncpg
from playwright.async_api import Browser, async_playwright

from service import database
from service.app import create_app
from service.settings import Settings
from service.store.pool import Pool, open_pool
from tests import conftest
from tests.service.web import stage
from tests.service.web.conftest import session_cookie

LANGUAGES = ("en", "zh-Hant", "th", "zh-Hans")
WIDTHS = (1280, 390)


async def _addresses(pool: Pool) -> dict[str, str]:
    async with pool.acquire() as conn:
        newest = await conn.fetchval("select id from incident order by id desc limit 1")
        taken = await conn.fetchval("select id from incident where status = 'acknowledged' limit 1")
        letter = await conn.fetchval("select id from notification where incident_id = $1", newest)
        angry = await conn.fetchval("select mention_id from alert order by id desc limit 1")
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
        "outbox": "/outbox",
        "letter": f"/outbox/{letter}",
        "lost": "/nowhere",
    }


async def _shoot(browser: Browser, origin: str, pages: dict[str, str], cookie: str, out: Path) -> None:
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            for language in LANGUAGES:
                if scheme == "dark" and language in ("zh-Hans", "th"):
                    continue
                context = await browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=scheme, device_scale_factor=1
                )
                await context.add_cookies(
                    [
                        {"name": "earshot_session", "value": cookie, "url": origin},
                        {"name": "earshot_language", "value": language, "url": origin},
                    ]
                )
                page = await context.new_page()
                page.on("console", lambda message: print("console:", message.text))
                for name, address in pages.items():
                    await page.goto(origin + address)
                    if name.startswith("overview"):
                        await page.wait_for_selector("#chart.drawn", timeout=15_000)
                    await page.wait_for_load_state("load")
                    await page.screenshot(path=out / f"{name}-{language}-{width}-{scheme}.png", full_page=True)
                await context.clear_cookies()
                await page.goto(f"{origin}/sign-in?token=old")
                await page.screenshot(path=out / f"door-{language}-{width}-{scheme}.png", full_page=True)
                await context.close()


async def _take(url: str, out: Path, data_dir: Path) -> None:
    await conftest._make_template(url)
    server = await asyncpg.connect(url)
    await server.execute("create database shots template template_earshot")
    await server.execute('alter database shots set search_path = "$user", public, mock, pg_catalog')
    await server.close()
    address = conftest.with_database(url, "shots")
    pool = await open_pool(address)
    await stage.play(pool)
    settings = Settings(
        database_url=address, data_dir=data_dir, time_zone="Asia/Taipei", smtp_url="smtp://mail.example.com"
    )
    async with pool.acquire() as conn:
        cookie = await session_cookie(conn)
    with stage.served(create_app(settings)) as origin:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=stage.chromium(), args=list(stage.ARGUMENTS))
            await _shoot(browser, origin, await _addresses(pool), cookie, out)
            await browser.close()
    pool.terminate()


def main() -> None:
    """Take the pictures."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="earshot-shots-"))
    root.chmod(0o755)
    try:
        running = database.ensure_running(root / "postgres", {"fsync": "off", "max_connections": "50"})
        asyncio.run(_take(running.url, out, root))
    finally:
        database.stop(root / "postgres")
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
