"""The program over a real database, and browsers that are signed in to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from service.store import access, clock
from service.store.pool import Connection, Pool
from tests import make
from tests.service.web import seed
from tests.service.web.reading import Page

ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for the whole run: the chart's library is made once."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
async def app(database_url: str, pool: Pool, data_dir: Path) -> FastAPI:
    """The program, without a server and without its listening connection: it uses the test's pool."""
    settings = Settings(database_url=database_url, data_dir=data_dir, time_zone="Asia/Taipei")
    made = create_app(settings)
    made.state.pool = pool
    return made


def visitor(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """Return a browser nobody is signed in with."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers)


async def session_cookie(conn: Connection, user: str = "mei") -> str:
    """Return the cookie of a browser that is signed in."""
    now = await clock.now(conn)
    token = await access.add_sign_in_link(conn, user=user, now=now)
    session = await access.sign_in(conn, token, now=now)
    assert session
    return session


async def send(browser: httpx.AsyncClient, address: str, **fields: str) -> httpx.Response:
    """Return the page that a form sent to an address leads to."""
    token = Page((await browser.get("/rules")).text).form("/sign-out")["csrf"]
    answer = await browser.post(address, data={"csrf": token, **fields})
    return await browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


@pytest.fixture
async def browser(app: FastAPI, conn: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is signed in as mei and reads English."""
    async with visitor(app) as opened:
        opened.cookies.set("earshot_session", await session_cookie(conn), domain="127.0.0.1")
        yield opened


@pytest.fixture
async def angry_place(pool: Pool, conn: Connection) -> None:
    """A brand with one calm and one angry post, an incident, and an e-mail that waits."""
    brand_id = await seed.brand_named(conn)
    await seed.put_rule(conn)
    source_id = await seed.put_source(conn, brand_id, "forum")
    await seed.beat(conn)
    calm = make.mention(id="calm", text="Ordered twice, all fine.", published_at=await clock.now(conn))
    angry = make.mention(
        id="angry",
        title="Never again",
        text="You lied to my face and laughed.\nI want my money back.",
        published_at=await clock.now(conn),
    )
    await seed.tell(pool, brand_id, source_id, [calm])
    await seed.tell(pool, brand_id, source_id, [angry], seed.AngryAnalyser())
