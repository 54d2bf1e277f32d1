"""From verdicts to promises, inside the transaction that stores the verdicts.

verdicts | each rule's check | new alerts | by group key: open, join or reopen an incident | what is owed | outbox
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from alerts import incidents, registry
from alerts.incidents import Outcome
from alerts.types import AlertId, Incident, IncidentId, JudgedMention, Rule, RuleMode
from service.store import alert, clock, contact, events, incident, notification, rule
from service.store.alert import NewAlert
from service.store.events import EventKind
from service.store.pool import Connection, Pool

log = logging.getLogger(__name__)

#: An incident that nobody acknowledged this long after its last alert is no longer news.
RECONCILE_WINDOW = timedelta(days=2)


async def raise_alerts(conn: Connection, judged: Sequence[JudgedMention], *, now: datetime) -> list[IncidentId]:
    """Check mentions of one brand against its rules; return the incidents that opened, grew or came back.
    The caller holds the brand's story lock, so that no other transaction opens the same incident."""
    touched: list[IncidentId] = []
    models = {mention.id: mention.analysis.model for mention in judged}
    for one in await rule.of_brand(conn, judged[0].brand_id) if judged else []:
        matched = registry.checker(one.kind)(one, judged)
        found = [await alert.insert(conn, match, model=models[match.mention_id], now=now) for match in matched]
        new = sorted((match for match in found if match is not None), key=_group_key)
        if one.mode is RuleMode.ACTIVE:
            for group_key, group in groupby(new, key=_group_key):
                touched.append(await _fire(conn, one, judged[0], group_key, list(group), now=now))
    await events.tell(conn, EventKind.INCIDENT, touched)
    return touched


def _group_key(new: NewAlert) -> str:
    return new.alert.group_key


async def _fire(
    conn: Connection, one: Rule, mention: JudgedMention, group_key: str, new: Sequence[NewAlert], *, now: datetime
) -> IncidentId:
    """Open, join or reopen the incident of a group key, and put what is owed into the outbox."""
    transition = incidents.fire(await incident.latest_of(conn, group_key), alerts=len(new), now=now)
    if transition.incident is None:
        current = await incident.open_incident(
            conn,
            rule_id=one.id,
            brand_id=mention.brand_id,
            group_key=group_key,
            urgency=one.urgency,
            alerts=len(new),
            now=now,
        )
    else:
        current = transition.incident
        await incident.save(conn, current)
    await incident.add_to_timeline(conn, current.id, transition.events)
    await alert.join(conn, [match.id for match in new], current.id)
    if transition.outcome in (Outcome.OPEN, Outcome.REOPENED):
        await _owe(conn, current, new[0].id, now=now)
    return current.id


async def _owe(conn: Connection, current: Incident, alert_id: AlertId, *, now: datetime) -> int:
    """Put what is owed about an incident into the outbox; return how much that was."""
    contacts = await contact.of_rule(conn, current.rule_id)
    owed = incidents.owed(current, contacts, await notification.told(conn, current.id), now)
    new = await notification.owe(conn, owed, alert_id=alert_id, urgency=current.urgency, now=now)
    await events.tell(conn, EventKind.NOTIFICATION, new)
    return len(new)


async def reconcile_all(pool: Pool) -> int:
    """Owe again what open incidents ought to have said and have not, whoever lost it or came later; return how many
    were missing. Safe to run twice, late, or in several workers at a time."""
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        missing = 0
        for current in await incident.triggered(conn, since=now - RECONCILE_WINDOW):
            alert_id = await alert.first_of(conn, current.id)
            if alert_id is not None:
                missing += await _owe(conn, current, alert_id, now=now)
    if missing:
        log.warning("notifications were owed and missing", extra={"count": missing})
    return missing
