"""The pace of the way out, shared by all workers: each turn at a host is agreed on in Postgres."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from collectors.errors import RateLimited
from collectors.polite import PATIENCE, SPACING, Pace
from service.store import clock, host_pace
from service.store.pool import UNREACHABLE, Pool

log = logging.getLogger(__name__)


class SharedPace(Pace):
    """One request at a time to a host from this process, `spacing` apart among all."""

    def __init__(self, pool: Pool, spacing: timedelta = SPACING, *, patience: timedelta = PATIENCE) -> None:
        super().__init__(spacing, patience=patience)
        self._pool = pool
        self._between, self._longest = spacing, patience
        self._resting: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def turn(self, host: str, *, at_once: bool = False) -> AsyncIterator[None]:
        """Wait for the host's turn among all workers and hold it. Raises RateLimited where that would be too long."""
        async with super().turn(host, at_once=at_once):
            if not at_once:
                await self._agree(host)
            yield

    async def _agree(self, host: str) -> None:
        async with self._pool.acquire() as conn:
            now = await clock.now(conn)
            turn = await host_pace.take(conn, host, spacing=self._between, patience=self._longest, now=now)
        if turn.rest:
            raise RateLimited(f"{host} asked for a pause", retry_after=turn.rest)
        if turn.wait > self._longest:
            raise RateLimited(f"other workers wait for {host} already", retry_after=turn.wait)
        await asyncio.sleep(turn.wait.total_seconds())

    def rest(self, host: str, pause: timedelta) -> None:
        """Let nobody ask the host during the pause, in no worker."""
        super().rest(host, pause)
        task = asyncio.get_running_loop().create_task(self._tell(host, pause))
        self._resting.add(task)
        task.add_done_callback(self._resting.discard)

    async def _tell(self, host: str, pause: timedelta) -> None:
        try:
            async with self._pool.acquire() as conn:
                now = await clock.now(conn)
                await host_pace.rest(conn, host, until=now + pause, now=now)
        except UNREACHABLE as error:
            # This worker keeps the pause; the others will be told by the host itself.
            log.warning("a host's pause could not be shared", extra={"host": host, "reason": str(error)})
