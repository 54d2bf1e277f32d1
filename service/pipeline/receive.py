"""Reads what places sent to us.

    claim bodies (lease, token) | read, outside any transaction | in one: store mentions, the log, and let the body go

A body that cannot be read whole is set aside with its reason and can be read again; nothing of it is lost.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from collectors import registry
from collectors.errors import CollectError
from collectors.kept_secrets import with_secrets
from collectors.types import Quarantined, Received, SourceKind
from service.failpoints import Failpoint, reach
from service.store import clock, events, fetch, ingest, push, quarantine, source, websub
from service.store.events import EventKind
from service.store.fetch import Counts, Outcome
from service.store.pool import UNREACHABLE, Connection, Pool
from service.store.push import DuePush

log = logging.getLogger(__name__)

#: Bodies read by one worker in one go.
BATCH = 20
#: Longer than reading a batch may take.
LEASE = timedelta(minutes=5)
#: A body that ended so many workers is set aside.
MOST_ATTEMPTS = 3
#: A place that says it has news is asked at most this often.
POLL_SPACING = timedelta(seconds=15)
#: Marks a copy of a body, made for another source of the same app, so that it is not copied again.
FORWARDED = "forwarded"
#: A source that is being polled when it says it has news is asked again after this.
BUSY_PAUSE = timedelta(seconds=5)


class LeaseLost(Exception):
    """Another worker reads this body now; what was read here must not be stored."""


async def receive_due(pool: Pool, *, allow_private: bool) -> int:
    """Read one batch of bodies; return how many were claimed."""
    token = uuid4()
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        due = await push.claim(conn, now=now, lease=LEASE, token=token, limit=BATCH)
    if due:
        reach(Failpoint.RECEIVE_CLAIMED)
    for one in due:
        try:
            await _read(pool, one, token, allow_private=allow_private)
        except LeaseLost:
            log.warning("lease lost while reading a push; another worker has it", extra={"source": one.source_id})
        except UNREACHABLE:
            raise
        except Exception:  # the others go on; this one is read again when its lease ends, and set aside at last
            log.exception("push not read", extra={"source": one.source_id})
    return len(due)


async def _read(pool: Pool, due: DuePush, token: UUID, *, allow_private: bool) -> None:
    """Read one body and store what came of it. Raises LeaseLost."""
    async with pool.acquire() as conn:
        now = await clock.now(conn)
    try:
        received = await _received(pool, due, allow_private=allow_private, now=now)
    except CollectError as error:
        async with pool.acquire() as conn, conn.transaction():
            await _set_aside(conn, due, token, str(error))
        log.warning("push not read", extra={"source": due.source_id, "reason": str(error)})
        return
    reach(Failpoint.RECEIVE_READ)
    async with pool.acquire() as conn, conn.transaction():
        await _store(conn, due, token, received)
    reach(Failpoint.RECEIVE_COMMITTED)


async def _received(pool: Pool, due: DuePush, *, allow_private: bool, now: datetime) -> Received:
    """Return what is in the body. Raises CollectError."""
    if due.attempts > MOST_ATTEMPTS:
        raise CollectError(f"reading it ended the worker {MOST_ATTEMPTS} times")
    place = with_secrets(due.source)
    if allow_private:
        place = replace(place, allow_private=True)
    receiver = registry.receiver(place.kind)
    received = await receiver.receive(due.push, place, now=now)
    if due.again or not received.events:
        return received
    async with pool.acquire() as conn:
        known = await push.known_events(conn, due.source_id, received.events)
    return await receiver.receive(replace(due.push, known=known), place, now=now) if known else received


async def _store(conn: Connection, due: DuePush, token: UUID, received: Received) -> None:
    """Store what one body brought, and let it go or set it aside. Raises LeaseLost."""
    now = await clock.now(conn)
    collected = received.collected
    await push.note_events(conn, due.source_id, received.events, now=now)
    got = await ingest.ingest(conn, due.brand_id, due.source_id, collected.mentions, match=due.match, now=now)
    await push.forget_items(conn, due.id)
    await quarantine.put(conn, due.source_id, collected.quarantined, now=now, push_id=due.id)
    if collected.seen or received.ignored:
        await fetch.record(
            conn,
            due.source_id,
            started_at=due.received_at,
            finished_at=now,
            outcome=Outcome.COLLECTED if not collected.quarantined else Outcome.PARTIAL,
            # An item counts for each brand it is about, and not at all where it is about none.
            seen=collected.seen + got.counts.seen - len(collected.mentions),
            counts=got.counts + Counts(quarantined=len(collected.quarantined)),
            error=_unread(collected.quarantined) or collected.warning,
            ignored=received.ignored,
            unmatched=got.unmatched,
        )
    await source.record_push(conn, due.source_id, warning=_unread(collected.quarantined) or collected.warning, now=now)
    if due.source.kind is SourceKind.FEED:
        await websub.heard(conn, due.source_id, now=now)
    await events.tell(conn, EventKind.MENTION, got.changed)
    if not due.push.headers.get(FORWARDED):
        await push.forward(
            conn,
            due.id,
            _account_setting(due),
            received.accounts,
            headers={**due.push.headers, FORWARDED: "yes"},
            now=now,
        )
    if not await _let_go(conn, due, token, received, now=now):
        raise LeaseLost


def _account_setting(due: DuePush) -> str:
    """Return the setting by which sources of the kind name their account."""
    return "page" if "page" in due.source.settings else "account"


async def _let_go(conn: Connection, due: DuePush, token: UUID, received: Received, *, now: datetime) -> bool:
    """End the body's turn; False where the lease was lost."""
    if received.poll and not await source.poll_after_push(
        conn, due.source_id, wanted=received.wanted, spacing=POLL_SPACING, now=now
    ):
        return await push.put_off(conn, due.id, token, due=now + BUSY_PAUSE)
    reason = _unread(received.collected.quarantined)
    if reason is None:
        return await push.finish(conn, due.id, token)
    return await push.set_aside(conn, due.id, token, reason=reason)


def _unread(unread: Sequence[Quarantined]) -> str | None:
    """Return that some items could not be read, and why the first."""
    return f"{len(unread)} items of a delivery could not be read: {unread[0].reason}" if unread else None


async def _set_aside(conn: Connection, due: DuePush, token: UUID, reason: str) -> None:
    """Keep a body of which nothing could be read. Raises LeaseLost."""
    now = await clock.now(conn)
    if not await push.set_aside(conn, due.id, token, reason=reason):
        raise LeaseLost
    await source.record_unread(conn, due.source_id, error=reason, now=now)
    await fetch.record(
        conn,
        due.source_id,
        started_at=due.received_at,
        finished_at=now,
        outcome=Outcome.FAILED,
        seen=0,
        counts=Counts(),
        error=reason,
    )
    await events.tell(conn, EventKind.SOURCE, [due.source_id])
