"""The second factor: set up, asked for, lost, taken away."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pyotp
import pytest
from fastapi import FastAPI

from service import passwords, sealing
from service.app import create_app
from service.settings import Settings
from service.store import access, attempt, clock, second_factor, user
from service.store.pool import Connection, Pool
from tests.service.web.conftest import session_cookie, visitor
from tests.service.web.reading import Page

PASSWORD = "correct horse 電池"
_SECRET = re.compile(r"<code class=\"detail\" lang=\"en\">([A-Z2-7 ]+)</code>")
_RECOVERY = re.compile(r"<code>((?:[2-9a-z]{4}-){3}[2-9a-z]{4})</code>")


@pytest.fixture
async def mei(browser: httpx.AsyncClient, conn: Connection) -> int:
    """An administrator with a password, who is signed in with the browser."""
    await browser.get("/account")
    one, (here,) = await user.named(conn, "mei"), await access.sessions(conn, now=await clock.now(conn))
    assert one
    await user.set_password(conn, one.id, passwords.hashed(PASSWORD), but=here.id)
    return one.id


async def _code(conn: Connection, secret: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(await clock.now(conn) + timedelta(seconds=30 * steps))


async def _set_up(browser: httpx.AsyncClient, conn: Connection) -> tuple[str, list[str]]:
    """Return the secret and the recovery codes of a factor set up a while ago."""
    await conn.execute("update mock.clock set shift = '-5 minutes'")
    account = Page((await browser.get("/account")).text)
    shown = await browser.post(
        "/account/second-factor", data={**account.form("/account/second-factor"), "before_set_up": PASSWORD}
    )
    found = _SECRET.search(shown.text)
    assert found
    secret = found[1].replace(" ", "")
    form = Page(shown.text).form("/account/second-factor/confirm")
    done = await browser.post("/account/second-factor/confirm", data={**form, "code": await _code(conn, secret)})
    await conn.execute("update mock.clock set shift = '0'")
    return secret, _RECOVERY.findall(done.text)


async def _password(person: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    form = Page((await person.get("/sign-in")).text).form("/sign-in")
    return await person.post("/sign-in", data={**form, "name": "mei", "password": password})


async def _second(person: httpx.AsyncClient, **fields: str) -> httpx.Response:
    page = await person.get("/sign-in/code")
    if page.status_code == 303:
        return page
    return await person.post("/sign-in/code", data={**Page(page.text).form("/sign-in/code"), **fields})


@pytest.fixture
async def phone(mei: int, browser: httpx.AsyncClient, conn: Connection) -> tuple[str, list[str]]:
    """What mei keeps: the app's secret, and the recovery codes."""
    assert mei
    return await _set_up(browser, conn)


async def test_a_password_alone_lets_nobody_in_any_more(
    app: FastAPI, conn: Connection, phone: tuple[str, list[str]]
) -> None:
    async with visitor(app) as person:
        asked = await _password(person)
        nobody = await person.get("/")
        entered = await _second(person, code=await _code(conn, phone[0]))
        first = await person.get("/")

    assert (asked.headers["location"], "earshot_session" in asked.cookies) == ("/sign-in/code", False)
    assert nobody.headers["location"].startswith("/sign-in")
    assert (entered.status_code, entered.headers["location"], first.status_code) == (303, "/", 200)


async def test_a_code_is_good_once_and_for_a_step_either_way(
    app: FastAPI, conn: Connection, phone: tuple[str, list[str]]
) -> None:
    outcomes = []
    for steps in (-2, -1, -1, 1, 0, 2):
        async with visitor(app) as person:
            await _password(person)
            outcomes.append((await _second(person, code=await _code(conn, phone[0], steps=steps))).status_code)

    assert outcomes == [403, 303, 403, 303, 403, 403]


async def test_of_two_at_once_with_one_code_one_comes_in(
    app: FastAPI, conn: Connection, phone: tuple[str, list[str]]
) -> None:
    code = await _code(conn, phone[0])
    async with visitor(app) as one, visitor(app) as other:
        await _password(one)
        await _password(other)
        answers = await asyncio.gather(_second(one, code=code), _second(other, code=code))

    assert sorted(answer.status_code for answer in answers) == [303, 403]


