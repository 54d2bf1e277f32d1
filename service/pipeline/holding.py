"""Sees that an acknowledgement does not become a way to forget: its holder is reminded, then others are told again.

incidents somebody has | their policies' times | a reminder to whoever has it | nobody did anything: the next cycle
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts import holding, quiet
from alerts.holding import Hold
from alerts.incidents import Transition
from alerts.types import Contact, ContactId, Incident, Owed
from service.pipeline.apart import apart
from service.pipeline.owing import not_kept_quiet
from service.store import alert, contact, events, incident, notification, policy
from service.store.events import EventKind
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """An incident that somebody has, for how long, and whom to remind."""

    incident: Incident
    hold: Hold
    holders: tuple[Contact, ...]


async def _held(conn: Connection) -> list[_Held]:
    current = await incident.held(conn)
    if not current:
        return []
    policies = await policy.versions(conn, [one.policy_version_id for one in current if one.policy_version_id])
    told = await notification.told(conn, [one.id for one in current])
    everybody = await contact.every(conn)

    def holders(one: Incident) -> tuple[Contact, ...]:
        """Return the contact of whoever acknowledged; where there is none, all who were told in this cycle."""
        name = (one.acknowledged_by or "").casefold()
        named = tuple(known for known in everybody if name in (known.name.casefold(), known.email.casefold()))
        heard = {known.contact_id for known in told[one.id] if known.cycle == one.cycle}
        return tuple(known for known in named if known.reachable) or tuple(
            known for known in everybody if known.id in heard
        )

    return [
        _Held(incident=one, hold=policies[one.policy_version_id].hold, holders=holders(one))
        for one in current
        if one.policy_version_id is not None
    ]


async def remind_due(conn: Connection, *, now: datetime) -> int:
    """Put reminders that are due into the outbox; return how many. Not while silences keep an incident quiet, nor in
    their readers' quiet hours. In a transaction of its own: it locks contacts."""
    held = await _held(conn)
    concerned = {one.contact_id for one in await _owed(conn, held, now)}
    if not concerned:
        return 0
    await notification.lock_contacts(conn, list(concerned))
    # Read again: another worker may have owed the same a moment ago.
    owed = await _owed(conn, held, now)
    first = await alert.first_of(conn, [one.incident_id for one in owed])
    urgencies = {one.incident.id: one.incident.urgency for one in held}
    telling = [one for one in owed if one.incident_id in first]
    made = await notification.owe(conn, telling, alerts=first, urgencies=urgencies, now=now)
    await events.tell(conn, EventKind.NOTIFICATION, made)
    return len(made)


async def _owed(conn: Connection, held: Sequence[_Held], now: datetime) -> list[Owed]:
    told = await notification.told(conn, [one.incident.id for one in held])
    found = {
        one.incident.id: [
            owed
            for owed in holding.owed(one.incident, one.hold, one.holders, told[one.incident.id], now=now)
            if not _is_quiet(owed.contact_id, one, now)
        ]
        for one in held
    }
    due = [one.incident for one in held if found[one.incident.id]]
    return [owed for one in await not_kept_quiet(conn, due, now=now) for owed in found[one.id]]


def _is_quiet(contact_id: ContactId, held: _Held, now: datetime) -> bool:
    return any(
        one.id == contact_id and quiet.quiet_until(one, held.incident.urgency, now) is not None for one in held.holders
    )


async def lapse_due(conn: Connection, *, now: datetime) -> None:
    """Give back incidents that somebody acknowledged and did nothing about, each decided anew under its lock. Must
    come before what locks contacts."""
    held = await _held(conn)
    told = await notification.told(conn, [one.incident.id for one in held])
    for one in held:

        def lapse(current: Incident, of: _Held = one) -> Transition:
            return holding.lapse(current, of.hold, of.holders, told[current.id], now=now)

        async with apart(conn, "an acknowledgement cannot end", incident=one.incident.id):
            if lapse(one.incident).changed:
                await incident.act(conn, one.incident.id, lapse)
