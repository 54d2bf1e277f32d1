"""What the ways in share: the page that asks, the limit of tries, and a new session in place of the one there was."""

import asyncio
from collections.abc import Mapping
from urllib.parse import unquote

from starlette.responses import Response

from service import passwords
from service.store import access, attempt, user
from service.store.search import storable
from service.web import links, render
from service.web.visit import SESSION_COOKIE, Visit, set_cookie
from service.web.wrong import Wrong

#: Where somebody wanted to go before they were let in; a link that lets them in does not know.
NEXT_COOKIE = "earshot_next"


def door(visit: Visit, *, status: int = 200, token: str = "", wrong: str = "", name: str = "") -> Response:
    """Return the page at which people sign in."""
    provider = visit.settings.provider_name
    page = visit.page("sign_in.html", status=status, token=token, wrong=wrong, name=name, provider=provider)
    return with_retry_after(page)


def with_retry_after(page: Response) -> Response:
    """Return a page; one that says «too often» says until when too."""
    if page.status_code == 429:
        page.headers["Retry-After"] = str(int(attempt.SPAN.total_seconds()))
    return page


def address_of(visit: Visit) -> str:
    """Return where somebody comes from, as far as proxies we trust say it."""
    client = visit.request.client
    return "" if client is None else client.host


def agent_of(visit: Visit) -> str | None:
    """Return what the browser calls itself."""
    agent = visit.request.headers.get("user-agent")
    return None if agent is None else storable(agent)


async def may_try(visit: Visit, name: str) -> bool:
    """Count a try at somebody's password or code. False: too many."""
    return await attempt.take(visit.conn, account=name.casefold(), address=address_of(visit), now=visit.reader.now)


async def forgive(visit: Visit, name: str) -> None:
    """Forget the tries of somebody who proved who they are."""
    await attempt.forgive(visit.conn, account=name.casefold(), address=address_of(visit))


async def new_session(visit: Visit, user_id: int, *, by_provider: bool = False) -> str:
    """Return the token of a new session. In the caller's transaction."""
    token = await access.open_session(
        visit.conn,
        user_id,
        now=visit.reader.now,
        address=address_of(visit),
        agent=agent_of(visit),
        by_provider=by_provider,
    )
    await end_former(visit)
    return token


async def end_former(visit: Visit) -> None:
    """End the session that the browser had: it gets a new one, so that nobody can have planted it."""
    await access.sign_out(visit.conn, visit.request.cookies.get(SESSION_COOKIE, ""))


def keep_session(visit: Visit, answer: Response, token: str) -> None:
    """Let the browser keep a session's token."""
    set_cookie(visit.request, answer, SESSION_COOKIE, token, int(access.SESSION_LIFE.total_seconds()))


def entered(visit: Visit, token: str) -> Response:
    """Return the way on for somebody who was let in: the page that was wanted before, or the first."""
    wish = visit.request.cookies.get(NEXT_COOKIE)
    answer = render.moved(links.local(None if wish is None else unquote(wish)))
    keep_session(visit, answer, token)
    answer.delete_cookie(NEXT_COOKIE, path="/")
    return answer


async def wrong_password(visit: Visit, form: Mapping[str, str], *, field: str) -> Wrong | None:
    """Return what is wrong with the password of whoever is signed in, in a field; None for the right one, or where they
    have none. Each look is a try; none is forgiven here, where a code may be guessed at after it."""
    _ = visit.reader.words.gettext
    known = await user.password_of(visit.conn, visit.user)
    kept = known[1] if known else None
    if kept is None:
        return None
    if not await may_try(visit, visit.user):
        return Wrong(field=field, message=_("Too many tries. Wait a quarter of an hour, or use a one-time link."))
    if not await asyncio.to_thread(passwords.matches, kept, form.get(field, "")):
        return Wrong(field=field, message=_("This is not your password of now."))
    return None
