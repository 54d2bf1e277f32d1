"""Keeps house: forgets what is spent, proves the trends, and looks for promises that were lost."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from service.pipeline.apart import apart
from service.store import (
    access,
    attempt,
    canary,
    clock,
    component,
    duty,
    fetch,
    host_pace,
    idempotency,
    identity,
    incident_link,
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
#: Who was on call is asked about when an old incident is.
DUTY_LIFE = timedelta(days=730)
#: What they showed is long known.
CANARY_LIFE = timedelta(days=2)
#: No place sends an event again after this.
EVENT_LIFE = timedelta(days=30)
#: The longest period and its baseline need no word that one text held so long ago.
RARE_TERM_LIFE = timedelta(days=60)
#: A recount reads every mention.
PROVE_EVERY = timedelta(days=1)

#: One piece of the housework, as of a time.
_Chore = Callable[[Connection, datetime], Awaitable[None]]


def _forgotten_after(life: timedelta, forget: _Chore) -> _Chore:
    """Return the chore to forget what is older."""
    return lambda conn, now: forget(conn, now - life)


async def maintain(pool: Pool) -> None:
    """Do all of it once; safe to run twice, or in several workers at a time."""
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        for name, chore in _CHORES.items():
            async with apart(conn, "a piece of the housework failed", chore=name):
                await chore(conn, now)
        proved_at = await component.last_beat(conn, "trends")
        if proved_at is None or now - proved_at >= PROVE_EVERY:
            # What cannot be proved is said, and tried again tomorrow: a recount reads every mention.
            await component.beat(conn, "trends", now=now, healthy=False, detail="the trends could not be recounted")
            async with apart(conn, "the trends could not be recounted"):
                await _prove_trends(conn, now=now)
            async with apart(conn, "a piece of the housework failed", chore="rare terms"):
                await term.forget_rare(conn, now - RARE_TERM_LIFE)


_CHORES: Mapping[str, _Chore] = {
    "sessions and links": lambda conn, now: access.forget_expired(conn, now=now),
    "attempts to sign in": _forgotten_after(attempt.SPAN, attempt.forget_before),
    "second factors": lambda conn, now: second_factor.forget_expired(conn, now=now),
    "identities": lambda conn, now: identity.forget_expired(conn, now=now),
    "requests": _forgotten_after(RATE_LIFE, rate.forget_before),
    "links in e-mails": lambda conn, now: incident_link.forget_expired(conn, now=now),
    "verifications": lambda conn, now: verification.forget_expired(conn, now=now),
    "polls": _forgotten_after(FETCH_LOG_LIFE, fetch.forget_before),
    "drafts": _forgotten_after(TRYOUT_LIFE, tryout.forget_before),
    "idempotency keys": _forgotten_after(IDEMPOTENCY_LIFE, idempotency.forget_before),
    "events of places": _forgotten_after(EVENT_LIFE, push.forget_events_before),
    "paces": lambda conn, now: host_pace.forget_idle(conn, now=now),
    "canaries": _forgotten_after(CANARY_LIFE, canary.forget_before),
    "shifts": _forgotten_after(DUTY_LIFE, duty.forget_before),
    "webhooks' messages": _forgotten_after(EVENT_LIFE, webhook_delivery.forget_before),
}


async def _prove_trends(conn: Connection, *, now: datetime) -> None:
    """Recount the trends from the mentions, say whether they agree, and mend them where they do not. In the caller's
    transaction."""
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
