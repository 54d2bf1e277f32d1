"""The life of an incident, and what must be said about it. Pure: the caller holds the row's lock and stores the answer.

    (none)       --fire--> triggered
    triggered    --fire--> joined             --acknowledge--> acknowledged  --snooze--> snoozed
    acknowledged --fire--> joined; worse: triggered, next cycle              --snooze--> snoozed
                 --nobody tends it (`holding.py`), or given back--> triggered, next cycle
    snoozed      --fire--> joined; worse: triggered, next cycle              --its time comes--> triggered, next cycle
                 --acknowledge--> acknowledged
    any open one --resolve--> resolved        --merge--> resolved, its alerts belong to the other
    resolved     --fire within 30 minutes--> reopened, later: a new incident --reopen--> triggered, next cycle
                 --acknowledge, snooze, assign, merge--> refused             --resolve--> unchanged, or corrected

A click on a stale page meets no error: a transition that cannot be made has a named outcome and the incident as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.types import (
    Contact,
    ContactId,
    Incident,
    IncidentEvent,
    IncidentEventKind,
    IncidentStatus,
    Owed,
    Purpose,
    Resolution,
    Severity,
    Told,
    Urgency,
)

#: An alert this soon after a resolution is the same trouble coming back.
REOPEN_WITHIN = timedelta(minutes=30)
LONGEST_SNOOZE = timedelta(days=30)
#: While nobody acknowledges, whoever was told hears of more this long after they heard last.
TELL_MORE_AFTER: Mapping[Urgency, timedelta] = {
    Urgency.URGENT: timedelta(minutes=5),
    Urgency.HIGH: timedelta(minutes=5),
    Urgency.NORMAL: timedelta(minutes=15),
}
#: What a person may say of a closed incident; the others are said by what happened.
BY_PEOPLE = (
    Resolution.ANSWERED,
    Resolution.NO_ACTION,
    Resolution.FALSE_POSITIVE,
    Resolution.DUPLICATE,
    Resolution.SPAM,
)
_GRAVITY = {severity: rank for rank, severity in enumerate(Severity)}


class Outcome(StrEnum):
    """What became of an event."""

    #: Alerts begin a new incident; the caller makes it.
    OPEN = "open"
    JOINED = "joined"
    #: It joined, and is so much worse that whoever had it is told again.
    WORSENED = "worsened"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    WOKE = "woke"
    #: Nobody acknowledged it in time: the next step's turn.
    ESCALATED = "escalated"
    ASSIGNED = "assigned"
    NOTED = "noted"
    #: Whoever has it is still on it.
    KEPT = "kept"
    RESOLVED = "resolved"
    MERGED = "merged"
    #: It was so already: the second click of two.
    UNCHANGED = "unchanged"
    #: It was resolved meanwhile; there is nothing to acknowledge.
    REFUSED_RESOLVED = "refused_resolved"
    #: The same trouble has a newer, open incident; work goes on there.
    REFUSED_NEWER_OPEN = "refused_newer_open"
    #: It cannot be merged with that one: itself, one of another brand, or one that is resolved.
    REFUSED_TARGET = "refused_target"


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


def worse_of(one: Severity, other: Severity) -> Severity:
    """Return the graver of two."""
    return max(one, other, key=_GRAVITY.__getitem__)


def fire(latest: Incident | None, *, alerts: int, severity: Severity = Severity.MINOR, now: datetime) -> Transition:
    """Return what new alerts do, given the newest incident of their group key: open, join or reopen.
    `severity` is the gravest of them."""
    if latest is None or _is_long_resolved(latest, now):
        opened = IncidentEvent(kind=IncidentEventKind.OPENED, at=now, detail={"alerts": alerts})
        return Transition(outcome=Outcome.OPEN, incident=None, events=(opened,))
    counted = replace(
        latest,
        alert_count=latest.alert_count + alerts,
        last_alert_at=max(latest.last_alert_at, now),
        severity=worse_of(latest.severity, severity),
    )
    if latest.status is IncidentStatus.RESOLVED:
        return begin_again(counted, kind=IncidentEventKind.REOPENED, now=now, actor=None, detail={"alerts": alerts})
    joined = IncidentEvent(kind=IncidentEventKind.JOINED, at=now, detail={"alerts": alerts})
    if counted.severity is latest.severity or latest.status is IncidentStatus.TRIGGERED:
        return Transition(outcome=Outcome.JOINED, incident=counted, events=(joined,))
    worsened = begin_again(
        counted, kind=IncidentEventKind.WORSENED, now=now, actor=None, detail={"severity": counted.severity.value}
    )
    return replace(worsened, events=(joined, *worsened.events))


def last(incident: Incident, *, now: datetime) -> Transition:
    """What a rule over spans of time saw goes on: nothing new is counted, and it does not end by itself yet."""
    return Transition(
        outcome=Outcome.JOINED, incident=replace(incident, last_alert_at=max(incident.last_alert_at, now))
    )


def acknowledge(incident: Incident, *, actor: str, now: datetime) -> Transition:
    """Somebody looks at it: nobody else is told. Refused once resolved."""
    if incident.status is IncidentStatus.RESOLVED:
        return Transition(outcome=Outcome.REFUSED_RESOLVED, incident=incident)
    if incident.status is IncidentStatus.ACKNOWLEDGED:
        return Transition(outcome=Outcome.UNCHANGED, incident=incident)
    taken = replace(
        incident,
        status=IncidentStatus.ACKNOWLEDGED,
        acknowledged_at=now,
        acknowledged_by=actor,
        snoozed_until=None,
        tended_at=now,
    )
    event = IncidentEvent(kind=IncidentEventKind.ACKNOWLEDGED, at=now, actor=actor)
    return Transition(outcome=Outcome.ACKNOWLEDGED, incident=taken, events=(event,))


def snooze(incident: Incident, *, until: datetime, actor: str, now: datetime) -> Transition:
    """Nobody is told until then, unless it worsens. Refused once resolved. Raises ValueError for a time that cannot
    be: past, or further than `LONGEST_SNOOZE`."""
    if not now < until <= now + LONGEST_SNOOZE:
        raise ValueError(f"must lie between now and {LONGEST_SNOOZE.days} days from now")
    if incident.status is IncidentStatus.RESOLVED:
        return Transition(outcome=Outcome.REFUSED_RESOLVED, incident=incident)
    if incident.snoozed_until == until:
        return Transition(outcome=Outcome.UNCHANGED, incident=incident)
    asleep = replace(incident, status=IncidentStatus.SNOOZED, snoozed_until=until)
    event = IncidentEvent(
        kind=IncidentEventKind.SNOOZED, at=now, actor=actor, detail={"until": until.isoformat(timespec="seconds")}
    )
    return Transition(outcome=Outcome.SNOOZED, incident=asleep, events=(event,))


def wake(incident: Incident, *, now: datetime) -> Transition:
    """The snooze is over: whoever is to be told is told again."""
    if incident.snoozed_until is None or now < incident.snoozed_until:
        return Transition(outcome=Outcome.UNCHANGED, incident=incident)
    return replace(
        begin_again(incident, kind=IncidentEventKind.WOKE, now=now, actor=None, detail={}), outcome=Outcome.WOKE
    )


def assign(incident: Incident, *, to: str | None, actor: str, now: datetime) -> Transition:
    """It is this person's to work on; None: nobody's. Refused once resolved."""
    if incident.status is IncidentStatus.RESOLVED:
        return Transition(outcome=Outcome.REFUSED_RESOLVED, incident=incident)
    if incident.assigned_to == to:
        return Transition(outcome=Outcome.UNCHANGED, incident=incident)
    event = IncidentEvent(kind=IncidentEventKind.ASSIGNED, at=now, actor=actor, detail={"to": to} if to else {})
    given = replace(incident, assigned_to=to, tended_at=_tended(incident, now))
    return Transition(outcome=Outcome.ASSIGNED, incident=given, events=(event,))


def note(incident: Incident, *, text: str, actor: str, now: datetime) -> Transition:
    """Somebody writes something down; in any state."""
    event = IncidentEvent(kind=IncidentEventKind.NOTED, at=now, actor=actor, detail={"text": text})
    noted = replace(incident, tended_at=_tended(incident, now))
    return Transition(outcome=Outcome.NOTED, incident=noted, events=(event,))


def _tended(incident: Incident, now: datetime) -> datetime | None:
    """Return when somebody last did something about an incident that somebody has, if they do so now."""
    return now if incident.status is IncidentStatus.ACKNOWLEDGED else incident.tended_at


def resolve(incident: Incident, *, resolution: Resolution, actor: str | None, now: datetime) -> Transition:
    """The work is done. Resolved again for another reason, the reason is corrected and the rest stands: it counts for
    the rule's precision. `actor` None: it ended by itself."""
    event = IncidentEvent(kind=IncidentEventKind.RESOLVED, at=now, actor=actor, detail={"resolution": resolution.value})
    if incident.status is IncidentStatus.RESOLVED:
        if incident.resolution is resolution or incident.resolution is Resolution.MERGED:
            return Transition(outcome=Outcome.UNCHANGED, incident=incident)
        corrected = replace(incident, resolution=resolution)
        return Transition(outcome=Outcome.RESOLVED, incident=corrected, events=(event,))
    closed = _closed(incident, resolution=resolution, actor=actor, now=now)
    return Transition(outcome=Outcome.RESOLVED, incident=closed, events=(event,))


