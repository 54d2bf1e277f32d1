"""Schedules and policies as people write them down, in a file, a request or a form: texts to parts, and back.

A layer's people are names, its turn a text such as «7d», its hours one such as «09:00-18:00», its days «mon» to «sun».
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeVar

from alerts import escalation, holding, oncall, wall_clock
from alerts.errors import DutyError
from alerts.escalation import Step
from alerts.holding import Hold
from alerts.oncall import Layer, ScheduleId
from alerts.types import ContactId

Known = TypeVar("Known", ContactId, ScheduleId)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: How an acknowledgement's time is written where it is the usual one, or has no end.
USUAL, OFF = "usual", "off"
_DURATION = re.compile(r"([0-9]{1,6})\s*(m|h|d)")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
_EARLIEST, _LATEST = 1970, 2200


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenLayer:
    """People who take turns, as it is written."""

    members: tuple[str, ...]
    starts: str
    turn: str = "7d"
    ends: str | None = None
    weekdays: tuple[str, ...] = ()
    hours: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenStep:
    """Who is told at once, as it is written."""

    contacts: tuple[str, ...] = ()
    #: Schedules: whoever is on call.
    on_call: tuple[str, ...] = ()
    #: Schedules: everybody who takes turns.
    everybody: tuple[str, ...] = ()
    wait: str


def layer(written: WrittenLayer, contacts: Mapping[str, ContactId]) -> Layer:
    """Return the layer that is meant. Raises DutyError."""
    made = Layer(
        members=_known("members", "contact", written.members, contacts),
        starts=_wall("starts", written.starts),
        turn=duration("turn", written.turn),
        ends=None if written.ends is None else _wall("ends", written.ends),
        weekdays=frozenset(_weekday(one) for one in written.weekdays),
        hours=None if written.hours is None else _hours(written.hours),
    )
    oncall.check(made)
    return made


def written_layer(one: Layer, names: Mapping[ContactId, str]) -> WrittenLayer:
    """Return a layer as it is written; people without a name are left out."""
    return WrittenLayer(
        members=tuple(names[member] for member in one.members if member in names),
        starts=one.starts.isoformat(timespec="minutes"),
        turn=shown(one.turn),
        ends=None if one.ends is None else one.ends.isoformat(timespec="minutes"),
        weekdays=tuple(WEEKDAYS[day] for day in sorted(one.weekdays)),
        hours=None if one.hours is None else f"{one.hours[0]:%H:%M}-{one.hours[1]:%H:%M}",
    )


def step(written: WrittenStep, contacts: Mapping[str, ContactId], schedules: Mapping[str, ScheduleId]) -> Step:
    """Return the step that is meant. Raises DutyError."""
    made = Step(
        contacts=_known("contacts", "contact", written.contacts, contacts),
        schedules=_known("on_call", "schedule", written.on_call, schedules),
        whole_schedules=_known("everybody", "schedule", written.everybody, schedules),
        wait=duration("wait", written.wait),
    )
    escalation.check_step(made)
    return made


def written_step(one: Step, contacts: Mapping[ContactId, str], schedules: Mapping[ScheduleId, str]) -> WrittenStep:
    """Return a step as it is written; what has no name is left out."""
    return WrittenStep(
        contacts=tuple(contacts[known] for known in one.contacts if known in contacts),
        on_call=tuple(schedules[known] for known in one.schedules if known in schedules),
        everybody=tuple(schedules[known] for known in one.whole_schedules if known in schedules),
        wait=shown(one.wait),
    )


def hold(text: str) -> Hold:
    """Return how long an acknowledgement holds: «usual», «off», or a duration. Raises DutyError."""
    text = text.strip()
    made = Hold(ends=text != OFF, after=None if text in (USUAL, OFF) else duration("ack_timeout", text))
    holding.check(made)
    return made


def written_hold(one: Hold) -> str:
    """Return how long an acknowledgement holds, as `hold` reads it."""
    if not one.ends:
        return OFF
    return USUAL if one.after is None else shown(one.after)


def duration(field: str, text: str) -> timedelta:
    """Return the time a text such as «15m», «12h» or «7d» means. Raises DutyError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise DutyError(field, "is no duration; write a number and m, h or d, such as '15m' or '7d'")
    return int(match[1]) * _UNITS[match[2]]


def shown(given: timedelta) -> str:
    """Return a duration as `duration` reads it, in the largest unit that holds it whole."""
    unit = next(one for one in _UNITS if not given % _UNITS[one] or one == "m")
    return f"{given // _UNITS[unit]}{unit}"


def _known(field: str, noun: str, names: tuple[str, ...], known: Mapping[str, Known]) -> tuple[Known, ...]:
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise DutyError(field, f"there is no {noun} named {name!r}; known are {there}")
    return tuple(known[name] for name in names)


def _wall(field: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise DutyError(field, "is no time; write one on the wall's clock, such as 2026-03-02T09:00") from None
    if not _EARLIEST <= found.year < _LATEST:
        raise DutyError(field, f"must lie between the years {_EARLIEST} and {_LATEST}")
    return found


def _weekday(text: str) -> int:
    if text not in WEEKDAYS:
        raise DutyError("weekdays", f"has no day {text!r}; use {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(text)


def _hours(text: str) -> tuple[time, time]:
    starts, dash, ends = text.replace("–", "-").partition("-")  # as a word processor writes it
    if not dash:
        raise DutyError("hours", "are a start and an end, such as 09:00-18:00")
    return wall_clock.read("hours", starts.strip()), wall_clock.read("hours", ends.strip())
