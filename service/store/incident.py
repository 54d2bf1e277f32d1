"""Incidents: what people work on. `alerts.incidents` decides, under the row's lock held here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from alerts import incidents
from alerts.incidents import Outcome, Transition
from alerts.types import (
    BrandId,
    Incident,
    IncidentEvent,
    IncidentId,
    IncidentStatus,
    MentionId,
    Reason,
    Resolution,
    RuleId,
    Severity,
    StoryId,
    Urgency,
)
from service.store import events
from service.store.events import EventKind
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentSummary:
    """An incident as lists show it, with the words that opened it."""

    id: IncidentId
    brand_id: BrandId
    brand: str
    rule_id: RuleId
    rule: str
    #: Alerts of one key belong to one incident: rule | brand | story.
    group_key: str
    status: IncidentStatus
    urgency: Urgency
    cycle: int
    opened_at: datetime
    last_alert_at: datetime
    alert_count: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: Resolution | None
    severity: Severity
    assigned_to: str | None
    snoozed_until: datetime | None
    merged_into: IncidentId | None
    #: The first alert's mention.
    mention_id: MentionId | None
    title: str
    text: str
    site: str
    language: str | None
    reason: Reason | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEntry:
    """One thing that happened to an incident."""

    at: datetime
    kind: str
    actor: str | None
    detail: Mapping[str, Any]


_SUMMARY = """
    select i.id, i.brand_id, b.name as brand, i.rule_id, r.name as rule, i.group_key, i.status, i.urgency, i.cycle,
        i.opened_at, i.last_alert_at, i.alert_count, i.acknowledged_at, i.acknowledged_by, i.resolved_at,
        i.resolved_by, i.resolution, i.severity, i.assigned_to, i.snoozed_until, i.merged_into,
        first.mention_id, coalesce(first.title, '') as title,
        coalesce(first.text, '') as text, coalesce(first.site, '') as site, first.language, first.reason
    from incident i
    join brand b on b.id = i.brand_id
    join rule r on r.id = i.rule_id
    left join lateral (
        select al.mention_id, v.title, v.text, m.site, m.language, al.reason
        from alert al
        join mention m on m.id = al.mention_id
        join mention_version v on v.mention_id = al.mention_id and v.version = al.version
        where al.incident_id = i.id order by al.id limit 1
    ) first on true
"""


def _summary(row: asyncpg.Record) -> IncidentSummary:
    reason = row["reason"]
    return IncidentSummary(
        **{
            **row,
            "status": IncidentStatus(row["status"]),
            "urgency": Urgency(row["urgency"]),
            "resolution": None if row["resolution"] is None else Resolution(row["resolution"]),
            "severity": Severity(row["severity"]),
            "reason": None if reason is None else Reason(code=reason["code"], values=reason["values"]),
        }
    )


async def newest(
    conn: Connection,
    *,
    brand_id: BrandId | None = None,
    statuses: Sequence[IncidentStatus] | None = None,
    after: tuple[datetime, IncidentId] | None = None,
    limit: int = 50,
) -> list[IncidentSummary]:
    """Return incidents, last opened first, behind an (opened_at, id)."""
    rows = await conn.fetch(
        _SUMMARY
        + """
        where ($1::bigint is null or i.brand_id = $1) and ($2::text[] is null or i.status = any($2))
            and ($3::timestamptz is null or (i.opened_at, i.id) < ($3, $4))
        order by i.opened_at desc, i.id desc limit $5
        """,
        brand_id,
        None if statuses is None else list(statuses),
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_summary(row) for row in rows]


async def get(conn: Connection, incident_id: IncidentId) -> IncidentSummary | None:
    """Return one incident."""
    row = await conn.fetchrow(_SUMMARY + " where i.id = $1", incident_id)
    return None if row is None else _summary(row)


async def timeline(conn: Connection, incident_id: IncidentId) -> list[TimelineEntry]:
    """Return what happened to an incident, in order."""
    rows = await conn.fetch(
        "select at, kind, actor, detail from incident_event where incident_id = $1 order by id", incident_id
    )
    return [TimelineEntry(**row) for row in rows]


async def count_by_status(conn: Connection, brand_id: BrandId | None = None) -> dict[IncidentStatus, int]:
    """Return how many incidents are in each state."""
    rows = await conn.fetch(
        "select status, count(*) as n from incident where $1::bigint is null or brand_id = $1 group by status", brand_id
    )
    return {IncidentStatus(row["status"]): row["n"] for row in rows}


async def count_open_at(conn: Connection, at: datetime, brand_id: BrandId | None = None) -> int:
    """Return how many incidents were open at a time, as far as their last resolution tells."""
    return int(
        await conn.fetchval(
            """
            select count(*) from incident
            where opened_at <= $1 and (resolved_at is null or resolved_at > $1)
                and ($2::bigint is null or brand_id = $2)
            """,
            at,
            brand_id,
        )
    )


_STATE = """
    select id, rule_id, brand_id, group_key, status, urgency, cycle, opened_at, last_alert_at, alert_count,
        acknowledged_at, acknowledged_by, resolved_at, resolved_by, resolution, severity, assigned_to, snoozed_until,
        merged_into, policy_version_id, called_at, level, level_at, tended_at
    from incident
