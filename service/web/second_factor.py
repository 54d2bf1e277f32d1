"""The second factor on the page of one's own account: set up with a first code, turned off with another."""

import asyncio
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from service import one_time_codes, sealing
from service.sealing import SealBroken
from service.store import access, second_factor
from service.web import account, render
from service.web.entering import forgive, keep_session, may_try, wrong_password
from service.web.visit import PageRoute, Themselves, Visit
from service.web.wrong import Wrong

log = logging.getLogger(__name__)

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: So long a page that shows a new secret may be confirmed.
_SETTING_UP = timedelta(minutes=30)


async def wrong_with_code(visit: Visit, user_id: int, form: Mapping[str, str]) -> str:
    """Return what is wrong with the code in a form, or with its recovery code; '' for a right one, which is used up."""
    now = visit.reader.now
    if recovery := form.get("recovery", ""):
        code = one_time_codes.typed_recovery(recovery)
        return "" if await second_factor.take_recovery_code(visit.conn, user_id, code, now=now) else "code"
    factor = await second_factor.of(visit.conn, user_id)
    if factor is None:
        return "code"
    try:
        secret = await asyncio.to_thread(sealing.opened, visit.settings, factor.secret, of=_sealed_for(user_id))
    except SealBroken:
        log.exception("second_factor.sealed_by_another_key", extra={"user_id": user_id})
        return "sealed"
    step = one_time_codes.step_of(secret, form.get("code", ""), now=now)
    return "" if step is not None and await second_factor.take_step(visit.conn, user_id, step) else "code"


@router.post("/account/second-factor")
async def set_up(visit: Themselves) -> Response:
    """Show a new secret, for an app to keep, to whoever knows the password."""
    form = await visit.form()
    wrong = await wrong_password(visit, form, field="before_set_up")
    if wrong is not None:
        return await account.page(visit, wrong=wrong)
    return await _shown(visit, one_time_codes.new_secret(), since=visit.reader.now)


@router.post("/account/second-factor/confirm")
async def confirm(visit: Themselves) -> Response:
    """Keep the secret whose first code was typed, show the recovery codes once, and sign every other browser out."""
    form, now, _ = await visit.form(), visit.reader.now, visit.reader.words.gettext
    carried = await _carried(visit, form.get("secret", ""))
    if carried is None:
        return render.moved("/account")
    secret, since = carried
    step = one_time_codes.step_of(secret, form.get("code", ""), now=now)
    if step is None:
        said = _("This code is wrong. Wait for the next one, and see that the phone’s clock is right.")
        return await _shown(visit, secret, since=since, wrong=Wrong(field="code", message=said))
    kept = await asyncio.to_thread(sealing.seal, visit.settings, secret, of=_sealed_for(visit.user_id))
    codes = one_time_codes.recovery_codes()
    async with visit.conn.transaction():
        if not await second_factor.add(
            visit.conn, visit.user_id, secret=kept, step=step, recovery_codes=codes, now=now
        ):
            return render.moved("/account")
        await access.end_sessions(visit.conn, visit.user_id, but=visit.session_id)
        token = await access.renew_session(visit.conn, visit.session_id)
    shown = visit.page("recovery_codes.html", here="account", codes=codes)
    keep_session(visit, shown, token)
    return shown


@router.post("/account/second-factor/off")
async def turn_off(visit: Themselves) -> Response:
    """Take the second factor away from whoever knows the password and has a code."""
    form, _ = await visit.form(), visit.reader.words.gettext
    wrong = await wrong_password(visit, form, field="before_off") or await _wrong_code(visit, form)
    if wrong is not None:
        return await account.page(visit, wrong=wrong)
    async with visit.conn.transaction():
        await second_factor.remove(visit.conn, visit.user_id)
    await forgive(visit, visit.user)
    return render.moved("/account?came=factor-off")


async def _wrong_code(visit: Visit, form: Mapping[str, str]) -> Wrong | None:
    """Return what is wrong with the code that is to turn the second factor off; None where it was right."""
    _ = visit.reader.words.gettext
    if not await may_try(visit, visit.user):
        return Wrong(field="code", message=_("Too many tries. Wait a quarter of an hour, or use a one-time link."))
    match await wrong_with_code(visit, visit.user_id, form):
        case "":
            return None
        case "sealed":
            return Wrong(field="code", message=_("Earshot lost the key to your second factor: use a recovery code."))
        case _:
            return Wrong(field="code", message=_("This code is wrong, or was used already. Wait for the next one."))


async def _shown(visit: Visit, secret: str, *, since: datetime, wrong: Wrong | None = None) -> Response:
    """Return the page with a secret; its form carries it, sealed for this browser's sign-in, until a code proves it."""
    plain = f"{since.timestamp()} {secret}"
    sealed = await asyncio.to_thread(sealing.seal, visit.settings, plain, of=_carried_for(visit))
    return visit.page(
        "second_factor.html",
        status=200 if wrong is None else 422,
        here="account",
        sealed=urlsafe_b64encode(sealed).decode(),
        picture=Markup(one_time_codes.picture(secret, name=visit.user)),  # noqa: S704  # drawn by us, without words
        secret=one_time_codes.grouped(secret),
        wrong=wrong,
    )


async def _carried(visit: Visit, sealed: str) -> tuple[str, datetime] | None:
    """Return the secret a form carries, and since when; None where another sign-in sealed it, or it is too old."""
    try:
        plain = await asyncio.to_thread(
            sealing.opened, visit.settings, urlsafe_b64decode(sealed.encode()), of=_carried_for(visit)
        )
    except (SealBroken, ValueError):
        return None
    seconds, _, secret = plain.partition(" ")
    since = datetime.fromtimestamp(float(seconds), tz=visit.reader.now.tzinfo)
    return (secret, since) if visit.reader.now - since < _SETTING_UP else None


def _sealed_for(user_id: int) -> str:
    return f"second factor of user {user_id}"


def _carried_for(visit: Visit) -> str:
    return f"second factor that session {visit.session_id} sets up"
