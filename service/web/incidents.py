"""What needs somebody: incidents by state, one with its story, and what a person can do about it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from alerts import holding, incidents
from alerts.incidents import BY_PEOPLE, Transition
from alerts.types import BrandId, Incident, IncidentId, IncidentStatus
from service.store import brand, incident, mention, notification, policy
from service.store.incident import Acted, IncidentSummary
from service.store.mention import MentionFilter
from service.store.search import storable
from service.web import links, mention_view, render, wording
from service.web.highlight import excerpt, marked_words
from service.web.mention_query import number
from service.web.reader import Reader
from service.web.visit import PageRoute, Responding, SignedIn, Visit, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_A_PAGE = 30
_MENTIONS_SHOWN = 20
_OTHERS_SHOWN = 30
_MOST_NAME, _MOST_NOTE = 200, 5000
_DAY = 24
#: Hours.
_SNOOZES = (1, 4, _DAY, 3 * _DAY, 7 * _DAY)
_TABS: Mapping[str, tuple[IncidentStatus, ...] | None] = {
    "open": (IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED, IncidentStatus.SNOOZED),
    "triggered": (IncidentStatus.TRIGGERED,),
    "acknowledged": (IncidentStatus.ACKNOWLEDGED,),
    "snoozed": (IncidentStatus.SNOOZED,),
    "resolved": (IncidentStatus.RESOLVED,),
}


def tab_names(reader: Reader) -> Mapping[str, str]:
    """Return what the tabs are called."""
    states = wording.statuses(reader)
    return {
        "open": reader.words.pgettext("incidents", "Open"),
        **{status.value: name for status, name in states.items()},
    }


def headline(one: IncidentSummary, limit: int = 110) -> str:
    """Return the words that opened an incident, in one line."""
    words = marked_words(one.title, one.text, None)
    shown = excerpt(words.title or words.text, limit)
    return " ".join("".join(piece.text for piece in shown).split())


@router.get("/incidents")
async def listed(visit: SignedIn) -> Response:
    """Return a page of incidents, last opened first."""
    query = visit.request.query_params
    tab = query.get("status", "open") if query.get("status") in _TABS else "open"
    brand_id = None if (known := number(query.get("brand"))) is None else BrandId(known)
    found = await incident.newest(
        visit.conn, brand_id=brand_id, statuses=_TABS[tab], after=_after(query.get("older")), limit=_A_PAGE + 1
    )
    shown = found[:_A_PAGE]
    given = {"status": tab, "brand": str(brand_id) if brand_id else None}
    last = f"{shown[-1].opened_at.isoformat()}_{shown[-1].id}" if len(found) > _A_PAGE else None
    counts = await incident.count_by_status(visit.conn, brand_id)
    return visit.page(
        "incidents.html",
        here="incidents",
        tab=tab,
        tabs=tab_names(visit.reader),
        counts={name: sum(counts.get(status, 0) for status in of or ()) for name, of in _TABS.items()},
        brands=await brand.every(visit.conn),
        brand_id=brand_id,
        incidents=shown,
        statuses=wording.statuses(visit.reader),
        older=links.with_query("/incidents", {**given, "older": last}) if last else None,
        newest=links.with_query("/incidents", given) if query.get("older") else None,
    )


@router.get("/incidents/{incident_id}")
async def one(visit: SignedIn, incident_id: str) -> Response:
    """Return one incident. Raises Missing."""
    found = or_missing(await incident.get(visit.conn, _known(incident_id)))
    mentions = await mention.newest(visit.conn, MentionFilter(incident_id=found.id), limit=_MENTIONS_SHOWN)
    return visit.page(
        "incident.html",
        here="incidents",
        incident=found,
        headline=headline(found),
        notice=_notice(visit, found),
        status_name=wording.statuses(visit.reader)[found.status],
        urgency=wording.urgency(found.urgency, visit.reader),
        why=wording.reason(found.reason, visit.reader) if found.reason else "",
        resolutions=wording.resolutions(visit.reader),
        resolved_because=wording.all_resolutions(visit.reader).get(found.resolution) if found.resolution else "",
        severity=wording.severity(found.severity, visit.reader),
        snoozes=_snoozes(visit.reader),
        holds_until=await _holds_until(visit, found),
        others=await _others(visit, found),
        views=[mention_view.view(one, visit.reader) for one in mentions],
        timeline=[
            (entry, wording.event(entry, visit.reader)) for entry in await incident.timeline(visit.conn, found.id)
        ],
        notifications=await notification.newest(visit.conn, incident_id=found.id),
        states=wording.states(visit.reader),
    )


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(visit: Responding, incident_id: str) -> Response:
    """Somebody looks at it."""
    await visit.form()
    async with visit.conn.transaction():
        acted = await incident.acknowledge(visit.conn, _known(incident_id), by=visit.user, now=visit.reader.now)
    return _seen(acted)


@router.post("/incidents/{incident_id}/keep")
async def keep(visit: Responding, incident_id: str) -> Response:
    """Whoever has it is still on it."""
    await visit.form()
    return await _act(visit, incident_id, lambda one: holding.keep(one, actor=visit.user, now=visit.reader.now))


@router.post("/incidents/{incident_id}/give-back")
async def give_back(visit: Responding, incident_id: str) -> Response:
    """Nobody looks at it after all."""
    await visit.form()
    return await _act(visit, incident_id, lambda one: holding.give_back(one, actor=visit.user, now=visit.reader.now))


@router.post("/incidents/{incident_id}/resolve")
async def resolve(visit: Responding, incident_id: str) -> Response:
    """The work is done."""
    form = await visit.form()
    resolution = next((known for known in BY_PEOPLE if known == form.get("resolution")), None)
    if resolution is None:
        return render.moved(f"/incidents/{_known(incident_id)}?came=no-reason")
    known = _known(incident_id)
    async with visit.conn.transaction():
        found = await incident.get(visit.conn, known)
        if found is not None and found.status is IncidentStatus.RESOLVED:
            # The page was stale: its reader did not see the reason that stands.
            return _seen(Acted(incident=found, changed=False))
        acted = await incident.resolve(visit.conn, known, by=visit.user, resolution=resolution, now=visit.reader.now)
    return _seen(acted)


@router.post("/incidents/{incident_id}/reopen")
async def reopen(visit: Responding, incident_id: str) -> Response:
    """It was not done after all."""
    await visit.form()
    async with visit.conn.transaction():
        acted = await incident.reopen(visit.conn, _known(incident_id), by=visit.user, now=visit.reader.now)
    return _seen(acted)


@router.post("/incidents/{incident_id}/assign")
async def assign(visit: Responding, incident_id: str) -> Response:
    """It is somebody's; an empty name takes it off."""
    form = await visit.form()
    to = " ".join(storable(form.get("to", "")).split())[:_MOST_NAME] or None
    return await _act(
        visit, incident_id, lambda one: incidents.assign(one, to=to, actor=visit.user, now=visit.reader.now)
    )