def end(incident: Incident, *, now: datetime) -> Transition:
    """What the rule saw is over. An incident that somebody has is theirs to close."""
    if incident.status is not IncidentStatus.TRIGGERED:
        return Transition(outcome=Outcome.UNCHANGED, incident=incident)
    event = IncidentEvent(kind=IncidentEventKind.ENDED, at=now)
    closed = _closed(incident, resolution=Resolution.ENDED, actor=None, now=now)
    return Transition(outcome=Outcome.RESOLVED, incident=closed, events=(event,))


@dataclass(frozen=True, kw_only=True, slots=True)
class Merger:
    """What became of a merge: both incidents as they are now. The caller moves the alerts."""

    source: Transition
    target: Transition


def merge(source: Incident, target: Incident, *, actor: str | None, now: datetime) -> Merger:
    """Make `source` a part of `target`: its alerts and what comes belong there. Refused for a target that is itself,
    of another brand, or resolved, and for a source that is resolved."""
    unchanged = Transition(outcome=Outcome.UNCHANGED, incident=target)
    if source.status is IncidentStatus.RESOLVED:
        refused = Outcome.UNCHANGED if source.merged_into == target.id else Outcome.REFUSED_RESOLVED
        return Merger(source=Transition(outcome=refused, incident=source), target=unchanged)
    if source.id == target.id or source.brand_id != target.brand_id or target.status is IncidentStatus.RESOLVED:
        return Merger(source=Transition(outcome=Outcome.REFUSED_TARGET, incident=source), target=unchanged)
    gone = replace(_closed(source, resolution=Resolution.MERGED, actor=actor, now=now), merged_into=target.id)
    grown = replace(
        target,
        alert_count=target.alert_count + source.alert_count,
        last_alert_at=max(target.last_alert_at, source.last_alert_at),
        severity=worse_of(target.severity, source.severity),
    )
    merged = IncidentEvent(kind=IncidentEventKind.MERGED, at=now, actor=actor, detail={"into": target.id})
    absorbed = IncidentEvent(
        kind=IncidentEventKind.ABSORBED,
        at=now,
        actor=actor,
        detail={"incident": source.id, "alerts": source.alert_count},
    )
    return Merger(
        source=Transition(outcome=Outcome.MERGED, incident=gone, events=(merged,)),
        target=Transition(outcome=Outcome.JOINED, incident=grown, events=(absorbed,)),
    )