"""


def _incident(row: asyncpg.Record) -> Incident:
    return Incident(
        **{
            **row,
            "status": IncidentStatus(row["status"]),
            "urgency": Urgency(row["urgency"]),
            "resolution": None if row["resolution"] is None else Resolution(row["resolution"]),
            "severity": Severity(row["severity"]),
        }
    )


async def latest_of(conn: Connection, group_key: str) -> Incident | None:
    """Return the newest incident of a group key, locked: the open one if there is one. Of one that was merged, the
    one that work goes on in."""
    latest = await _newest_of(conn, group_key)
    while latest is not None and latest.merged_into is not None:
        latest = await _locked(conn, latest.merged_into)
    return latest


async def _newest_of(conn: Connection, group_key: str) -> Incident | None:
    row = await conn.fetchrow(
        _STATE + " where group_key = $1 order by (status <> 'resolved') desc, id desc limit 1 for no key update",
        group_key,
    )
    return None if row is None else _incident(row)


async def triggered(conn: Connection, *, since: datetime) -> list[Incident]:
    """Return the incidents nobody has acknowledged yet, opened, joined or gone to the next step since."""
    rows = await conn.fetch(
        _STATE + " where status = 'triggered' and greatest(last_alert_at, level_at) >= $1 order by id", since
    )
    return [_incident(row) for row in rows]


async def of_ids(conn: Connection, incident_ids: Sequence[IncidentId]) -> list[Incident]:
    """Return these incidents."""
    rows = await conn.fetch(_STATE + " where id = any($1) order by id", list(incident_ids))
    return [_incident(row) for row in rows]


async def wake_due(conn: Connection, *, now: datetime) -> list[IncidentId]:
    """Trigger again the incidents whose snooze is over; return them. Another worker's are passed over."""
    rows = await conn.fetch(
        _STATE
        + """
        where status = 'snoozed' and snoozed_until <= $1 order by snoozed_until limit 100 for no key update skip locked
        """,
        now,
    )
    woken = [one.id for one in map(_incident, rows) if await _store(conn, incidents.wake(one, now=now))]
    await events.tell(conn, EventKind.INCIDENT, woken)
    return woken


async def end_quiet(
    conn: Connection,
    rule_id: RuleId,
    brand_id: BrandId,
    *,
    seen: Sequence[str],
    quiet_since: datetime,
    now: datetime,
) -> list[IncidentId]:
    """Close what nobody took up of a rule for a brand, but for the group keys that are `seen` still; return those."""
    rows = await conn.fetch(
        _STATE
        + """
        where rule_id = $1 and brand_id = $2 and status = 'triggered' and last_alert_at <= $3 and group_key <> all($4)
        order by id for no key update skip locked
        """,
        rule_id,
        brand_id,
        quiet_since,
        list(seen),
    )
    ended = [one.id for one in map(_incident, rows) if await _store(conn, incidents.end(one, now=now))]
    await events.tell(conn, EventKind.INCIDENT, ended)
    return ended


async def with_policy(conn: Connection) -> list[Incident]:
    """Return the incidents nobody has acknowledged that go by a policy."""
    rows = await conn.fetch(_STATE + " where status = 'triggered' and policy_version_id is not null order by id")
    return [_incident(row) for row in rows]


async def held(conn: Connection) -> list[Incident]:
    """Return the incidents that somebody has, and whose policy lets an acknowledgement end."""
    rows = await conn.fetch(
        _STATE
        + """
        where status = 'acknowledged' and exists (
            select from policy_version v where v.id = policy_version_id and v.ack_lapses)
        order by id
        """
    )
    return [_incident(row) for row in rows]


