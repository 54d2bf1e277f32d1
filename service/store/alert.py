"""Alerts: one rule matched one mention, or one span of time, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from alerts.types import Alert, AlertId, IncidentId
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAlert:
    """An alert that was not there before."""

    id: AlertId
    alert: Alert


async def insert(conn: Connection, alerts: Sequence[Alert], *, models: Sequence[str], now: datetime) -> list[NewAlert]:
    """Store alerts of one rule, each of another mention or group; return the new ones, in order: an edit that stays
    angry is not news, nor is a span of time that was told."""
    rows = await conn.fetch(
        """
        insert into alert (rule_id, mention_id, version, model, reason, at, severity, group_key, slot, monitored)
        select rule_id, mention_id, version, model, reason::jsonb, $9, severity, group_key, slot,
            exists (select from rule r where r.id = rule_id and r.mode = 'monitor')
        from unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::timestamptz[]) with ordinality
            as a (rule_id, mention_id, version, model, reason, severity, group_key, slot, n)
        order by n
        on conflict do nothing returning id, mention_id, group_key
        """,
        [one.rule_id for one in alerts],
        [one.mention_id for one in alerts],
        [one.version for one in alerts],
        list(models),
        [orjson.dumps({"code": one.reason.code, "values": dict(one.reason.values)}).decode() for one in alerts],
        [one.severity for one in alerts],
        [one.group_key for one in alerts],
        [one.slot for one in alerts],
        now,
    )
    known = {(one.mention_id, one.group_key): one for one in alerts}
    new = [(AlertId(row["id"]), known[row["mention_id"], row["group_key"]]) for row in rows]
    return [NewAlert(id=alert_id, alert=one) for alert_id, one in sorted(new, key=lambda pair: pair[0])]


async def join(conn: Connection, alert_ids: Sequence[AlertId], incident_id: IncidentId) -> None:
    """Tie alerts to the incident they belong to."""
    await conn.execute("update alert set incident_id = $2 where id = any($1)", list(alert_ids), incident_id)


async def first_of(conn: Connection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, AlertId]:
    """Return the alert that opened each incident."""
    rows = await conn.fetch(
        "select incident_id, min(id) as id from alert where incident_id = any($1) group by 1", list(incident_ids)
    )
    return {IncidentId(row["incident_id"]): AlertId(row["id"]) for row in rows}
