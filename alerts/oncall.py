"""Who is on call when. Pure.

    an override, the newest first | the last layer that somebody has then | the one before it | …

Layers hold wall times and an IANA zone, never offsets: a hand-over is at nine by the wall in summer and in winter. On
the night when an hour happens twice, both the one who goes and the one who comes are on call for it; a gap is never.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NewType
from zoneinfo import ZoneInfo

from alerts import wall_clock
from alerts.errors import DutyError
from alerts.types import ContactId

ScheduleId = NewType("ScheduleId", int)
OverrideId = NewType("OverrideId", int)

#: So far may turns overlap, or be left out, when clocks are changed.
_LONGEST_CHANGE = timedelta(hours=24)
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
SHORTEST_TURN, LONGEST_TURN = timedelta(hours=1), timedelta(days=366)
MOST_MEMBERS, MOST_LAYERS = 100, 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """People who take turns."""

    #: In their order; none: nobody, ever.
    members: tuple[ContactId, ...]
    #: The first hand-over, by the schedule's wall clock, without a zone. Nobody has it before.
    starts: datetime
    #: By the wall: a day has 24 hours on the nights of changes too.
    turn: timedelta
    #: Half open, by the wall; None: for ever.
    ends: datetime | None = None
    #: From 0, Monday, on which a span of hours begins; none: all.
    weekdays: frozenset[int] = frozenset()
    #: Of the day, by the wall; the second lies on the next day where it is not after the first. None: the whole day.
    hours: tuple[time, time] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """Somebody has it from one instant to another, whoever's turn it is. Half open."""

    id: OverrideId
    contact_id: ContactId
    starts_at: datetime
    ends_at: datetime
    author: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Who is on call when."""

    id: ScheduleId
    name: str
    #: An IANA name.
    zone: str
    #: A later one covers the earlier ones where somebody has it.
    layers: tuple[Layer, ...]
    #: The newest last.
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """The same people are on call from one instant to another; nobody: a gap. Half open."""

    contacts: tuple[ContactId, ...]
    starts_at: datetime
    ends_at: datetime


def on_call(schedule: Schedule, at: datetime) -> tuple[ContactId, ...]:
    """Return who is on call at an instant: one, or two in an hour that happens twice, or nobody."""
    for override in reversed(schedule.overrides):
        if override.starts_at <= at < override.ends_at:
            return (override.contact_id,)
    zone = ZoneInfo(schedule.zone)
    for layer in reversed(schedule.layers):
        if found := _have(layer, zone, at):
            return found
    return ()


def shifts(schedule: Schedule, since: datetime, until: datetime) -> list[Shift]:
    """Return who is on call from one instant to another, in order, without a gap between shifts."""
    borders = sorted({since, until, *(one for one in _borders(schedule, since, until) if since < one < until)})
    found: list[Shift] = []
    for start, end in pairwise(borders):
        who = on_call(schedule, start)
        if found and found[-1].contacts == who:
            start = found.pop().starts_at  # noqa: PLW2901  # one shift longer
        found.append(Shift(contacts=who, starts_at=start, ends_at=end))
    return found


def people(schedule: Schedule) -> tuple[ContactId, ...]:
    """Return everybody who takes turns, in order."""
    return tuple(dict.fromkeys(member for layer in schedule.layers for member in layer.members))


@dataclass(frozen=True, kw_only=True, slots=True)
class Lack:
    """A span in which a schedule has nobody who could be told."""

    starts_at: datetime
    ends_at: datetime
    #: Who is on call and cannot be told; none: nobody is on call.
    unreached: tuple[ContactId, ...] = ()


def lacks(schedule: Schedule, reached: Collection[ContactId], since: datetime, until: datetime) -> list[Lack]:
    """Return when nobody is on call, or nobody of those who can be `reached`."""
    return [
        Lack(starts_at=shift.starts_at, ends_at=shift.ends_at, unreached=shift.contacts)
        for shift in shifts(schedule, since, until)
        if not set(shift.contacts) & set(reached)
    ]


def check(layer: Layer) -> None:
    """Refuse a layer that cannot be. Raises DutyError."""
    if not SHORTEST_TURN <= layer.turn <= LONGEST_TURN or layer.turn % SHORTEST_TURN:
        raise DutyError("turn", "is whole hours, from '1h' to '366d', such as '7d'")
    if not 1 <= len(layer.members) <= MOST_MEMBERS:
        raise DutyError("members", f"names nobody, or more than {MOST_MEMBERS}; name those who take turns")
    if layer.starts.tzinfo is not None or (layer.ends is not None and layer.ends.tzinfo is not None):
        raise DutyError("starts", "has an offset; write the time on the wall alone, such as 2026-03-02T09:00:00")
    if layer.ends is not None and layer.ends <= layer.starts:
        raise DutyError("ends", "is not after the start")


def _have(layer: Layer, zone: ZoneInfo, at: datetime) -> tuple[ContactId, ...]:
    """Return whose turn it is; nobody where the layer does not run then."""
    wall = at.astimezone(zone).replace(tzinfo=None)
    is_over = layer.ends is not None and at >= wall_clock.last(layer.ends, zone)
    if is_over or not layer.members or not _runs(layer, zone, at, wall):
        return ()
    # Turns meet exactly at the wall's time unless clocks are changed about then.
    near = 0 if _is_steady(zone, at) else 1 + _LONGEST_CHANGE // layer.turn
    here = (wall - layer.starts) // layer.turn
    whose = (
        layer.members[turn % len(layer.members)]
        for turn in range(max(here - near, 0), here + near + 1)
        if _holds(layer.starts + turn * layer.turn, layer.starts + (turn + 1) * layer.turn, zone, at)
    )
    return tuple(dict.fromkeys(whose))


def _is_steady(zone: ZoneInfo, at: datetime) -> bool:
    """Whether no clocks are changed within a day of an instant."""
    around = (at - _LONGEST_CHANGE - _HOUR, at, at + _LONGEST_CHANGE + _HOUR)
    return len({one.astimezone(zone).utcoffset() for one in around}) == 1


def _runs(layer: Layer, zone: ZoneInfo, at: datetime, wall: datetime) -> bool:
    """Whether an instant lies in the layer's days and hours."""
    if layer.hours is None and not layer.weekdays:
        return True
    return any(_holds(start, end, zone, at) for start, end in _spans(layer, wall.date() - _DAY, wall.date() + 2 * _DAY))


