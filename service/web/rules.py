"""What to flag and whom to tell: the rules with how each does, one to change, and what it would have done."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from fastapi import APIRouter
from starlette.responses import Response

from alerts import registry
from alerts.errors import RuleError
from alerts.types import BrandId, Contact, ContactId, PolicyId, Rule, RuleId, RuleKind, RuleMode, Severity, Urgency
from service.store import brand, contact, mention, policy, rule
from service.store.preview import Preview, preview
from service.store.search import storable
from service.web import mention_view, render, rule_words, wording
from service.web.mention_query import number
from service.web.visit import Missing, PageRoute, SignedIn, Visit, Writing, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)

T = TypeVar("T")
_TRIED = timedelta(days=7)
_EXAMPLES_SHOWN = 10
_MOST_NAME, _MOST_VALUE = 200, 5000


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A rule as its form holds it."""

    #: None: it is not stored yet.
    id: RuleId | None = None
    kind: RuleKind
    name: str = ""
    brand_id: BrandId | None = None
    mode: RuleMode = RuleMode.ACTIVE
    urgency: Urgency = Urgency.HIGH
    severity: Severity = Severity.MAJOR
    group_by: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    contacts: frozenset[ContactId] = frozenset()
    policy_id: PolicyId | None = None


@router.get("/rules")
async def listed(visit: SignedIn) -> Response:
    """Return the rules, each with how it does."""
    found = await rule.every(visit.conn)
    return visit.page(
        "rules.html",
        here="rules",
        rules=found,
        records=await rule.records(visit.conn, now=visit.reader.now),
        kinds=rule_words.kinds(visit.reader),
        modes=rule_words.modes(visit.reader),
        brands={one.id: one.name for one in await brand.every(visit.conn)},
        urgencies={one: wording.urgency(one, visit.reader) for one in Urgency},
        notice=_notice(visit),
    )


@router.get("/rules/new")
async def fresh(visit: Writing) -> Response:
    """Return the form of a rule of a kind that is not there yet. Raises Missing."""
    return await _form(visit, Draft(kind=_kind(visit.request.query_params.get("kind", ""))))


@router.get("/rules/{rule_id}")
async def one(visit: SignedIn, rule_id: str) -> Response:
    """Return the form of a rule. Raises Missing."""
    stored = await _stored(visit, rule_id)
    draft = Draft(
        id=stored.id,
        kind=stored.kind,
        name=stored.name,
        brand_id=stored.brand_id,
        mode=stored.mode,
        urgency=stored.urgency,
        severity=stored.severity,
        group_by=stored.group_by,
        settings={key: _written(value) for key, value in stored.settings.items()},
        contacts=frozenset(await contact.tied(visit.conn, stored.id)),
        policy_id=stored.policy_id,
    )
    return await _form(visit, draft)


@router.post("/rules/new")
async def add(visit: Writing) -> Response:
    """Try or store a new rule. Raises Missing."""
    return await _act(visit, None)


@router.post("/rules/{rule_id}")
async def change(visit: Writing, rule_id: str) -> Response:
    """Try, change or remove a rule. Raises Missing."""
    return await _act(visit, (await _stored(visit, rule_id)).id)


async def _act(visit: Visit, rule_id: RuleId | None) -> Response:
    form = await visit.form()
    if form.get("do") == "remove" and rule_id is not None:
        await rule.remove(visit.conn, rule_id)
        return render.moved("/rules?came=removed")
    draft = _draft(form, rule_id)
    try:
        wanted = _rule(draft)
        if form.get("do") == "try":
            now = visit.reader.now
            tried = await preview(visit.conn, wanted, since=now - _TRIED, until=now, zone=visit.reader.zone)
            return await _form(visit, draft, tried=tried)
        await _check_name(visit, draft)
    except RuleError as error:
        return await _form(visit, draft, mistake=error)
    async with visit.conn.transaction():
        if wanted.policy_id not in await policy.every(visit.conn):
            # None chosen, or one that somebody removed meanwhile.
            wanted = replace(wanted, policy_id=None)
        await _store(visit, wanted, draft)
    return render.moved("/rules?came=saved")


def _draft(form: Mapping[str, str], rule_id: RuleId | None) -> Draft:
    """Return what a form holds; what it cannot hold is as if not chosen. Raises Missing for an unknown kind."""
    kind = _kind(form.get("kind", ""))
    given = {
        one.key: storable(form.get(f"setting-{one.key}", "")).strip()[:_MOST_VALUE]
        for one in registry.settings_of(kind)
    }
    brand_id, policy_id = number(form.get("brand")), number(form.get("policy"))
    return Draft(
        id=rule_id,
        kind=kind,
        name=" ".join(storable(form.get("name", "")).split())[:_MOST_NAME],
        brand_id=None if brand_id is None else BrandId(brand_id),
        mode=_chosen(RuleMode, form.get("mode"), RuleMode.ACTIVE),
        urgency=_chosen(Urgency, form.get("urgency"), Urgency.HIGH),
        severity=_chosen(Severity, form.get("severity"), Severity.MAJOR),
        group_by=form.get("group_by", ""),
        settings={key: value for key, value in given.items() if value},
        policy_id=None if policy_id is None else PolicyId(policy_id),
        contacts=frozenset(
            ContactId(known)
            for key in form
            if key.startswith("contact-") and (known := number(key.removeprefix("contact-"))) is not None
        ),
    )


