"""Rules: what to flag."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from alerts.types import BrandId, GroupBy, PolicyId, Rule, RuleId, RuleKind, RuleMode, Severity, Urgency
from service.store import contact
from service.store.pool import Connection


def _rule(row: asyncpg.Record) -> Rule:
    return Rule(
        id=RuleId(row["id"]),
        brand_id=None if row["brand_id"] is None else BrandId(row["brand_id"]),
        kind=RuleKind(row["kind"]),
        name=row["name"],
        settings=row["settings"],
        mode=RuleMode(row["mode"]),
        urgency=Urgency(row["urgency"]),
        severity=Severity(row["severity"]),
        group_by=GroupBy(row["group_by"]),
        policy_id=None if row["policy_id"] is None else PolicyId(row["policy_id"]),
    )


async def every(conn: Connection) -> list[Rule]:
    """Return all rules by name."""
    rows = await conn.fetch(
        """
        select id, brand_id, kind, name, settings, mode, urgency, severity, group_by, policy_id from rule
        order by name, id
        """
    )
    return [_rule(row) for row in rows]


async def get(conn: Connection, rule_id: RuleId) -> Rule | None:
    """Return one rule."""
    row = await conn.fetchrow(
        """
        select id, brand_id, kind, name, settings, mode, urgency, severity, group_by, policy_id from rule where id = $1
        """,
        rule_id,
    )
    return None if row is None else _rule(row)


async def named(conn: Connection, name: str) -> RuleId | None:
    """Return the rule of this name."""
    rule_id = await conn.fetchval("select id from rule where name = $1", name)
    return None if rule_id is None else RuleId(rule_id)


async def of_brand(conn: Connection, brand_id: BrandId) -> list[Rule]:
    """Return the rules, not off, that watch this brand."""
    rows = await conn.fetch(
        """
        select id, brand_id, kind, name, settings, mode, urgency, severity, group_by, policy_id from rule
        where mode <> 'off' and (brand_id is null or brand_id = $1) order by id
        """,
        brand_id,
    )
    return [_rule(row) for row in rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """How a rule does."""

    #: Alerts of the last week.
    alerts: int = 0
    #: Incidents of the last week.
    incidents: int = 0
    open: int = 0
    #: Incidents that a person resolved, duplicates aside.
    judged: int = 0
    #: Those of them that were worth telling.
    right: int = 0

    @property
    def precision(self) -> float | None:
        """The share of incidents that were worth telling; None: nobody resolved any."""
        return self.right / self.judged if self.judged else None


async def records(conn: Connection, *, now: datetime) -> dict[RuleId, Record]:
    """Return how each rule does."""
    rows = await conn.fetch(
        """
        select r.id, coalesce(a.alerts, 0) as alerts, coalesce(i.incidents, 0) as incidents,
            coalesce(i.open, 0) as open, coalesce(i.judged, 0) as judged, coalesce(i."right", 0) as "right"
        from rule r
        left join (
            select rule_id, count(*)::int as alerts from alert where at >= $1 group by rule_id
        ) a on a.rule_id = r.id
        left join (
            select rule_id, count(*) filter (where opened_at >= $1)::int as incidents,
                count(*) filter (where status <> 'resolved')::int as open,
                count(*) filter (
                    where resolution in ('answered', 'no_action', 'false_positive', 'spam'))::int as judged,
                count(*) filter (where resolution in ('answered', 'no_action'))::int as "right"
            from incident group by rule_id
        ) i on i.rule_id = r.id
        """,
        now - timedelta(days=7),
    )
    return {
        RuleId(row["id"]): Record(
            alerts=row["alerts"],
            incidents=row["incidents"],
            open=row["open"],
            judged=row["judged"],
            right=row["right"],
        )
        for row in rows
    }


async def put(
    conn: Connection,
    *,
    brand_id: BrandId | None,
    kind: RuleKind,
    name: str,
    settings: Mapping[str, float | str],
    mode: RuleMode,
    urgency: Urgency,
    severity: Severity = Severity.MAJOR,
    group_by: GroupBy = GroupBy.STORY,
    policy_id: PolicyId | None = None,
    now: datetime,
) -> RuleId:
    """Make the rule of this name be so."""
    return RuleId(
        await conn.fetchval(
            """
            insert into rule (brand_id, kind, name, settings, mode, urgency, severity, group_by, created_at,
                policy_id)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict (name) do update set brand_id = excluded.brand_id, kind = excluded.kind,
                settings = excluded.settings, mode = excluded.mode, urgency = excluded.urgency,
                severity = excluded.severity, group_by = excluded.group_by, policy_id = excluded.policy_id
            returning id
            """,
            brand_id,
            kind,
            name,
            dict(settings),
            mode,
            urgency,
            severity,
            group_by,
            now,
            policy_id,
        )
    )


async def change(conn: Connection, rule: Rule) -> bool:
    """Make the rule of this id be so. False: there is none."""
    done = await conn.fetchval(
        """
        update rule set brand_id = $2, kind = $3, name = $4, settings = $5, mode = $6, urgency = $7, severity = $8,
            group_by = $9, policy_id = $10
        where id = $1 returning id
        """,
        rule.id,
        rule.brand_id,
        rule.kind,
        rule.name,
        dict(rule.settings),
        rule.mode,
        rule.urgency,
        rule.severity,
        rule.group_by,
        rule.policy_id,
    )
    return done is not None


async def remove(conn: Connection, rule_id: RuleId) -> None:
    """Remove a rule with its alerts and incidents."""
    await conn.execute("delete from rule where id = $1", rule_id)


async def unheard(conn: Connection) -> list[str]:
    """Return the names of active rules without policy of which nobody is told: all their contacts, or all there are of
    a rule that names none, are disabled or not verified."""
    rows = await conn.fetch(
        f"""
        select r.name from rule r
        where r.mode = 'active' and r.policy_id is null and not exists (
            select from contact c where c.enabled and c.verified_at is not null and {contact.TOLD_BY_RULE}
        )
        order by r.name, r.id
        """  # noqa: S608  # ours
    )
    return [row["name"] for row in rows]
