"""Shows from end to end that an angry mention would be told of in time: a complaint of our own goes the whole way.

let one go, every so often | the analyser judges it | the angry rule finds it | outbox | mail server | how long it took

Its mailbox is a contact that is told nothing else (`enabled = false`). The e-mail's way is that of all others.
"""

import asyncio
from datetime import datetime, timedelta

from alerts import canary as complaint
from alerts import registry
from analysis.types import Analyser
from service.pipeline.judge import judge
from service.store import canary, clock, component, contact
from service.store.canary import Canary, CanaryId
from service.store.pool import Pool

NAME = "canary"
#: One that is under way for longer will not do.
OVERDUE = timedelta(minutes=5)
#: One that took longer came too late for somebody who waits.
SLOW = timedelta(minutes=1)


async def post_due(pool: Pool, *, mailbox: str, every: timedelta) -> None:
    """Let one go, if the last one was long enough ago and is under way no more; and say how they fare. Safe to run
    twice, late, or in several workers at a time."""
    async with pool.acquire() as conn, conn.transaction():
        await canary.lock(conn)
        now = await clock.now(conn)
        newest = await canary.newest(conn)
        known = await contact.named(conn, mailbox)
        is_due = newest is None or (not newest.under_way and now - newest.posted_at >= every)
        if is_due and known is not None:
            await canary.post(conn, known.id, now=now)
            newest = newest or await canary.newest(conn)
        why = _ill(newest, await canary.last_arrived(conn), every=every, now=now)
        if known is None:
            why = f"there is no contact named {mailbox!r}; describe it in earshot.toml with enabled = false, and apply"
        await component.beat(conn, NAME, now=now, healthy=not why, detail=why)


async def let_go(pool: Pool, *, mailbox: str) -> CanaryId | None:
    """Let one go now, whatever was before; None: there is no such contact."""
    async with pool.acquire() as conn, conn.transaction():
        known = await contact.named(conn, mailbox)
        return None if known is None else await canary.post(conn, known.id, now=await clock.now(conn))


async def forget_health(pool: Pool) -> None:
    """Say nothing of canaries where none is let go any more."""
    async with pool.acquire() as conn:
        await component.forget(conn, NAME)


def _ill(newest: Canary | None, arrived: Canary | None, *, every: timedelta, now: datetime) -> str:
    """Return what is wrong; '' for nothing."""
    if newest is None:
        return ""
    late = now - newest.posted_at > OVERDUE
    if newest.judged and newest.notification_id is None:
        return held_up(newest)
    if newest.under_way and late:
        return f"overdue: it was let go {_said(now - newest.posted_at)} ago and {held_up(newest)}"
    if newest.accepted_at is not None and now - newest.posted_at > every + OVERDUE:
        return f"overdue: none was let go for {_said(now - newest.posted_at)}"
    took = None if arrived is None else arrived.took
    return f"slow: the last took {_said(took)} to the mail server" if took is not None and took > SLOW else ""


def held_up(one: Canary) -> str:
    """Return what holds up one that has not arrived."""
    if not one.judged:
        return "waits to be judged"
    if one.notification_id is None:
        return "the analyser does not find the canary angry: real complaints may be missed too"
    return f"cannot leave: {one.error or 'nobody has sent it'}"


def _said(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < 2 * 60 else f"{seconds // 60} min"


async def judge_waiting(pool: Pool, analyser: Analyser) -> bool:
    """Judge one that waits, and put it into the outbox where the angry rule finds it; False where none waits. Two
    workers may judge the same, and one keeps it."""
    async with pool.acquire() as conn:
        waiting = await canary.unjudged(conn)
    if waiting is None:
        return False
    (found,) = await asyncio.to_thread(judge, analyser, [complaint.WORDS], [()])
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        said = complaint.mention(found, at=now)
        alerts = registry.mention_checker(complaint.RULE.kind)(complaint.RULE, [said])
        await canary.judged(conn, waiting, found, next((one.reason for one in alerts), None), now=now)
    return True