def _chosen(kinds: type[T], given: str | None, otherwise: T) -> T:
    return next((one for one in list(kinds) if one == given), otherwise)  # type: ignore[call-overload]  # always an enum


def _rule(draft: Draft) -> Rule:
    """Return the rule a draft describes. Raises RuleError."""
    registry.check_settings(draft.kind, draft.settings)
    groups = registry.KINDS[draft.kind].groups
    return Rule(
        id=draft.id or RuleId(0),
        brand_id=draft.brand_id,
        kind=draft.kind,
        name=draft.name,
        settings=draft.settings,
        mode=draft.mode,
        urgency=draft.urgency,
        severity=draft.severity,
        group_by=next((one for one in groups if one == draft.group_by), groups[0]),
        policy_id=draft.policy_id,
    )


async def _check_name(visit: Visit, draft: Draft) -> None:
    """Raise RuleError for a name that cannot be."""
    _ = visit.reader.words.gettext
    if not draft.name:
        raise RuleError("name", _("Give the rule a name."))
    other = await rule.named(visit.conn, draft.name)
    if other is not None and other != draft.id:
        raise RuleError("name", _("Another rule has this name already."))


async def _store(visit: Visit, wanted: Rule, draft: Draft) -> None:
    if draft.id is None:
        rule_id = await rule.put(
            visit.conn,
            brand_id=wanted.brand_id,
            kind=wanted.kind,
            name=wanted.name,
            settings=wanted.settings,
            mode=wanted.mode,
            urgency=wanted.urgency,
            severity=wanted.severity,
            group_by=wanted.group_by,
            policy_id=wanted.policy_id,
            now=visit.reader.now,
        )
    else:
        rule_id = draft.id
        await rule.change(visit.conn, wanted)
    known = {one.id for one in await contact.every(visit.conn)}
    # By a policy, it is the policy's people who are told.
    chosen = frozenset[ContactId]() if wanted.policy_id else draft.contacts & known
    await contact.tie(visit.conn, rule_id, sorted(chosen))


async def _form(
    visit: Visit, draft: Draft, *, tried: Preview | None = None, mistake: RuleError | None = None
) -> Response:
    reader = visit.reader
    kind = registry.KINDS[draft.kind]
    labels, groups = rule_words.settings(reader), rule_words.groups(reader)
    contacts: list[Contact] = await contact.every(visit.conn)
    return visit.page(
        "rule.html",
        here="rules",
        draft=draft,
        kind=rule_words.kinds(reader)[draft.kind],
        settings=[(one, labels[one.key]) for one in registry.settings_of(draft.kind)],
        setting_choices=rule_words.choices(reader),
        modes=rule_words.modes(reader),
        urgencies={one: wording.urgency(one, reader) for one in Urgency},
        severities={one: wording.severity(one, reader) for one in Severity},
        groups={one: groups[one] for one in kind.groups},
        brands=await brand.every(visit.conn),
        contacts=contacts,
        policies={key: one.name for key, one in (await policy.every(visit.conn)).items()},
        mistake=mistake,
        mistaken=labels.get(mistake.field, "") if mistake else "",
        tried=tried,
        examples=await _examples(visit, tried) if tried else [],
    )


async def _examples(visit: Visit, tried: Preview) -> list[tuple[mention_view.MentionView, str]]:
    """Return the mentions that would have raised alerts, each with why."""
    found = tried.examples[:_EXAMPLES_SHOWN]
    shown = {one.id: one for one in await mention.of_ids(visit.conn, [one.mention.id for one in found])}
    return [
        (
            mention_view.view(shown[one.mention.id], visit.reader),
            wording.reason(one.alert.reason, visit.reader),
        )
        for one in found
        if one.mention.id in shown
    ]


def _kind(given: str) -> RuleKind:
    """Return a kind of rule. Raises Missing."""
    try:
        return RuleKind(given)
    except ValueError:
        raise Missing from None


async def _stored(visit: Visit, rule_id: str) -> Rule:
    """Return the rule an address gives. Raises Missing."""
    return or_missing(await rule.get(visit.conn, RuleId(or_missing(number(rule_id)))))


def _written(value: float | str) -> str:
    """Return a setting as it is typed."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _notice(visit: Visit) -> str:
    _ = visit.reader.words.gettext
    return visit.became({"saved": _("The rule is stored."), "removed": _("The rule is removed.")})