@router.post("/incidents/{incident_id}/snooze")
async def snooze(visit: Responding, incident_id: str) -> Response:
    """Nobody is told for a while."""
    form = await visit.form()
    if (hours := number(form.get("hours"))) not in _SNOOZES:
        return render.moved(f"/incidents/{_known(incident_id)}?came=no-time")
    until = visit.reader.now + timedelta(hours=hours)
    return await _act(
        visit, incident_id, lambda one: incidents.snooze(one, until=until, actor=visit.user, now=visit.reader.now)
    )


@router.post("/incidents/{incident_id}/note")
async def note(visit: Responding, incident_id: str) -> Response:
    """Somebody writes something down."""
    form = await visit.form()
    words = storable(form.get("text", "")).strip()[:_MOST_NOTE]
    if not words:
        return render.moved(f"/incidents/{_known(incident_id)}?came=no-words")
    return await _act(
        visit, incident_id, lambda one: incidents.note(one, text=words, actor=visit.user, now=visit.reader.now)
    )


@router.post("/incidents/{incident_id}/merge")
async def merge(visit: Responding, incident_id: str) -> Response:
    """It goes on in another incident."""
    form = await visit.form()
    into = number(form.get("into"))
    if into is None:
        return render.moved(f"/incidents/{_known(incident_id)}?came=no-target")
    async with visit.conn.transaction():
        acted = await incident.merge(
            visit.conn, _known(incident_id), into=IncidentId(into), by=visit.user, now=visit.reader.now
        )
    return _seen(acted)


