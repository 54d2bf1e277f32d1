"""Whom to tell: the contacts, whether mail reaches each, and one to add, change, ask again or remove."""

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from alerts import quiet, wall_clock
from alerts.catalogue import LANGUAGES
from alerts.channels.addressing import plain_address
from alerts.errors import DutyError
from alerts.types import Contact, ContactId, Urgency
from service.store import bounce, contact, notification, verification
from service.store.search import storable
from service.web import render, wording
from service.web.mention_query import number
from service.web.visit import PageRoute, SignedIn, Visit, Writing, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_MOST_NAME, _MOST_EMAIL, _MOST_ZONE, _MOST_TIME = 200, 254, 64, 5


@router.get("/contacts")
async def listed(visit: SignedIn) -> Response:
    """Return the contacts, each with whether it can be told."""
    return visit.page(
        "contacts.html",
        here="contacts",
        contacts=await contact.every(visit.conn),
        unreached={one.name: one for one in await bounce.unreached(visit.conn)},
        urgencies={one: wording.urgency(one, visit.reader) for one in Urgency},
        zone=visit.settings.time_zone,
        notice=_notice(visit),
    )


@router.get("/contacts/new")
async def fresh(visit: Writing) -> Response:
    """Return the form of a contact that is not there yet."""
    return _form(visit, None, {"language": visit.reader.language, "enabled": "1", "wait-normal": "1"})


@router.get("/contacts/{contact_id}")
async def one(visit: Writing, contact_id: str) -> Response:
    """Return the form of a contact. Raises Missing."""
    stored = await _stored(visit, contact_id)
    hours = stored.quiet
    waits = frozenset({Urgency.NORMAL}) if hours is None else hours.urgencies
    given = {
        "name": stored.name,
        "email": stored.email,
        "language": stored.language,
        "zone": stored.zone or "",
        "quiet_from": "" if hours is None else f"{hours.starts:%H:%M}",
        "quiet_to": "" if hours is None else f"{hours.ends:%H:%M}",
        **({"enabled": "1"} if stored.enabled else {}),
        **{f"wait-{urgency}": "1" for urgency in waits},
    }
    return _form(visit, stored, given)


@router.post("/contacts/new")
async def add(visit: Writing) -> Response:
    """Store a new contact and ask its address."""
    form = await visit.form()
    try:
        wanted = _wanted(visit, form, Contact(id=ContactId(0), name="", email="", language=""))
        await _check_name(visit, wanted)
    except DutyError as error:
        return _form(visit, None, form, mistake=error)
    async with visit.conn.transaction():
        contact_id = await contact.put(
            visit.conn,
            name=wanted.name,
            email=wanted.email,
            language=wanted.language,
            enabled=wanted.enabled,
            zone=wanted.zone,
            quiet=wanted.quiet,
            verified=False,
            now=visit.reader.now,
        )
        await verification.ask(visit.conn, contact_id, now=visit.reader.now)
    return render.moved("/contacts?came=asked")


@router.post("/contacts/{contact_id}")
async def change(visit: Writing, contact_id: str) -> Response:
    """Change, ask again or remove a contact. Raises Missing."""
    stored = await _stored(visit, contact_id)
    form = await visit.form()
    match form.get("do"):
        case "remove":
            await contact.remove(visit.conn, stored.id)
            return render.moved("/contacts?came=removed")
        case "test":
            async with visit.conn.transaction():
                sent = await notification.owe_trial(visit.conn, stored.id, now=visit.reader.now)
            return render.moved(f"/contacts?came={'tested' if sent else 'waits'}")
        case "ask":
            async with visit.conn.transaction():
                asked = await verification.ask(visit.conn, stored.id, now=visit.reader.now)
            return render.moved(f"/contacts?came={'asked' if asked else 'waits'}")
    try:
        wanted = _wanted(visit, form, stored)
        await _check_name(visit, wanted)
    except DutyError as error:
        return _form(visit, stored, form, mistake=error)
    async with visit.conn.transaction():
        await contact.change(visit.conn, wanted)
        if wanted.email != stored.email:
            await verification.ask(visit.conn, stored.id, now=visit.reader.now)
    return render.moved(f"/contacts?came={'asked' if wanted.email != stored.email else 'saved'}")


def _wanted(visit: Visit, form: Mapping[str, str], before: Contact) -> Contact:
    """Return the contact that a form describes. Raises DutyError, with words in the reader's language."""
    _ = visit.reader.words.gettext
    name = " ".join(storable(form.get("name", "")).split())[:_MOST_NAME]
    email = storable(form.get("email", "")).strip()[:_MOST_EMAIL]
    language = form.get("language", "")
    zone = form.get("zone", "").strip()[:_MOST_ZONE] or None
    times = [form.get(field, "").strip()[:_MOST_TIME] or None for field in ("quiet_from", "quiet_to")]
    waits = [urgency for urgency in Urgency if form.get(f"wait-{urgency}")]
    if not name:
        raise DutyError("name", _("Give the contact a name."))
    if plain_address(email) is None:
        raise DutyError("email", _("Write an address such as mei@example.com."))
    try:
        if zone is not None:
            wall_clock.check_zone("zone", zone)
        hours = quiet.hours(times[0], times[1], waits, zone=zone)
    except DutyError as error:
        raise DutyError(error.field, _mistakes(visit)[error.field]) from error
    return replace(
        before,
        name=name,
        email=email,
        language=language if language in LANGUAGES else visit.reader.language,
        enabled=bool(form.get("enabled")),
        zone=zone,
        quiet=hours,
    )


def _mistakes(visit: Visit) -> Mapping[str, str]:
    _ = visit.reader.words.gettext
    times = _("Quiet hours have a start and another time as their end, such as 22:00 and 07:00.")
    return {
        "zone": _("Name a zone such as Asia/Taipei; quiet hours need one."),
        "quiet_from": times,
        "quiet_to": times,
    }


async def _check_name(visit: Visit, wanted: Contact) -> None:
    """Raise DutyError for a name that another has."""
    other = await contact.named(visit.conn, wanted.name)
    if other is not None and other.id != wanted.id:
        raise DutyError("name", visit.reader.words.gettext("Another contact has this name already."))


async def _stored(visit: Visit, contact_id: str) -> Contact:
    """Return the contact an address gives. Raises Missing."""
    return or_missing(await contact.get(visit.conn, ContactId(or_missing(number(contact_id)))))


def _form(
    visit: Visit, stored: Contact | None, given: Mapping[str, str], *, mistake: DutyError | None = None
) -> Response:
    return visit.page(
        "contact.html",
        here="contacts",
        status=200 if mistake is None else 422,
        stored=stored,
        given=given,
        mistake=mistake,
        urgencies={one: wording.urgency(one, visit.reader) for one in Urgency},
    )


def _notice(visit: Visit) -> str:
    _ = visit.reader.words.gettext
    said = {
        "saved": _("The contact is stored."),
        "asked": _("An e-mail asks the address; it is told nothing until somebody there agrees."),
        "tested": _("A test e-mail is on its way; the outbox tells how it went."),
        "waits": _("There is nothing to ask, or an e-mail is on its way already."),
        "removed": _("The contact is removed."),
    }
    return visit.became(said)
