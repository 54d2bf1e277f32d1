"""Places on 127.0.0.1 that stream: a Jetstream over a WebSocket, and a Mastodon server's events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.places import served


@dataclass(kw_only=True)
class Streaming:
    """What it says to whom is connected, and what it was asked."""

    url: str = ""
    #: Said to everybody who connects, at once.
    greeting: list[Any] = field(default_factory=list)
    #: Answered in place of a stream, if set.
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    #: Where a handshake is led, if anywhere.
    elsewhere: str = ""
    queries: list[dict[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    _ears: set["asyncio.Queue[Any]"] = field(default_factory=set)

    @property
    def listeners(self) -> int:
        return len(self._ears)

    def say(self, *what: Any) -> None:
        """Say something to everybody who is connected now: JSON, or bytes as they are. None ends the connections."""
        for ear in self._ears:
            for one in what:
                ear.put_nowait(one)

    async def _heard(self) -> AsyncIterator[Any]:
        ear: asyncio.Queue[Any] = asyncio.Queue()
        for one in self.greeting:
            ear.put_nowait(one)
        self._ears.add(ear)
        try:
            while (said := await ear.get()) is not None:
                yield said
        finally:
            self._ears.discard(ear)

    def _note(self, request: web.Request) -> web.Response | None:
        self.paths.append(request.path)
        self.queries.append(dict(request.query))
        self.tokens.append(request.headers.get("Authorization", ""))
        if self.elsewhere:
            return web.Response(status=302, headers={"Location": self.elsewhere})
        return web.Response(status=self.status, headers=self.headers) if self.status != 200 else None

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket, as Jetstream's."""
        if refused := self._note(request):
            return refused
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        speaking = asyncio.create_task(self._speak(socket))
        # A client says nothing but goodbye.
        leaving = asyncio.create_task(socket.receive())
        await asyncio.wait({speaking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (speaking, leaving):
            task.cancel()
        await asyncio.gather(speaking, leaving, return_exceptions=True)
        await socket.close()
        return socket

    async def _speak(self, socket: web.WebSocketResponse) -> None:
        async for said in self._heard():
            await socket.send_str(said.decode() if isinstance(said, bytes) else json.dumps(said))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events, as Mastodon's: (name, JSON or text), or bytes as they are."""
        if refused := self._note(request):
            return refused
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **self.headers})
        await response.prepare(request)
        await response.write(b":)\n")
        async for said in self._heard():
            await response.write(said if isinstance(said, bytes) else _event(*said))
        return response

    async def instance(self, request: web.Request) -> web.Response:
        return web.json_response({"configuration": {"urls": {"streaming": f"ws{self.url.removeprefix('http')}"}}})


def _event(name: str, data: Any) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n".encode()


@asynccontextmanager
async def streaming() -> AsyncIterator[Streaming]:
    """Stream while in use."""
    place = Streaming()
    app = web.Application()
    app.router.add_get("/subscribe", place.socket)
    app.router.add_get("/api/v2/instance", place.instance)
    app.router.add_get("/api/v1/streaming/{name}", place.events)
    async with served(app, patience=0.1) as place.url:
        try:
            yield place
        finally:
            place.say(None)
