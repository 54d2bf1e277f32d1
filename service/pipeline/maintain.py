"""Keeps house: forgets what is spent, proves the trends, and looks for promises that were lost."""

import logging
from datetime import datetime, timedelta

from service.store import (
    access,
    attempt,
    clock,
    component,
    fetch,
    host_pace,
    idempotency,
    identity,
    invariant,
    push,
    rate,
    second_factor,
    term,
    trend,
    tryout,
    verification,
    webhook_delivery,
)
from service.store.pool import Connection, Pool

log = logging.getLogger(__name__)

#: Polls are logged this long.
FETCH_LOG_LIFE = timedelta(days=30)
#: A source that was tried and not kept, with its secrets.
TRYOUT_LIFE = timedelta(days=1)
#: An Idempotency-Key gets its answer this long.
IDEMPOTENCY_LIFE = timedelta(days=2)
#: Requests are counted by the minute.
RATE_LIFE = timedelta(minutes=5)
#: No place sends an event again after this.
EVENT_LIFE = timedelta(days=30)
#: The longest period and its baseline need no word that one text held so long ago.
RARE_TERM_LIFE = timedelta(days=60)
#: A recount reads every mention.
PROVE_EVERY = timedelta(days=1)


async def maintain(pool: Pool) -> None:
    """Do all of it once; safe to run twice, or in several workers at a time."""
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        await access.forget_expired(conn, now=now)
        await attempt.forget_before(conn, now - attempt.SPAN)
        await second_factor.forget_expired(conn, now=now)
        await identity.forget_expired(conn, now=now)
        await rate.forget_before(conn, now - RATE_LIFE)
        await verification.forget_expired(conn, now=now)
        await fetch.forget_before(conn, now - FETCH_LOG_LIFE)
        await tryout.forget_before(conn, now - TRYOUT_LIFE)
        await idempotency.forget_before(conn, now - IDEMPOTENCY_LIFE)
        await push.forget_events_before(conn, now - EVENT_LIFE)
        await host_pace.forget_idle(conn, now=now)
        await webhook_delivery.forget_before(conn, now - EVENT_LIFE)
        proved_at = await component.last_beat(conn, "trends")
        if proved_at is None or now - proved_at >= PROVE_EVERY:
            await _prove_trends(conn, now=now)
            await term.forget_rare(conn, now - RARE_TERM_LIFE)


async def _prove_trends(conn: Connection, *, now: datetime) -> None:
    """Recount the trends from the mentions, say whether they agree, and mend them where they do not."""
    async with conn.transaction():
        differing = await trend.drift(conn)
        if differing:
            await trend.mend(conn)
    detail = f"{differing} hours differed from a recount and were mended" if differing else ""
    await component.beat(conn, "trends", now=now, healthy=differing == 0, detail=detail)
    if differing:
        log.error("trends differed from a recount and were mended", extra={"rows": differing})


async def audit(pool: Pool) -> int:
    """Look for what must not be, and say so; return how many invariants do not hold."""
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        broken = await invariant.breaches(conn, now=now)
        detail = "; ".join(map(str, broken))
        await component.beat(conn, "auditor", now=now, healthy=not broken, detail=detail)
    if broken:
        log.error("something was promised and is not so", extra={"broken": detail})
    return len(broken)
