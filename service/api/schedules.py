"""Who is on call when: schedules with their layers, shifts that somebody takes over, and how it comes out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Path, status
from pydantic import Field

from alerts import oncall, rota
from alerts.errors import DutyError
from alerts.oncall import MOST_LAYERS, MOST_MEMBERS, Layer, OverrideId, Schedule, ScheduleId
from alerts.rota import WrittenLayer
from alerts.types import Contact, ContactId
from service.api.access import Asked, Reading, Responding, Writing
from service.api.errors import Conflict, Invalid, NotFound
from service.api.parameters import PREFIX, Id, Moment, Named, Page, Shape, Since, Until, Words, Zone
from service.store import contact, duty, schedule
from service.store.duty import DutyShift

router = APIRouter(prefix=PREFIX, tags=["on call"])
SchedulePath = Annotated[Id, Path(alias="id")]
Name = Annotated[Words, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Short = Annotated[Words, Field(max_length=40)]
_USUAL, _PAST, _LONGEST = timedelta(days=7), timedelta(days=30), timedelta(days=92)
LONGEST_OVERRIDE = timedelta(days=92)


class LayerShape(Shape):
    """People who take turns, by the schedule's wall clock."""

    members: list[Name] = Field(min_length=1, max_length=MOST_MEMBERS, description="Contacts by name, in their order.")
    starts: Short = Field(description="The first hand-over, without an offset.", examples=["2026-03-02T09:00"])
    turn: Short = Field(default="7d", description="Whole hours or days.", examples=["7d"])
    ends: Short | None = None
    weekdays: list[Short] = Field(default_factory=list, max_length=7, examples=[["sat", "sun"]])
    hours: Short | None = Field(default=None, examples=["09:00-18:00"])


class ScheduleBody(Shape):
    """A schedule as it should be."""

    name: Name = Field(examples=["Care"])
    zone: Zone = Field(description="An IANA name; hand-overs are by its clocks, in summer and in winter.")
    layers: list[LayerShape] = Field(
        max_length=MOST_LAYERS, description="A later one covers the earlier ones where somebody has it."
    )


class OverrideBody(Shape):
    """Somebody has it for a while, whoever's turn it is."""

    contact: Name = Field(description="By name.")
    starts_at: Moment
    ends_at: Moment = Field(description=f"At most {LONGEST_OVERRIDE.days} days after the start.")


class OverrideItem(Shape):
    """Somebody has it for a while."""

    id: int
    contact: Named
    starts_at: datetime
    ends_at: datetime
    author: str


class ScheduleItem(Shape):
    """A schedule, with the overrides that last or come."""

    id: int
    name: str
    zone: str
    layers: list[LayerShape]
    overrides: list[OverrideItem]


class ShiftShape(Shape):
    """The same people are on call; none: a gap."""

    contacts: list[Named]
    starts_at: datetime
    ends_at: datetime
    reached: bool = Field(description="False: nobody is on call, or nobody of them can be told.")


class PastShift(Shape):
    """The same people were on call; none: nobody was."""

    contacts: list[Named] = Field(description="By the names they had; a contact may be gone since.")
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, one: DutyShift) -> Self:
        """Return the shape of a shift."""
        named = zip(one.contacts, one.names, strict=True)
        return cls(
            contacts=[Named(id=known, name=name) for known, name in named],
            starts_at=one.starts_at,
            ends_at=one.ends_at,
        )


class OnCallItem(Shape):
    """Who is on call by one schedule."""

    schedule: Named
    zone: str
    now: list[Named]
    until: datetime | None = Field(description="The next change after now; null: none within the span asked for.")
    shifts: list[ShiftShape]


