"""Coming in by a password or a one-time link, going out, and choosing a language."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from alerts.catalogue import LANGUAGES
from service import passwords
from service.store import access, audit, second_factor, user
from service.store.search import storable
from service.web import links, render, sign_in_code
from service.web.entering import (
    NEXT_COOKIE,
    address_of,
    agent_of,
    door,
    end_former,
    entered,
    forgive,
    may_try,
    new_session,
)
from service.web.reader import LANGUAGE_COOKIE
from service.web.visit import SESSION_COOKIE, Anyone, PageRoute, Visit, set_cookie

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_NEXT_SECONDS = 3600
_MOST_NAME = 200
_LANGUAGE_SECONDS = 365 * 24 * 3600


@router.get("/sign-in")
async def ask(visit: Anyone) -> Response:
    """Return the page with one button: programs that look at links for people must not use them up."""
    query = visit.request.query_params
    token, wish = query.get("token", ""), query.get("next")
    if visit.session is not None and not token:
        return render.moved(links.local(wish))
    good = bool(token) and await access.link_is_good(visit.conn, token, now=visit.reader.now)
    page = door(visit, token=token if good else "", wrong="spent" if token and not good else "")
    page.headers.update(render.SECRET)
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
                visit.conn, form["token"], now=visit.reader.now, address=address_of(visit), agent=agent_of(visit)
            )
            if session is not None:
                await end_former(visit)
        return door(visit, status=403, wrong="spent") if session is None else entered(visit, session)
    return await _by_password(visit, form)


async def _by_password(visit: Visit, form: Mapping[str, str]) -> Response:
    """Let in who knows the password. Nobody learns from the answer, or from how long it takes, who has an account."""
    name = " ".join(storable(form.get("name", "")).split())[:_MOST_NAME]
    if not await may_try(visit, name):
        return door(visit, status=429, wrong="often", name=name)
    known = await user.password_of(visit.conn, name)
    kept = None if known is None else known[1]
    if not await asyncio.to_thread(passwords.matches, kept, form.get("password", "")) or known is None:
        return door(visit, status=403, wrong="password", name=name)
    if await second_factor.of(visit.conn, known[0]) is not None:
        # Tries are forgiven only once the code was right too: a known password must not buy more guesses at it.
        return await sign_in_code.pause(visit, known[0])
    await audit.act_as(visit.conn, name)
    async with visit.conn.transaction():
        await forgive(visit, name)
        session = await new_session(visit, known[0])
    return entered(visit, session)


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
