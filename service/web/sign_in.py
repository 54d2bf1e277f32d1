"""Coming in by a one-time link, going out, and choosing a language."""

from urllib.parse import quote, unquote

from fastapi import APIRouter
from starlette.responses import Response

from alerts.catalogue import LANGUAGES
from service.store import access
from service.web import links, render
from service.web.reader import LANGUAGE_COOKIE
from service.web.visit import SESSION_COOKIE, Anyone, PageRoute, set_cookie

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: Where somebody wanted to go before they had a link; the link itself does not know.
NEXT_COOKIE = "earshot_next"
_NEXT_SECONDS = 3600
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
    page = visit.page("sign_in.html", token=token if good else "", spent=bool(token) and not good)
    page.headers.update(_SECRET_PAGE)
    if wish and links.local(wish) != "/":
        set_cookie(visit.request, page, NEXT_COOKIE, _as_cookie(links.local(wish)), _NEXT_SECONDS)
    return page


@router.post("/sign-in")
async def enter(visit: Anyone) -> Response:
    """Use the link up and open the first page, or the one that was wanted before."""
    form = await visit.form()
    async with visit.conn.transaction():
        session = await access.sign_in(visit.conn, form.get("token", ""), now=visit.reader.now)
    if session is None:
        return visit.page("sign_in.html", status=403, token="", spent=True)
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
        set_cookie(visit.request, shown, LANGUAGE_COOKIE, language, _LANGUAGE_SECONDS)
    return shown


def _as_cookie(path: str) -> str:
    return quote(path, safe="/")


def _from_cookie(value: str | None) -> str | None:
    return None if value is None else unquote(value)
