"""Schedules and policies in `earshot.toml`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from alerts import escalation, rota, wall_clock
from alerts.errors import DutyError
from alerts.escalation import Step
from alerts.oncall import MOST_LAYERS, Layer, ScheduleId
from alerts.rota import WrittenLayer, WrittenStep
from alerts.types import ContactId
from service.configuration.entry import Complaint, Entry, Name


def _written(value: object) -> object:
    """Return a TOML time as text."""
    return value.isoformat() if isinstance(value, datetime) else value


Wall = Annotated[str, BeforeValidator(_written)]


class LayerEntry(Entry):
    """People who take turns."""

    members: tuple[Name, ...]
    starts: Wall
    turn: str = "7d"
    ends: Wall | None = None
    weekdays: tuple[str, ...] = ()
    hours: str | None = None

    def layer(self, contacts: Mapping[str, ContactId]) -> Layer:
        """Return the layer that is meant. Raises DutyError."""
        return rota.layer(WrittenLayer(**dict(self)), contacts)


class ScheduleEntry(Entry):
    """Who is on call when. Overrides are not the file's business."""

    name: Name
    zone: str
    layers: tuple[LayerEntry, ...] = Field(max_length=MOST_LAYERS)

    def filled_in(self) -> "ScheduleEntry":
        """Return the same with every text in its one form, for comparing."""
        names = {name: ContactId(n) for n, name in enumerate(sorted({m for one in self.layers for m in one.members}))}
        try:
            layers = tuple(layer_entry(one.layer(names), {n: name for name, n in names.items()}) for one in self.layers)
        except DutyError:
            # A layer whose people were all removed is what no file can say, and differs from each.
            return self
        return self.model_copy(update={"layers": layers})


class StepEntry(Entry):
    """Who is told at once, and how long they have."""

    contacts: tuple[Name, ...] = ()
    on_call: tuple[Name, ...] = ()
    everybody: tuple[Name, ...] = ()
    wait: str

    def step(self, contacts: Mapping[str, ContactId], schedules: Mapping[str, ScheduleId]) -> Step:
        """Return the step that is meant. Raises DutyError."""
        return rota.step(WrittenStep(**dict(self)), contacts, schedules)


class PolicyEntry(Entry):
    """Who is told, and who next while nobody acknowledges."""

    name: Name
    steps: tuple[StepEntry, ...]
    repeats: int = 0
    last_resort: Name
    ack_timeout: str = rota.USUAL

    def filled_in(self) -> "PolicyEntry":
        """Return the same with every text in its one form, for comparing. Raises DutyError."""
        waits = [rota.shown(rota.duration("wait", one.wait)) for one in self.steps]
        steps = [one.model_copy(update={"wait": wait}) for one, wait in zip(self.steps, waits, strict=True)]
        held = rota.written_hold(rota.hold(self.ack_timeout))
        return self.model_copy(update={"steps": tuple(steps), "ack_timeout": held})


def layer_entry(one: Layer, names: Mapping[ContactId, str]) -> LayerEntry:
    """Return a layer as the file has it."""
    written = rota.written_layer(one, names)
    return LayerEntry(
        members=written.members,
        starts=written.starts,
        turn=written.turn,
        ends=written.ends,
        weekdays=written.weekdays,
        hours=written.hours,
    )


def step_entry(one: Step, contacts: Mapping[ContactId, str], schedules: Mapping[ScheduleId, str]) -> StepEntry:
    """Return a step as the file has it."""
    written = rota.written_step(one, contacts, schedules)
    return StepEntry(contacts=written.contacts, on_call=written.on_call, everybody=written.everybody, wait=written.wait)


def schedule_complaints(schedules: Sequence[ScheduleEntry], contacts: Sequence[str]) -> Iterable[Complaint]:
    """Yield what is wrong with schedules."""
    known = {name: ContactId(n) for n, name in enumerate(contacts)}
    for index, one in enumerate(schedules):
        try:
            wall_clock.check_zone("zone", one.zone)
        except DutyError as error:
            yield ("schedule", index, error.field), str(error)
        for n, layer in enumerate(one.layers):
            try:
                layer.layer(known)
            except DutyError as error:
                yield ("schedule", index, "layers", n, error.field), str(error)


def policy_complaints(
    policies: Sequence[PolicyEntry], contacts: Sequence[str], schedules: Sequence[str]
) -> Iterable[Complaint]:
    """Yield what is wrong with policies."""
    people = {name: ContactId(n) for n, name in enumerate(contacts)}
    duties = {name: ScheduleId(n) for n, name in enumerate(schedules)}
    for index, one in enumerate(policies):
        if one.last_resort not in people:
            yield (
                ("policy", index, "last_resort"),
                f"there is no [[contact]] named {one.last_resort!r}; add one or correct the name",
            )
        try:
            escalation.check(one.steps, repeats=one.repeats)
            rota.hold(one.ack_timeout)
        except DutyError as error:
            yield ("policy", index, error.field), str(error)
        for n, step in enumerate(one.steps):
            try:
                step.step(people, duties)
            except DutyError as error:
                yield ("policy", index, "steps", n, error.field), str(error)
