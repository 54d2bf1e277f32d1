"""A WebSub hub on 127.0.0.1: it asks back before it believes a subscriber, and signs what it hands on."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.places import served


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """Who wants to be told of one topic."""

    callback: str
    topic: str
    secret: str


@dataclass(kw_only=True)
class Hub:
    """What it was asked, and whom it tells."""

    url: str = ""
    #: Answered to a request to subscribe.
    status: int = 202
    #: Asks back before it answers, as some do; else when told to.
    asks_back: bool = True
    lease_seconds: int = 600
    algorithm: str = "sha256"
    asked: list[dict[str, str]] = field(default_factory=list)
    subscribers: dict[str, Subscriber] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if self.status < 300 and self.asks_back:
            await self.ask_back(form)
        return web.Response(status=self.status)

    async def ask_back(self, form: dict[str, str], **changed: str) -> int:
        """Ask the subscriber whether it meant it; return the status it answered with."""
        asked = {
            "hub.mode": form["hub.mode"],
            "hub.topic": form["hub.topic"],
            "hub.challenge": "6a0d-&<challenge>",
            "hub.lease_seconds": str(self.lease_seconds),
            **changed,
        }
        async with aiohttp.ClientSession() as session, session.get(form["hub.callback"], params=asked) as answer:
            if answer.status == 200 and await answer.text() == asked["hub.challenge"]:
                subscriber = Subscriber(
                    callback=form["hub.callback"], topic=form["hub.topic"], secret=form["hub.secret"]
                )
                self.subscribers[subscriber.callback] = subscriber
            return answer.status

    async def publish(
        self, content: bytes, *, content_type: str = "application/rss+xml", secret: str = ""
    ) -> list[int]:
        """Hand content on to everybody; return what they answered."""
        statuses = []
        async with aiohttp.ClientSession() as session:
            for one in self.subscribers.values():
                digest = hmac.new((secret or one.secret).encode(), content, self.algorithm).hexdigest()
                headers = {
                    "Content-Type": content_type,
                    "Link": f'<{self.url}>; rel="hub", <{one.topic}>; rel="self"',
                    "X-Hub-Signature": f"{self.algorithm}={digest}",
                }
                async with session.post(one.callback, data=content, headers=headers) as answer:
                    statuses.append(answer.status)
        return statuses


@asynccontextmanager
async def serving_hub(**given: Any) -> AsyncIterator[Hub]:
    """Serve a hub while in use."""
    hub = Hub(**given)
    app = web.Application()
    app.router.add_post("/hub", hub.answer)
    async with served(app) as address:
        hub.url = f"{address}/hub"
        yield hub
