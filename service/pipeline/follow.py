"""Follows streams of words: one worker a stream, taken over when it dies, beside the polls and never in their way.

    claim free streams (lease, token) | a task each: connect, hear, and every second in one: store, note how far it is

What a break hides comes by the stream's own replay where it has one, and by a poll that each connection asks for.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from alerts.types import SourceId
from collectors import registry
from collectors.errors import CollectError, RateLimited, SettingError
from collectors.kept_secrets import with_secrets
from collectors.polite import next_poll
from collectors.types import Egress, Heard, Mention, Source, Streams
from service.store import clock, events, fetch, ingest, quarantine, source, stream
from service.store.events import EventKind
from service.store.fetch import Counts, Outcome
from service.store.pool import UNREACHABLE, Connection, Pool
from service.store.stream import HeldStream

log = logging.getLogger(__name__)

#: Streams of one worker at most.
MOST = 50
LEASE = timedelta(seconds=60)
#: What was heard is stored this often, in seconds; nothing heard, the lease is renewed every so many such turns.
TURN = 1.0
RENEW_AFTER_TURNS = 10
#: Heard and not yet stored: a stream faster than the database waits.
MOST_WAITING = 500
_FIRST_PAUSE = timedelta(seconds=5)
_REFUSED_PAUSE = timedelta(hours=1)
_POLL_SPACING = timedelta(seconds=15)


class LeaseLost(Exception):
    """Another worker follows this stream now, or its source was changed; what was heard must not be stored."""


class Followers:
    """The streams of one worker; close it."""

    def __init__(self, pool: Pool, egress: Egress, streams: Streams, *, allow_private: bool, random: Random) -> None:
        self._pool = pool
        self._egress = egress
        self._streams = streams
        self._allow_private = allow_private
        self._random = random
        self._tasks: dict[SourceId, asyncio.Task[None]] = {}

    async def step(self) -> bool:
        """Begin to follow what nobody follows."""
        self._tasks = {source_id: task for source_id, task in self._tasks.items() if not task.done()}
        room = MOST - len(self._tasks)
        if room <= 0:
            return False
        token = uuid4()
        async with self._pool.acquire() as conn:
            now = await clock.now(conn)
            held = await stream.claim(conn, kinds=registry.streamed(), token=token, lease=LEASE, limit=room, now=now)
        for one in held:
            if before := self._tasks.get(one.source_id):
                # We lost its lease, or its source was changed, and that task has not noticed yet.
                before.cancel()
            self._tasks[one.source_id] = asyncio.create_task(self._follow(one, token))
        return False

    async def close(self) -> None:
        """Let every stream go, so that another worker takes it up at once."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, held: HeldStream, token: UUID) -> None:
        """Follow one stream until it breaks or is lost."""
        error, pause = None, _FIRST_PAUSE
        try:
            await self._hear(held, token)
        except LeaseLost:
            log.info("stream let go", extra={"source": held.source_id})
            return
        except CollectError as broken:
            error, pause = str(broken), self._pause(held, broken)
            log.warning("stream broke", extra={"source": held.source_id, "reason": error})
        except UNREACHABLE as lost:
            # Nothing can be noted now: the lease runs out by itself.
            log.warning("database unreachable", extra={"source": held.source_id, "reason": str(lost)})
            return
        except asyncio.CancelledError:
            pause = timedelta(0)
            raise
        except Exception:  # a task that nobody awaits must say what went wrong
            log.exception("stream failed", extra={"source": held.source_id})
            error = "failed; the reason is in the worker's log"
        finally:
            with suppress(*UNREACHABLE):
                async with self._pool.acquire() as conn:
                    now = await clock.now(conn)
                    await stream.release(conn, held.source_id, token, due=now + pause, error=error)

    def _pause(self, held: HeldStream, error: CollectError) -> timedelta:
        """Return how long to wait before connecting again."""
        asked = error.retry_after if isinstance(error, RateLimited) else None
        if error.permanent:
            asked = _REFUSED_PAUSE
        jitter = self._random.uniform(-1, 1)
        return next_poll(_FIRST_PAUSE, error_count=held.breaks, retry_after=asked, jitter=jitter)

    async def _hear(self, held: HeldStream, token: UUID) -> None:
        """Hear and store until the stream ends. Raises CollectError or LeaseLost."""
        place = with_secrets(replace(held.source, allow_private=held.source.allow_private or self._allow_private))
        _check(held, place)
        waiting: asyncio.Queue[Heard] = asyncio.Queue(MOST_WAITING)
        reader = asyncio.create_task(self._read(place, waiting))
        try:
            await self._store_all(held, token, waiting, reader)
            await reader
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self, place: Source, waiting: "asyncio.Queue[Heard]") -> None:
        """Put what is said into the queue, as fast as it is stored. Raises CollectError."""
        follower = registry.follower(place.kind)
        async with aclosing(
            follower.follow(place, egress=self._egress, streams=self._streams, clock=lambda: datetime.now(UTC))
        ) as said:
            async for heard in said:
                await waiting.put(heard)

    async def _store_all(
        self, held: HeldStream, token: UUID, waiting: "asyncio.Queue[Heard]", reader: "asyncio.Task[None]"
    ) -> None:
        """Store what is heard, turn by turn, until the stream ends. Raises LeaseLost."""
        connected, idle = False, 0
        while not (reader.done() and waiting.empty()):
            await asyncio.wait({reader}, timeout=TURN)
            batch = [waiting.get_nowait() for _ in range(waiting.qsize())]
            idle = 0 if batch else idle + 1
            if not batch and (idle < RENEW_AFTER_TURNS or not connected):
                continue
            idle = 0
            async with self._pool.acquire() as conn, conn.transaction():
                if not connected:
                    await self._connected(conn, held, token)
                await _store(conn, held, token, batch)
            connected = True

    async def _connected(self, conn: Connection, held: HeldStream, token: UUID) -> None:
        """Note that the stream is open, and ask for a poll: what a break hid, that brings. Raises LeaseLost."""
        now = await clock.now(conn)
        if not await stream.hold(conn, held, token, cursor=None, heard=False, lease=LEASE, now=now):
            raise LeaseLost
        await source.poll_after_push(conn, held.source_id, wanted=(), spacing=_POLL_SPACING, now=now)
        await events.tell(conn, EventKind.SOURCE, [held.source_id])