def _spans(layer: Layer, since: date, until: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield the layer's spans of hours that begin on days from one to before another, by the wall."""
    starts, ends = layer.hours or (time(), time())
    for day in (since + number * _DAY for number in range((until - since).days)):
        if not layer.weekdays or day.weekday() in layer.weekdays:
            yield datetime.combine(day, starts), datetime.combine(day + _DAY * (ends <= starts), ends)


def _holds(start: datetime, end: datetime, zone: ZoneInfo, at: datetime) -> bool:
    return wall_clock.first(start, zone) <= at < wall_clock.last(end, zone)


def _borders(schedule: Schedule, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield every instant at which it may change who is on call, and some more."""
    for override in schedule.overrides:
        yield override.starts_at
        yield override.ends_at
    zone = ZoneInfo(schedule.zone)
    first, last = ((at.astimezone(zone)).replace(tzinfo=None) for at in (since, until))
    for layer in schedule.layers:
        for wall in _walls(layer, first - 2 * _DAY, last + 2 * _DAY):
            yield wall_clock.first(wall, zone)
            yield wall_clock.last(wall, zone)


def _walls(layer: Layer, first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the hand-overs and the ends of spans of a layer, by the wall."""
    if layer.ends is not None:
        yield layer.ends
    number = max((first - layer.starts) // layer.turn, 0)
    while (wall := layer.starts + number * layer.turn) <= last:
        yield wall
        number += 1
    if layer.hours is not None or layer.weekdays:
        for start, end in _spans(layer, first.date(), last.date() + _DAY):
            yield start
            yield end
