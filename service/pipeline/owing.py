"""Puts into the outbox what open incidents owe, within what one contact can bear.

incidents | not those kept quiet | what each owes each contact | e-mails of their own, or a list: of many, or of what
the contact's quiet hours held back | outbox
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from alerts import escalation, incidents, quiet, storm
from alerts.escalation import Called
from alerts.incidents import Outcome, Transition
from alerts.silence import Suppression, suppression
from alerts.types import (
    AlertId,
    Contact,
    ContactId,
    Incident,
    IncidentEvent,
    IncidentEventKind,
    IncidentId,
    IncidentStatus,
    NotificationId,
    Owed,
    Purpose,
)
from service.pipeline.apart import apart
from service.store import alert, contact, events, incident, notification, policy, schedule, silence
from service.store.events import EventKind
from service.store.notification import Recent
from service.store.pool import Connection


async def owe(conn: Connection, current: Sequence[Incident], *, now: datetime) -> int:
    """Put what is owed about incidents into the outbox; return how much that was.

    Locks the contacts, so that it must come after every other lock of the transaction."""
    triggered = [one for one in current if one.status is IncidentStatus.TRIGGERED]
    waiting = await not_kept_quiet(conn, triggered, now=now)
    turns = await _turns(conn, waiting)
    concerned = {one.contact_id for one in await _owed(conn, waiting, turns, now)}
    if not concerned:
        return 0
    await notification.lock_contacts(conn, list(concerned))
    # Read again: another worker may have owed the same a moment ago.
    owed = sorted(await _owed(conn, waiting, turns, now), key=_contact_id)
    first = await alert.first_of(conn, [one.incident_id for one in owed])
    known = {one.id: one for one in waiting}
    recent = await notification.recent(conn, list(concerned), since=now - storm.HOUR)
    people = {one.id: one for turn in turns.values() for one in (*turn.called.contacts, *turn.earlier)}
    due = await _put_off(conn, owed, now=now)
    made: list[NotificationId] = []
    for contact_id, group in groupby((one for one in owed if one.incident_id in first), key=_contact_id):
        async with apart(conn, "what a contact is owed cannot be put into the outbox", contact=contact_id):
            made += await _owe_contact(
                conn, list(group), recent[contact_id], known, first, due=due, told=people[contact_id], now=now
            )
    await events.tell(conn, EventKind.NOTIFICATION, made)
    return len(made)


async def not_kept_quiet(conn: Connection, triggered: Sequence[Incident], *, now: datetime) -> list[Incident]:
    """Return the incidents that may be told of; note on the timeline of the others what keeps them quiet, once."""
    ids = [one.id for one in triggered]
    silences = await silence.every(conn, since=now)
    sources = await silence.sources_of(conn, ids) if any(one.source_id is not None for one in silences) else {}
    told_by = await silence.told_by(conn, ids)
    waiting = []
    for one in triggered:
        kept = suppression(one, silences, sources=sources.get(one.id, ()), told_by=told_by.get(one.id), now=now)
        if kept is None:
            waiting.append(one)
        else:
            detail = _named(kept)
            event = IncidentEvent(kind=IncidentEventKind.SUPPRESSED, at=now, detail=detail)
            await incident.note_once(conn, one.id, event)
    return waiting


def _named(kept: Suppression) -> dict[str, str | int]:
    """Return what keeps an incident quiet, for its timeline."""
    if kept.silence is not None:
        return {"by": f"{kept.silence.reason} ({kept.silence.author})", "silence": kept.silence.id}
    return {"by": f"#{kept.incident_id}", "incident": kept.incident_id or 0}


def _contact_id(owed: Owed) -> ContactId:
    return owed.contact_id


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turn:
    """Who is to be told of an incident."""

    called: Called
    #: Who hears of more, if they were told before.
    earlier: Sequence[Contact] = ()


async def _turns(conn: Connection, waiting: Sequence[Incident]) -> dict[IncidentId, _Turn]:
    """Return whose turn it is: by the incident's policy, else everybody whom its rule tells."""
    plain = [one for one in waiting if one.policy_version_id is None]
    contacts = await contact.of_rules(conn, list({one.rule_id for one in plain}))
    turns = {one.id: _Turn(called=Called(contacts=tuple(contacts[one.rule_id]))) for one in plain}
    escalating = [(one, one.policy_version_id) for one in waiting if one.policy_version_id is not None]
    if not escalating:
        return turns
    everybody = {one.id: one for one in await contact.every(conn)}
    since = min(one.level_at for one, _ in escalating)
    schedules = {one.id: one for one in await schedule.every(conn, overrides_since=since)}
    policies = await policy.versions(conn, [version_id for _, version_id in escalating])
    for one, version_id in escalating:
        called = escalation.called(policies[version_id], one, contacts=everybody, schedules=schedules)
        turns[one.id] = _Turn(called=called, earlier=tuple(everybody.values()))
    return turns


