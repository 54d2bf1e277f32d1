"""What would have to change for the store to equal a configuration, and making it so: all or nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from alerts import registry as rules
from alerts import rota
from alerts.escalation import Policy
from alerts.oncall import Schedule, ScheduleId
from alerts.types import BrandId, Contact, ContactId, PolicyId, Rule, RuleId, SourceId, Urgency
from collectors.types import SourceKind
from service.configuration.duties import PolicyEntry, ScheduleEntry, layer_entry, step_entry
from service.configuration.read import BrandEntry, Configuration, ContactEntry, RuleEntry, SourceEntry
from service.store import brand, contact, policy, rule, schedule, source
from service.store.pool import Connection

T = TypeVar("T")


class Action(StrEnum):
    """What happens to one thing."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One line of a plan."""

    action: Action
    noun: str
    #: A source's is "brand: name"; a shared one's begins with the colon.
    name: str
    #: Mentions that go with it.
    mentions: int = 0

    def __str__(self) -> str:
        loss = f" with its {self.mentions} mentions" if self.mentions else ""
        return f"{self.action} {self.noun} {self.name.removeprefix(': ')}{loss}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Current:
    """What the store has. The demo's things and imports are not the file's business."""

    configuration: Configuration
    brands: Mapping[str, BrandId]
    sources: Mapping[str, SourceId]
    contacts: Mapping[str, ContactId]
    schedules: Mapping[str, ScheduleId]
    policies: Mapping[str, PolicyId]
    rules: Mapping[str, RuleId]
    mentions: Mapping[str, int]
    #: Brands that files were imported about: such a brand stays though no file names it.
    imported: frozenset[str]


async def current(conn: Connection, *, now: datetime) -> Current:
    """Return what the store has, in the file's terms."""
    brands = [one for one in await brand.every(conn) if not one.demo]
    names = {one.id: one.name for one in brands}
    everything = [one for one in await source.health(conn, now=now) if one.brand_id is None or one.brand_id in names]
    sources = [one for one in everything if one.kind != SourceKind.IMPORT]
    contacts = await contact.every(conn, demo=False)
    rules = [one for one in await rule.every(conn) if one.brand_id is None or one.brand_id in names]
    people = {one.id: one.name for one in contacts}
    schedules = {one.id: one for one in await schedule.every(conn, overrides_since=now)}
    policies = await policy.every(conn)
    routes = {policy_id: one.name for policy_id, one in policies.items()}
    duties = {one.id: one.name for one in schedules.values()}
    entries = Configuration(
        brand=tuple(BrandEntry.model_validate(asdict(one.terms)) for one in brands),
        source=tuple(_source_entry(one) for one in sources),
        contact=tuple(_contact_entry(one) for one in contacts),
        schedule=tuple(_schedule_entry(one, people) for one in schedules.values()),
        policy=tuple(_policy_entry(one, people, duties) for one in policies.values()),
        rule=tuple([await _rule_entry(conn, one, names, contacts=people, routes=routes) for one in rules]),
    )
    return Current(
        configuration=entries,
        brands={one.name: one.id for one in brands},
        sources={f"{one.brand or ''}: {one.name}": one.id for one in sources},
        contacts={one.name: one.id for one in contacts},
        schedules={one.name: one.id for one in schedules.values()},
        policies={one.name: policy_id for policy_id, one in policies.items()},
        rules={one.name: one.id for one in rules},
        mentions=await brand.mention_counts(conn),
        imported=frozenset(one.brand for one in everything if one.brand and one.kind == SourceKind.IMPORT),
    )


def _source_entry(one: source.SourceHealth) -> SourceEntry:
    return SourceEntry(
        brand=one.brand,
        name=one.name,
        kind=SourceKind(one.kind),
        interval=one.interval,
        allow_private=one.allow_private,
        enabled=one.enabled,
        match=one.match,
        settings=dict(one.settings),
    )