async def test_ten_recovery_codes_are_shown_once_kept_as_digests_and_good_once(
    app: FastAPI, browser: httpx.AsyncClient, conn: Connection, phone: tuple[str, list[str]]
) -> None:
    outcomes = []
    for typed in (phone[1][3].upper().replace("-", " "), phone[1][3], phone[1][4]):
        async with visitor(app) as person:
            await _password(person)
            outcomes.append((await _second(person, recovery=typed)).status_code)
    account, record = await browser.get("/account"), await browser.get("/settings/audit")
    kept = str([tuple(row) for row in await conn.fetch("select * from recovery_code")])

    assert len(set(phone[1])) == 10
    assert outcomes == [303, 403, 303]
    assert "Recovery codes left: 8" in account.text
    assert "Recovery code of user" in record.text
    assert not any(code in kept for code in phone[1])


async def test_guesses_at_codes_count_whatever_password_stands_between(
    app: FastAPI, conn: Connection, phone: tuple[str, list[str]]
) -> None:
    async with visitor(app) as guesser:
        seen = set()
        for n in range(attempt.MOST_OF_ACCOUNT):
            await _password(guesser)
            seen.add((await _second(guesser, code=f"{n:06}")).status_code)
        late = await _second(guesser, code=await _code(conn, phone[0]))
        await conn.execute("update mock.clock set shift = '16 minutes'")
        await _password(guesser)
        later = await _second(guesser, code=await _code(conn, phone[0]))

    assert seen == {403, 429}
    assert (late.status_code, later.status_code) == (429, 303)


async def test_a_sign_in_does_not_wait_for_ever(app: FastAPI, conn: Connection, phone: tuple[str, list[str]]) -> None:
    async with visitor(app) as person:
        await _password(person)
        form = Page((await person.get("/sign-in/code")).text).form("/sign-in/code")
        await conn.execute("update mock.clock set shift = '11 minutes'")
        late = await person.post("/sign-in/code", data={**form, "code": await _code(conn, phone[0])})

    assert late.status_code == 403
    assert "took too long" in late.text


async def test_a_one_time_link_is_the_way_back(app: FastAPI, conn: Connection, phone: tuple[str, list[str]]) -> None:
    async with visitor(app) as person:
        person.cookies.set("earshot_session", await session_cookie(conn), domain="127.0.0.1")
        first = await person.get("/")

    assert phone
    assert first.status_code == 200


async def test_the_secret_lies_sealed_and_opens_for_its_user_only(
    conn: Connection, mei: int, phone: tuple[str, list[str]], data_dir: Path
) -> None:
    settings = Settings(data_dir=data_dir)
    kept = await second_factor.of(conn, mei)
    assert kept

    assert sealing.opened(settings, kept.secret, of=f"second factor of user {mei}") == phone[0]
    assert phone[0].encode() not in kept.secret
    assert (data_dir / "seal.key").stat().st_mode & 0o777 == 0o600
    for elsewhere in (settings.model_copy(update={"seal_key": "x" * 40}), settings):
        with pytest.raises(sealing.SealBroken):
            sealing.opened(elsewhere, kept.secret, of=f"second factor of user {mei + 1}")


async def test_with_the_key_lost_a_recovery_code_still_lets_in(
    database_url: str, pool: Pool, conn: Connection, phone: tuple[str, list[str]]
) -> None:
    app = create_app(Settings(database_url=database_url, seal_key="another key of the database, 32 long"))
    app.state.pool = pool
    async with visitor(app) as person:
        await _password(person)
        refused = await _second(person, code=await _code(conn, phone[0]))
        entered = await _second(person, recovery=phone[1][0])

    assert "lost the key" in refused.text
    assert (refused.status_code, entered.status_code) == (403, 303)


async def test_the_longest_name_fits_into_the_picture(browser: httpx.AsyncClient, conn: Connection, mei: int) -> None:
    await conn.execute("update app_user set name = $2 where id = $1", mei, "😀" * 200)
    form = Page((await browser.get("/account")).text).form("/account/second-factor")
    shown = await browser.post("/account/second-factor", data={**form, "before_set_up": PASSWORD})

    assert (shown.status_code, "<svg" in shown.text) == (200, True)


