"""The dead-man's switch: an outside watch is told that all is well, and tells a person once it hears nothing.

It is told only where the auditor finds no promise broken, every stage says that it lives, and mail can leave. A watch
that heard a process that merely runs would be silent about all that matters.
"""

import logging
from datetime import datetime, timedelta

from collectors.errors import CollectError
from collectors.types import Egress
from service.store import clock, component
from service.store.component import Component
from service.store.pool import Pool

log = logging.getLogger(__name__)

#: The outside watch is told so often.
_EVERY = timedelta(seconds=60)
#: What was silent longer is not alive.
_SILENT = timedelta(minutes=2)
_ALIVE = ("worker.collect", "worker.analyse", "worker.alert", "worker.deliver", "auditor")
#: What is alive only while it is well.
_ORGANS = ("smtp", "outbox", "canary")
NAME = "heartbeat"


async def beat(pool: Pool, egress: Egress, url: str) -> bool:
    """Tell the outside watch that all is well, at most once a minute for all workers; False where nothing was told."""
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        last = await component.last_beat(conn, NAME)
        if last is not None and now - last < _EVERY * 0.9:
            return False
        why = "; ".join(ill(await component.every(conn), now=now))
        await component.beat(conn, NAME, now=now, healthy=not why, detail=why)
    if why:
        log.error("the outside watch is told nothing", extra={"reason": why})
        return False
    return await _tell(pool, egress, url)


def ill(parts: list[Component], *, now: datetime) -> list[str]:
    """Return what is not alive, one line each."""
    known = {part.name: part for part in parts}
    silent = [f"{name} is silent" for name in _ALIVE if name not in known or now - known[name].beat_at > _SILENT]
    unwell = [
        f"{name}: {known[name].detail}" for name in (*_ALIVE, *_ORGANS) if name in known and not known[name].healthy
    ]
    return [*silent, *unwell]


async def _tell(pool: Pool, egress: Egress, url: str) -> bool:
    try:
        # The operator set the address, so that it may lie in their own network.
        await egress.get(url, allow_private=True)
    except CollectError as error:
        # The address is a secret of its watch: whoever knows it can keep the watch quiet.
        log.warning("the outside watch cannot be told", extra={"reason": type(error).__name__})
        async with pool.acquire() as conn:
            now = await clock.now(conn)
            await component.beat(conn, NAME, now=now, healthy=False, detail="the outside watch does not answer")
        return False
    return True
