"""Open problems: lists, one whole, and what a person does about it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Path
from pydantic import AfterValidator, Field

from alerts import holding, incidents
from alerts.incidents import BY_PEOPLE, Outcome, Transition
from alerts.types import Incident, IncidentId, IncidentStatus, Resolution, Severity, Urgency
from service.api import paging
from service.api.access import Asked, Reading, Responding
from service.api.errors import Conflict, Invalid, NotFound
from service.api.mention_shapes import MentionItem
from service.api.parameters import PREFIX, BrandGiven, Cursor, Id, Limit, Moment, Named, Page, Shape, Words, brand_of
from service.api.query import Read
from service.store import incident, mention
from service.store.incident import Acted, IncidentSummary
from service.store.mention import MentionFilter

router = APIRouter(prefix=PREFIX, tags=["incidents"])
_NOUN = "incidents"
#: The rest is read by GET /mentions?incident=.
_MOST_MENTIONS = 200
IncidentPath = Annotated[Id, Path(alias="id")]


class ReasonShape(Shape):
    """Why the rule fired."""

    code: str = Field(examples=["angry"])
    values: Mapping[str, float | str]


class FirstMention(Shape):
    """The mention whose words opened the incident."""

    id: int
    title: str
    text: str
    site: str
    language: str | None


class IncidentItem(Shape):
    """An incident as lists show it."""

    id: int
    brand: Named
    rule: Named
    status: IncidentStatus
    urgency: Urgency
    severity: Severity
    cycle: int = Field(description="Counts reopenings; each begins a new round of notifications.")
    opened_at: datetime
    last_alert_at: datetime
    alert_count: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: Resolution | None
    assigned_to: str | None
    snoozed_until: datetime | None
    merged_into: int | None = Field(description="The incident that work goes on in.")
    mention: FirstMention | None
    reason: ReasonShape | None

    @classmethod
    def of(cls, summary: IncidentSummary) -> Self:
        """Return the shape of an incident."""
        return cls(**_fields(summary))


class TimelineItem(Shape):
    """One thing that happened to an incident."""

    at: datetime
    kind: str = Field(examples=["acknowledged"])
    actor: str | None = Field(description="Who did it; null: Earshot itself.")
    detail: Mapping[str, Any]


class IncidentWhole(IncidentItem):
    """An incident with what happened and what was said."""

    timeline: list[TimelineItem]
    mentions: list[MentionItem] = Field(description=f"The last said, up to {_MOST_MENTIONS}.")


#: Fields of one name in the store; those of another shape are made below.
_SAME = IncidentItem.model_fields.keys() & IncidentSummary.__dataclass_fields__.keys()


def _fields(summary: IncidentSummary) -> dict[str, Any]:
    first = None
    if summary.mention_id is not None:
        first = FirstMention(
            id=summary.mention_id,
            title=summary.title,
            text=summary.text,
            site=summary.site,
            language=summary.language,
        )
    reason = summary.reason
    return {
        **{name: getattr(summary, name) for name in _SAME},
        "brand": Named(id=summary.brand_id, name=summary.brand),
        "rule": Named(id=summary.rule_id, name=summary.rule),
        "mention": first,
        "reason": None if reason is None else ReasonShape(code=reason.code, values=reason.values),
    }


class IncidentQuery(Shape):
    """Which incidents."""

    brand: BrandGiven = None
    status: Annotated[list[IncidentStatus] | None, Field(description="May be given several times.")] = None
    limit: Limit = 50
    cursor: Cursor = None


def _by_people(resolution: Resolution) -> Resolution:
    if resolution not in BY_PEOPLE:
        raise ValueError(f"is said by Earshot alone; give one of {', '.join(BY_PEOPLE)}")
    return resolution


class Resolve(Shape):
    """How the work ended."""

    resolution: Annotated[Resolution, AfterValidator(_by_people)] = Field(
        description="Feeds the rule's precision.", examples=["answered"]
    )


class Assign(Shape):
    """Whose it is."""

    to: Annotated[Words, Field(min_length=1, max_length=200)] | None = Field(
        description="A person's name; null: nobody's.", examples=["Mei"]
    )


class Snooze(Shape):
    """Until when nobody is told."""

    until: Moment = Field(description="At most 30 days from now.", examples=["2026-03-05T18:00:00+08:00"])


class Merge(Shape):
    """Where the work goes on."""

    into: Id = Field(description="An open incident of the same brand.", examples=[7])


class Note(Shape):
    """Something to write down."""

    text: Annotated[Words, Field(min_length=1, max_length=5000)] = Field(examples=["Called back, no answer."])


@router.get("/incidents", summary="List incidents")
async def incidents_list(
    asked: Reading, query: Annotated[IncidentQuery, Depends(Read(IncidentQuery))]
) -> Page[IncidentItem]:
    """Last opened first."""
    after = None
    if query.cursor is not None:
        at, last = paging.time_and_id(_NOUN, query, query.cursor)
        after = (at, IncidentId(last))
    brand_id = await brand_of(asked.conn, query.brand)
    found = await incident.newest(
        asked.conn, brand_id=brand_id, statuses=query.status, after=after, limit=query.limit + 1
    )
    kept = found[: query.limit]
    more = len(found) > query.limit
    following = paging.seal(_NOUN, query, (kept[-1].opened_at, kept[-1].id)) if more else None
    return Page(items=[IncidentItem.of(one) for one in kept], next=following)


@router.get("/incidents/{id}", summary="One incident with its timeline and mentions")
async def incident_whole(asked: Reading, incident_id: IncidentPath) -> IncidentWhole:
    """Further mentions: GET /mentions?incident=."""
    summary = await incident.get(asked.conn, IncidentId(incident_id))
    if summary is None:
        raise _missing(incident_id)
    happened = await incident.timeline(asked.conn, summary.id)
    said = await mention.newest(asked.conn, MentionFilter(incident_id=summary.id), limit=_MOST_MENTIONS)
    return IncidentWhole(
        **_fields(summary),
        timeline=[TimelineItem(at=one.at, kind=one.kind, actor=one.actor, detail=one.detail) for one in happened],
        mentions=[MentionItem.of(one) for one in said],
    )


@router.post("/incidents/{id}/ack", summary="Acknowledge: somebody looks at it")
async def acknowledge(asked: Responding, incident_id: IncidentPath) -> IncidentItem:
    """Nobody else is told. Acknowledging twice changes nothing; a resolved incident is refused."""
    async with asked.conn.transaction():
        acted = await incident.acknowledge(asked.conn, IncidentId(incident_id), by=asked.caller.name, now=asked.now)
    return _answer(acted, incident_id)


@router.post("/incidents/{id}/keep", summary="Keep: whoever has it is still on it")
async def keep(asked: Responding, incident_id: IncidentPath) -> IncidentItem:
    """The acknowledgement holds anew for its policy's time. From somebody else, or where nobody has it any more, it is
    an acknowledgement; a resolved incident is refused."""
    return await _act(asked, incident_id, lambda one: holding.keep(one, actor=asked.caller.name, now=asked.now))


@router.post("/incidents/{id}/unack", summary="Give back: nobody looks at it after all")
async def give_back(asked: Responding, incident_id: IncidentPath) -> IncidentItem:
    """Begins a new round of notifications. Where nobody has it nothing changes; a resolved incident is refused."""
    return await _act(asked, incident_id, lambda one: holding.give_back(one, actor=asked.caller.name, now=asked.now))


@router.post("/incidents/{id}/resolve", summary="Resolve: the work is done")
async def resolve(asked: Responding, incident_id: IncidentPath, body: Resolve) -> IncidentItem:
    """The first resolution stands until the incident is reopened; only its reason can be corrected."""
    async with asked.conn.transaction():
        acted = await incident.resolve(
            asked.conn, IncidentId(incident_id), by=asked.caller.name, resolution=body.resolution, now=asked.now
        )
    return _answer(acted, incident_id)


@router.post("/incidents/{id}/reopen", summary="Reopen: it was not done after all")
async def reopen(asked: Responding, incident_id: IncidentPath) -> IncidentItem:
    """Begins a new round of notifications. Refused where the same trouble has a newer, open incident."""
    async with asked.conn.transaction():
        acted = await incident.reopen(asked.conn, IncidentId(incident_id), by=asked.caller.name, now=asked.now)
    return _answer(acted, incident_id)


@router.post("/incidents/{id}/assign", summary="Assign: whose it is")
async def assign(asked: Responding, incident_id: IncidentPath, body: Assign) -> IncidentItem:
    """Says whose it is; acknowledging is theirs."""
    return await _act(
        asked, incident_id, lambda one: incidents.assign(one, to=body.to, actor=asked.caller.name, now=asked.now)
    )


@router.post("/incidents/{id}/snooze", summary="Snooze: tell nobody until then")
async def snooze(asked: Responding, incident_id: IncidentPath, body: Snooze) -> IncidentItem:
    """It comes back at its time, or at once when it gets worse, with a new round of notifications."""
    try:
        return await _act(
            asked,
            incident_id,
            lambda one: incidents.snooze(one, until=body.until, actor=asked.caller.name, now=asked.now),
        )
    except ValueError as error:
        raise Invalid("until", str(error)) from error


@router.post("/incidents/{id}/merge", summary="Merge: it goes on in another incident")
async def merge(asked: Responding, incident_id: IncidentPath, body: Merge) -> IncidentItem:
    """Its alerts, and what comes, belong to the other; this one is resolved."""
    if await incident.get(asked.conn, IncidentId(body.into)) is None:
        raise Invalid("into", f"there is no incident {body.into}")
    async with asked.conn.transaction():
        acted = await incident.merge(
            asked.conn, IncidentId(incident_id), into=IncidentId(body.into), by=asked.caller.name, now=asked.now
        )
    return _answer(acted, incident_id)


@router.post("/incidents/{id}/note", summary="Note: write something down")
async def note(asked: Responding, incident_id: IncidentPath, body: Note) -> IncidentItem:
    """It stands in the timeline, whatever state the incident is in."""
    return await _act(
        asked, incident_id, lambda one: incidents.note(one, text=body.text, actor=asked.caller.name, now=asked.now)
    )


async def _act(asked: Asked, incident_id: int, decide: Callable[[Incident], Transition]) -> IncidentItem:
    """Let a transition decide, and return the incident as it is now. Raises NotFound and Conflict."""
    async with asked.conn.transaction():
        acted = await incident.act(asked.conn, IncidentId(incident_id), decide)
    return _answer(acted, incident_id)


def _missing(incident_id: int) -> NotFound:
    return NotFound(f"There is no incident {incident_id}.")


_WHY_NOT = {
    Outcome.REFUSED_RESOLVED: "it is resolved; reopen it first",
    Outcome.REFUSED_NEWER_OPEN: "the same trouble has a newer, open incident; work on that one",
    Outcome.REFUSED_TARGET: "it can be merged only into another open incident of its brand",
}


def _answer(acted: Acted | None, incident_id: int) -> IncidentItem:
    """Return the incident as it is now. Raises NotFound, or Conflict with the incident in it."""
    if acted is None:
        raise _missing(incident_id)
    item = IncidentItem.of(acted.incident)
    if acted.refused is not None:
        why_not = _WHY_NOT[acted.refused]
        raise Conflict(f"Incident {incident_id} stays {item.status}: {why_not}.", shown={"incident": item})
    return item