def reopen(incident: Incident, *, newer_open: bool, actor: str, now: datetime) -> Transition:
    """It was not done after all. `newer_open`: the group key has another, open incident; two may not be."""
    if incident.status is not IncidentStatus.RESOLVED:
        return Transition(outcome=Outcome.UNCHANGED, incident=incident)
    if newer_open or incident.merged_into is not None:
        return Transition(outcome=Outcome.REFUSED_NEWER_OPEN, incident=incident)
    return begin_again(incident, kind=IncidentEventKind.REOPENED, now=now, actor=actor, detail={})


def owed(
    incident: Incident,
    contacts: Sequence[Contact],
    told: Iterable[Told],
    now: datetime,
    *,
    earlier: Sequence[Contact] = (),
    last_resort: bool = False,
) -> list[Owed]:
    """Return the notifications that ought to exist and do not. `told` are those that exist, whatever their state.

    Level-triggered: run twice, late, or by three workers on the same rows it names the same set. An incident that
    nobody works on owes every reachable contact whose turn it is a word in each cycle and at each level, and a word
    about what joined since, `TELL_MORE_AFTER` the last one; the latter to the `earlier` ones too, of whom those count
    that were told. `last_resort`: the contacts stand in for others who cannot be reached.
    """
    if incident.status is not IncidentStatus.TRIGGERED:
        return []
    heard: dict[int, list[Told]] = {}
    for one in told:
        if one.cycle == incident.cycle:
            heard.setdefault(one.contact_id, []).append(one)
    turn = dict.fromkeys(contact.id for contact in contacts if contact.reachable)
    reachable = turn | dict.fromkeys(one.id for one in earlier if one.reachable and one.id in heard)
    found: list[Owed] = []
    for contact_id in reachable:
        known = heard.get(contact_id, [])
        if contact_id in turn and not any(is_of_level(one, incident.level) for one in known):
            purpose = Purpose.AGAIN if incident.level else Purpose.FIRST
            reason = "last_resort" if last_resort else _occasion(incident)
            found.append(_owed(incident, contact_id, purpose, incident.level, reason))
        elif _wants_more(incident, known, now):
            seq = 1 + sum(one.purpose is Purpose.MORE for one in known)
            found.append(_owed(incident, contact_id, Purpose.MORE, seq, "more"))
    return found


