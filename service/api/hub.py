"""The hub: hears what the database tells, and passes it to every open event stream of this process."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from service.api.errors import is_unreachable
from service.store import pool
from service.store.events import CHANNEL, Event

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One thing to pass on."""

    id: str
    #: None: something may have been missed; read again what you show.
    event: Event | None


class Subscriber:
    """One open stream. A reader too slow for `room` things loses them all, and is told so."""

    def __init__(self, room: int) -> None:
        self._waiting: asyncio.Queue[Told | None] = asyncio.Queue(maxsize=room)

    async def next(self) -> Told | None:
        """Wait for the next thing; None: the stream ends."""
        return await self._waiting.get()

    def tell(self, told: Told) -> None:
        """Pass a thing on; never waits."""
        if self._waiting.full():
            self._forget()
            told = Told(id=told.id, event=None)
        self._waiting.put_nowait(told)

    def end(self) -> None:
        """End the stream, at once."""
        self._forget()
        self._waiting.put_nowait(None)

    def _forget(self) -> None:
        while not self._waiting.empty():
            self._waiting.get_nowait()


class Hub:
    """Listens by itself, again after every loss; what may have been missed meanwhile is told as `resync`."""

    def __init__(self, url: str, *, retry_every: timedelta = timedelta(seconds=1), room: int = 100) -> None:
        self._url = url
        self._retry_every = retry_every
        self._room = room
        self._subscribers: set[Subscriber] = set()
        self._run = uuid4().hex[:8]
        self._count = 0
        self._closed = False
        #: Set while the database is heard.
        self.listening = asyncio.Event()

    @property
    def last_id(self) -> str:
        """The id of the last thing told; ids of another run of the program never equal it."""
        return f"{self._run}-{self._count}"

    @property
    def subscriber_count(self) -> int:
        """How many streams are open."""
        return len(self._subscribers)

    @contextmanager
    def subscribed(self) -> Iterator[Subscriber]:
        """Give a subscriber that hears everything told from now on."""
        subscriber = Subscriber(self._room)
        self._subscribers.add(subscriber)
        if self._closed:
            subscriber.end()
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    def close(self) -> None:
        """End every stream; for the moment when the server stops."""
        self._closed = True
        for subscriber in self._subscribers:
            subscriber.end()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except Exception as error:
                if not is_unreachable(error):
                    raise
                _log.warning("events.unreachable", extra={"reason": str(error)})
            finally:
                self.listening.clear()
            await asyncio.sleep(self._retry_every.total_seconds())

    async def _listen(self) -> None:
        """Pass on what is heard until the connection is lost."""
        async with pool.listening(self._url, CHANNEL) as heard:
            self.listening.set()
            self._tell(None)
            while (payload := await heard.get()) is not None:
                self._tell(_event(payload))
        _log.warning("events.lost")

    def _tell(self, event: Event | None) -> None:
        self._count += 1
        told = Told(id=self.last_id, event=event)
        for subscriber in self._subscribers:
            subscriber.tell(told)


def _event(payload: str) -> Event | None:
    """Return the event of a payload; of what this version does not know, that something changed."""
    try:
        return Event.read(payload)
    except (ValueError, KeyError, TypeError):
        return None
