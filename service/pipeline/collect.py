"""Polls what is due.

    claim due sources (lease, token) | collect, outside any transaction | in one: store mentions, validators, the log

A poll that dies is due again when its lease ends; what it had fetched is fetched again and changes nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from alerts.types import SourceId
from collectors import registry
from collectors.errors import CollectError, RateLimited, Refused
from collectors.kept_secrets import with_secrets
from collectors.polite import adapted, next_poll
from collectors.types import Collected, Egress
from service.failpoints import Failpoint, reach
from service.store import clock, events, fetch, ingest, quarantine, source, spend, websub
from service.store.events import EventKind
from service.store.fetch import Counts, Outcome
from service.store.ingest import Ingested
from service.store.pool import Connection, Pool, commit
from service.store.source import DueSource

log = logging.getLogger(__name__)

#: Polls under way at once in one worker.
BATCH = 16
#: Longer than a poll may take: a turn at a busy host, the fetch, the parse.
LEASE = timedelta(minutes=5)
#: A feed whose hub tells of news is polled so many times more seldom, but at least so often.
STRETCH, LONGEST_STRETCHED = 12, timedelta(hours=6)
#: A window of fewer items says nothing.
FEWEST_OF_A_WINDOW = 3
#: A place that refuses is not asked sooner than this: nothing changes there by itself.
REFUSED_PAUSE = timedelta(hours=1)


class LeaseLost(Exception):
    """Another worker polls this source now; what this poll brought must not be stored."""


async def collect_due(pool: Pool, egress: Egress, *, allow_private: bool, random: Random) -> int:
    """Poll one batch of due sources; return how many were claimed."""
    token = uuid4()
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        due = await source.claim_due(conn, now=now, lease=LEASE, token=token, limit=BATCH, kinds=registry.kinds())
    if due:
        reach(Failpoint.COLLECT_CLAIMED)
    if allow_private:
        due = [replace(one, source=replace(one.source, allow_private=True)) for one in due]
    polls = (poll(pool, egress, one, token, now=now, jitter=random.uniform(-1, 1)) for one in due)
    for done in await asyncio.gather(*polls, return_exceptions=True):
        if isinstance(done, Exception):
            # The others went well; this one is polled again when its lease ends.
            log.error("poll failed", exc_info=done)
    return len(due)


async def poll(pool: Pool, egress: Egress, due: DueSource, token: UUID, *, now: datetime, jitter: float) -> None:
    """Poll one source and store what came of it."""
    try:
        place = with_secrets(due.source)
        collected = await registry.collector(place.kind).collect(place, egress=egress, now=now)
    except CollectError as error:
        await _record_failure(pool, due, token, error, started_at=now, jitter=jitter)
        return
    reach(Failpoint.COLLECT_FETCHED)

    async def store(conn: Connection) -> None:
        await _store(conn, due, token, collected, started_at=now, jitter=jitter)

    try:
        await commit(pool, store, within=LEASE / 2)
    except LeaseLost:
        log.warning("lease lost while polling; another worker has it", extra={"source": due.id})
        return
    reach(Failpoint.COLLECT_COMMITTED)


async def _store(
    conn: Connection, due: DueSource, token: UUID, collected: Collected, *, started_at: datetime, jitter: float
) -> None:
    """Store one answer whole: mentions, quarantine, validators, cursor, log and due time stand or fall together."""
    now = await clock.now(conn)
    got = await ingest.ingest(conn, due.brand_id, due.id, collected.mentions, match=due.match, now=now)
    await quarantine.put(conn, due.id, collected.quarantined, now=now)
    await spend.add(conn, due.id, collected.spent, now=now)
    gap = _suspects_gap(due, collected, got)
    interval = pace = adapted(due.pace, due.interval, gap=gap)
    if due.has_hub or collected.hub is not None:
        news = got.counts.inserted > 0
        interval = await _with_hub(conn, due, collected, interval=interval, found_news=news, now=now)
    pause = next_poll(interval, collected.next_poll_after, jitter=jitter)
    ours = await source.record_success(
        conn,
        due.id,
        token,
        # Validators of an answer that was cut short would hide what is missing from it behind a 304.
        validators=collected.validators if collected.complete else None,
        cursor=collected.cursor if collected.complete and not collected.unchanged else None,
        moved_to=collected.moved_to,
        warning=collected.warning,
        pace=pace if pace < due.interval else None,
        gap=gap or collected.gap,
        next_due=now + pause,
        now=now,
    )
    if not ours:
        raise LeaseLost
    await fetch.record(
        conn,
        due.id,
        started_at=started_at,
        finished_at=now,
        outcome=_outcome(collected),
        # An item counts for each brand it is about, and not at all where it is about none.
        seen=collected.seen + got.counts.seen - len(collected.mentions),
        unmatched=got.unmatched,
        counts=got.counts + Counts(quarantined=len(collected.quarantined)),
        error=collected.warning,
        gap_suspected=gap or collected.gap,
    )
    await events.tell(conn, EventKind.MENTION, got.changed)
    if due.error_count:
        await _tell_source(conn, [due.id])


async def _with_hub(
    conn: Connection,
    due: DueSource,
    collected: Collected,
    *,
    interval: timedelta,
    found_news: bool,
    now: datetime,
) -> timedelta:
    """Note what hub the feed names, and return how often to poll: seldom while a hub tells of news, but always."""
    if not collected.unchanged and collected.complete:
        await websub.offer(conn, due.id, collected.hub, now=now)
    if found_news:
        await websub.doubt(conn, due.id)
    if not await websub.is_alive(conn, due.id, now=now):
        return interval
    return max(due.interval, min(due.interval * STRETCH, LONGEST_STRETCHED))


def _suspects_gap(due: DueSource, collected: Collected, got: Ingested) -> bool:
    """Whether items may have come and gone between this poll and the last: a window in which everything is new. Of a
    shared source nobody knows what was there before, for what is about no brand is not kept."""
    counts = got.counts
    is_all_new = counts.inserted >= FEWEST_OF_A_WINDOW and counts.inserted == counts.seen
    return registry.is_window(due.source.kind) and due.answered and is_all_new and not got.unmatched


def _outcome(collected: Collected) -> Outcome:
    if collected.unchanged:
        return Outcome.UNCHANGED
    return Outcome.COLLECTED if collected.complete else Outcome.PARTIAL


async def _record_failure(
    pool: Pool, due: DueSource, token: UUID, error: CollectError, *, started_at: datetime, jitter: float
) -> None:
    """Push the source's due time forward; it is never given up, and never silent."""
    asked = error.retry_after if isinstance(error, RateLimited) else None
    if isinstance(error, Refused):
        asked = REFUSED_PAUSE
    pause = next_poll(due.interval, error_count=due.error_count + 1, retry_after=asked, jitter=jitter)

    async def record(conn: Connection) -> None:
        now = await clock.now(conn)
        if await source.record_failure(conn, due.id, token, error=str(error), next_due=now + pause):
            await fetch.record(
                conn,
                due.id,
                started_at=started_at,
                finished_at=now,
                outcome=Outcome.FAILED,
                seen=0,
                counts=Counts(),
                error=str(error),
            )
            await _tell_source(conn, [due.id])

    await commit(pool, record, within=LEASE / 2)
    log.warning("source not collected", extra={"source": due.id, "name_": due.name, "reason": str(error)})


async def _tell_source(conn: Connection, ids: Sequence[SourceId]) -> None:
    await events.tell(conn, EventKind.SOURCE, ids)