async def _owed(
    conn: Connection, waiting: Sequence[Incident], turns: Mapping[IncidentId, _Turn], now: datetime
) -> list[Owed]:
    told = await notification.told(conn, [one.id for one in waiting])

    def every() -> Iterator[Owed]:
        for one in waiting:
            turn = turns[one.id]
            yield from incidents.owed(
                one,
                turn.called.contacts,
                told[one.id],
                now,
                earlier=turn.earlier,
                last_resort=turn.called.last_resort,
            )

    return list(every())


async def escalate_due(conn: Connection, *, now: datetime) -> None:
    """Take the next step of incidents that nobody acknowledged in time, each decided anew under its lock: no step is
    taken twice, or after an acknowledgement. Must come before `owe`, which locks contacts."""
    open_ones = await incident.with_policy(conn)
    policies = await policy.versions(conn, [one.policy_version_id for one in open_ones if one.policy_version_id])
    told = await notification.told(conn, [one.id for one in open_ones])

    def step(one: Incident) -> Transition:
        by = policies.get(one.policy_version_id) if one.policy_version_id is not None else None
        if by is None:
            return Transition(outcome=Outcome.UNCHANGED, incident=one)
        return escalation.escalate(one, by, told[one.id], now=now)

    for one in open_ones:
        async with apart(conn, "an incident cannot come to its next step", incident=one.id):
            if step(one).changed:
                await incident.act(conn, one.id, step)


async def _put_off(conn: Connection, owed: Sequence[Owed], *, now: datetime) -> dict[IncidentId, datetime]:
    """Return when the first word about incidents that begin in a burst may leave."""
    new = [one.incident_id for one in owed if one.purpose is Purpose.FIRST and one.cycle == 1]
    held = await incident.in_burst(conn, new, since=now - storm.BURST, alerts=storm.BURST_ALERTS) if new else set()
    return dict.fromkeys(held, now + storm.BURST_WAIT)


async def _owe_contact(
    conn: Connection,
    owed: Sequence[Owed],
    recent: Recent,
    known: Mapping[IncidentId, Incident],
    first: Mapping[IncidentId, AlertId],
    *,
    due: Mapping[IncidentId, datetime],
    told: Contact,
    now: datetime,
) -> list[NotificationId]:
    """Put what is owed to one contact into the outbox; return what is new there."""
    urgencies = {incident_id: one.urgency for incident_id, one in known.items()}
    held = {one: end for one in owed if (end := quiet.quiet_until(told, urgencies[one.incident_id], now)) is not None}
    at_once = [one for one in owed if one not in held]
    allotted = storm.allot(at_once, urgencies=urgencies, recent=recent.emails)
    made = await notification.owe(conn, allotted.singles, alerts=first, urgencies=urgencies, due=due, now=now)
    listed = [*allotted.bundled, *held]
    if listed:
        leaves = storm.list_due(last_list=recent.last_list, now=now) if allotted.bundled else min(held.values())
        list_id = await notification.open_list(
            conn,
            listed[0],
            alert_id=first[listed[0].incident_id],
            urgency=urgencies[listed[0].incident_id],
            due=leaves,
            now=now,
        )
        made += await notification.owe(conn, listed, alerts=first, urgencies=urgencies, into=list_id, now=now)
    return made