def _contact_entry(one: Contact) -> ContactEntry:
    quiet = one.quiet
    return ContactEntry.model_validate(
        {
            "name": one.name,
            "email": one.email,
            "language": one.language,
            "enabled": one.enabled,
            "zone": one.zone,
            "quiet_from": None if quiet is None else quiet.starts.strftime("%H:%M"),
            "quiet_to": None if quiet is None else quiet.ends.strftime("%H:%M"),
            "quiet_for": () if quiet is None else _in_order(quiet.urgencies),
            "digest": sorted(one.digest.kinds),
            "digest_at": one.digest.at.strftime("%H:%M"),
            "digest_always": one.digest.always,
        }
    )


def _in_order(urgencies: Collection[Urgency]) -> tuple[Urgency, ...]:
    return tuple(urgency for urgency in Urgency if urgency in urgencies)


def _schedule_entry(one: Schedule, people: Mapping[ContactId, str]) -> ScheduleEntry:
    layers = tuple(layer_entry(layer, people) for layer in one.layers)
    return ScheduleEntry(name=one.name, zone=one.zone, layers=layers)


def _policy_entry(one: Policy, people: Mapping[ContactId, str], duties: Mapping[ScheduleId, str]) -> PolicyEntry:
    # One whose last resort was removed is not what any file can say, and differs from each.
    last_resort = people.get(one.last_resort, "?") if one.last_resort else "?"
    steps = tuple(step_entry(step, people, duties) for step in one.steps)
    return PolicyEntry(
        name=one.name,
        steps=steps,
        repeats=one.repeats,
        last_resort=last_resort,
        ack_timeout=rota.written_hold(one.hold),
    )


async def _rule_entry(
    conn: Connection,
    one: Rule,
    brands: Mapping[BrandId, str],
    *,
    contacts: Mapping[ContactId, str],
    routes: Mapping[PolicyId, str],
) -> RuleEntry:
    tied = await contact.tied(conn, one.id)
    return RuleEntry(
        name=one.name,
        kind=one.kind,
        brand=None if one.brand_id is None else brands[one.brand_id],
        mode=one.mode,
        urgency=one.urgency,
        severity=one.severity,
        group_by=None if one.group_by is rules.check_group(one.kind, None) else one.group_by,
        contacts=tuple(sorted(contacts[contact_id] for contact_id in tied if contact_id in contacts)),
        policy=None if one.policy_id is None else routes[one.policy_id],
        settings=dict(one.settings),
    )


def _named(wanted: Configuration) -> dict[str, dict[str, object]]:
    """Return every entry by noun and name; what a rule leaves open is filled in, for comparing."""
    return {
        "brand": {one.name: one for one in wanted.brand},
        "contact": {one.name: _contact_filled_in(one) for one in wanted.contact},
        "schedule": {one.name: one.filled_in() for one in wanted.schedule},
        "policy": {one.name: one.filled_in() for one in wanted.policy},
        "source": {f"{one.brand or ''}: {one.name}": one for one in wanted.source},
        "rule": {one.name: _filled_in(one) for one in wanted.rule},
    }


def _contact_filled_in(one: ContactEntry) -> ContactEntry:
    quiet, wish = one.quiet, one.wish
    told = {"digest": tuple(sorted(wish.kinds)), "digest_at": wish.at.strftime("%H:%M")}
    if quiet is None:
        return one.model_copy(update={**told, "quiet_for": ()})
    return one.model_copy(
        update={
            **told,
            "quiet_from": quiet.starts.strftime("%H:%M"),
            "quiet_to": quiet.ends.strftime("%H:%M"),
            "quiet_for": _in_order(quiet.urgencies),
        }
    )


def _filled_in(one: RuleEntry) -> RuleEntry:
    contacts = tuple(sorted(set(one.contacts)))
    return one.model_copy(update={"contacts": contacts, "group_by": rules.check_group(one.kind, one.group_by)})