async def test_setting_up_asks_for_the_password_and_a_right_code(
    browser: httpx.AsyncClient, conn: Connection, mei: int
) -> None:
    form = Page((await browser.get("/account")).text).form("/account/second-factor")
    unknown = await browser.post("/account/second-factor", data={**form, "before_set_up": "not it at all"})
    shown = await browser.post("/account/second-factor", data={**form, "before_set_up": PASSWORD})
    confirm = Page(shown.text).form("/account/second-factor/confirm")
    wrong = await browser.post("/account/second-factor/confirm", data={**confirm, "code": "12345"})
    forged = await browser.post("/account/second-factor/confirm", data={**confirm, "secret": "AAAA", "code": "1"})
    await conn.execute("update mock.clock set shift = '31 minutes'")
    late = await browser.post("/account/second-factor/confirm", data={**confirm, "code": "12345"})

    assert "not your password of now" in unknown.text
    assert not Page(shown.text).dangers()
    assert "<svg" in shown.text
    assert (wrong.status_code, "This code is wrong" in wrong.text) == (422, True)
    assert _SECRET.findall(wrong.text) == _SECRET.findall(shown.text)
    assert (forged.headers["location"], late.headers["location"]) == ("/account", "/account")
    assert await second_factor.of(conn, mei) is None


async def test_setting_up_renews_this_session_and_ends_the_others(
    app: FastAPI, mei: int, browser: httpx.AsyncClient, conn: Connection
) -> None:
    former = browser.cookies["earshot_session"]
    async with visitor(app) as other, visitor(app) as thief:
        other.cookies.set("earshot_session", await session_cookie(conn), domain="127.0.0.1")
        thief.cookies.set("earshot_session", former, domain="127.0.0.1")
        await _set_up(browser, conn)
        seen = [(await one.get("/account")).status_code for one in (browser, other, thief)]

    assert mei
    assert seen == [200, 303, 303]


async def test_turning_it_off_asks_for_password_and_code(
    browser: httpx.AsyncClient, conn: Connection, mei: int, phone: tuple[str, list[str]]
) -> None:
    form = Page((await browser.get("/account")).text).form("/account/second-factor/off")
    code = await _code(conn, phone[0])
    wrong = [
        await browser.post("/account/second-factor/off", data={**form, "before_off": "not it at all", "code": code}),
        await browser.post("/account/second-factor/off", data={**form, "before_off": PASSWORD, "code": "000000"}),
    ]
    before = await second_factor.of(conn, mei)
    done = await browser.post("/account/second-factor/off", data={**form, "before_off": PASSWORD, "code": code})
    record = await browser.get("/settings/audit")

    assert [one.status_code for one in wrong] == [422, 422]
    assert before is not None
    assert done.headers["location"] == "/account?came=factor-off"
    assert await second_factor.of(conn, mei) is None
    assert "Second factor of user" in record.text
    assert "removed" in record.text


async def test_an_administrator_sees_who_has_one_and_resets_it(
    app: FastAPI, browser: httpx.AsyncClient, conn: Connection, mei: int, phone: tuple[str, list[str]]
) -> None:
    page = await browser.get("/settings/users")
    form = Page(page.text).form(f"/settings/users/{mei}")
    await browser.post(f"/settings/users/{mei}", data={**form, "do": "reset"})
    async with visitor(app) as person:
        entered = await _password(person)

    assert phone
    assert "second factor" in page.text
    assert entered.headers["location"] == "/"


async def test_administrators_can_be_made_to_have_one(
    database_url: str, pool: Pool, conn: Connection, data_dir: Path, mei: int
) -> None:
    app = create_app(Settings(database_url=database_url, data_dir=data_dir, admin_second_factor=True))
    app.state.pool = pool
    async with visitor(app) as person:
        await _password(person)
        shut = [await person.get(path) for path in ("/", "/settings/users", "/mentions")]
        api = await person.get("/api/v1/users")
        account = await person.get("/account")
        await _set_up(person, conn)
        opened = await person.get("/settings/users")

    assert mei
    assert {one.headers["location"] for one in shut} == {"/account"}
    assert api.status_code == 403
    assert "Administrators need a second factor" in account.text
    assert opened.status_code == 200


async def test_a_session_stays_where_another_sets_up_at_once(
    browser: httpx.AsyncClient, conn: Connection, mei: int
) -> None:
    now = await clock.now(conn)
    kept = [
        await second_factor.add(conn, mei, secret=b"1", step=1, recovery_codes=["a"], now=now),
        await second_factor.add(conn, mei, secret=b"2", step=2, recovery_codes=["b"], now=now),
    ]

    assert kept == [True, False]
    assert [one.user for one in await access.sessions(conn, now=now)] == ["mei"]
    assert (await browser.get("/account")).status_code == 200