@router.get("/on-call", summary="Who is on call, now and over a span of time")
async def on_call(asked: Reading, since: Since = None, until: Until = None) -> Page[OnCallItem]:
    """One item a schedule. The span begins now and lasts a week unless another is asked for; at most 92 days."""
    start = since or asked.now
    end = until or start + _USUAL
    if not start < end <= start + _LONGEST:
        raise Invalid("to", f"must lie after the start, and at most {_LONGEST.days} days after it")
    people = await _people(asked)
    found = await schedule.every(asked.conn, overrides_since=min(start, asked.now))
    return Page(items=[_on_call(one, people, start, end, asked.now) for one in found], next=None)


def _on_call(
    one: Schedule, people: Mapping[ContactId, Contact], start: datetime, end: datetime, now: datetime
) -> OnCallItem:
    ahead = oncall.shifts(one, now, max(end, now + _USUAL))
    return OnCallItem(
        schedule=Named(id=one.id, name=one.name),
        zone=one.zone,
        now=_named(ahead[0].contacts, people),
        until=ahead[0].ends_at if len(ahead) > 1 else None,
        shifts=[
            ShiftShape(
                contacts=_named(shift.contacts, people),
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
                reached=any(people[known].reachable and not people[known].bounced for known in shift.contacts),
            )
            for shift in oncall.shifts(one, start, end)
        ],
    )


@router.get("/schedules", summary="List schedules")
async def schedules_list(asked: Reading) -> Page[ScheduleItem]:
    """All in one page, by name."""
    people = await _people(asked)
    found = await schedule.every(asked.conn, overrides_since=asked.now)
    return Page(items=[_item(one, people) for one in found], next=None)


@router.get("/schedules/{id}", summary="One schedule")
async def schedule_one(asked: Reading, schedule_id: SchedulePath) -> ScheduleItem:
    """What the list shows, of one."""
    return _item(await _known(asked, schedule_id), await _people(asked))


@router.get("/schedules/{id}/history", summary="Who was on call")
async def schedule_history(
    asked: Reading, schedule_id: SchedulePath, since: Since = None, until: Until = None
) -> Page[PastShift]:
    """As it was, the last first, whatever the schedule says now; at most 92 days, the last 30 unless others are asked
    for. The last shift ends a few seconds ago where it goes on."""
    known = await _known(asked, schedule_id)
    end = until or asked.now
    start = since or end - _PAST
    if not start < end <= start + _LONGEST:
        raise Invalid("from", f"must lie before the end, and at most {_LONGEST.days} days before it")
    found = await duty.history(asked.conn, [known.id], since=start, until=end)
    return Page(items=[PastShift.of(one) for one in found], next=None)


@router.post("/schedules", summary="Add a schedule", status_code=status.HTTP_201_CREATED)
async def schedule_add(asked: Writing, body: ScheduleBody) -> ScheduleItem:
    """Who takes turns from when on."""
    layers = await _layers(asked, body)
    async with asked.conn.transaction():
        if await schedule.named(asked.conn, body.name) is not None:
            raise Conflict(f"There is a schedule named {body.name!r} already; choose another name, or change that one.")
        schedule_id = await schedule.put(asked.conn, name=body.name, zone=body.zone, layers=layers, now=asked.now)
    return _item(await _known(asked, schedule_id), await _people(asked))


@router.put("/schedules/{id}", summary="Change a schedule")
async def schedule_change(asked: Writing, schedule_id: SchedulePath, body: ScheduleBody) -> ScheduleItem:
    """The whole schedule, as it should be from now on. Overrides stay."""
    layers = await _layers(asked, body)
    async with asked.conn.transaction():
        known = await _known(asked, schedule_id)
        other = await schedule.named(asked.conn, body.name)
        if other is not None and other != known.id:
            raise Conflict(f"There is another schedule named {body.name!r}; choose another name.")
        await schedule.change(asked.conn, known.id, name=body.name, zone=body.zone, layers=layers)
    return _item(await _known(asked, schedule_id), await _people(asked))


