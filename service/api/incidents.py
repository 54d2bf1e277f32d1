"""Open problems: lists, one whole, and what a person does about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query
from pydantic import Field

from alerts.types import IncidentId, IncidentStatus, Resolution, Urgency
from service.api import paging
from service.api.access import Reading, Responding
from service.api.errors import Conflict, NotFound
from service.api.mentions import MentionItem
from service.api.parameters import PREFIX, BrandGiven, Cursor, Id, Limit, Named, Page, Shape, brand_of
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
    cycle: int = Field(description="Counts reopenings; each begins a new round of notifications.")
    opened_at: datetime
    last_alert_at: datetime
    alert_count: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: Resolution | None
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


class Resolve(Shape):
    """How the work ended."""

    resolution: Resolution = Field(description="Feeds the rule's precision.", examples=["answered"])


@router.get("/incidents", summary="List incidents")
async def incidents_list(asked: Reading, query: Annotated[IncidentQuery, Query()]) -> Page[IncidentItem]:
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
    return _answer(acted, incident_id, "it is resolved; reopen it first")


@router.post("/incidents/{id}/resolve", summary="Resolve: the work is done")
async def resolve(asked: Responding, incident_id: IncidentPath, body: Resolve) -> IncidentItem:
    """The first resolution stands until the incident is reopened."""
    async with asked.conn.transaction():
        acted = await incident.resolve(
            asked.conn, IncidentId(incident_id), by=asked.caller.name, resolution=body.resolution, now=asked.now
        )
    return _answer(acted, incident_id, "its state forbids it")


@router.post("/incidents/{id}/reopen", summary="Reopen: it was not done after all")
async def reopen(asked: Responding, incident_id: IncidentPath) -> IncidentItem:
    """Begins a new round of notifications. Refused where the same trouble has a newer, open incident."""
    async with asked.conn.transaction():
        acted = await incident.reopen(asked.conn, IncidentId(incident_id), by=asked.caller.name, now=asked.now)
    return _answer(acted, incident_id, "the same trouble has a newer, open incident; work on that one")


def _missing(incident_id: int) -> NotFound:
    return NotFound(f"There is no incident {incident_id}.")


def _answer(acted: Acted | None, incident_id: int, why_not: str) -> IncidentItem:
    """Return the incident as it is now. Raises NotFound, or Conflict with the incident in it."""
    if acted is None:
        raise _missing(incident_id)
    item = IncidentItem.of(acted.incident)
    if acted.refused is not None:
        raise Conflict(f"Incident {incident_id} stays {item.status}: {why_not}.", shown={"incident": item})
    return item
