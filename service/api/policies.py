"""Who is told of an incident, and who next while nobody acknowledges it: the escalation policies."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import Field

from alerts import rota
from alerts.errors import DutyError
from alerts.escalation import MOST_REPEATS, MOST_STEPS, MOST_TARGETS, Policy, Step
from alerts.holding import Hold
from alerts.rota import WrittenStep
from alerts.types import ContactId, PolicyId
from service.api.access import Asked, Reading, Writing
from service.api.errors import Conflict, Invalid, NotFound
from service.api.parameters import PREFIX, Id, Named, Page, Shape
from service.api.schedules import Name, Short
from service.store import contact, policy, schedule

router = APIRouter(prefix=PREFIX, tags=["on call"])
PolicyPath = Annotated[Id, Path(alias="id")]
Names = Annotated[list[Name], Field(max_length=MOST_TARGETS)]


class StepShape(Shape):
    """Who is told at once, and how long they have."""

    contacts: Names = Field(default_factory=list, description="By name.")
    on_call: Names = Field(default_factory=list, description="Schedules by name: whoever is on call then.")
    everybody: Names = Field(default_factory=list, description="Schedules by name: everybody who takes turns.")
    wait: Short = Field(description="So long may nobody acknowledge before the next step.", examples=["15m"])


class PolicyBody(Shape):
    """A policy as it should be."""

    name: Name = Field(examples=["Care first"])
    steps: list[StepShape] = Field(min_length=1, max_length=MOST_STEPS)
    repeats: int = Field(default=0, ge=0, le=MOST_REPEATS, description="How often the steps are gone through again.")
    last_resort: Name = Field(
        description="A contact, told at the end, and where nobody of a step can be reached.", examples=["Head of care"]
    )
    ack_timeout: Short = Field(
        default=rota.USUAL,
        description="So long does an acknowledgement hold while nobody does anything about its incident; then whoever "
        "has it was reminded, and the steps begin anew. 10m to 7d; usual: 30m, 2h or 4h by urgency; off: for ever.",
        examples=["2h"],
    )


class PolicyItem(Shape):
    """A policy."""

    id: int
    name: str
    steps: list[StepShape]
    repeats: int
    last_resort: Named | None = Field(description="Null: the contact was removed; everybody is told in its place.")
    ack_timeout: str = Field(description="So long does an acknowledgement hold.", examples=["usual"])
    rules: list[str] = Field(description="The rules that go by it.")


@router.get("/policies", summary="List escalation policies")
async def policies_list(asked: Reading) -> Page[PolicyItem]:
    """All in one page, by name."""
    return Page(items=await _items(asked, await policy.every(asked.conn)), next=None)


@router.get("/policies/{id}", summary="One escalation policy")
async def policy_one(asked: Reading, policy_id: PolicyPath) -> PolicyItem:
    """What the list shows, of one."""
    return await _one(asked, policy_id)


@router.post("/policies", summary="Add an escalation policy", status_code=status.HTTP_201_CREATED)
async def policy_add(asked: Writing, body: PolicyBody) -> PolicyItem:
    """Rules go by it once they name it."""
    async with asked.conn.transaction():
        if await policy.named(asked.conn, body.name) is not None:
            raise Conflict(f"There is a policy named {body.name!r} already; choose another name, or change that one.")
        return await _put(asked, body)


@router.put("/policies/{id}", summary="Change an escalation policy")
async def policy_change(asked: Writing, policy_id: PolicyPath, body: PolicyBody) -> PolicyItem:
    """The whole policy, as it should be from now on. Incidents that are open go on as it was."""
    async with asked.conn.transaction():
        await _one(asked, policy_id)
        other = await policy.named(asked.conn, body.name)
        if other is not None and other != policy_id:
            raise Conflict(f"There is another policy named {body.name!r}; choose another name.")
        await policy.rename(asked.conn, PolicyId(policy_id), body.name)
        return await _put(asked, body)


@router.delete("/policies/{id}", summary="Remove an escalation policy", status_code=status.HTTP_204_NO_CONTENT)
async def policy_remove(asked: Writing, policy_id: PolicyPath) -> None:
    """Rules that name it tell their contacts, or everybody, from now on. Incidents that are open go on by it."""
    await _one(asked, policy_id)
    await policy.remove(asked.conn, PolicyId(policy_id))


async def _put(asked: Asked, body: PolicyBody) -> PolicyItem:
    """Make the policy of the body's name be so. Raises Invalid."""
    steps, last_resort = await _steps(asked, body)
    put = await policy.put(
        asked.conn,
        name=body.name,
        steps=steps,
        repeats=body.repeats,
        last_resort=last_resort,
        hold=_hold(body),
        now=asked.now,
    )
    return await _one(asked, put)


async def _steps(asked: Asked, body: PolicyBody) -> tuple[list[Step], ContactId]:
    """Return the steps a body describes, and the last resort. Raises Invalid."""
    people = {one.name: one.id for one in await contact.every(asked.conn)}
    duties = {one.name: one.id for one in await schedule.every(asked.conn, overrides_since=asked.now)}
    if body.last_resort not in people:
        raise Invalid("last_resort", f"there is no contact named {body.last_resort!r}; GET /api/v1/contacts lists them")
    found = []
    for number, one in enumerate(body.steps):
        written = WrittenStep(
            contacts=tuple(one.contacts), on_call=tuple(one.on_call), everybody=tuple(one.everybody), wait=one.wait
        )
        try:
            found.append(rota.step(written, people, duties))
        except DutyError as error:
            raise Invalid(f"steps.{number}.{error.field}", error.said) from error
    return found, people[body.last_resort]


def _hold(body: PolicyBody) -> Hold:
    """Return how long an acknowledgement holds. Raises Invalid."""
    try:
        return rota.hold(body.ack_timeout)
    except DutyError as error:
        raise Invalid(error.field, error.said) from error


async def _one(asked: Asked, policy_id: int) -> PolicyItem:
    found = await policy.get(asked.conn, PolicyId(policy_id))
    if found is None:
        raise NotFound(f"There is no policy {policy_id}.")
    (item,) = await _items(asked, {PolicyId(policy_id): found})
    return item


async def _items(asked: Asked, found: Mapping[PolicyId, Policy]) -> list[PolicyItem]:
    people = {known.id: known.name for known in await contact.every(asked.conn)}
    duties = {known.id: known.name for known in await schedule.every(asked.conn, overrides_since=asked.now)}
    rules = await policy.rules_by(asked.conn)
    return [
        PolicyItem(
            id=policy_id,
            name=one.name,
            steps=[_step(rota.written_step(step, people, duties)) for step in one.steps],
            repeats=one.repeats,
            last_resort=None if one.last_resort is None else Named(id=one.last_resort, name=people[one.last_resort]),
            ack_timeout=rota.written_hold(one.hold),
            rules=rules.get(policy_id, []),
        )
        for policy_id, one in found.items()
    ]


def _step(written: WrittenStep) -> StepShape:
    return StepShape(
        contacts=list(written.contacts),
        on_call=list(written.on_call),
        everybody=list(written.everybody),
        wait=written.wait,
    )