def is_of_level(told: Told, level: int) -> bool:
    """Whether this is the word that a level of the escalation owes."""
    return told.purpose is Purpose.AGAIN and told.seq == level if level else told.purpose is Purpose.FIRST


def _occasion(incident: Incident) -> str:
    if incident.level:
        return "unacknowledged"
    return "opened" if incident.cycle == 1 else "reopened"


def _owed(incident: Incident, contact_id: int, purpose: Purpose, seq: int, reason: str) -> Owed:
    return Owed(
        incident_id=incident.id,
        contact_id=ContactId(contact_id),
        purpose=purpose,
        cycle=incident.cycle,
        seq=seq,
        reason=reason,
    )


def _wants_more(incident: Incident, known: Sequence[Told], now: datetime) -> bool:
    """Whether more joined than a contact was, or is about to be, told of, and the last word is long enough ago."""
    # What has not left yet tells of everything there is when it leaves.
    if any(one.covers is None for one in known):
        return False
    covered = max((one.covers or 0 for one in known), default=0)
    latest = max(one.at for one in known)
    return incident.alert_count > covered and now - latest >= TELL_MORE_AFTER[incident.urgency]


def _is_long_resolved(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is not None and now - incident.resolved_at >= REOPEN_WITHIN


def _closed(incident: Incident, *, resolution: Resolution, actor: str | None, now: datetime) -> Incident:
    return replace(
        incident,
        status=IncidentStatus.RESOLVED,
        resolved_at=now,
        resolved_by=actor,
        resolution=resolution,
        snoozed_until=None,
    )


def begin_again(
    incident: Incident, *, kind: IncidentEventKind, now: datetime, actor: str | None, detail: Mapping[str, str | int]
) -> Transition:
    """Begin the next cycle: nobody has it, and whoever is to be told is told again."""
    again = replace(
        incident,
        status=IncidentStatus.TRIGGERED,
        cycle=incident.cycle + 1,
        acknowledged_at=None,
        acknowledged_by=None,
        tended_at=None,
        snoozed_until=None,
        resolved_at=None,
        resolved_by=None,
        resolution=None,
        called_at=now,
        level=0,
        level_at=now,
    )
    event = IncidentEvent(kind=kind, at=now, actor=actor, detail={**detail, "cycle": again.cycle})
    outcome = Outcome.WORSENED if kind is IncidentEventKind.WORSENED else Outcome.REOPENED
    return Transition(outcome=outcome, incident=again, events=(event,))
