"""The page behind the link in an e-mail about an incident: GET shows, POST acts, and nobody is signed in by it."""

from collections.abc import Callable, Mapping
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from alerts import holding, incidents
from alerts.incidents import Transition
from alerts.types import Incident
from service.store import audit, incident, incident_link
from service.store.incident import IncidentSummary
from service.store.incident_link import IncidentLink
from service.web import render, wording
from service.web.incidents import headline
from service.web.visit import Anyone, PageRoute, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_Deed = Callable[[Incident, str, datetime], Transition]
_DEEDS: Mapping[str, _Deed] = {
    "acknowledge": lambda one, who, now: incidents.acknowledge(one, actor=who, now=now),
    "keep": lambda one, who, now: holding.keep(one, actor=who, now=now),
    "give-back": lambda one, who, now: holding.give_back(one, actor=who, now=now),
}


@router.get("/incidents/{incident_id}/link")
async def ask(visit: Anyone, incident_id: str) -> Response:
    """Return the page with its buttons: programs that look at links for people must not act for them."""
    return await _page(visit, visit.request.query_params.get("token", ""), incident_id)


@router.post("/incidents/{incident_id}/link")
async def act(visit: Anyone, incident_id: str) -> Response:
    """Do what a button says, in the contact's name; a second time changes nothing."""
    form = await visit.form()
    token, deed = form.get("token", ""), _DEEDS.get(form.get("do", ""))
    link, found = await _known(visit, token, incident_id)
    if link is None or found is None or deed is None:
        return await _page(visit, token, incident_id)
    who, now = link.contact, visit.reader.now
    await audit.act_as(visit.conn, f"{who} (e-mail)")
    async with visit.conn.transaction():
        acted = await incident.act(visit.conn, found.id, lambda one: deed(one, who, now))
    return await _page(visit, token, incident_id, done=acted is not None and acted.changed)


async def _known(visit: Visit, token: str, incident_id: str) -> tuple[IncidentLink | None, IncidentSummary | None]:
    link = await incident_link.of_token(visit.conn, token, now=visit.reader.now)
    if link is None or str(link.incident_id) != incident_id:
        return None, None
    return link, await incident.get(visit.conn, link.incident_id)


async def _page(visit: Visit, token: str, incident_id: str, *, done: bool | None = None) -> Response:
    """Return the page as the incident is now; `done`: what became of a button, None for none."""
    link, found = await _known(visit, token, incident_id)
    page = visit.page(
        "act.html",
        status=200 if found is not None else 403,
        incident=found,
        headline="" if found is None else headline(found),
        status_name="" if found is None else wording.statuses(visit.reader)[found.status],
        contact="" if link is None else link.contact,
        token=token,
        done=done,
    )
    page.headers.update(render.SECRET)
    return page
