"""Coming in by a password or a one-time link, going out, and choosing a language."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote, unquote

from fastapi import APIRouter
from starlette.responses import Response

from alerts.catalogue import LANGUAGES
from service import passwords
from service.store import access, attempt, audit, user
from service.store.search import storable
from service.web import links, render
from service.web.reader import LANGUAGE_COOKIE
from service.web.visit import SESSION_COOKIE, Anyone, PageRoute, Visit, set_cookie

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: Where somebody wanted to go before they had a link; the link itself does not know.
NEXT_COOKIE = "earshot_next"
_NEXT_SECONDS = 3600
_MOST_NAME = 200
_LANGUAGE_SECONDS = 365 * 24 * 3600
#: The link's token must not travel on in a Referer.
_SECRET_PAGE = {"Referrer-Policy": "no-referrer"}


@router.get("/sign-in")
async def ask(visit: Anyone) -> Response:
    """Return the page with one button: programs that look at links for people must not use them up."""
    query = visit.request.query_params
    token, wish = query.get("token", ""), query.get("next")
    if visit.session is not None and not token:
        return render.moved(links.local(wish))
    good = bool(token) and await access.link_is_good(visit.conn, token, now=visit.reader.now)
    page = _asked(visit, token=token if good else "", wrong="spent" if token and not good else "")
    page.headers.update(_SECRET_PAGE)
    if wish and links.local(wish) != "/":
        set_cookie(visit.request, page, NEXT_COOKIE, _as_cookie(links.local(wish)), _NEXT_SECONDS)
    return page


@router.post("/sign-in")
async def enter(visit: Anyone) -> Response:
    """Take a name with its password, or use the link up, and open the first page, or the one that was wanted before."""
    form = await visit.form()
    if "token" in form:
        await audit.act_as(visit.conn, "sign-in link")
        async with visit.conn.transaction():
            session = await access.sign_in(
                visit.conn, form["token"], now=visit.reader.now, address=address_of(visit), agent=_agent(visit)
            )
        return _asked(visit, status=403, wrong="spent") if session is None else _entered(visit, session)
    return await _by_password(visit, form)


async def _by_password(visit: Visit, form: Mapping[str, str]) -> Response:
    """Let in who knows the password. Nobody learns from the answer, or from how long it takes, who has an account."""
    name, address, now = (
        " ".join(storable(form.get("name", "")).split())[:_MOST_NAME],
        address_of(visit),
        visit.reader.now,
    )
    account = name.casefold()
    if not await attempt.take(visit.conn, account=account, address=address, now=now):
        return _asked(visit, status=429, wrong="often", name=name)
    known = await user.password_of(visit.conn, name)
    kept = None if known is None else known[1]
    if not await asyncio.to_thread(passwords.matches, kept, form.get("password", "")) or known is None:
        return _asked(visit, status=403, wrong="password", name=name)
    await audit.act_as(visit.conn, name)
    async with visit.conn.transaction():
        await attempt.forgive(visit.conn, account=account, address=address)
        session = await access.open_session(visit.conn, known[0], now=now, address=address, agent=_agent(visit))
    return _entered(visit, session)


def _asked(visit: Visit, *, status: int = 200, token: str = "", wrong: str = "", name: str = "") -> Response:
    page = visit.page("sign_in.html", status=status, token=token, wrong=wrong, name=name)
    if status == 429:
        page.headers["Retry-After"] = str(int(attempt.SPAN.total_seconds()))
    return page


def address_of(visit: Visit) -> str:
    """Return where somebody comes from, as far as proxies we trust say it."""
    client = visit.request.client
    return "" if client is None else client.host


def _agent(visit: Visit) -> str | None:
    agent = visit.request.headers.get("user-agent")
    return None if agent is None else storable(agent)


def _entered(visit: Visit, session: str) -> Response:
    entered = render.moved(links.local(_from_cookie(visit.request.cookies.get(NEXT_COOKIE))))
    set_cookie(visit.request, entered, SESSION_COOKIE, session, int(access.SESSION_LIFE.total_seconds()))
    entered.delete_cookie(NEXT_COOKIE, path="/")
    return entered


@router.post("/sign-out")
async def leave(visit: Anyone) -> Response:
    """End the session."""
    await visit.form()
    await access.sign_out(visit.conn, visit.request.cookies.get(SESSION_COOKIE, ""))
    left = render.moved("/sign-in")
    left.delete_cookie(SESSION_COOKIE, path="/")
    return left


@router.post("/language")
async def choose_language(visit: Anyone) -> Response:
    """Remember the reader's language and show the same page in it."""
    form = await visit.form()
    shown = render.moved(links.local(form.get("next")))
    if (language := form.get("language", "")) in LANGUAGES:
        if visit.session is not None:
            await user.set_language(visit.conn, visit.user_id, language)
        set_cookie(visit.request, shown, LANGUAGE_COOKIE, language, _LANGUAGE_SECONDS)
    return shown


def _as_cookie(path: str) -> str:
    return quote(path, safe="/")


def _from_cookie(value: str | None) -> str | None:
    return None if value is None else unquote(value)
