"""Holds a line open to each place that tells of news by itself, and lets it be polled the moment it does.

A line that breaks costs nothing but time: the source is polled at its interval as well, and only polls store anything.
"""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from alerts.types import SourceId
from collectors import registry
from collectors.errors import CollectError
from collectors.kept_secrets import with_secrets
from collectors.types import Egress, Source
from service.store import clock, listening
from service.store.pool import UNREACHABLE, Pool

log = logging.getLogger(__name__)

#: Lines of one worker at most; whoever is left out is polled at its interval.
MOST = 500
LEASE = timedelta(minutes=1)
_FIRST_PAUSE = 15.0
_LONGEST_PAUSE = 900.0
_BUSY_PAUSE = 1.0


class Listeners:
    """The lines of one worker; close it."""

    def __init__(self, pool: Pool, egress: Egress, *, allow_private: bool) -> None:
        self._pool = pool
        self._egress = egress
        self._allow_private = allow_private
        self._token = uuid4()
        self._lines: dict[SourceId, tuple[Source, asyncio.Task[None]]] = {}

    async def step(self) -> bool:
        """Open lines to new sources, close those of sources that are gone or changed."""
        async with self._pool.acquire() as conn:
            ours = await listening.claim(
                conn,
                kinds=registry.told_by_lines(),
                token=self._token,
                lease=LEASE,
                limit=MOST,
                now=await clock.now(conn),
            )
        for source_id, (source, line) in list(self._lines.items()):
            if ours.get(source_id) != source:
                line.cancel()
                del self._lines[source_id]
        for source_id, source in ours.items():
            if source_id not in self._lines:
                self._lines[source_id] = (source, asyncio.create_task(self._listen(source_id, source)))
        return False

    async def close(self) -> None:
        """Close every line."""
        lines = [line for _, line in self._lines.values()]
        self._lines.clear()
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        try:
            async with self._pool.acquire() as conn:
                await listening.release(conn, self._token)
        except UNREACHABLE:
            # The leases run out by themselves.
            return

    async def _listen(self, source_id: SourceId, source: Source) -> None:
        """Listen until the place says that it cannot tell; a line that breaks is opened anew, later each time."""
        pause = _FIRST_PAUSE
        while True:
            try:
                place = with_secrets(replace(source, allow_private=source.allow_private or self._allow_private))
                async with aclosing(registry.listener(place.kind).listen(place, egress=self._egress)) as news:
                    async for _ in news:
                        pause = _FIRST_PAUSE
                        await self._make_due(source_id)
            except CollectError as error:
                log.info("line closed", extra={"source": source_id, "reason": str(error)})
            except UNREACHABLE as error:
                log.warning("database unreachable", extra={"source": source_id, "reason": str(error)})
            else:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _make_due(self, source_id: SourceId) -> None:
        while True:
            async with self._pool.acquire() as conn:
                if await listening.make_due(conn, source_id, now=await clock.now(conn)):
                    return
            await asyncio.sleep(_BUSY_PAUSE)
