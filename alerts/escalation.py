"""Who is told of an incident that nobody acknowledges, and who next. Pure.

    level 0 --nobody acknowledges it for the step's wait--> level 1 --…--> the last level: the last resort

A level's wait begins when its people are told. After hours in which nothing ran, one step is taken, late, and the next
one waits its whole time again: nobody gets ten steps at once, and no step is left out.
"""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts import oncall
from alerts.errors import DutyError
from alerts.holding import Hold
from alerts.incidents import Outcome, Transition, is_of_level
from alerts.oncall import Schedule, ScheduleId
from alerts.types import (
    Contact,
    ContactId,
    Incident,
    IncidentEvent,
    IncidentEventKind,
    IncidentStatus,
    PolicyVersionId,
    Told,
)

SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(days=7)
MOST_STEPS, MOST_TARGETS, MOST_REPEATS = 20, 50, 10
#: Schedules are looked at this far ahead for hours in which nobody could be told.
LOOK_AHEAD = timedelta(days=7)
#: A step taken this much later than it should have been is marked on the timeline.
_LATE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Who is told at once, and how long they have."""

    contacts: tuple[ContactId, ...] = ()
    #: Whoever is on call then.
    schedules: tuple[ScheduleId, ...] = ()
    #: Everybody who takes turns in these.
    whole_schedules: tuple[ScheduleId, ...] = ()
    #: How long nobody may acknowledge it before the next step's turn.
    wait: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """One version of a policy. Versions are never changed: an incident goes by the one it opened with."""

    version_id: PolicyVersionId
    name: str
    steps: tuple[Step, ...]
    #: How often the steps are gone through again.
    repeats: int = 0
    #: Told where nobody of a step can be reached, and when the last step's wait is over. None: it was removed.
    last_resort: ContactId | None
    #: How long an acknowledgement holds while nobody does anything.
    hold: Hold

    @property
    def levels(self) -> int:
        """How many levels there are before the last resort."""
        return len(self.steps) * (self.repeats + 1)

    def step(self, level: int) -> Step | None:
        """Return the step of a level; None: it is the last resort's turn."""
        return self.steps[level % len(self.steps)] if level < self.levels else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """Whose turn it is."""

    contacts: tuple[Contact, ...]
    #: They stand in for others: nobody of the step can be reached, or nobody acknowledged in all of them.
    last_resort: bool = False


def escalate(incident: Incident, policy: Policy, told: Iterable[Told], *, now: datetime) -> Transition:
    """Return the incident at its next level, if it is time: the wait is over since the level's people were told, or
    none of the words to them arrived. `told` are the notifications that exist, whatever their state."""
    unchanged = Transition(outcome=Outcome.UNCHANGED, incident=incident)
    step = policy.step(incident.level)
    if incident.status is not IncidentStatus.TRIGGERED or step is None:
        return unchanged
    words = [one for one in told if one.cycle == incident.cycle and is_of_level(one, incident.level)]
    if not words:
        return unchanged
    due = now if all(one.failed for one in words) else min(one.at for one in words) + step.wait
    if now < due:
        return unchanged
    late = now - due
    detail = {"level": incident.level + 1, **({"late_by": int(late.total_seconds())} if late >= _LATE else {})}
    event = IncidentEvent(kind=IncidentEventKind.ESCALATED, at=now, detail=detail)
    further = replace(incident, level=incident.level + 1, level_at=now)
    return Transition(outcome=Outcome.ESCALATED, incident=further, events=(event,))


def called(
    policy: Policy,
    incident: Incident,
    *,
    contacts: Mapping[ContactId, Contact],
    schedules: Mapping[ScheduleId, Schedule],
) -> Called:
    """Return whose turn it is at the incident's level. Schedules are asked about the moment the level was come to, so
    that it is the same people however late this runs. Never nobody, while anybody can be reached."""
    step = policy.step(incident.level)
    meant = () if step is None else tuple(_meant(step, schedules, incident.level_at))
    found = _reached(meant, contacts)
    if found:
        return Called(contacts=found)
    last = _reached(() if policy.last_resort is None else (policy.last_resort,), contacts)
    everybody = tuple(one for one in contacts.values() if one.reachable)
    return Called(contacts=last or everybody, last_resort=True)


def _meant(step: Step, schedules: Mapping[ScheduleId, Schedule], at: datetime) -> Iterable[ContactId]:
    yield from step.contacts
    for schedule_id in step.schedules:
        if (schedule := schedules.get(schedule_id)) is not None:
            yield from oncall.on_call(schedule, at)
    for schedule_id in step.whole_schedules:
        if (schedule := schedules.get(schedule_id)) is not None:
            yield from oncall.people(schedule)


def _reached(meant: Iterable[ContactId], contacts: Mapping[ContactId, Contact]) -> tuple[Contact, ...]:
    known = [contacts[one] for one in dict.fromkeys(meant) if one in contacts]
    return tuple(one for one in known if one.reachable and not one.bounced)


def check(steps: Sized, *, repeats: int) -> None:
    """Refuse so many steps or repeats. Raises DutyError."""
    if not 1 <= len(steps) <= MOST_STEPS:
        raise DutyError("steps", f"are none, or more than {MOST_STEPS}; say who is told first")
    if not 0 <= repeats <= MOST_REPEATS:
        raise DutyError("repeats", f"is a number from 0 to {MOST_REPEATS}")


def check_step(step: Step) -> None:
    """Refuse a step that cannot be. Raises DutyError, its field one of a step's."""
    if not SHORTEST_WAIT <= step.wait <= LONGEST_WAIT:
        raise DutyError("wait", "is from '1m' to '7d', such as '15m'")
    if not 1 <= len(step.contacts) + len(step.schedules) + len(step.whole_schedules) <= MOST_TARGETS:
        raise DutyError("contacts", "are none, with no schedule either, or too many; name whom the step tells")


class Weak(StrEnum):
    """What is not as safe as it should be."""

    #: The last resort of a policy cannot be told.
    LAST_RESORT = "last_resort"
    #: Nobody is on call by a schedule.
    NOBODY = "nobody"
    #: Somebody is on call by a schedule and cannot be told.
    UNREACHED = "unreached"


@dataclass(frozen=True, kw_only=True, slots=True)
class Weakness:
    """Something that would make an incident fall to the last resort, or to everybody."""

    weak: Weak
    #: The policy's or the schedule's name.
    name: str
    #: Who cannot be told.
    people: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def weaknesses(
    policies: Iterable[Policy], schedules: Iterable[Schedule], contacts: Sequence[Contact], *, now: datetime
) -> list[Weakness]:
    """Return what should be mended before somebody is needed: now and within the next seven days."""
    names = {one.id: one.name for one in contacts}
    told = {one.id for one in contacts if one.reachable and not one.bounced}
    found = [
        Weakness(weak=Weak.LAST_RESORT, name=one.name, people=tuple(_names(one.last_resort, names)))
        for one in policies
        if one.last_resort not in told
    ]
    for schedule in schedules:
        for lack in oncall.lacks(schedule, told, now, now + LOOK_AHEAD):
            weakness = Weakness(
                weak=Weak.UNREACHED if lack.unreached else Weak.NOBODY,
                name=schedule.name,
                people=tuple(names.get(one, "?") for one in lack.unreached),
                starts_at=lack.starts_at,
                ends_at=lack.ends_at,
            )
            found.append(weakness)
    return found


def _names(contact_id: ContactId | None, names: Mapping[ContactId, str]) -> Iterable[str]:
    if contact_id is not None:
        yield names.get(contact_id, "?")
