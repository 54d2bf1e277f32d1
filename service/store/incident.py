"""Incidents as people read them: lists, one whole, its timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from alerts.types import BrandId, IncidentId, IncidentStatus, MentionId, Reason, Resolution, RuleId, Urgency
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
        i.resolved_by, i.resolution, first.mention_id, coalesce(first.title, '') as title,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Acted:
    """What a person's action came to."""

    #: The incident as it is now.
    incident: IncidentSummary
    #: False where it was so already.
    changed: bool
    #: The state that forbids the action, if one does.
    refused: IncidentStatus | None = None
