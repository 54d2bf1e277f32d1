"""The second step of coming in: the code of the second factor, where the password was right."""

from fastapi import APIRouter
from starlette.responses import Response

from service.store import audit, second_factor
from service.store.second_factor import Paused
from service.web import render
from service.web.entering import door, entered, forgive, may_try, new_session, with_retry_after
from service.web.second_factor import wrong_with_code
from service.web.visit import Anyone, PageRoute, Visit, set_cookie

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAUSE_COOKIE = "earshot_pause"


async def pause(visit: Visit, user_id: int) -> Response:
    """Send somebody whose password was right on to the code. They are nobody until then."""
    token = await second_factor.pause(visit.conn, user_id, now=visit.reader.now)
    asked = render.moved("/sign-in/code")
    set_cookie(visit.request, asked, _PAUSE_COOKIE, token, int(second_factor.PAUSE.total_seconds()))
    return asked


@router.get("/sign-in/code")
async def ask(visit: Anyone) -> Response:
    """Return the page that asks for the code."""
    return render.moved("/sign-in") if await _paused(visit) is None else _asked(visit)


@router.post("/sign-in/code")
async def enter(visit: Anyone) -> Response:
    """Take a code of the app, or a recovery code, once; each try counts beside those of passwords."""
    form, paused, now = await visit.form(), await _paused(visit), visit.reader.now
    if paused is None:
        return door(visit, status=403, wrong="late")
    if not await may_try(visit, paused.user):
        return _asked(visit, status=429, wrong="often")
    await audit.act_as(visit.conn, paused.user)
    async with visit.conn.transaction():
        if wrong := await wrong_with_code(visit, paused.user_id, form):
            return _asked(visit, status=403, wrong=wrong)
        if not await second_factor.resume(visit.conn, _token(visit), now=now):
            return door(visit, status=403, wrong="late")
        await forgive(visit, paused.user)
        session = await new_session(visit, paused.user_id)
    answer = entered(visit, session)
    answer.delete_cookie(_PAUSE_COOKIE, path="/")
    return answer


def _token(visit: Visit) -> str:
    return visit.request.cookies.get(_PAUSE_COOKIE, "")


async def _paused(visit: Visit) -> Paused | None:
    return await second_factor.paused(visit.conn, _token(visit), now=visit.reader.now)


def _asked(visit: Visit, *, status: int = 200, wrong: str = "") -> Response:
    return with_retry_after(visit.page("sign_in_code.html", status=status, wrong=wrong))
