"""From verdicts to promises, inside the transaction that stores the verdicts.

verdicts | each rule's check | new alerts | by group key: open, join or reopen an incident | what is owed | outbox
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from itertools import groupby

from alerts import incidents, registry
from alerts.incidents import Outcome
from alerts.registry import Reads
from alerts.types import Alert, BrandId, IncidentId, JudgedMention, Rule, RuleMode, Severity
from service.pipeline.holding import lapse_due, remind_due
from service.pipeline.owing import escalate_due, owe
from service.store import alert, clock, events, incident, rule
from service.store.alert import NewAlert
from service.store.events import EventKind
from service.store.pool import Connection, Pool

log = logging.getLogger(__name__)

#: An incident that nobody acknowledged this long after its last alert is no longer news.
RECONCILE_WINDOW = timedelta(days=2)


async def raise_alerts(conn: Connection, judged: Sequence[JudgedMention], *, now: datetime) -> list[IncidentId]:
    """Check mentions of one brand against its rules; return the incidents that opened, grew or came back, for `owe`.
    The caller holds the brand's story lock, so that no other transaction opens the same incident."""
    touched: list[IncidentId] = []
    models = {mention.id: mention.analysis.model for mention in judged}
    for one in await rule.of_brand(conn, judged[0].brand_id) if judged else []:
        if registry.reads(one.kind) is not Reads.MENTIONS:
            continue
        matched = _matched(one, judged)
        new = await alert.insert(conn, matched, models=[models[match.mention_id] for match in matched], now=now)
        if one.mode is RuleMode.ACTIVE:
            touched += await fire(conn, one, judged[0].brand_id, new, now=now)
    return touched


def _matched(one: Rule, judged: Sequence[JudgedMention]) -> list[Alert]:
    """Return what a rule flags; nothing of one that cannot be checked, such as one that an older version let in with
    settings of no use: the others, and the verdicts, must not fall with it."""
    try:
        return registry.mention_checker(one.kind)(one, judged)
    except Exception:
        log.exception("a rule cannot be checked", extra={"rule": one.name})
        return []


async def fire(
    conn: Connection, one: Rule, brand_id: BrandId, new: Sequence[NewAlert], *, now: datetime
) -> list[IncidentId]:
    """Open, join or reopen the incident of each group key; return them."""
    touched = [
        await _fire_group(conn, one, brand_id, group_key, list(group), now=now)
        for group_key, group in groupby(sorted(new, key=_group_key), key=_group_key)
    ]
    await events.tell(conn, EventKind.INCIDENT, touched)
    return touched


def _group_key(new: NewAlert) -> str:
    return new.alert.group_key


async def _fire_group(
    conn: Connection, one: Rule, brand_id: BrandId, group_key: str, new: Sequence[NewAlert], *, now: datetime
) -> IncidentId:
    severity = reduce(incidents.worse_of, (match.alert.severity for match in new), Severity.MINOR)
    latest = await incident.latest_of(conn, group_key)
    transition = incidents.fire(latest, alerts=len(new), severity=severity, now=now)
    slot = new[-1].alert.slot
    if transition.outcome is Outcome.JOINED and latest is not None and slot is not None:
        # A span of time that looks like the one before is no news, only not over yet.
        transition = incidents.last(latest, now=slot)
    if transition.incident is None:
        current = await incident.open_incident(
            conn,
            rule_id=one.id,
            brand_id=brand_id,
            group_key=group_key,
            urgency=one.urgency,
            alerts=len(new),
            severity=severity,
            now=now,
        )
    else:
        current = transition.incident
        await incident.save(conn, current)
    await incident.add_to_timeline(conn, current.id, transition.events)
    await alert.join(conn, [match.id for match in new], current.id)
    return current.id


async def reconcile_all(pool: Pool) -> int:
    """Remind whoever has an incident and does nothing, and give it back when that helps nothing; wake what was snoozed,
    take the next step where nobody acknowledged, and owe what open incidents ought to have said and have not: more that
    joined, what a silence kept back, what somebody lost, a contact that came later. Return how many promises were made
    about incidents that nobody has. Safe to run twice, late, or in several workers at a time."""
    async with pool.acquire() as conn, conn.transaction():
        await remind_due(conn, now=await clock.now(conn))
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        await lapse_due(conn, now=now)
        await incident.wake_due(conn, now=now)
        await escalate_due(conn, now=now)
        return await owe(conn, await incident.triggered(conn, since=now - RECONCILE_WINDOW), now=now)
