"""What to flag and whom to tell: the rules, how each does, and what one would have done."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, status
from pydantic import Field

from alerts import registry
from alerts.errors import RuleError
from alerts.types import (
    BrandId,
    Contact,
    ContactId,
    GroupBy,
    PolicyId,
    Rule,
    RuleId,
    RuleKind,
    RuleMode,
    Severity,
    Urgency,
)
from service.api.access import Asked, Reading, Writing
from service.api.errors import Conflict, Invalid, NotFound
from service.api.incidents import ReasonShape
from service.api.mention_shapes import MentionItem
from service.api.parameters import PREFIX, Id, Named, Page, Shape, Words, Zone, brand_of
from service.store import brand, contact, mention, policy, rule
from service.store.past import Found
from service.store.pool import Connection
from service.store.preview import MOST_MENTIONS, preview
from service.store.rule import Record

router = APIRouter(prefix=PREFIX, tags=["rules"])
RulePath = Annotated[Id, Path(alias="id")]
Name = Annotated[Words, Field(min_length=1, max_length=200)]
Settings = Annotated[
    Mapping[Annotated[Words, Field(max_length=100)], float | Annotated[Words, Field(max_length=5000)]],
    Field(description="GET /rules/kinds says which.", examples=[{"threshold": 0.8}], max_length=50),
]


class RuleBody(Shape):
    """A rule as it should be."""

    name: Name = Field(examples=["Angry mentions"])
    kind: RuleKind
    brand: Annotated[Words, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="A brand's id or exact name; null: every brand."
    )
    mode: RuleMode = Field(
        default=RuleMode.ACTIVE, description="`monitor` records what would have fired and tells nobody."
    )
    urgency: Urgency = Urgency.URGENT
    severity: Severity = Severity.MAJOR
    group_by: GroupBy | None = Field(
        default=None, description="What makes alerts one incident, within a brand; null: the kind's own way."
    )
    contacts: list[Name] = Field(
        default_factory=list, max_length=200, description="Whom to tell, by exact name; none: everybody."
    )
    policy: Name | None = Field(
        default=None, description="An escalation policy by name, in place of contacts: who is told, and who next."
    )
    settings: Settings = Field(default_factory=dict)


class RecordShape(Shape):
    """How a rule does."""

    alerts: int = Field(description="Of the last seven days.")
    incidents: int = Field(description="Of the last seven days.")
    open: int = Field(description="Incidents that are open now.")
    judged: int = Field(description="Incidents that a person resolved, duplicates aside.")
    right: int = Field(description="Those of them that were worth telling: no false positive and no spam.")
    precision: float | None = Field(description="right / judged; null: nobody resolved any.")


class RuleItem(Shape):
    """A rule, and how it does."""

    id: int
    name: str
    kind: RuleKind
    brand: Named | None = Field(description="Null: every brand.")
    mode: RuleMode
    urgency: Urgency
    severity: Severity
    group_by: GroupBy
    contacts: list[Named] = Field(description="None, and no policy: everybody is told.")
    policy: Named | None
    settings: Mapping[str, float | str]
    record: RecordShape


class SettingShape(Shape):
    """One setting of a kind of rule."""

    key: str
    description: str
    example: str
    choices: list[str]


class KindShape(Shape):
    """A kind of rule."""

    kind: RuleKind
    looks_at: str = Field(description="`mentions`: each one, as it is judged; else spans of time.")
    group_by: list[GroupBy] = Field(description="What it can group by, its own way first.")
    settings: list[SettingShape]


class PreviewBody(RuleBody):
    """A rule that need not exist, and how far back to try it."""

    name: Name = "preview"
    days: int = Field(default=7, ge=1, le=31)
    tz: Zone = "UTC"


class DayShape(Shape):
    """One day of a preview."""

    day: date
    alerts: int
    incidents: int


class ExampleShape(Shape):
    """An alert that would have been raised."""

    mention: MentionItem
    reason: ReasonShape
    group_key: str


class PreviewAnswer(Shape):
    """What a rule would have done."""

    since: datetime = Field(description=f"Later than asked where there were more than {MOST_MENTIONS} mentions.")
    until: datetime
    checked: int = Field(description="Mentions, or spans of time, that were looked at.")
    alerts: int
    alerts_per_day: float
    incidents: int
    days: list[DayShape]
    examples: list[ExampleShape] = Field(description="The last twenty, the newest first.")


@router.get("/rules", summary="List rules with how each does")
async def rules_list(asked: Reading) -> Page[RuleItem]:
    """All in one page, by name."""
    return Page(items=await _items(asked, await rule.every(asked.conn)), next=None)


@router.get("/rules/kinds", summary="The kinds of rule and the settings each takes")
async def rule_kinds(asked: Reading) -> list[KindShape]:
    """What a form shows."""
    return [
        KindShape(
            kind=kind,
            looks_at=known.reads,
            group_by=list(known.groups),
            settings=[
                SettingShape(key=one.key, description=one.description, example=one.example, choices=list(one.choices))
                for one in registry.settings_of(kind)
            ],
        )
        for kind, known in registry.KINDS.items()
    ]


@router.post("/rules/preview", summary="What a rule would have done")
async def rule_preview(asked: Reading, body: PreviewBody) -> PreviewAnswer:
    """Checks the rule against the past; stores nothing and tells nobody."""
    tried = await _rule(asked.conn, body, RuleId(0))
    since = asked.now - timedelta(days=body.days)
    found = await preview(asked.conn, tried, since=since, until=asked.now, zone=ZoneInfo(body.tz))
    shown = await mention.of_ids(asked.conn, [one.mention.id for one in found.examples])
    items = {one.id: MentionItem.of(one) for one in shown}
    return PreviewAnswer(
        since=found.since,
        until=found.until,
        checked=found.checked,
        alerts=found.alerts,
        alerts_per_day=found.alerts_a_day,
        incidents=found.incidents,
        days=[DayShape(day=one.day, alerts=one.alerts, incidents=one.incidents) for one in found.days],
        examples=[_example(one, items[one.mention.id]) for one in found.examples if one.mention.id in items],
    )


def _example(found: Found, shown: MentionItem) -> ExampleShape:
    reason = found.alert.reason
    return ExampleShape(
        mention=shown,
        reason=ReasonShape(code=reason.code, values=reason.values),
        group_key=found.alert.group_key.removeprefix("0|"),
    )


@router.get("/rules/{id}", summary="One rule with how it does")
async def rule_one(asked: Reading, rule_id: RulePath) -> RuleItem:
    """What the list shows, of one."""
    return await _one(asked, rule_id)


@router.post("/rules", summary="Add a rule", status_code=status.HTTP_201_CREATED)
async def rule_add(asked: Writing, body: RuleBody) -> RuleItem:
    """It is checked from the next mention on."""
    made = await _rule(asked.conn, body, RuleId(0))
    told = await _contacts(asked.conn, body)
    async with asked.conn.transaction():
        if await rule.named(asked.conn, body.name) is not None:
            raise Conflict(f"There is a rule named {body.name!r} already; choose another name, or change that one.")
        rule_id = await rule.put(
            asked.conn,
            brand_id=made.brand_id,
            kind=made.kind,
            name=made.name,
            settings=made.settings,
            mode=made.mode,
            urgency=made.urgency,
            severity=made.severity,
            group_by=made.group_by,
            policy_id=made.policy_id,
            now=asked.now,
        )
        await contact.tie(asked.conn, rule_id, told)
    return await _one(asked, rule_id)


@router.put("/rules/{id}", summary="Change a rule")
async def rule_change(asked: Writing, rule_id: RulePath, body: RuleBody) -> RuleItem:
    """The whole rule, as it should be from now on. Open incidents stay as they are."""
    wanted = await _rule(asked.conn, body, RuleId(rule_id))
    told = await _contacts(asked.conn, body)
    async with asked.conn.transaction():
        other = await rule.named(asked.conn, body.name)
        if other is not None and other != rule_id:
            raise Conflict(f"There is another rule named {body.name!r}; choose another name.")
        if not await rule.change(asked.conn, wanted):
            raise _missing(rule_id)
        await contact.tie(asked.conn, RuleId(rule_id), told)
    return await _one(asked, rule_id)


@router.delete("/rules/{id}", summary="Remove a rule", status_code=status.HTTP_204_NO_CONTENT)
async def rule_remove(asked: Writing, rule_id: RulePath) -> None:
    """With its alerts and incidents. To keep those, set its mode to `off`."""
    if await rule.get(asked.conn, RuleId(rule_id)) is None:
        raise _missing(rule_id)
    await rule.remove(asked.conn, RuleId(rule_id))


def _missing(rule_id: int) -> NotFound:
    return NotFound(f"There is no rule {rule_id}.")


async def _rule(conn: Connection, body: RuleBody, rule_id: RuleId) -> Rule:
    """Return the rule a body describes. Raises Invalid."""
    try:
        registry.check_settings(body.kind, body.settings)
    except RuleError as error:
        raise Invalid(f"settings.{error.field}", error.said) from error
    try:
        group_by = registry.check_group(body.kind, body.group_by)
    except RuleError as error:
        raise Invalid(error.field, error.said) from error
    return Rule(
        id=rule_id,
        brand_id=await brand_of(conn, body.brand),
        kind=body.kind,
        name=body.name,
        settings=body.settings,
        mode=body.mode,
        urgency=body.urgency,
        severity=body.severity,
        group_by=group_by,
        policy_id=await _policy_of(conn, body),
    )


async def _policy_of(conn: Connection, body: RuleBody) -> PolicyId | None:
    """Return the policy a body names. Raises Invalid."""
    if body.policy is None:
        return None
    if body.contacts:
        raise Invalid("policy", "a rule goes by a policy or tells contacts; leave one of the two away")
    found = await policy.named(conn, body.policy)
    if found is None:
        raise Invalid("policy", f"there is no policy named {body.policy!r}; GET /api/v1/policies lists them")
    return found


async def _contacts(conn: Connection, body: RuleBody) -> list[ContactId]:
    """Return the contacts a body names. Raises Invalid."""
    known = {one.name: one.id for one in await contact.every(conn)}
    for name in body.contacts:
        if name not in known:
            raise Invalid("contacts", f"there is no contact named {name!r}; known are {', '.join(known) or 'none'}")
    return [known[name] for name in body.contacts]


async def _one(asked: Asked, rule_id: int) -> RuleItem:
    found = await rule.get(asked.conn, RuleId(rule_id))
    if found is None:
        raise _missing(rule_id)
    (item,) = await _items(asked, [found])
    return item


async def _items(asked: Asked, found: list[Rule]) -> list[RuleItem]:
    """Return rules as they are shown."""
    conn = asked.conn
    brands = {one.id: one.name for one in await brand.every(conn)}
    contacts = {one.id: one for one in await contact.every(conn)}
    records = await rule.records(conn, now=asked.now)
    policies = {key: Named(id=key, name=one.name) for key, one in (await policy.every(conn)).items()}
    return [
        _item(
            one,
            brands,
            [contacts[known] for known in await contact.tied(conn, one.id)],
            records[one.id],
            route=None if one.policy_id is None else policies[one.policy_id],
        )
        for one in found
    ]


def _item(
    one: Rule, brands: Mapping[BrandId, str], contacts: list[Contact], record: Record, *, route: Named | None
) -> RuleItem:
    return RuleItem(
        id=one.id,
        name=one.name,
        kind=one.kind,
        brand=None if one.brand_id is None else Named(id=one.brand_id, name=brands[one.brand_id]),
        mode=one.mode,
        urgency=one.urgency,
        severity=one.severity,
        group_by=one.group_by,
        contacts=[Named(id=known.id, name=known.name) for known in contacts],
        policy=route,
        settings=one.settings,
        record=RecordShape(
            alerts=record.alerts,
            incidents=record.incidents,
            open=record.open,
            judged=record.judged,
            right=record.right,
            precision=record.precision,
        ),
    )
