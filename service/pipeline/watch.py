"""Checks the rules over spans of time: negative share, spikes, silent sources.

rules and brands whose next span ended | what was said in each span | alerts | incidents opened, kept or ended | owed
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from alerts import registry, spans
from alerts.errors import RuleError
from alerts.registry import Reads
from alerts.spans import Grid
from alerts.types import BrandId, IncidentId, Rule, RuleMode
from service.pipeline.alert import fire
from service.pipeline.apart import apart
from service.pipeline.owing import owe
from service.store import alert, brand, clock, incident, past, rule, traffic
from service.store.past import Found
from service.store.pool import Connection, Pool

log = logging.getLogger(__name__)


async def watch_due(pool: Pool) -> int:
    """Check every rule and brand whose next span has ended; return how many were. Safe to run twice, late, or in
    several workers at a time: the spans lie on a grid, and each is told once."""
    checked = 0
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        for one, brand_id, grid in await _due(conn, now):
            async with apart(conn, "a rule cannot be checked", rule=one.name, brand=brand_id):
                checked += await _check(conn, one, brand_id, grid, now=now)
    return checked


async def _due(conn: Connection, now: datetime) -> list[tuple[Rule, BrandId, Grid]]:
    """Return the rules over spans, each with a brand it has to be checked for."""
    rules = [
        one
        for one in await rule.every(conn)
        if one.mode is not RuleMode.OFF and registry.reads(one.kind) is not Reads.MENTIONS
    ]
    brands = [one.id for one in await brand.every(conn)] if rules else []
    done = await traffic.checked_until(conn, [one.id for one in rules])
    found = []
    for one in rules:
        try:
            grid = spans.grid(one)
        except RuleError:
            log.exception("a rule cannot be checked", extra={"rule": one.name})
            continue
        for brand_id in brands if one.brand_id is None else [one.brand_id]:
            until = done.get((one.id, brand_id))
            if until is None or grid.floor(now) > until:
                found.append((one, brand_id, grid))
    return found


async def _check(conn: Connection, one: Rule, brand_id: BrandId, grid: Grid, *, now: datetime) -> bool:
    """Check a rule for a brand up to now; False where another worker does, or did."""
    until = await traffic.begin_check(conn, one.id, brand_id, start=grid.floor(now) - grid.step)
    if until is None or not (ends := spans.due(grid, checked_until=until, now=now)):
        return False
    known = await past.past_of(conn, one, brand_id, grid, ends=ends)
    touched: list[IncidentId] = []
    found: list[Found] = []
    for end in ends:
        found = await past.check(conn, one, known, end=end)
        touched += await _raise(conn, one, brand_id, found, now=now)
    await _end(conn, one, brand_id, found, now=now)
    await traffic.end_check(conn, one.id, brand_id, until=ends[-1])
    await owe(conn, await incident.of_ids(conn, touched), now=now)
    return True


async def _raise(
    conn: Connection, one: Rule, brand_id: BrandId, found: Sequence[Found], *, now: datetime
) -> list[IncidentId]:
    """Store what was found, and open or go on with its incidents."""
    models = [match.mention.analysis.model for match in found]
    new = await alert.insert(conn, [match.alert for match in found], models=models, now=now)
    return await fire(conn, one, brand_id, new, now=now) if one.mode is RuleMode.ACTIVE else []


async def _end(conn: Connection, one: Rule, brand_id: BrandId, found: Sequence[Found], *, now: datetime) -> None:
    """Close what the last span no longer shows, if it has been so for as long as the kind waits."""
    await incident.end_quiet(
        conn,
        one.id,
        brand_id,
        seen=[match.alert.group_key for match in found],
        quiet_since=now - registry.KINDS[one.kind].ends_after,
        now=now,
    )
