"""Each page in each language: whole, private, and nothing in it can run."""

import gzip
from itertools import product
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from alerts.catalogue import LANGUAGES
from service.store.pool import Connection, Pool
from service.web import chart_library, static_files
from tests.service.web.conftest import visitor
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")


async def _addresses(conn: Connection) -> list[str]:
    letter = await conn.fetchval("select id from notification")
    return [
        *("/", "/?period=24h", "/?period=30d&brand=1", "/mentions", "/mentions?q=zzz", "/mentions/2"),
        *("/incidents", "/incidents?status=resolved", "/incidents/1", "/outbox", "/outbox?state=failed"),
        f"/outbox/{letter}",
        *(
            "/stories",
            "/stories/1",
            "/causes",
            "/causes?by=c&period=30d",
            "/compare",
            "/authors",
            "/authors?sort=angry",
        ),
        *("/quality", "/quality?days=30", "/sources", "/sources/1", "/add-source", "/add-source?change=1"),
        *("/add-source?kind=youtube", "/add-source?kind=webhook", "/welcome/brand", "/welcome/contact"),
        *("/rules", "/rules/1", "/rules/new?kind=keyword", "/rules/new?kind=volume_spike"),
        *("/settings/brands", "/settings/brands/new", "/settings/brands/1", "/settings/keys"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_is_whole_in_the_language(browser: httpx.AsyncClient, conn: Connection, language: str) -> None:
    for address in await _addresses(conn):
        answer = await browser.get(address, headers={"accept-language": language})
        page = Page(answer.text)

        assert answer.status_code == 200, address
        assert page.all("html") == [{"lang": language}]
        assert "%(" not in answer.text
        assert not page.dangers()
        assert len(page.all("h1")) == 1
        assert page.all("main")
        assert all("alt" in image for image in page.all("img"))


async def test_the_chosen_language_beats_the_browsers(browser: httpx.AsyncClient) -> None:
    form = Page((await browser.get("/mentions?q=tea")).text).form("/language")
    chosen = await browser.post("/language", data={**form, "language": "th"})
    shown = await browser.get("/", headers={"accept-language": "en"})

    assert (chosen.status_code, chosen.headers["location"]) == (303, "/mentions?q=tea")
    assert Page(shown.text).all("html") == [{"lang": "th"}]
    assert "ภาพรวม" in shown.text


async def test_pages_are_private_and_bound_to_our_own_files(browser: httpx.AsyncClient, conn: Connection) -> None:
    for address in [*await _addresses(conn), "/chart", "/nowhere"]:
        headers = (await browser.get(address)).headers
        policy = headers["content-security-policy"]

        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"


async def test_a_visitor_is_sent_to_sign_in_and_back(app: FastAPI, conn: Connection) -> None:
    async with visitor(app) as stranger:
        for address in await _addresses(conn):
            answer = await stranger.get(address)

            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in")
        wanted = await stranger.get("/incidents/1?came=done")
        script = await stranger.get("/chart")

    assert wanted.headers["location"] == "/sign-in?next=%2Fincidents%2F1%3Fcame%3Ddone"
    assert script.status_code == 303


async def test_the_host_header_makes_no_link(browser: httpx.AsyncClient, conn: Connection) -> None:
    for address in await _addresses(conn):
        answer = await browser.get(address, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})

        assert "evil.example" not in answer.text


async def test_a_wrong_address_is_said_in_the_language(browser: httpx.AsyncClient) -> None:
    wrong = (
        "/nowhere",
        "/mentions/x",
        "/mentions/999",
        "/incidents/-1",
        "/outbox/7",
        "/mentions/",
        "/a/../b",
        *(
            "/stories/9999",
            "/stories/x",
            "/sources/99",
            "/add-source/7",
            "/add-source?change=99",
            "/settings/brands/99",
        ),
    )
    for language, address in product(LANGUAGES, wrong):
        answer = await browser.get(address, headers={"accept-language": language})

        assert answer.status_code == 404
        assert Page(answer.text).all("html") == [{"lang": language}]
        assert not Page(answer.text).dangers()


async def test_wrong_addresses_of_machines_stay_problems(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/api/v1/nowhere")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_a_lost_database_is_said_in_the_language(browser: httpx.AsyncClient, pool: Pool) -> None:
    pool.terminate()
    for language in LANGUAGES:
        answer = await browser.get("/incidents", headers={"accept-language": language})

        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert Page(answer.text).all("html") == [{"lang": language}]
        assert "/incidents" in [link.get("href") for link in Page(answer.text).all("a")]


async def test_anything_in_an_address_shows_a_page(browser: httpx.AsyncClient) -> None:
    for query in (
        *("older=x", "older=2026-03-05T12:00:00_5", "from=tomorrow&to=9999-12-31", "from=0001-01-01", "brand=-1"),
        *("brand=99999999999999999999", "q=%00%ED%A0%80", "q=%22open", "label=furious", "period=9d", "status=lost"),
        *("state=gone", f"q={'a+' * 500}", "language=%27%3B--", "author=%00", "from=2026-03-05T12:00%2B25:00"),
    ):
        for path in (
            "/",
            "/mentions",
            "/incidents",
            "/outbox",
            "/chart",
            "/causes",
            "/authors",
            "/quality",
            "/sources",
        ):
            assert (await browser.get(f"{path}?{query}")).status_code == 200, f"{path}?{query}"


async def test_static_files_are_kept_for_good_and_sent_compressed(app: FastAPI) -> None:
    async with visitor(app) as stranger:
        for name in static_files.assets():
            answer = await stranger.get(static_files.address(name))
            again = await stranger.get(static_files.address(name), headers={"if-none-match": answer.headers["etag"]})
            plain = await stranger.get(static_files.address(name), headers={"accept-encoding": "identity"})

            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["content-encoding"] == "gzip"
            assert again.status_code == 304
            assert plain.content == answer.content == (static_files.FOLDER / name).read_bytes()
        stale = await stranger.get("/static/0000/style.css")
        missing = await stranger.get(f"/static/{static_files.version()}/..%2fpages.py")

    assert stale.headers["cache-control"] == "no-cache"
    assert missing.status_code == 404


async def test_the_chart_library_is_made_once_and_kept(app: FastAPI, tmp_path: Path) -> None:
    app.state.settings = app.state.settings.model_copy(update={"data_dir": tmp_path})
    folder = tmp_path / "cache"
    async with visitor(app) as stranger:
        first = await stranger.get(f"/static/chart/{chart_library.name()}")
        kept = sorted(folder.iterdir())  # a test may wait
        other = await stranger.get("/static/chart/vega-0.js")

    assert b"vegaEmbed" in first.content
    assert [path.name for path in kept] == [f"{chart_library.name()}.gz"]
    assert gzip.decompress(kept[0].read_bytes()) == first.content
    assert other.status_code == 404


async def test_a_data_folder_that_cannot_be_written_costs_no_chart(app: FastAPI, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    app.state.settings = app.state.settings.model_copy(update={"data_dir": blocked})
    async with visitor(app) as stranger:
        answer = await stranger.get(f"/static/chart/{chart_library.name()}")

    assert answer.status_code == 200


async def test_the_heaviest_page_weighs_less_than_700_kilobytes(browser: httpx.AsyncClient) -> None:
    page = len(gzip.compress((await browser.get("/")).content))
    drawing = len(gzip.compress((await browser.get("/chart?period=30d")).content))
    library = len(gzip.compress((await browser.get(f"/static/chart/{chart_library.name()}")).content, 9))
    files = sum(len(asset.zipped) for asset in static_files.assets().values())

    assert page + drawing + library + files < 700_000
    assert page + files < 40_000
