"""A platform played on 127.0.0.1: each path answers what it was given, one after the other, and the last for ever."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from collectors import registry
from collectors.egress import GuardedEgress
from collectors.types import Collected, Source, SourceKind
from tests import make


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    #: Every value of each name, for those that are repeated.
    url_query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Given:
    """One answer: JSON unless it is bytes."""

    content: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


@dataclass(kw_only=True)
class Platform:
    """What is answered where, and what was asked."""

    url: str = ""
    answers: dict[str, list[Given]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def on(self, path: str, *contents: Any) -> None:
        """Answer the path with these, JSON or Given, in turn."""
        self.answers[path] = [one if isinstance(one, Given) else Given(content=one) for one in contents]

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    async def poll(self, kind: str, settings: dict[str, str], **given: Any) -> Collected:
        """Collect once from here, as a worker would."""
        now = given.pop("now", make.NOW)
        source = make.source(kind=SourceKind(kind), settings=settings, allow_private=True, base_url=self.url, **given)
        return await self.collect(source, now=now)

    async def collect(self, source: Source, now: Any = make.NOW) -> Collected:
        async with GuardedEgress() as egress:
            return await registry.collector(source.kind).collect(source, egress=egress, now=now)

    async def _serve(self, request: web.Request) -> web.Response:
        self.asked.append(
            Asked(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                url_query={name: request.query.getall(name) for name in request.query},
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            )
        )
        waiting = self.answers.get(request.path)
        if not waiting:
            return web.Response(status=404, text=f"nothing is given for {request.path}")
        given = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        kind = {} if "Content-Type" in given.headers else {"Content-Type": "application/json"}
        return web.Response(body=given.body, status=given.status, headers={**kind, **given.headers})


@asynccontextmanager
async def played() -> AsyncIterator[Platform]:
    platform = Platform()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", platform._serve)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    platform.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield platform
    finally:
        await runner.cleanup()


#: Values that no documentation promises, in place of those it does.
ODD: tuple[Any, ...] = (None, True, -1, 1e400, 10**30, "", "\ud800\x00", [], [[]], {}, {"a": {"b": []}})