async def open_incident(
    conn: Connection,
    *,
    rule_id: RuleId,
    brand_id: BrandId,
    group_key: str,
    urgency: Urgency,
    alerts: int,
    severity: Severity = Severity.MAJOR,
    now: datetime,
) -> Incident:
    """Return a new incident, which goes by its rule's policy as it is now. The unique index on open group keys refuses
    a second one."""
    (row,) = await conn.fetch(
        """
        insert into incident (rule_id, brand_id, group_key, status, urgency, opened_at, last_alert_at, alert_count,
            severity, called_at, level_at, policy_version_id)
        values ($1, $2, $3, 'triggered', $4, $5, $5, $6, $7, $5, $5, (
            select max(v.id) from rule r join policy_version v on v.policy_id = r.policy_id where r.id = $1))
        returning id, policy_version_id
        """,
        rule_id,
        brand_id,
        group_key,
        urgency,
        now,
        alerts,
        severity,
    )
    return Incident(
        id=IncidentId(row["id"]),
        policy_version_id=row["policy_version_id"],
        called_at=now,
        level_at=now,
        rule_id=rule_id,
        brand_id=brand_id,
        group_key=group_key,
        status=IncidentStatus.TRIGGERED,
        urgency=urgency,
        opened_at=now,
        last_alert_at=now,
        alert_count=alerts,
        severity=severity,
    )


async def save(conn: Connection, incident: Incident) -> None:
    """Store where the work on an incident stands. The caller holds its lock."""
    await conn.execute(
        """
        update incident set status = $2, cycle = $3, last_alert_at = $4, alert_count = $5, acknowledged_at = $6,
            acknowledged_by = $7, resolved_at = $8, resolved_by = $9, resolution = $10, severity = $11,
            assigned_to = $12, snoozed_until = $13, merged_into = $14, called_at = $15, level = $16, level_at = $17,
            tended_at = $18
        where id = $1
        """,
        incident.id,
        incident.status,
        incident.cycle,
        incident.last_alert_at,
        incident.alert_count,
        incident.acknowledged_at,
        incident.acknowledged_by,
        incident.resolved_at,
        incident.resolved_by,
        incident.resolution,
        incident.severity,
        incident.assigned_to,
        incident.snoozed_until,
        incident.merged_into,
        incident.called_at,
        incident.level,
        incident.level_at,
        incident.tended_at,
    )


async def add_to_timeline(conn: Connection, incident_id: IncidentId, added: Sequence[IncidentEvent]) -> None:
    """Add lines to an incident's timeline."""
    await conn.executemany(
        "insert into incident_event (incident_id, at, kind, actor, detail) values ($1, $2, $3, $4, $5)",
        [(incident_id, event.at, event.kind, event.actor, dict(event.detail)) for event in added],
    )


