"""Who is on call: now, next, and for a week; whoever takes a shift over; addresses for calendars; the policies."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from alerts import escalation, holding, rota
from alerts.escalation import Policy
from alerts.holding import Hold
from alerts.oncall import OverrideId, Schedule, ScheduleId
from alerts.types import Contact, ContactId, PolicyId
from service.store import calendar, contact, duty, policy, schedule
from service.store.calendar import FeedId
from service.web import duty_view, render, wall_form
from service.web.mention_query import number
from service.web.reader import Reader
from service.web.visit import Missing, PageRoute, Responding, SignedIn, Visit, Writing, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_LONGEST = timedelta(days=92)
#: How far back, and how many shifts, the page shows; the API has the rest.
_PAST, _MOST_PAST = timedelta(days=30), 30


@router.get("/on-call")
async def shown(visit: SignedIn) -> Response:
    """Return the page."""
    return await _page(visit)


@router.post("/on-call/{schedule_id}/overrides")
async def take_over(visit: Responding, schedule_id: str) -> Response:
    """Let somebody have it for a while. Raises Missing."""
    form = await visit.form()
    known = await _schedule(visit, schedule_id)
    people = {one.id: one for one in await contact.every(visit.conn)}
    contact_id = number(form.get("contact"))
    starts_at = wall_form.read(form.get("from", ""), visit.reader.zone) or visit.reader.now
    ends_at = wall_form.read(form.get("to", ""), visit.reader.zone)
    mistake = _mistake(visit, form, starts_at, ends_at)
    if mistake or ends_at is None or contact_id is None or contact_id not in people:
        return await _page(visit, mistake=mistake or visit.reader.words.gettext("Say who takes over."), given=form)
    await schedule.add_override(
        visit.conn,
        known.id,
        contact_id=ContactId(contact_id),
        starts_at=starts_at,
        ends_at=ends_at,
        author=visit.user,
        now=visit.reader.now,
    )
    return render.moved("/on-call?came=taken")


def _mistake(visit: Visit, form: Mapping[str, str], starts_at: datetime, ends_at: datetime | None) -> str:
    """Return what is wrong with a span; '' for nothing."""
    _ = visit.reader.words.gettext
    if wall_form.is_wrong(form.get("from", ""), visit.reader.zone):
        return _("Write the start as a day and a time, or leave it empty.")
    if ends_at is None:
        return _("Say until when.")
    if ends_at <= visit.reader.now:
        return _("The end lies in the past.")
    if not starts_at < ends_at <= starts_at + _LONGEST:
        return _("The end must lie after the start, and at most 92 days after it.")
    return ""


@router.post("/on-call/overrides/{override_id}/end")
async def give_back(visit: Responding, override_id: str) -> Response:
    """End an override now; one that has ended stays so. Raises Missing."""
    await visit.form()
    known = OverrideId(or_missing(number(override_id)))
    await schedule.end_override(visit.conn, known, now=visit.reader.now)
    return render.moved("/on-call?came=ended")


@router.post("/on-call/calendars")
async def make_address(visit: Writing) -> Response:
    """Show a new address for a calendar, this once. Raises Missing."""
    form = await visit.form()
    noun, _, given = form.get("of", "").partition("-")
    known = number(given)
    people = {one.id for one in await contact.every(visit.conn)}
    schedules = {one.id for one in await schedule.every(visit.conn, overrides_since=visit.reader.now)}
    if known is None or not (known in schedules if noun == "schedule" else known in people):
        raise Missing
    _feed_id, token = await calendar.add(
        visit.conn,
        schedule_id=ScheduleId(known) if noun == "schedule" else None,
        contact_id=None if noun == "schedule" else ContactId(known),
        author=visit.user,
        now=visit.reader.now,
    )
    return await _page(visit, address=f"{visit.settings.public_url}/api/v1/calendar/{token}.ics")


@router.post("/on-call/calendars/{feed_id}/revoke")
async def revoke(visit: Writing, feed_id: str) -> Response:
    """Let an address open nothing any more. Raises Missing."""
    await visit.form()
    await calendar.revoke(visit.conn, FeedId(or_missing(number(feed_id))))
    return render.moved("/on-call?came=revoked")


async def _page(
    visit: Visit, *, mistake: str = "", address: str = "", given: Mapping[str, str] | None = None
) -> Response:
    reader = visit.reader
    people = await contact.every(visit.conn)
    names = {one.id: one.name for one in people}
    schedules = await schedule.every(visit.conn, overrides_since=reader.now)
    policies = await policy.every(visit.conn)
    past = await duty.history(visit.conn, [one.id for one in schedules], since=reader.now - _PAST, until=reader.now)
    found = escalation.weaknesses(policies.values(), schedules, people, now=reader.now)
    return visit.page(
        "on_call.html",
        here="on_call",
        status=422 if mistake else 200,
        duties=[duty_view.view(one, names, reader) for one in schedules],
        past={one.id: [shift for shift in past if shift.schedule_id == one.id][:_MOST_PAST] for one in schedules},
        names=names,
        people=people,
        policies=_policies(policies, people, schedules),
        rules=await policy.rules_by(visit.conn),
        feeds=await calendar.every(visit.conn),
        schedule_names={one.id: one.name for one in schedules},
        notices=duty_view.notices(found, reader),
        notice=_notice(visit),
        mistake=mistake,
        address=address,
        holds=lambda hold: _holds(hold, reader),
        given=visit.request.query_params if given is None else given,
        written=lambda at: wall_form.written(at, reader.zone),
    )


def _policies(
    policies: Mapping[PolicyId, Policy], people: list[Contact], schedules: list[Schedule]
) -> list[tuple[PolicyId, Policy, list[rota.WrittenStep], str]]:
    """Return the policies with their steps in names, and the last resort's."""
    names, duties = {one.id: one.name for one in people}, {one.id: one.name for one in schedules}
    return [
        (
            key,
            one,
            [rota.written_step(step, names, duties) for step in one.steps],
            "" if one.last_resort is None else names.get(one.last_resort, ""),
        )
        for key, one in policies.items()
    ]


def _holds(hold: Hold, reader: Reader) -> str:
    """Return how long an acknowledgement holds, as a sentence."""
    _ = reader.words.gettext
    if not hold.ends:
        return _("An acknowledgement holds until somebody resolves the incident.")
    values = {urgency.value: reader.span(span) for urgency, span in holding.USUAL.items()}
    if hold.after is None:
        return (
            _(
                "An acknowledgement holds for %(urgent)s, %(high)s or %(normal)s by urgency while nobody does anything "
                "about the incident; whoever has it is reminded, then the steps begin anew."
            )
            % values
        )
    return _(
        "An acknowledgement holds for %(span)s while nobody does anything about the incident; whoever has it is "
        "reminded, then the steps begin anew."
    ) % {"span": reader.span(hold.after)}


async def _schedule(visit: Visit, schedule_id: str) -> Schedule:
    known = ScheduleId(or_missing(number(schedule_id)))
    return or_missing(await schedule.get(visit.conn, known, overrides_since=visit.reader.now))


def _notice(visit: Visit) -> str:
    _ = visit.reader.words.gettext
    said = {
        "taken": _("It is taken over."),
        "ended": _("Whoever's turn it is has it again."),
        "revoked": _("The address opens nothing any more."),
    }
    return visit.became(said)
