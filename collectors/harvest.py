"""What one poll gathers over several requests: a part that fails does not cost the others."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from collectors.errors import CollectError, RateLimited
from collectors.feed_items import joined
from collectors.types import Collected, Mention, Quarantined

#: A poll of many requests ends after this: waiting for a busy host must not outlast the worker's lease (5 minutes).
MAX_SECONDS = 90


@dataclass(kw_only=True, slots=True)
class Harvest:
    """Fill it part by part (a country, a board, a video), then ask for `collected`."""

    mentions: list[Mention] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    #: The longest pause that anything asked for.
    pause: timedelta | None = None
    _gap: bool = False
    _ended: bool = False
    _ends_at: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)
    _warnings: list[str] = field(default_factory=list)
    _first_error: CollectError | None = None
    _parts_read: int = 0

    @property
    def over(self) -> bool:
        """Say whether no further request should be made in this poll."""
        return self._ended or time.monotonic() >= self._ends_at

    def add(
        self, mentions: Iterable[Mention], quarantined: Iterable[Quarantined] = (), *, warning: str | None = None
    ) -> None:
        """Take in what a request brought."""
        self._parts_read += 1
        self.mentions.extend(mentions)
        self.quarantined.extend(quarantined)
        self.warn(warning)

    def warn(self, warning: str | None) -> None:
        """Keep a warning, each once."""
        if warning and warning not in self._warnings:
            self._warnings.append(warning)

    def suspect_gap(self, warning: str) -> None:
        """Keep that more was said since the last poll than was read, and that no later poll reads it."""
        self.warn(warning)
        self._gap = True

    def wait(self, pause: timedelta | None) -> None:
        """Ask nothing more in this poll, and nothing for the pause, where there is one."""
        if pause:
            self.pause, self._ended = max(pause, self.pause or pause), True

    def end(self) -> None:
        """Ask nothing more in this poll."""
        self._ended = True

    def failed(self, part: str, error: CollectError) -> None:
        """Keep what went wrong with one part; what concerns every part ends the poll."""
        self._first_error = self._first_error or error
        self.warn(f"{part}: {error}")
        if isinstance(error, RateLimited):
            self.wait(error.retry_after)
        self._ended = self._ended or error.permanent

    def collected(self, cursor: Mapping[str, Any], *, unchanged: bool = False) -> Collected:
        """Return everything gathered. Raises the first error where no part was read."""
        if self._first_error is not None and not self._parts_read:
            raise self._first_error
        first: dict[str, Mention] = {}
        for mention in self.mentions:
            # Pages overlap while new items come in; the one read first is as new as any.
            first.setdefault(mention.id, mention)
        return Collected(
            mentions=tuple(first.values()),
            quarantined=tuple(self.quarantined),
            unchanged=unchanged,
            cursor=cursor,
            next_poll_after=self.pause,
            warning=joined(self._warnings),
            gap=self._gap,
        )
