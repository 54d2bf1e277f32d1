"""Reads items again that could not be read, when somebody asks for it: such as after the program was mended.

In one transaction: lock the item, read it by itself, store what it says with a line in the log, let the item go
"""

import asyncio
import logging
from datetime import datetime

from collectors.errors import CollectError
from collectors.kept_secrets import with_secrets
from collectors.registry import read_again
from service.store import clock, events, fetch, ingest, quarantine
from service.store.events import EventKind
from service.store.fetch import Outcome
from service.store.pool import UNREACHABLE, Connection, Pool
from service.store.quarantine import Wanted

log = logging.getLogger(__name__)


async def read_wanted(pool: Pool) -> bool:
    """Read one item that somebody asked for; False where there is none."""
    async with pool.acquire() as conn, conn.transaction():
        wanted = await quarantine.claim(conn)
        if wanted is None:
            return False
        await read_one(conn, wanted)
        return True


async def read_one(conn: Connection, wanted: Wanted) -> str | None:
    """Read a locked item and store what it says; return why it still cannot be read, and waits on, or None."""
    try:
        async with conn.transaction():
            await _read(conn, wanted, now=await clock.now(conn))
    except UNREACHABLE:
        raise
    except CollectError as error:
        why = str(error)
        log.warning("item not read", extra={"source": wanted.source_id, "reason": why})
    except Exception as error:  # whatever it is, those that were asked for after it are read
        why = f"{type(error).__name__}: {error}"
        log.exception("item not read", extra={"source": wanted.source_id})
    else:
        return None
    await quarantine.keep(conn, wanted.id, reason=why[:500])
    return why


async def _read(conn: Connection, wanted: Wanted, *, now: datetime) -> None:
    """Store what a locked item says. Raises CollectError."""
    # As of when it came: dates in it are judged by that.
    found = await asyncio.to_thread(read_again, wanted.raw, with_secrets(wanted.source), now=wanted.at)
    got = await ingest.ingest(conn, wanted.brand_id, wanted.source_id, found.mentions, match=wanted.match, now=now)
    await quarantine.drop(conn, wanted.id)
    await fetch.record(
        conn,
        wanted.source_id,
        started_at=now,
        finished_at=now,
        outcome=Outcome.COLLECTED,
        seen=found.seen + got.counts.seen - len(found.mentions),
        counts=got.counts,
        unmatched=got.unmatched,
    )
    await events.tell(conn, EventKind.MENTION, got.changed)
