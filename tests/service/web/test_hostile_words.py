"""Hundreds of hostile words in every field, and every page opened in a real Chromium: they are shown, never obeyed."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, Response

from service.app import create_app
from service.settings import Settings
from service.store.pool import Connection, Pool
from tests.service.web import hostile, reading, stage
from tests.service.web.conftest import session_cookie
from tests.service.web.payloads import PAYLOADS
from tests.service.web.test_visit import NEEDED

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

_TABS = 3
_EVERY = 40
#: What a script of a stranger would call, and what the browser refuses to do for one.
_TRIPWIRE = """
    window.alert = () => console.error("words of a stranger ran");
    document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
#: Says what is on a page that no template of ours puts there. The chart is drawn by its library, in shapes of its own.
_LOOK = """
    ([elements, attributes]) => {
        const found = new Set();
        for (const one of document.querySelectorAll("*")) {
            const isDrawn = one.closest("#chart") !== null;
            if (!isDrawn && !elements.includes(one.localName)) found.add(`<${one.localName}>`);
            for (const { name, value } of one.attributes) {
                if (name.startsWith("on") || name === "srcdoc") found.add(`${one.localName} ${name}`);
                if (!isDrawn && !attributes.includes(name) && !name.startsWith("data-") && !name.startsWith("aria-"))
                    found.add(`${one.localName} ${name}`);
                if (!["href", "src", "action", "formaction", "xlink:href"].includes(name)) continue;
                const to = URL.canParse(value, location.href) ? new URL(value, location.href) : null;
                const mayLeave = name === "href" && one.localName === "a" && one.rel.includes("noopener");
                if (to === null || !["http:", "https:"].includes(to.protocol) ||
                    (to.origin !== location.origin && !mayLeave)) found.add(`${one.localName} ${name}=${value}`);
            }
        }
        return [...found];
    }
"""
#: The attributes of our templates, beside `data-…` and `aria-…`.
_ATTRIBUTES = (
    *("action", "autocomplete", "autofocus", "charset", "checked", "class", "cols", "colspan", "content", "cx", "cy"),
    *("d", "datetime", "dir", "disabled", "fill", "for", "height", "hidden", "href", "id", "inputmode", "lang", "max"),
    *("maxlength", "method", "min", "minlength", "multiple", "name", "open", "pattern", "placeholder"),
    *("preserveaspectratio", "preserveAspectRatio", "r", "rel", "required", "role", "rows", "rx", "sandbox", "scope"),
    *("selected", "spellcheck", "src", "stroke", "stroke-width", "tabindex", "target", "title", "type", "value"),
    *("viewBox", "width", "x", "y", "loading", "step", "size", "rowspan", "high", "low", "optimum", "stroke-linecap"),
    *("stroke-linejoin", "transform", "points", "x1", "x2", "y1", "y2", "focusable", "xmlns", "download"),
)
#: What e-mails are made of: they carry their style with them, and a chart.
_OF_LETTERS = {
    *(
        "html",
        "head",
        "body",
        "meta",
        "title",
        "style",
        "div",
        "p",
        "a",
        "table",
        "tbody",
        "tr",
        "td",
        "th",
        "h1",
        "h2",
    ),
    *("h3", "strong", "span", "img", "bdi", "blockquote", "br", "li", "ol", "ul", "mark", "em"),
}
_OUR_STYLE = re.compile(
    r"<style>|\w+ style=(?!.*(url\(|evil|alert)).*|img src='data:image/png;base64,[\w+/=]*'", re.DOTALL
)
_LISTS = (
    *("/", "/?brand=3&period=30d", "/mentions", "/mentions?q=script", "/incidents", "/outbox", "/stories?period=30d"),
    *("/causes", "/causes?by=c", "/compare", "/authors", "/quality", "/reports", "/reports/preview", "/sources"),
    *(
        "/add-source",
        "/add-source?kind=feed",
        "/rules",
        "/rules/new?kind=keyword",
        "/on-call",
        "/silences",
        "/webhooks",
    ),
    *("/contacts", "/contacts/new", "/account", "/settings/brands", "/settings/brands/new", "/settings/keys"),
    *("/settings/users", "/settings/audit", "/welcome/brand", "/welcome/contact", "/contacts/verify", "/sign-in"),
    *("/chart", "/quarantine", "/settings/erasures", "/settings/erasures?mention=1", "/nowhere"),
    *("/sign-in/provider", "/sign-in/provider/back", "/sign-in/code", "/incidents/1/link?token=old"),
)
#: Pages about one thing: the address, and the table of the things.
_WHOLES = (
    ("/mentions/{}", "mention"),
    ("/incidents/{}", "incident"),
    ("/outbox/{}", "notification"),
    ("/outbox/{}/html", "notification"),
    ("/stories/{}", "story"),
    ("/stories/{}/chart", "story"),
    ("/sources/{}", "source"),
    ("/add-source?change={}", "source"),
    ("/add-source/{}", "tryout"),
    ("/rules/{}", "rule"),
    ("/contacts/{}", "contact"),
    ("/settings/brands/{}", "brand"),
)
#: What does not number its things.
_FIRST = {"notification": "created_at"}
#: What a browser stores and does not show, and what is fetched with every page.
_STORED = ("/static/{version}/{name}", "/static/chart/{name}", "/reports/chart.png")
_FILES = tuple(f"/api/v1/exports?format={kind}" for kind in ("csv", "xlsx", "jsonl"))
_ANSWERS = tuple(f"/api/v1/{noun}" for noun in ("mentions", "sources", "incidents", "stories"))


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with stage.launched() as browser:
        yield browser