def plan(now: Current, wanted: Configuration) -> list[Change]:
    """Return what would change, additions first. Pure."""
    have, want = _named(now.configuration), _named(wanted)
    changes: list[Change] = []
    for noun, entries in want.items():
        for name, entry in entries.items():
            if name not in have[noun]:
                changes.append(Change(action=Action.ADD, noun=noun, name=name))
            elif have[noun][name] != entry:
                changes.append(Change(action=Action.CHANGE, noun=noun, name=name))
    for noun in reversed(want):
        for name in have[noun]:
            if name not in want[noun] and not (noun == "brand" and name in now.imported):
                mentions = now.mentions.get(name, 0)
                changes.append(Change(action=Action.REMOVE, noun=noun, name=name, mentions=mentions))
    return changes


async def apply(
    conn: Connection, before: Current, wanted: Configuration, changes: Sequence[Change], *, now: datetime
) -> None:
    """Make the store equal the configuration. In the caller's transaction."""
    for change in changes:
        if change.action is Action.REMOVE:
            await _remove(conn, before, change)
    brands = {one.name: await brand.put(conn, one.terms, now=now) for one in wanted.brand}
    for one in wanted.source:
        await source.put(
            conn,
            brand_id=None if one.brand is None else brands[one.brand],
            kind=one.kind,
            name=one.name,
            settings=one.settings,
            interval=one.interval,
            allow_private=one.allow_private,
            enabled=one.enabled,
            match=one.match,
            now=now,
        )
    contacts = {
        person.name: await contact.put(
            conn,
            name=person.name,
            email=person.email,
            language=person.language,
            enabled=person.enabled,
            zone=person.zone,
            quiet=person.quiet,
            digest=person.wish,
            now=now,
        )
        for person in wanted.contact
    }
    schedules = await _put_schedules(conn, wanted, contacts, now=now)
    policies = await _put_policies(conn, wanted, contacts, schedules, now=now)
    for entry in wanted.rule:
        rule_id = await rule.put(
            conn,
            brand_id=None if entry.brand is None else brands[entry.brand],
            kind=entry.kind,
            name=entry.name,
            settings=entry.settings,
            mode=entry.mode,
            urgency=entry.urgency,
            severity=entry.severity,
            group_by=rules.check_group(entry.kind, entry.group_by),
            policy_id=None if entry.policy is None else policies[entry.policy],
            now=now,
        )
        await contact.tie(conn, rule_id, [contacts[name] for name in entry.contacts])


async def _put_schedules(
    conn: Connection, wanted: Configuration, contacts: Mapping[str, ContactId], *, now: datetime
) -> dict[str, ScheduleId]:
    return {
        one.name: await schedule.put(
            conn, name=one.name, zone=one.zone, layers=[layer.layer(contacts) for layer in one.layers], now=now
        )
        for one in wanted.schedule
    }


async def _put_policies(
    conn: Connection,
    wanted: Configuration,
    contacts: Mapping[str, ContactId],
    schedules: Mapping[str, ScheduleId],
    *,
    now: datetime,
) -> dict[str, PolicyId]:
    return {
        one.name: await policy.put(
            conn,
            name=one.name,
            steps=[step.step(contacts, schedules) for step in one.steps],
            repeats=one.repeats,
            last_resort=contacts[one.last_resort],
            hold=rota.hold(one.ack_timeout),
            now=now,
        )
        for one in wanted.policy
    }


async def _remove(conn: Connection, before: Current, change: Change) -> None:
    match change.noun:
        case "brand":
            await brand.remove(conn, before.brands[change.name])
        case "source":
            await source.remove(conn, before.sources[change.name])
        case "contact":
            await contact.remove(conn, before.contacts[change.name])
        case "schedule":
            await schedule.remove(conn, before.schedules[change.name])
        case "policy":
            await policy.remove(conn, before.policies[change.name])
        case "rule":
            await rule.remove(conn, before.rules[change.name])