def _check(held: HeldStream, place: Source) -> None:
    """Raise SettingError for a brand's own source that would keep all that is said anywhere."""
    registry.check(place.kind, place.settings, allow_private=place.allow_private)
    picks = place.settings.get("words", "").strip() or place.settings.get("hashtag", "").strip()
    if held.brand_id is not None and not held.match and not picks:
        raise SettingError("words", "are needed to stream: give some, or let the brand's query match (match = true)")


async def _store(conn: Connection, held: HeldStream, token: UUID, batch: Sequence[Heard]) -> None:
    """Store one turn's words and how far the stream is; all of it, or nothing. Raises LeaseLost."""
    now = await clock.now(conn)
    cursor = next((heard.cursor for heard in reversed(batch) if heard.cursor is not None), None)
    if not await stream.hold(conn, held, token, cursor=cursor, heard=bool(batch), lease=LEASE, now=now):
        raise LeaseLost
    mentions = [mention for heard in batch for mention in heard.mentions]
    unread = [item for heard in batch for item in heard.quarantined]
    mentions += await _known(conn, held, [gone for heard in batch for gone in heard.gone], mentions)
    gap = any(heard.gap for heard in batch)
    if gap:
        await source.suspect_gap(conn, held.source_id, now=now)
    if not mentions and not unread and not gap:
        return
    got = await ingest.ingest(conn, held.brand_id, held.source_id, mentions, match=held.match, now=now)
    await quarantine.put(conn, held.source_id, unread, now=now)
    await source.record_push(conn, held.source_id, warning=None, now=now)
    await fetch.record(
        conn,
        held.source_id,
        started_at=now,
        finished_at=now,
        outcome=Outcome.PARTIAL if unread else Outcome.COLLECTED,
        seen=got.counts.seen + len(unread),
        counts=got.counts + Counts(quarantined=len(unread)),
        error=unread[0].reason if unread else None,
        unmatched=got.unmatched,
        gap_suspected=gap,
    )
    await events.tell(conn, EventKind.MENTION, got.changed)


async def _known(
    conn: Connection, held: HeldStream, gone: Sequence[Mention], heard: Sequence[Mention]
) -> list[Mention]:
    """Return the tombstones of what we have, or have just heard: most of what is deleted anywhere was never ours."""
    if not gone:
        return []
    ours = await ingest.ids_of(conn, held.source_id, [one.id for one in gone])
    just_now = {one.id for one in heard}
    return [one for one in gone if one.id in ours or one.id in just_now]
