"""The life of an incident, and what must be said about it. Pure: the caller holds the row's lock and stores the answer.

    (none)       --fire--> triggered
    triggered    --fire--> joined                --acknowledge--> acknowledged   --resolve--> resolved
    acknowledged --fire--> joined                --acknowledge--> unchanged      --resolve--> resolved
    resolved     --fire within 30 minutes--> reopened, later: a new incident     --reopen--> triggered, next cycle
                 --acknowledge--> refused        --resolve--> unchanged, or the reason corrected

A click on a stale page meets no error: a transition that cannot be made has a named outcome and the incident as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.types import (
    Contact,
    Incident,
    IncidentEvent,
    IncidentEventKind,
    IncidentStatus,
    Owed,
    Purpose,
    Resolution,
    Told,
)

#: An alert this soon after a resolution is the same trouble coming back.
REOPEN_WITHIN = timedelta(minutes=30)


class Outcome(StrEnum):
    """What became of an event."""

    #: Alerts begin a new incident; the caller makes it.
    OPEN = "open"
    JOINED = "joined"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    #: It was so already: the second click of two.
    UNCHANGED = "unchanged"
    #: It was resolved meanwhile; there is nothing to acknowledge.
    REFUSED_RESOLVED = "refused_resolved"
    #: The same trouble has a newer, open incident; work goes on there.
    REFUSED_NEWER_OPEN = "refused_newer_open"


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """What became of an event: the incident as it is now and the lines its timeline gains."""

    outcome: Outcome
    #: None only for OPEN.
    incident: Incident | None
    events: tuple[IncidentEvent, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is something to store."""
        return bool(self.events)


def fire(latest: Incident | None, *, alerts: int, now: datetime) -> Transition:
    """Return what new alerts do, given the newest incident of their group key: open, join or reopen."""
    if latest is None or _is_long_resolved(latest, now):
        opened = IncidentEvent(kind=IncidentEventKind.OPENED, at=now, detail={"alerts": alerts})
        return Transition(outcome=Outcome.OPEN, incident=None, events=(opened,))
    counted = replace(latest, alert_count=latest.alert_count + alerts, last_alert_at=max(latest.last_alert_at, now))
    if latest.status is IncidentStatus.RESOLVED:
        return _reopened(counted, now=now, actor=None, detail={"alerts": alerts})
    joined = IncidentEvent(kind=IncidentEventKind.JOINED, at=now, detail={"alerts": alerts})
    return Transition(outcome=Outcome.JOINED, incident=counted, events=(joined,))


def acknowledge(incident: Incident, *, actor: str, now: datetime) -> Transition:
    """Somebody looks at it: nobody else is told. Refused once resolved."""
    if incident.status is IncidentStatus.RESOLVED:
        return Transition(outcome=Outcome.REFUSED_RESOLVED, incident=incident)
    if incident.status is IncidentStatus.ACKNOWLEDGED:
        return Transition(outcome=Outcome.UNCHANGED, incident=incident)
    taken = replace(incident, status=IncidentStatus.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=actor)
    event = IncidentEvent(kind=IncidentEventKind.ACKNOWLEDGED, at=now, actor=actor)
    return Transition(outcome=Outcome.ACKNOWLEDGED, incident=taken, events=(event,))


def resolve(incident: Incident, *, resolution: Resolution, actor: str, now: datetime) -> Transition:
    """The work is done. Resolved again for another reason, the reason is corrected and the rest stands: it counts for
    the rule's precision."""
    event = IncidentEvent(kind=IncidentEventKind.RESOLVED, at=now, actor=actor, detail={"resolution": resolution.value})
    if incident.status is IncidentStatus.RESOLVED:
        if incident.resolution is resolution:
            return Transition(outcome=Outcome.UNCHANGED, incident=incident)
        corrected = replace(incident, resolution=resolution)
        return Transition(outcome=Outcome.RESOLVED, incident=corrected, events=(event,))
    closed = replace(
        incident, status=IncidentStatus.RESOLVED, resolved_at=now, resolved_by=actor, resolution=resolution
    )
    return Transition(outcome=Outcome.RESOLVED, incident=closed, events=(event,))


def reopen(incident: Incident, *, newer_open: bool, actor: str, now: datetime) -> Transition:
    """It was not done after all. `newer_open`: the group key has another, open incident; two may not be."""
    if incident.status is not IncidentStatus.RESOLVED:
        return Transition(outcome=Outcome.UNCHANGED, incident=incident)
    if newer_open:
        return Transition(outcome=Outcome.REFUSED_NEWER_OPEN, incident=incident)
    return _reopened(incident, now=now, actor=actor, detail={})


def owed(incident: Incident, contacts: Sequence[Contact], told: Iterable[Told], now: datetime) -> list[Owed]:
    """Return the notifications that ought to exist and do not. `told` are those that exist, whatever their state.

    Level-triggered: it looks at how things are, so it may run twice, late, or in three places, and the union of what
    they insert is the same. `now` is for purposes that depend on the clock; `first` does not.
    """
    if incident.status is not IncidentStatus.TRIGGERED:
        return []
    known = {(one.contact_id, one.purpose, one.cycle) for one in told}
    reachable = {contact.id: contact for contact in contacts if contact.enabled}
    return [
        Owed(
            incident_id=incident.id,
            contact_id=contact_id,
            purpose=Purpose.FIRST,
            cycle=incident.cycle,
            reason="opened" if incident.cycle == 1 else "reopened",
        )
        for contact_id in reachable
        if (contact_id, Purpose.FIRST, incident.cycle) not in known
    ]


def _is_long_resolved(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is not None and now - incident.resolved_at >= REOPEN_WITHIN


def _reopened(incident: Incident, *, now: datetime, actor: str | None, detail: dict[str, str | int]) -> Transition:
    again = replace(
        incident,
        status=IncidentStatus.TRIGGERED,
        cycle=incident.cycle + 1,
        acknowledged_at=None,
        acknowledged_by=None,
        resolved_at=None,
        resolved_by=None,
        resolution=None,
    )
    event = IncidentEvent(kind=IncidentEventKind.REOPENED, at=now, actor=actor, detail={**detail, "cycle": again.cycle})
    return Transition(outcome=Outcome.REOPENED, incident=again, events=(event,))