async def _act(visit: Visit, incident_id: str, decide: Callable[[Incident], Transition]) -> Response:
    async with visit.conn.transaction():
        acted = await incident.act(visit.conn, _known(incident_id), decide)
    return _seen(acted)


async def _holds_until(visit: Visit, found: IncidentSummary) -> datetime | None:
    """Return when its acknowledgement ends; None: nobody has it, or for ever."""
    (one,) = await incident.of_ids(visit.conn, [found.id])
    if one.policy_version_id is None:
        return None
    policies = await policy.versions(visit.conn, [one.policy_version_id])
    return holding.ends_at(one, policies[one.policy_version_id].hold)


def _snoozes(reader: Reader) -> Mapping[int, str]:
    """Return how long an incident may be snoozed here, in hours, and what that is called."""
    words = reader.words
    return {
        hours: words.ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": reader.number(hours)}
        if hours < _DAY
        else words.ngettext("%(n)s day", "%(n)s days", hours // _DAY) % {"n": reader.number(hours // _DAY)}
        for hours in _SNOOZES
    }


async def _others(visit: Visit, found: IncidentSummary) -> list[tuple[IncidentSummary, str]]:
    """Return the other open incidents of the brand, each with its words."""
    if found.status is IncidentStatus.RESOLVED:
        return []
    near = await incident.newest(visit.conn, brand_id=found.brand_id, statuses=_TABS["open"], limit=_OTHERS_SHOWN)
    return [(other, headline(other, 60)) for other in near if other.id != found.id]


def _notice(visit: Visit, now: IncidentSummary) -> str:
    """Return what became of an action, with who was faster where somebody was; '' for none."""
    reader = visit.reader
    _ = reader.words.gettext
    said = {
        "done": _("Done."),
        "no-reason": _("Choose why it is resolved."),
        "no-time": _("Choose how long."),
        "no-words": _("Write something first."),
        "no-target": _("Choose the incident it goes on in."),
        "refused_target": _("Nothing was changed: it can only go on in another open incident of its brand."),
        "refused_resolved": _("Nothing was changed: it is resolved already.") + _by(now, reader),
        "refused_newer_open": _("Nothing was changed: the same trouble has a newer open incident. Go on there."),
        "unchanged": _("Nothing was changed: it was so already.") + _by(now, reader),
    }
    return visit.became(said)


def _by(now: IncidentSummary, reader: Reader) -> str:
    """Return who brought the incident to where it is, as a sentence to append."""
    who, at = (
        (now.resolved_by, now.resolved_at)
        if now.status is IncidentStatus.RESOLVED
        else (now.acknowledged_by, now.acknowledged_at)
    )
    if who is None or at is None:
        return ""
    return " " + reader.words.gettext("%(who)s did that %(when)s.") % {"who": who, "when": reader.moment(at)}


def _seen(acted: Acted | None) -> Response:
    """Return the incident's page with what became of the action. Raises Missing."""
    acted = or_missing(acted)
    came = "done" if acted.changed else acted.refused or "unchanged"
    return render.moved(f"/incidents/{acted.incident.id}?came={came}")


def _known(incident_id: str) -> IncidentId:
    """Return the id an address gives. Raises Missing."""
    return IncidentId(or_missing(number(incident_id)))


def _after(text: str | None) -> tuple[datetime, IncidentId] | None:
    """Return where the page before ended."""
    when, _, row = (text or "").partition("_")
    try:
        at = datetime.fromisoformat(when)
    except ValueError:
        return None
    known = number(row)
    return None if known is None or at.tzinfo is None else (at, IncidentId(known))
