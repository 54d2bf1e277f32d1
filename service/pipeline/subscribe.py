"""Asks the hubs of feeds to tell us of news, and renews before their leases end. Polling goes on, more slowly."""

import logging
from datetime import timedelta
from uuid import UUID, uuid4

from collectors.errors import CollectError, RateLimited
from collectors.polite import next_poll
from collectors.types import Egress
from collectors.websub import subscribe
from service.store import clock, inlet, websub
from service.store.pool import UNREACHABLE, Pool
from service.store.websub import DueSubscription

log = logging.getLogger(__name__)

#: Hubs asked by one worker in one go.
BATCH = 20
#: Longer than asking one hub may take.
LEASE = timedelta(minutes=5)
#: A hub that took the request and does not confirm is asked again after this.
UNCONFIRMED_PAUSE = timedelta(hours=1)
FAILED_PAUSE = timedelta(minutes=10)


async def subscribe_due(pool: Pool, egress: Egress, *, hooks_url: str) -> int:
    """Ask one batch of hubs; return how many were claimed. `hooks_url` is where our addresses begin."""
    token = uuid4()
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        due = await websub.claim_due(conn, now=now, lease=LEASE, token=token, limit=BATCH)
    for one in due:
        try:
            await _subscribe(pool, egress, one, token, hooks_url=hooks_url)
        except UNREACHABLE:
            raise
        except Exception:  # the other hubs are asked; this one again when its lease ends
            log.exception("hub not asked", extra={"source": one.source_id})
    return len(due)


async def _subscribe(pool: Pool, egress: Egress, one: DueSubscription, token: UUID, *, hooks_url: str) -> None:
    """Ask one hub, and note what came of it."""
    async with pool.acquire() as conn, conn.transaction():
        key = await inlet.ensure(conn, one.source_id, now=await clock.now(conn))
        secret = await inlet.secret_of(conn, one.source_id)
    error, pause = await _ask(one, egress, callback=f"{hooks_url}/{key}", secret=secret)
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        await websub.asked(conn, one.source_id, token, error=error, due=now + pause)


async def _ask(due: DueSubscription, egress: Egress, *, callback: str, secret: str) -> tuple[str | None, timedelta]:
    """Return what went wrong, if anything, and when to ask again if the hub does not confirm."""
    try:
        await subscribe(due.hub, callback=callback, secret=secret, egress=egress, allow_private=due.allow_private)
    except CollectError as error:
        log.warning("hub not asked", extra={"source": due.source_id, "reason": str(error)})
        wished = error.retry_after if isinstance(error, RateLimited) else None
        return str(error), next_poll(FAILED_PAUSE, error_count=due.attempts, retry_after=wished)
    return None, UNCONFIRMED_PAUSE