async def note_once(conn: Connection, incident_id: IncidentId, event: IncidentEvent) -> None:
    """Add a line to an incident's timeline, unless one of its kind and detail stands there of this cycle."""
    await conn.execute(
        """
        insert into incident_event (incident_id, at, kind, actor, detail)
        select $1, $2, $3, $4, $5 where not exists (
            select from incident_event e join incident i on i.id = e.incident_id
            where e.incident_id = $1 and e.kind = $3 and e.detail = $5 and e.at >= i.called_at)
        """,
        incident_id,
        event.at,
        event.kind,
        event.actor,
        dict(event.detail),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Acted:
    """What a person's action came to."""

    #: The incident as it is now.
    incident: IncidentSummary
    #: False where it was so already, or may not be.
    changed: bool
    #: What forbids the action, if something does.
    refused: Outcome | None = None


_REFUSALS = (Outcome.REFUSED_RESOLVED, Outcome.REFUSED_NEWER_OPEN, Outcome.REFUSED_TARGET)


async def _locked(conn: Connection, incident_id: IncidentId) -> Incident | None:
    row = await conn.fetchrow(_STATE + " where id = $1 for no key update", incident_id)
    return None if row is None else _incident(row)


async def _store(conn: Connection, transition: Transition) -> bool:
    """Store what a transition changed; return whether it changed something."""
    if transition.incident is None or not transition.changed:
        return False
    await save(conn, transition.incident)
    await add_to_timeline(conn, transition.incident.id, transition.events)
    return True


async def act(conn: Connection, incident_id: IncidentId, decide: Callable[[Incident], Transition]) -> Acted | None:
    """Let a transition of `alerts.incidents` decide under the row's lock, and store it. None: no such incident.
    In the caller's transaction, as the actions below."""
    incident = await _locked(conn, incident_id)
    if incident is None:
        return None
    return await _acted(conn, incident_id, decide(incident))


async def _acted(conn: Connection, incident_id: IncidentId, transition: Transition) -> Acted | None:
    if await _store(conn, transition):
        await events.tell(conn, EventKind.INCIDENT, [incident_id])
    summary = await get(conn, incident_id)
    if summary is None:
        return None
    refused = transition.outcome if transition.outcome in _REFUSALS else None
    return Acted(incident=summary, changed=transition.changed, refused=refused)


async def acknowledge(conn: Connection, incident_id: IncidentId, *, by: str, now: datetime) -> Acted | None:
    """Somebody looks at it. None: no such incident."""
    return await act(conn, incident_id, lambda one: incidents.acknowledge(one, actor=by, now=now))


async def resolve(
    conn: Connection, incident_id: IncidentId, *, by: str, resolution: Resolution, now: datetime
) -> Acted | None:
    """The work is done. None: no such incident."""
    return await act(conn, incident_id, lambda one: incidents.resolve(one, resolution=resolution, actor=by, now=now))


async def reopen(conn: Connection, incident_id: IncidentId, *, by: str, now: datetime) -> Acted | None:
    """It was not done after all. None: no such incident."""
    incident = await _locked(conn, incident_id)
    if incident is None:
        return None
    latest = await _newest_of(conn, incident.group_key)
    newer_open = latest is not None and latest.id != incident.id and latest.status is not IncidentStatus.RESOLVED
    return await _acted(conn, incident_id, incidents.reopen(incident, newer_open=newer_open, actor=by, now=now))


async def merge(
    conn: Connection, incident_id: IncidentId, *, into: IncidentId, by: str | None, now: datetime
) -> Acted | None:
    """Make an incident a part of another; its alerts belong there. `by` nobody where two stories turned out to be one.
    None: one of the two does not exist."""
    # One order for all who lock two: no deadlock.
    locked = {one: await _locked(conn, one) for one in sorted({incident_id, into})}
    source, target = locked[incident_id], locked[into]
    if source is None or target is None:
        return None
    merger = incidents.merge(source, target, actor=by, now=now)
    if await _store(conn, merger.target):
        await conn.execute("update alert set incident_id = $2 where incident_id = $1", incident_id, into)
        await events.tell(conn, EventKind.INCIDENT, [into])
    return await _acted(conn, incident_id, merger.source)


async def in_burst(
    conn: Connection, incident_ids: Sequence[IncidentId], *, since: datetime, alerts: int
) -> set[IncidentId]:
    """Return those about a story whose brand has an older one open by their rule, which had so many alerts since."""
    rows = await conn.fetch(
        """
        select i.id from incident i join rule r on r.id = i.rule_id
        where i.id = any($1) and r.group_by = 'story' and exists (
            select from incident o
            where o.rule_id = i.rule_id and o.brand_id = i.brand_id and o.id < i.id and o.status <> 'resolved'
        ) and $3 <= (
            select count(*) from (
                select from alert a join incident o on o.id = a.incident_id
                where a.rule_id = i.rule_id and a.at > $2 and o.brand_id = i.brand_id limit $3
            ) late
        )
        """,
        list(incident_ids),
        since,
        alerts,
    )
    return {IncidentId(row["id"]) for row in rows}


async def follow_story(conn: Connection, gone: StoryId, *, into: StoryId, now: datetime) -> None:
    """Make open incidents about a story that became part of another be about that one: they are merged into its
    incident where it has one."""
    rows = await conn.fetch(
        """
        select i.id, r.id || '|' || i.brand_id || '|' || $2::bigint as group_key
        from incident i join rule r on r.id = i.rule_id
        where i.status <> 'resolved' and r.group_by = 'story'
            and i.group_key = r.id || '|' || i.brand_id || '|' || $1::bigint
        order by i.id
        """,
        gone,
        into,
    )
    for row in rows:
        target = await latest_of(conn, row["group_key"])
        if target is not None and target.status is not IncidentStatus.RESOLVED:
            await merge(conn, IncidentId(row["id"]), into=target.id, by=None, now=now)
        else:
            await conn.execute("update incident set group_key = $2 where id = $1", row["id"], row["group_key"])
