"""What changes, as it changes: server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from alerts.types import BrandId
from service.api.access import Reading
from service.api.hub import Hub, Told
from service.api.parameters import PREFIX
from service.store import bounds
from service.store import events as changes
from service.store.events import EventKind
from service.store.pool import Pool

router = APIRouter(prefix=PREFIX, tags=["events"])
HEARTBEAT = timedelta(seconds=15)
#: A stream ends after this long, and its reader comes back: an expired key is noticed then, a revoked one at once.
LIFE = timedelta(minutes=5)
_RETRY_MILLISECONDS = 3000
#: The id of whatever somebody bound to brands hears: their streams begin with `resync` whenever they come back.
_BOUNDED = "bounded"


def _frame(told: Told) -> str:
    """Return a thing in the form a browser reads."""
    if told.event is None:
        return f"id: {told.id}\nevent: resync\ndata: {{}}\n\n"
    told_of = orjson.dumps({"ids": told.event.ids, "count": told.event.count}).decode()
    return f"id: {told.id}\nevent: {told.event.kind}\ndata: {told_of}\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ear:
    """Who listens to a stream."""

    pool: Pool
    #: What ends the stream when it ends.
    credential: str
    #: None: every brand.
    brands: frozenset[BrandId] | None

    async def hears(self, told: Told) -> Told | None:
        """Return what of a thing this reader may hear; None: nothing. Numbers would tell how much else there was."""
        if told.event is None or self.brands is None:
            return told
        async with bounds.acquired(self.pool, self.brands) as conn:
            event = await changes.seen(conn, told.event)
        return None if event is None else Told(id=_BOUNDED, event=event)


async def frames(
    hub: Hub, ear: Ear, last_id: str | None, *, heartbeat: timedelta = HEARTBEAT, life: timedelta = LIFE
) -> AsyncIterator[str]:
    """Yield the stream of one reader, from where it was if nothing was told since, else beginning with `resync`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + life.total_seconds()
    with hub.subscribed() as subscriber:
        yield f"retry: {_RETRY_MILLISECONDS}\n\n"
        if last_id is not None and last_id != hub.last_id:
            yield _frame(Told(id=hub.last_id if ear.brands is None else _BOUNDED, event=None))
        while loop.time() < end:
            try:
                async with asyncio.timeout(heartbeat.total_seconds()):
                    told = await subscriber.next()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if told is None:
                return
            if told.event is not None and told.event.kind is EventKind.ACCESS:
                if ear.credential in told.event.ids:
                    return
                continue
            if (heard := await ear.hears(told)) is not None:
                yield _frame(heard)


@router.get(
    "/events",
    summary="Follow what changes",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `mention`, `incident`, `source`, `notification` with `data: {ids, count}` (`ids` "
            "are the first hundred), and `resync`: read again what you show.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 1f0c9a2b-7\nevent: mention\ndata: {"ids":["42"],"count":1}\n\n',
                }
            },
        }
    },
)
async def events(
    request: Request, asked: Reading, last_event_id: Annotated[str | None, Header(max_length=200)] = None
) -> StreamingResponse:
    """Server-sent events; a comment every 15 seconds keeps the line open. A stream ends after five minutes; browsers
    come back by themselves."""
    hub: Hub = request.app.state.hub
    headers = {"X-Accel-Buffering": "no"}
    ear = Ear(pool=request.app.state.pool, credential=asked.caller.credential, brands=asked.caller.brands)
    return StreamingResponse(frames(hub, ear, last_event_id), media_type="text/event-stream", headers=headers)
