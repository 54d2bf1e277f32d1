"""How long an acknowledgement holds while nobody does anything about its incident, and what comes then. Pure.

acknowledged --kept, noted, assigned--> its time begins anew      --given back--> triggered, next cycle
             --soon over--> whoever has it is reminded            --over, and they were--> triggered, next cycle
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts import incidents
from alerts.errors import DutyError
from alerts.incidents import Outcome, Transition
from alerts.types import (
    Contact,
    Incident,
    IncidentEvent,
    IncidentEventKind,
    IncidentStatus,
    Owed,
    Purpose,
    Told,
    Urgency,
)

#: Where the policy says no other time.
USUAL: Mapping[Urgency, timedelta] = {
    Urgency.URGENT: timedelta(minutes=30),
    Urgency.HIGH: timedelta(hours=2),
    Urgency.NORMAL: timedelta(hours=4),
}
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=7)
#: A reminder leaves so long before the end at most, and a quarter of the time otherwise.
_LONGEST_LEAD = timedelta(minutes=30)
#: An end that comes this much later than it should have is marked on the timeline.
_LATE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """How long an acknowledgement holds."""

    #: False: for ever.
    ends: bool = True
    #: None: the usual time of the incident's urgency.
    after: timedelta | None = None

    def span(self, urgency: Urgency) -> timedelta | None:
        """Return how long it holds; None: for ever."""
        return (self.after or USUAL[urgency]) if self.ends else None


def check(hold: Hold) -> None:
    """Refuse a time that cannot be. Raises DutyError."""
    if hold.after is not None and not SHORTEST <= hold.after <= LONGEST:
        raise DutyError("ack_timeout", "is from '10m' to '7d', such as '2h'; or 'usual', or 'off'")


def lead(span: timedelta) -> timedelta:
    """Return how long before the end whoever has it is reminded."""
    return min(span / 4, _LONGEST_LEAD)


def keep(incident: Incident, *, actor: str, now: datetime) -> Transition:
    """Somebody says that they are still on it: its time begins anew, and it is theirs. Where nobody has it any more
    it is acknowledged. Refused once resolved."""
    if incident.status is not IncidentStatus.ACKNOWLEDGED:
        return incidents.acknowledge(incident, actor=actor, now=now)
    if incident.acknowledged_by != actor:
        taken = replace(incident, acknowledged_at=now, acknowledged_by=actor, tended_at=now)
        event = IncidentEvent(kind=IncidentEventKind.ACKNOWLEDGED, at=now, actor=actor)
        return Transition(outcome=Outcome.ACKNOWLEDGED, incident=taken, events=(event,))
    event = IncidentEvent(kind=IncidentEventKind.KEPT, at=now, actor=actor)
    return Transition(outcome=Outcome.KEPT, incident=replace(incident, tended_at=now), events=(event,))


def give_back(incident: Incident, *, actor: str, now: datetime) -> Transition:
    """Nobody looks at it after all: whoever is to be told is told again. Refused once resolved."""
    if incident.status is IncidentStatus.RESOLVED:
        return Transition(outcome=Outcome.REFUSED_RESOLVED, incident=incident)
    if incident.status is not IncidentStatus.ACKNOWLEDGED:
        return Transition(outcome=Outcome.UNCHANGED, incident=incident)
    return incidents.begin_again(incident, kind=IncidentEventKind.GIVEN_BACK, now=now, actor=actor, detail={})


def _since(incident: Incident) -> datetime | None:
    """Return when the time of an acknowledgement began; None: nobody has the incident."""
    if incident.status is not IncidentStatus.ACKNOWLEDGED:
        return None
    return incident.tended_at or incident.acknowledged_at


def ends_at(incident: Incident, hold: Hold) -> datetime | None:
    """Return when its acknowledgement ends, if nobody does anything; None: nobody has it, or for ever."""
    since, span = _since(incident), hold.span(incident.urgency)
    return None if since is None or span is None else since + span


def owed(
    incident: Incident, hold: Hold, holders: Sequence[Contact], told: Iterable[Told], *, now: datetime
) -> list[Owed]:
    """Return the reminders that ought to exist and do not: one for each reachable holder and time that soon is over.
    Level-triggered, as `incidents.owed`."""
    since, span = _since(incident), hold.span(incident.urgency)
    if since is None or span is None:
        return []
    if now < since + span - lead(span):
        return []
    known = [one for one in told if one.purpose is Purpose.REMINDER and one.cycle == incident.cycle]
    reminded = {one.contact_id for one in known if one.at >= since}
    return [
        Owed(
            incident_id=incident.id,
            contact_id=one.id,
            purpose=Purpose.REMINDER,
            cycle=incident.cycle,
            seq=1 + sum(earlier.contact_id == one.id for earlier in known),
            reason="acknowledged",
        )
        for one in holders
        if one.reachable and one.id not in reminded
    ]


def lapse(
    incident: Incident, hold: Hold, holders: Sequence[Contact], told: Iterable[Told], *, now: datetime
) -> Transition:
    """Return the incident in its next cycle, if nobody did anything about it for its whole time. Whoever has it and can
    be reached was reminded first, and had the time that a reminder gives, however late this runs."""
    unchanged = Transition(outcome=Outcome.UNCHANGED, incident=incident)
    since, span = _since(incident), hold.span(incident.urgency)
    if since is None or span is None:
        return unchanged
    due = since + span
    reminders = [
        one for one in told if one.purpose is Purpose.REMINDER and one.cycle == incident.cycle and one.at >= since
    ]
    if not reminders and any(one.reachable for one in holders):
        return unchanged
    if arrived := [one.at for one in reminders if not one.failed]:
        due = max(due, min(arrived) + lead(span))
    if now < due:
        return unchanged
    late = now - due
    detail: dict[str, str | int] = {"by": incident.acknowledged_by or ""}
    if late >= _LATE:
        detail["late_by"] = int(late.total_seconds())
    return incidents.begin_again(incident, kind=IncidentEventKind.LAPSED, now=now, actor=None, detail=detail)
