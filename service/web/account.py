"""What somebody sees to themselves: their password, and where they are signed in."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from service import passwords
from service.store import access, second_factor, user
from service.web import render, wording
from service.web.entering import keep_session, wrong_password
from service.web.mention_query import number
from service.web.visit import Missing, PageRoute, Themselves, Visit, or_missing
from service.web.wrong import Wrong

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/account")
async def shown(visit: Themselves) -> Response:
    """Return the page."""
    return await page(visit)


@router.post("/account/password")
async def change_password(visit: Themselves) -> Response:
    """Keep a new password, and sign every other browser out: whoever knew the old one is out."""
    form = await visit.form()
    wrong = await _wrong(visit, form)
    if wrong is not None:
        return await page(visit, wrong=wrong)
    kept = await asyncio.to_thread(passwords.hashed, form["password"])
    async with visit.conn.transaction():
        await user.set_password(visit.conn, visit.user_id, kept, but=visit.session_id)
        token = await access.renew_session(visit.conn, visit.session_id)
    changed = render.moved("/account?came=password")
    keep_session(visit, changed, token)
    return changed


async def _wrong(visit: Visit, form: Mapping[str, str]) -> Wrong | None:
    """Return what is wrong; None where the password may be taken."""
    _ = visit.reader.words.gettext
    password = form.get("password", "")
    if (wrong := await wrong_password(visit, form, field="before")) is not None:
        return wrong
    if passwords.is_weak(password, name=visit.user):
        said = _("Take at least %(n)s characters, not all alike, and not your name.")
        return Wrong(field="password", message=said % {"n": visit.reader.number(passwords.FEWEST)})
    if password != form.get("again"):
        return Wrong(field="again", message=_("The two are not the same."))
    return None


@router.post("/account/sessions/end-others")
async def end_other_sessions(visit: Themselves) -> Response:
    """Sign every other browser out, and spend links that were made before."""
    await visit.form()
    async with visit.conn.transaction():
        await access.end_sessions(visit.conn, visit.user_id, but=visit.session_id)
    return render.moved("/account?came=sessions")


@router.post("/account/sessions/{session_id}/end")
async def end_session(visit: Themselves, session_id: str) -> Response:
    """Sign another browser out. Raises Missing."""
    await visit.form()
    known = or_missing(number(session_id))
    async with visit.conn.transaction():
        if not await access.end_session(visit.conn, known, user_id=visit.user_id):
            raise Missing
    return render.moved("/account?came=session")


async def page(visit: Visit, *, wrong: Wrong | None = None) -> Response:
    """Return the page, perhaps with what is wrong with a form of it."""
    _ = visit.reader.words.gettext
    one = await user.get(visit.conn, visit.user_id)
    done = {
        "password": _("Your password was changed."),
        "session": _("That browser is signed out."),
        "sessions": _("Every other browser is signed out."),
        "factor-off": _("The second factor is turned off."),
    }
    return visit.page(
        "account.html",
        status=200 if wrong is None else 422,
        here="account",
        sessions=await access.sessions(visit.conn, now=visit.reader.now, user_id=visit.user_id),
        this=visit.session_id,
        role=wording.roles(visit.reader)[visit.session.role] if visit.session else "",
        has_password=one is not None and one.has_password,
        factor=await second_factor.of(visit.conn, visit.user_id),
        needed=visit.owes_second_factor,
        wrong=wrong,
        done=visit.became(done),
        fewest=passwords.FEWEST,
    )