@pytest.fixture
async def house(database_url: str, data_dir: Path, pool: Pool, conn: Connection) -> FastAPI:
    """The program over a database in which every field that others fill holds hostile words."""
    await hostile.fill(pool, conn)
    return create_app(Settings(database_url=database_url, data_dir=data_dir, time_zone="Asia/Taipei"))


@dataclass
class Watch:
    """What the browser noticed on the way."""

    origin: str
    said: list[str] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)

    def listen(self, page: Page) -> None:
        """Keep what a careless page would have done."""
        page.on("console", lambda message: self._say(page, message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._say(page, str(error)))
        page.on("request", lambda request: self._asked(page, request.url))
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.dismiss()))

    def _say(self, page: Page, what: str) -> None:
        if not what.startswith("Failed to load resource"):
            self.said.append(f"{page.url}: {what}")

    def _asked(self, page: Page, url: str) -> None:
        if not url.startswith((self.origin, "data:")):
            self._say(page, f"asked for {url}")

    async def open(self, page: Page, address: str) -> str | None:
        """Open a page, look at it, and return the address of the one that goes on from it."""
        answer = await page.goto(self.origin + address, timeout=120_000)
        assert answer is not None
        assert answer.status < 500, address
        self.visited.add(address.partition("?")[0])
        for found in await _seen(page, answer):
            self._say(page, found)
        older = page.locator("a[rel=next]")
        return await older.get_attribute("href") if await older.count() else None


async def _seen(page: Page, answer: Response) -> list[str]:
    """Return what is on a page that we did not put there."""
    # No script runs in a letter, not even ours: its elements are read as the browser has them.
    if "sandbox" in answer.headers["content-security-policy"]:
        letter = reading.Page(await page.content())
        strange = [tag for tag, _ in letter.elements if tag not in _OF_LETTERS]
        return strange + [one for one in letter.dangers() if not _OUR_STYLE.fullmatch(one)]
    found: list[str] = await page.evaluate(_LOOK, [sorted(reading.OURS), _ATTRIBUTES])
    return found


async def _walk(context: BrowserContext, watch: Watch, addresses: Iterator[str]) -> None:
    """Open pages, each list to its end, in one tab."""
    page = await context.new_page()
    watch.listen(page)
    for address in addresses:
        following: str | None = address
        while following is not None:
            following = await watch.open(page, following)


async def test_no_word_of_a_stranger_does_anything_on_any_page(
    chromium: Browser, house: FastAPI, conn: Connection
) -> None:
    addresses = [*_LISTS]
    for pattern, table in _WHOLES:
        rows = await conn.fetch(f"select id from {table} order by {_FIRST.get(table, 'id')}")
        addresses += [
            pattern.format(one["id"]) for one in (*rows[: len(hostile.LONG)], *rows[len(hostile.LONG) :: _EVERY])
        ]
    with stage.served(house) as origin:
        context = await chromium.new_context(locale="en-GB")
        await context.add_init_script(_TRIPWIRE)
        await context.add_cookies([{"name": "earshot_session", "value": await session_cookie(conn), "url": origin}])
        watch, queue = Watch(origin), iter(addresses)
        await asyncio.gather(*(_walk(context, watch, queue) for _ in range(_TABS)))
        await _read_files(context, watch)
        await context.close()
    pages = {path: re.sub(r"\{\w+\}", "[^/]+", path) for method, path in NEEDED if method == "GET"}
    unseen = [path for path, form in pages.items() if not any(re.fullmatch(form, one) for one in watch.visited)]

    assert sorted(set(watch.said)) == []
    assert set(unseen) == set(_STORED)


async def _read_files(context: BrowserContext, watch: Watch) -> None:
    """Open what is for programs as a person might by mistake: answers are shown as text, files only stored."""
    page = await context.new_page()
    watch.listen(page)
    for address in _ANSWERS:
        answer = await page.goto(watch.origin + address)
        assert answer is not None
        assert answer.status < 500, address
        assert answer.headers["content-type"].endswith("json"), address
        assert answer.headers["x-content-type-options"] == "nosniff", address
        assert await page.locator("script, img, svg, iframe").count() == 0, address
    for address in _FILES:
        file = await context.request.get(watch.origin + address)
        assert file.status == 200, address
        assert file.headers["content-disposition"].startswith("attachment"), address
        assert file.headers["x-content-type-options"] == "nosniff", address


async def test_the_wire_would_have_tripped(chromium: Browser) -> None:
    context = await chromium.new_context()
    await context.add_init_script(_TRIPWIRE)
    page, watch = await context.new_page(), Watch("http://127.0.0.1")
    watch.listen(page)
    await page.set_content("<main>" + " ".join(one for one in PAYLOADS if one.startswith("<img")) + "</main>")
    found = await page.evaluate(_LOOK, [sorted(reading.OURS), _ATTRIBUTES])
    await context.close()

    assert any("words of a stranger ran" in line for line in watch.said)
    assert any("asked for" in line for line in watch.said)
    assert "img onerror" in found
