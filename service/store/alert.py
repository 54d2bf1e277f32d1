"""Alerts: one rule matched one mention, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.types import Alert, AlertId, IncidentId
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAlert:
    """An alert that was not there before."""

    id: AlertId
    alert: Alert


async def insert(conn: Connection, alert: Alert, *, model: str, now: datetime) -> NewAlert | None:
    """Store an alert; None where this rule matched this mention before: an edit that stays angry is not news."""
    alert_id = await conn.fetchval(
        """
        insert into alert (rule_id, mention_id, version, model, reason, at) values ($1, $2, $3, $4, $5, $6)
        on conflict (rule_id, mention_id) do nothing returning id
        """,
        alert.rule_id,
        alert.mention_id,
        alert.version,
        model,
        {"code": alert.reason.code, "values": dict(alert.reason.values)},
        now,
    )
    return None if alert_id is None else NewAlert(id=AlertId(alert_id), alert=alert)


async def join(conn: Connection, alert_ids: Sequence[AlertId], incident_id: IncidentId) -> None:
    """Tie alerts to the incident they belong to."""
    await conn.execute("update alert set incident_id = $2 where id = any($1)", list(alert_ids), incident_id)


async def first_of(conn: Connection, incident_id: IncidentId) -> AlertId | None:
    """Return the alert that opened an incident."""
    alert_id = await conn.fetchval("select min(id) from alert where incident_id = $1", incident_id)
    return None if alert_id is None else AlertId(alert_id)
