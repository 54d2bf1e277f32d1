"""How often somebody may ask. A process sets requests aside by the block, so that most of them cost no statement, and
all processes together never give more than the limit; a caller of several may be refused up to a block a process early.

The headers are those of the IETF's draft «RateLimit header fields for HTTP» (draft-ietf-httpapi-ratelimit-headers-10).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.api.errors import TooMany
from service.store import rate
from service.store.pool import Connection

WINDOW = timedelta(minutes=1)
#: Of a minute's requests, a process sets aside one part of so many at once.
_BLOCKS = 20
_MOST_KNOWN = 10_000


@dataclass(kw_only=True, slots=True)
class _Block:
    """What a process has set aside for a caller."""

    starts_at: datetime
    left: int
    taken_by_all: int


class Allowances:
    """What callers have left in this minute, as one process knows it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._block = max(most // _BLOCKS, 1)
        # A whole number of blocks: the last one is told from the count alone.
        self._known: dict[str, _Block] = {}

    async def take(self, conn: Connection, caller: str, now: datetime) -> dict[str, str]:
        """Count one request; return the headers that tell how many are left. Raises TooMany."""
        starts_at = now.replace(second=0, microsecond=0)
        block = self._known.get(caller)
        if block is None or block.starts_at != starts_at:
            self._forget(starts_at)
            block = self._known[caller] = _Block(starts_at=starts_at, left=0, taken_by_all=0)
        if block.left == 0 and block.taken_by_all < self._most:
            got, block.taken_by_all = await rate.set_aside(
                conn, caller, starts_at=starts_at, block=self._block, most=self._most
            )
            block.left += got
        seconds = max(int((starts_at + WINDOW - now).total_seconds()), 1)
        policy = {"RateLimit-Policy": f'"minute";q={self._most};w={int(WINDOW.total_seconds())}'}
        if block.left == 0:
            raise TooMany(
                f"More than {self._most} requests in a minute; go on in {seconds} seconds.",
                headers={**policy, "RateLimit": f'"minute";r=0;t={seconds}', "Retry-After": str(seconds)},
            )
        block.left -= 1
        remaining = self._most - block.taken_by_all + block.left
        return {**policy, "RateLimit": f'"minute";r={remaining};t={seconds}'}

    def _forget(self, starts_at: datetime) -> None:
        """Drop what is known of minutes gone by, before it grows without end."""
        if len(self._known) >= _MOST_KNOWN:
            self._known = {caller: one for caller, one in self._known.items() if one.starts_at == starts_at}
