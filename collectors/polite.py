"""How often a place may be asked: the pause until the next poll, and the pace per domain.

The key of a pace is called host; the way out gives it the registrable domain, so that a place's many hosts are one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from collectors.errors import RateLimited

LONGEST_PAUSE = timedelta(hours=24)
SHORTEST_RETRY_AFTER = timedelta(seconds=60)
#: No window rolls so fast that it must be asked sooner than this.
SHORTEST_PACE = timedelta(seconds=60)
#: Between two requests to one host.
SPACING = timedelta(seconds=2)
#: The longest wait for a turn.
PATIENCE = timedelta(minutes=2)
#: The part of a pause by which `jitter` can lengthen or shorten it.
JITTER_SHARE = 0.1
_MAX_DOUBLINGS = 12


def next_poll(
    interval: timedelta,
    wished: timedelta | None = None,
    error_count: int = 0,
    retry_after: timedelta | None = None,
    jitter: float = 0.0,
) -> timedelta:
    """Return the pause until the next poll, at most a day.

    The interval doubles with every error in a row; the place's wish (TTL, max-age) and its Retry-After lengthen it and
    are never undercut. `jitter` from -1 to 1, drawn by the caller, spreads sources that were added together.
    """
    doubled = min(interval * (1 << min(max(error_count, 0), _MAX_DOUBLINGS)), LONGEST_PAUSE)
    jittered = doubled * (1 + JITTER_SHARE * max(-1.0, min(1.0, jitter)))
    floor = max(wished or timedelta(0), retry_after or timedelta(0))
    return min(max(jittered, floor), LONGEST_PAUSE)


def adapted(pace: timedelta, interval: timedelta, *, gap: bool) -> timedelta:
    """Return how soon to poll from now on: half as late after a window in which nothing was known, so that the next one
    overlaps; back towards the interval, half as late again each time, while windows overlap."""
    floor = min(max(interval / 16, SHORTEST_PACE), interval)
    return max(pace / 2, floor) if gap else min(pace * 1.5, interval)


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Return the pause that a Retry-After header asks for (seconds or a date), a minute to a day; None without one."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        # A number too long for a timedelta means «very long».
        seconds = int(value[:10])
        wanted = timedelta(seconds=min(seconds, int(LONGEST_PAUSE.total_seconds())))
    else:
        try:
            at = parsedate_to_datetime(value)
            wanted = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
        except (ValueError, OverflowError, TypeError, IndexError):
            return None
    return min(max(wanted, SHORTEST_RETRY_AFTER), LONGEST_PAUSE)


@dataclass(slots=True)
class _Host:
    """One host's queue."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: Loop time before which the next request may not start.
    free_at: float = 0.0
    #: Loop time until which the host asked to be left alone.
    resting_until: float = 0.0
    waiting: int = 0


class Pace:
    """Lets one request at a time go to a host, `spacing` apart, and none while it asked for a pause."""

    def __init__(self, spacing: timedelta = SPACING, *, patience: timedelta = PATIENCE) -> None:
        """`patience` is the longest wait for a turn; who would wait longer is told to come back."""
        self._spacing = spacing.total_seconds()
        self._patience = patience.total_seconds()
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str, *, at_once: bool = False) -> AsyncIterator[None]:
        """Wait for the host's turn and hold it; `at_once` skips the spacing, for a redirect within the host. Raises
        RateLimited where the wait would be too long."""
        self._forget_idle()
        place = self._hosts.setdefault(host, _Host())
        self._refuse_long_wait(host, place)
        place.waiting += 1
        try:
            async with place.lock:
                if not at_once:
                    await asyncio.sleep(max(0.0, place.free_at - _loop_time()))
                self._refuse_rest(host, place)
                try:
                    yield
                finally:
                    place.free_at = _loop_time() + self._spacing
        finally:
            place.waiting -= 1

    def rest(self, host: str, pause: timedelta) -> None:
        """Let nobody ask the host during the pause."""
        place = self._hosts.setdefault(host, _Host())
        place.resting_until = max(place.resting_until, _loop_time() + pause.total_seconds())

    def _refuse_rest(self, host: str, place: _Host) -> None:
        left = place.resting_until - _loop_time()
        if left > 0:
            raise RateLimited(f"{host} asked for a pause", retry_after=timedelta(seconds=left))

    def _refuse_long_wait(self, host: str, place: _Host) -> None:
        self._refuse_rest(host, place)
        wait = max(0.0, place.free_at - _loop_time()) + place.waiting * self._spacing
        if wait > self._patience:
            raise RateLimited(f"{place.waiting} requests to {host} wait already", retry_after=timedelta(seconds=wait))

    def _forget_idle(self) -> None:
        """Drop hosts that nobody waits for, so that a year of hosts is not kept."""
        if len(self._hosts) < 10_000:
            return
        now = _loop_time()
        idle = [
            host
            for host, place in self._hosts.items()
            if not place.waiting and max(place.free_at, place.resting_until) < now
        ]
        for host in idle:
            del self._hosts[host]


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
