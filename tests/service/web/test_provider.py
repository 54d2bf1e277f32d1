"""Coming in by a provider of identities, and what must not let anybody in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from service import passwords
from service.app import create_app
from service.settings import Settings
from service.store import access, clock, user
from service.store.access import Role
from service.store.pool import Connection, Pool
from tests.identities import CLIENT_ID, CLIENT_SECRET, Identities, serving_identities
from tests.service.web.conftest import visitor
from tests.service.web.reading import Page

PASSWORD = "correct horse 電池"
#: Opens a browser of an Earshot that has these settings.
Opens = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def provider() -> AsyncIterator[Identities]:
    async with serving_identities() as served:
        yield served


@pytest.fixture
def browsing(database_url: str, pool: Pool, data_dir: Path, provider: Identities) -> Opens:
    @asynccontextmanager
    async def opened(**changes: object) -> AsyncIterator[httpx.AsyncClient]:
        given: dict[str, object] = {
            "database_url": database_url,
            "data_dir": data_dir,
            "oidc_url": provider.discovery,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_name": "Lantern ID",
            "oidc_domains": "lantern.example",
            "oidc_allow_private": True,
        }
        app = create_app(Settings.model_validate({**given, **changes}))
        app.state.pool = pool
        async with visitor(app) as person:
            yield person
        await app.state.provider.close()

    return opened


async def _sent(person: httpx.AsyncClient) -> str:
    """Return where the provider sends the browser back to."""
    begun = await person.get("/sign-in/provider")
    assert begun.status_code == 303, begun.text
    async with httpx.AsyncClient() as out:
        return (await out.get(begun.headers["location"])).headers["location"]


async def _enter(person: httpx.AsyncClient) -> httpx.Response:
    return await person.get(await _sent(person))


async def test_somebody_new_comes_in_as_a_viewer_and_is_known_again(browsing: Opens, conn: Connection) -> None:
    async with browsing() as person:
        page = await person.get("/sign-in")
        entered = await _enter(person)
        first = await person.get("/mentions")
    async with browsing() as again:
        await _enter(again)
    everybody = await user.every(conn)

    assert "Sign in with Lantern ID" in page.text
    assert (entered.status_code, entered.headers["location"], first.status_code) == (303, "/", 200)
    assert [(one.name, one.role, one.has_password) for one in everybody] == [
        ("mei@lantern.example", Role.VIEWER, False)
    ]


async def test_after_signing_in_the_wanted_page_opens_and_signing_out_ends_our_session(browsing: Opens) -> None:
    async with browsing() as person:
        wanted = await person.get("/mentions?q=tea")
        await person.get(wanted.headers["location"])
        entered = await _enter(person)
        form = Page((await person.get("/account")).text).form("/sign-out")
        left = await person.post("/sign-out", data=form)
        nobody = await person.get("/")

    assert entered.headers["location"] == "/mentions?q=tea"
    assert left.headers["location"] == "/sign-in"
    assert nobody.status_code == 303


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another program"},
        {"aud": [CLIENT_ID, "another program"]},
        {"iss": "https://id.example.com"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email": None},
    ],
    ids=str,
)
async def test_a_wrong_word_lets_nobody_in(
    browsing: Opens, provider: Identities, conn: Connection, claims: dict[str, object]
) -> None:
    provider.claims = claims
    async with browsing() as person:
        refused = await _enter(person)

    assert refused.status_code == 403
    assert "cannot be relied on" in refused.text
    assert await user.every(conn) == []


async def test_a_word_that_another_key_signed_lets_nobody_in(browsing: Opens, provider: Identities) -> None:
    provider.signer = RSAKey.generate_key(2048)
    async with browsing() as person:
        refused = await _enter(person)

    assert refused.status_code == 403


async def test_new_keys_of_the_provider_are_fetched_when_they_sign(browsing: Opens, provider: Identities) -> None:
    async with browsing() as person:
        await _enter(person)
        asked = provider.asked.count("/keys")
        await _enter(person)
        same = provider.asked.count("/keys")
        provider.key = RSAKey.generate_key(2048, auto_kid=True)
        entered = await _enter(person)

    assert (asked, same) == (1, 1)
    assert entered.status_code == 303


async def test_what_the_provider_tells_only_when_asked_is_asked(browsing: Opens, provider: Identities) -> None:
    provider.claims = {"email": None, "email_verified": None}
    provider.only_when_asked = {"email": "mei@lantern.example", "email_verified": True}
    async with browsing() as person:
        entered = await _enter(person)
        provider.only_when_asked = {**provider.only_when_asked, "sub": "somebody else"}
        other = await _enter(person)

    assert (entered.status_code, other.status_code) == (303, 403)


async def test_a_role_that_the_provider_tells_only_when_asked_is_asked(
    browsing: Opens, provider: Identities, conn: Connection
) -> None:
    provider.only_when_asked = {"groups": ["staff"], "email": "boss@lantern.example", "email_verified": True}
    async with browsing(oidc_role_claim="groups", oidc_roles="staff=responder") as person:
        await _enter(person)
        provider.claims = {"email_verified": None}
        unverified = await _enter(person)

    assert [(one.name, one.role) for one in await user.every(conn)] == [("mei@lantern.example", Role.RESPONDER)]
    assert unverified.status_code == 403


async def _replayed(person: httpx.AsyncClient, other: httpx.AsyncClient) -> httpx.Response:
    back = await _sent(person)
    state = person.cookies["earshot_state"]
    await person.get(back)
    person.cookies.set("earshot_state", state, domain="127.0.0.1")
    return await person.get(back)


async def _by_another_browser(person: httpx.AsyncClient, other: httpx.AsyncClient) -> httpx.Response:
    return await other.get(await _sent(person))


async def _mixed(person: httpx.AsyncClient, other: httpx.AsyncClient) -> httpx.Response:
    """The code of one sign-in with the state of another: what a code was asked for with does not fit."""
    code = parse_qs(urlsplit(await _sent(other)).query)["code"][0]
    state = parse_qs(urlsplit(await _sent(person)).query)["state"][0]
    return await person.get("/sign-in/provider/back", params={"code": code, "state": state})


async def _of_another_issuer(person: httpx.AsyncClient, other: httpx.AsyncClient) -> httpx.Response:
    return await person.get(await _sent(person) + "&iss=https%3A%2F%2Fid.example.com")


async def _without_state(person: httpx.AsyncClient, other: httpx.AsyncClient) -> httpx.Response:
    return await person.get("/sign-in/provider/back?code=x")


async def _refused_there(person: httpx.AsyncClient, other: httpx.AsyncClient) -> httpx.Response:
    state = parse_qs(urlsplit(await _sent(person)).query)["state"][0]
    return await person.get("/sign-in/provider/back", params={"state": state, "error": "access_denied"})


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (_replayed, "used already"),
        (_by_another_browser, "another browser"),
        (_mixed, "cannot be relied on"),
        (_of_another_issuer, "Begin again"),
        (_without_state, "Begin again"),
        (_refused_there, "did not confirm"),
    ],
)
async def test_a_way_back_that_is_not_ours_lets_nobody_in(
    browsing: Opens, attempt: Callable[[httpx.AsyncClient, httpx.AsyncClient], Awaitable[httpx.Response]], said: str
) -> None:
    async with browsing() as person, browsing() as other:
        refused = await attempt(person, other)

    assert refused.status_code == 403
    assert said in refused.text
    assert "earshot_session" not in refused.cookies


async def test_a_sign_in_left_for_too_long_begins_again(browsing: Opens, conn: Connection) -> None:
    async with browsing() as person:
        back = await _sent(person)
        await conn.execute("update mock.clock set shift = '16 minutes'")
        refused = await person.get(back)

    assert "too long" in refused.text


async def test_with_the_provider_down_passwords_still_let_in(
    browsing: Opens, provider: Identities, conn: Connection
) -> None:
    one = await user.add(conn, name="mei", role=Role.VIEWER, now=await clock.now(conn))
    await user.set_password(conn, one.id, passwords.hashed(PASSWORD))
    async with browsing() as person:
        back = await _sent(person)
        provider.down = True
        halfway = await person.get(back)
        form = Page(halfway.text).form("/sign-in")
        entered = await person.post("/sign-in", data={**form, "name": "mei", "password": PASSWORD})
    async with browsing() as person:
        at_once = await person.get("/sign-in/provider")

    assert [(one.status_code, "does not answer now" in one.text) for one in (halfway, at_once)] == [(503, True)] * 2
    assert entered.status_code == 303


async def test_a_gateway_that_answers_in_place_of_the_provider_says_nothing_of_anybody(
    browsing: Opens, provider: Identities
) -> None:
    async with browsing() as person:
        back = await _sent(person)
        provider.gateway = 403
        halfway = await person.get(back)

    assert (halfway.status_code, "does not answer now" in halfway.text) == (503, True)


async def test_a_slow_provider_keeps_few_waiting_and_the_others_hear_so_at_once(
    browsing: Opens, provider: Identities
) -> None:
    provider.open.clear()
    async with browsing() as person:
        statuses = []
        for one in asyncio.as_completed([person.get("/sign-in/provider") for _ in range(7)]):
            statuses.append((await one).status_code)
            if len(statuses) == 3:
                provider.open.set()

    assert statuses == [503] * 3 + [303] * 4


async def test_a_provider_inside_is_asked_only_where_the_settings_say_so(browsing: Opens, provider: Identities) -> None:
    async with browsing(oidc_allow_private=False) as person:
        refused = await person.get("/sign-in/provider")

    assert refused.status_code == 503
    assert provider.asked == []


async def test_only_addresses_of_our_domains_come_in(browsing: Opens, conn: Connection) -> None:
    async with browsing(oidc_domains="example.com, example.org") as person:
        refused = await _enter(person)
    async with browsing(oidc_domains="*") as person:
        entered = await _enter(person)

    assert (refused.status_code, entered.status_code) == (403, 303)
    assert "you may not use Earshot" in refused.text
    assert len(await user.every(conn)) == 1


async def test_a_claim_says_the_role_each_time_and_the_last_administrator_stays(
    browsing: Opens, provider: Identities, conn: Connection
) -> None:
    settings = {
        "oidc_role_claim": "realm.roles",
        "oidc_roles": "staff=responder, admins=admin",
        "oidc_default_role": "none",
    }
    seen = []
    for roles in (["staff", "guests"], ["staff", "admins"], ["staff"], ["guests"], "staff"):
        provider.claims = {"realm": {"roles": roles}}
        async with browsing(**settings) as person:
            entered = await _enter(person)
        one = await user.named(conn, "mei@lantern.example")
        assert one
        seen.append((entered.status_code, one.role))
        if roles == ["staff"]:
            await user.add(conn, name="boss", role=Role.ADMIN, now=await clock.now(conn))

    assert seen == [
        (303, Role.RESPONDER),
        (303, Role.ADMIN),
        (303, Role.ADMIN),
        (403, Role.ADMIN),
        (303, Role.RESPONDER),
    ]


async def test_a_local_user_of_that_address_is_linked_only_where_the_settings_say_so(
    browsing: Opens, provider: Identities, conn: Connection
) -> None:
    await user.add(conn, name="mei@lantern.example", role=Role.ANALYST, now=await clock.now(conn))
    async with browsing() as person:
        refused = await _enter(person)
    async with browsing(oidc_link_by_email=True) as person:
        entered = await _enter(person)
    provider.claims = {"email": "mei.chen@lantern.example"}
    async with browsing() as person:
        renamed = await _enter(person)
    everybody = await user.every(conn)

    assert (refused.status_code, entered.status_code, renamed.status_code) == (403, 303, 303)
    assert "There is a user of your e-mail address already" in refused.text
    assert [(one.name, one.role) for one in everybody] == [("mei@lantern.example", Role.ANALYST)]


async def test_a_disabled_user_stays_out(browsing: Opens, conn: Connection) -> None:
    async with browsing() as person:
        await _enter(person)
    (one,) = await user.every(conn)
    await user.add(conn, name="boss", role=Role.ADMIN, now=await clock.now(conn))
    async with conn.transaction():
        await user.change(conn, one.id, role=one.role, brands=None, enabled=False, now=await clock.now(conn))
    async with browsing() as person:
        refused = await _enter(person)

    assert refused.status_code == 403
    assert await access.sessions(conn, now=await clock.now(conn)) == []


async def test_an_administrator_of_the_provider_owes_no_second_factor_here(browsing: Opens) -> None:
    async with browsing(admin_second_factor=True, oidc_default_role="admin") as person:
        await _enter(person)
        record = await person.get("/settings/audit")

    assert "Identity of user" in record.text


async def test_without_a_provider_there_is_no_such_page(browser: httpx.AsyncClient) -> None:
    pages = [await browser.get(path) for path in ("/sign-in/provider", "/sign-in/provider/back?state=x&code=y")]

    assert [page.status_code for page in pages] == [404, 404]