@router.delete("/schedules/{id}", summary="Remove a schedule", status_code=status.HTTP_204_NO_CONTENT)
async def schedule_remove(asked: Writing, schedule_id: SchedulePath) -> None:
    """Steps of policies that name it and nobody else tell the last resort from now on."""
    await schedule.remove(asked.conn, (await _known(asked, schedule_id)).id)


@router.post("/schedules/{id}/overrides", summary="Let somebody take over", status_code=status.HTTP_201_CREATED)
async def override_add(asked: Responding, schedule_id: SchedulePath, body: OverrideBody) -> OverrideItem:
    """The newest one counts where they overlap."""
    known = await _known(asked, schedule_id)
    people = {one.name: one for one in await contact.every(asked.conn)}
    if body.contact not in people:
        raise Invalid("contact", f"there is no contact named {body.contact!r}; GET /api/v1/contacts lists them")
    if not body.starts_at < body.ends_at <= body.starts_at + LONGEST_OVERRIDE:
        raise Invalid("ends_at", f"must lie after the start, and at most {LONGEST_OVERRIDE.days} days after it")
    if body.ends_at <= asked.now:
        raise Invalid("ends_at", "must lie in the future")
    who = people[body.contact]
    override_id = await schedule.add_override(
        asked.conn,
        known.id,
        contact_id=who.id,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        author=asked.caller.name,
        now=asked.now,
    )
    return OverrideItem(
        id=override_id,
        contact=Named(id=who.id, name=who.name),
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        author=asked.caller.name,
    )


@router.delete("/overrides/{id}", summary="End an override now", status_code=status.HTTP_204_NO_CONTENT)
async def override_end(asked: Responding, override_id: Annotated[Id, Path(alias="id")]) -> None:
    """Whoever's turn it is has it again."""
    if not await schedule.end_override(asked.conn, OverrideId(override_id), now=asked.now):
        raise NotFound(f"There is no override {override_id} that lasts.")


async def _people(asked: Asked) -> dict[ContactId, Contact]:
    return {one.id: one for one in await contact.every(asked.conn)}


async def _known(asked: Asked, schedule_id: int) -> Schedule:
    found = await schedule.get(asked.conn, ScheduleId(schedule_id), overrides_since=asked.now)
    if found is None:
        raise NotFound(f"There is no schedule {schedule_id}.")
    return found


async def _layers(asked: Asked, body: ScheduleBody) -> list[Layer]:
    """Return the layers a body describes. Raises Invalid."""
    known = {one.name: one.id for one in await contact.every(asked.conn)}
    found = []
    for number, one in enumerate(body.layers):
        written = WrittenLayer(
            members=tuple(one.members),
            starts=one.starts,
            turn=one.turn,
            ends=one.ends,
            weekdays=tuple(one.weekdays),
            hours=one.hours,
        )
        try:
            found.append(rota.layer(written, known))
        except DutyError as error:
            raise Invalid(f"layers.{number}.{error.field}", error.said) from error
    return found


def _named(contacts: tuple[ContactId, ...], people: Mapping[ContactId, Contact]) -> list[Named]:
    return [Named(id=known, name=people[known].name) for known in contacts]


def _item(one: Schedule, people: Mapping[ContactId, Contact]) -> ScheduleItem:
    names = {known.id: known.name for known in people.values()}
    return ScheduleItem(
        id=one.id,
        name=one.name,
        zone=one.zone,
        layers=[_layer(layer, names) for layer in one.layers],
        overrides=[
            OverrideItem(
                id=override.id,
                contact=Named(id=override.contact_id, name=names[override.contact_id]),
                starts_at=override.starts_at,
                ends_at=override.ends_at,
                author=override.author,
            )
            for override in one.overrides
        ],
    )


def _layer(one: Layer, names: Mapping[ContactId, str]) -> LayerShape:
    written = rota.written_layer(one, names)
    return LayerShape.model_construct(
        members=list(written.members),
        starts=written.starts,
        turn=written.turn,
        ends=written.ends,
        weekdays=list(written.weekdays),
        hours=written.hours,
    )
