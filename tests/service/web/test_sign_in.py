"""Coming in and going out."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from argon2 import extract_parameters
from fastapi import FastAPI

from service import passwords
from service.app import create_app
from service.settings import Settings
from service.store import access, attempt, clock, user
from service.store.access import Role
from service.store.pool import Connection, Pool, open_pool
from tests.service.web.conftest import ORIGIN, visitor
from tests.service.web.reading import Page

PASSWORD = "correct horse 電池"


async def _link(conn: Connection) -> str:
    return await access.add_sign_in_link(conn, user="mei", now=await clock.now(conn))


async def _enter(stranger: httpx.AsyncClient, token: str) -> httpx.Response:
    form = Page((await stranger.get("/sign-in", params={"token": token})).text).form("/sign-in")
    return await stranger.post("/sign-in", data=form)


async def test_looking_at_a_link_does_not_use_it_up(app: FastAPI, conn: Connection) -> None:
    token = await _link(conn)
    async with visitor(app) as scanner, visitor(app) as person:
        for _ in range(3):
            assert (await scanner.get("/sign-in", params={"token": token})).status_code == 200
        entered = await _enter(person, token)
        first = await person.get("/")

    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert first.status_code == 200


async def test_a_link_works_once(app: FastAPI, conn: Connection) -> None:
    token = await _link(conn)
    async with visitor(app) as first, visitor(app) as second:
        form = Page((await second.get("/sign-in", params={"token": token})).text).form("/sign-in")
        await _enter(first, token)
        late = await second.post("/sign-in", data=form)
        page = await second.get("/sign-in", params={"token": token})

    assert late.status_code == 403
    assert "earshot users link" in page.text
    assert "used already" in page.text


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(app: FastAPI, conn: Connection) -> None:
    async with visitor(app) as person:
        entered = await _enter(person, await _link(conn))

    cookie = next(line for line in entered.headers.get_list("set-cookie") if line.startswith("earshot_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


async def test_over_tls_cookies_are_secure(database_url: str, pool: Pool, conn: Connection) -> None:
    app = create_app(Settings(database_url=database_url, base_url="https://earshot.example.com"))
    app.state.pool = pool
    token = await _link(conn)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://earshot.example.com") as person:
        entered = await _enter(person, token)

    assert all("Secure" in line for line in entered.headers.get_list("set-cookie") if "earshot_session" in line)


async def test_after_signing_in_the_wanted_page_opens(app: FastAPI, conn: Connection) -> None:
    async with visitor(app) as person:
        wanted = await person.get("/mentions?q=燈籠")
        await person.get(wanted.headers["location"])
        entered = await _enter(person, await _link(conn))

    assert entered.headers["location"] == "/mentions?q=%E7%87%88%E7%B1%A0"


@pytest.mark.parametrize("wish", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\t/e"])
async def test_no_wish_leads_to_another_site(app: FastAPI, conn: Connection, wish: str) -> None:
    async with visitor(app) as person:
        await person.get("/sign-in", params={"next": wish})
        entered = await _enter(person, await _link(conn))

    assert entered.headers["location"] == "/"


async def test_a_link_of_the_day_before_yesterday_is_too_old(app: FastAPI, conn: Connection) -> None:
    token = await _link(conn)
    await conn.execute("update mock.clock set shift = $1", timedelta(days=2))
    async with visitor(app) as person:
        page = await person.get("/sign-in", params={"token": token})

    assert "too old" in page.text


async def test_the_page_with_the_link_is_not_told_to_other_pages(app: FastAPI, conn: Connection) -> None:
    async with visitor(app) as person:
        page = await person.get("/sign-in", params={"token": await _link(conn)})

    assert page.headers["referrer-policy"] == "no-referrer"


async def test_signing_out_ends_the_session_on_the_server(app: FastAPI, browser: httpx.AsyncClient) -> None:
    cookie = browser.cookies["earshot_session"]
    form = Page((await browser.get("/")).text).form("/sign-out")
    left = await browser.post("/sign-out", data=form)
    async with visitor(app) as thief:
        thief.cookies.set("earshot_session", cookie, domain="127.0.0.1")
        answer = await thief.get("/")

    assert left.headers["location"] == "/sign-in"
    assert answer.status_code == 303
    assert ORIGIN not in left.text


async def _enter_by_password(person: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    form = Page((await person.get("/sign-in")).text).form("/sign-in")
    return await person.post("/sign-in", data={**form, "name": name, "password": password})


@pytest.fixture
async def mei(conn: Connection) -> int:
    one = await user.add(conn, name="mei", role=Role.VIEWER, now=await clock.now(conn))
    await user.set_password(conn, one.id, passwords.hashed(PASSWORD))
    return one.id


@pytest.mark.usefixtures("mei")
async def test_a_password_lets_in_and_a_wrong_one_does_not(app: FastAPI) -> None:
    async with visitor(app) as person, visitor(app) as stranger:
        entered = await _enter_by_password(person, "mei", PASSWORD)
        first = await person.get("/")
        wrong = await _enter_by_password(stranger, "mei", PASSWORD + "!")
        nobody = await _enter_by_password(stranger, "nobody", PASSWORD)

    assert (entered.status_code, first.status_code) == (303, 200)
    assert (wrong.status_code, nobody.status_code) == (403, 403)
    assert "do not fit together" in wrong.text
    assert wrong.text.replace("mei", "").count("<") == nobody.text.replace("nobody", "").count("<")


@pytest.mark.usefixtures("mei")
async def test_guessing_is_stopped_for_the_account_even_with_the_right_word(app: FastAPI, conn: Connection) -> None:
    async with visitor(app) as guesser:
        answers = [
            await _enter_by_password(guesser, "mei", f"guess number {n}") for n in range(attempt.MOST_OF_ACCOUNT)
        ]
        late = await _enter_by_password(guesser, "MEI", PASSWORD)
        await conn.execute("update mock.clock set shift = '16 minutes'")
        later = await _enter_by_password(guesser, "mei", PASSWORD)

    assert {one.status_code for one in answers} == {403}
    assert (late.status_code, late.headers["retry-after"]) == (429, "900")
    assert later.status_code == 303


async def test_guessing_is_stopped_for_an_address(conn: Connection) -> None:
    now = await clock.now(conn)
    taken = [
        await attempt.take(conn, account=f"user {n}", address="203.0.113.7", now=now)
        for n in range(attempt.MOST_OF_ADDRESS + 1)
    ]

    assert taken == [True] * attempt.MOST_OF_ADDRESS + [False]
    assert await attempt.take(conn, account="user 0", address="203.0.113.8", now=now)


async def test_a_disabled_user_is_out_at_once(app: FastAPI, conn: Connection, mei: int) -> None:
    await user.add(conn, name="boss", role=Role.ADMIN, now=await clock.now(conn))
    async with visitor(app) as person:
        await _enter_by_password(person, "mei", PASSWORD)
        async with conn.transaction():
            now = await clock.now(conn)
            await user.change(conn, mei, role=Role.VIEWER, brands=None, enabled=False, now=now)
        out = await person.get("/")
        again = await _enter_by_password(person, "mei", PASSWORD)

    assert out.headers["location"].startswith("/sign-in")
    assert again.status_code == 403


async def test_guesses_of_two_processes_are_counted_together(database_url: str, conn: Connection) -> None:
    now = await clock.now(conn)
    pools = [await open_pool(database_url), await open_pool(database_url)]

    async def tried(pool: Pool, n: int) -> bool:
        async with pool.acquire() as one:
            return await attempt.take(one, account="mei", address=f"203.0.113.{n}", now=now)

    taken = await asyncio.gather(*(tried(pool, n) for n in range(20) for pool in pools))
    late = await tried(pools[0], 99)
    for pool in pools:
        await pool.close()

    assert sum(taken) <= attempt.MOST_OF_ACCOUNT
    assert not late


async def test_no_session_that_was_there_before_is_signed_in(app: FastAPI, conn: Connection, mei: int) -> None:
    planted = await access.open_session(conn, mei, now=await clock.now(conn))
    async with visitor(app) as person, visitor(app) as planter:
        person.cookies.set("earshot_session", "of the planter's own making", domain="127.0.0.1")
        first = await _enter_by_password(person, "mei", PASSWORD)
        form = Page((await person.get("/account")).text).form("/sign-out")["csrf"]
        person.cookies.set("earshot_session", planted, domain="127.0.0.1")
        page = await person.get("/account")
        csrf = Page(page.text).form("/sign-out")["csrf"]
        again = await person.post("/sign-in", data={"csrf": csrf, "name": "mei", "password": PASSWORD})
        planter.cookies.set("earshot_session", planted, domain="127.0.0.1")
        left = await planter.get("/account")

    given = [one.cookies["earshot_session"] for one in (first, again)]
    assert len({*given, planted, "of the planter's own making"}) == 4
    assert form
    assert left.status_code == 303


@pytest.mark.parametrize("shift", ["7 days 1 minute", "-1 hour"])
async def test_a_session_ends_when_it_is_idle_or_old(
    app: FastAPI, conn: Connection, browser: httpx.AsyncClient, shift: str
) -> None:
    before = await browser.get("/account")
    if shift.startswith("-"):
        # Used all the time, and yet thirty days old.
        await conn.execute("update web_session set expires_at = last_seen_at")
        await conn.execute("update mock.clock set shift = '1 second'")
    else:
        await conn.execute("update mock.clock set shift = $1::text::interval", shift)
    after = await browser.get("/account")

    assert (before.status_code, after.status_code) == (200, 303)


def test_nobody_learns_from_the_time_it_takes_who_has_an_account() -> None:
    """What is looked at for nobody costs what a password costs, from the first look on."""
    assert extract_parameters(passwords._NOBODYS) == extract_parameters(passwords.hashed(PASSWORD))


def test_a_password_is_kept_as_argon2id_and_weak_ones_are_refused() -> None:
    kept = passwords.hashed(PASSWORD)

    assert kept.startswith("$argon2id$")
    assert passwords.matches(kept, PASSWORD)
    assert not passwords.matches(kept, PASSWORD.upper())
    assert not passwords.matches(None, "nobody's password")
    for weak in ("short", "a" * 20, "mei", "x" * 300, "lantern noodles"):
        assert passwords.is_weak(weak, name="Lantern Noodles")
