"""The app over a real database, clients with keys of any scope, and builders for what the database holds."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from alerts import incidents
from alerts.types import (
    Alert,
    BrandId,
    IncidentEvent,
    IncidentEventKind,
    IncidentId,
    MentionId,
    NotificationId,
    Reason,
    RuleKind,
    RuleMode,
    SourceId,
    Urgency,
)
from analysis.types import Analysis
from collectors.types import Mention, SourceKind
from service.app import Server, create_app
from service.settings import Settings
from service.store import (
    access,
    alert,
    brand,
    clock,
    component,
    contact,
    incident,
    ingest,
    notification,
    rule,
    source,
    story,
    verdict,
)
from service.store.access import Scope
from service.store.pool import Connection
from tests import make


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """Start the app as a server would, and stop it."""
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[FastAPI]:
    async with running(create_app(Settings(database_url=database_url))) as started:
        yield started


def client_of(app: FastAPI, key: str | None = None, **headers: str) -> httpx.AsyncClient:
    """Return a client that sends a key."""
    if key is not None:
        headers = {"authorization": f"Bearer {key}", **headers}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://earshot.test", headers=headers)


async def key_with(conn: Connection, *scopes: Scope) -> str:
    """Return a new key."""
    return await access.add_key(conn, name="tester", scopes=scopes, now=await clock.now(conn))


@pytest.fixture
async def client(app: FastAPI, conn: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may do everything."""
    async with client_of(app, await key_with(conn, Scope.ADMIN)) as opened:
        yield opened


@contextmanager
def _port() -> Iterator[socket.socket]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[tuple[str, Server]]:
    """Serve the app on a port of 127.0.0.1: httpx shows a streamed answer only over a real connection."""
    config = uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=5)
    server = Server(config, app.state.hub)
    with _port() as bound:
        task = asyncio.create_task(server._serve([bound]))
        while not server.started:  # noqa: ASYNC110  # uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}", server
        finally:
            server.should_exit = True
            await task


@dataclass(frozen=True, kw_only=True)
class Place:
    """A brand with a source."""

    brand_id: BrandId
    source_id: SourceId


async def put_place(conn: Connection, brand_name: str = "Lantern Noodles", source_name: str = "forum") -> Place:
    now = await clock.now(conn)
    brand_id = await brand.ensure(conn, brand_name, now=now)
    source_id = await source.put(
        conn,
        brand_id=brand_id,
        kind=SourceKind.FEED,
        name=source_name,
        settings={"url": "http://127.0.0.1/feed"},
        interval=timedelta(minutes=5),
        allow_private=True,
        enabled=True,
        now=now,
    )
    return Place(brand_id=brand_id, source_id=source_id)


@pytest.fixture
async def place(conn: Connection) -> Place:
    return await put_place(conn)


async def put_mention(conn: Connection, place: Place, mention: Mention, analysis: Analysis | None = None) -> MentionId:
    """Store a mention, and its verdict if there is one."""
    now = await clock.now(conn)
    got = await ingest.ingest(conn, place.brand_id, place.source_id, [mention], now=now)
    if analysis is not None:
        await judge(conn, place, analysis)
    return got.changed[0]


async def judge(conn: Connection, place: Place, analysis: Analysis) -> None:
    """Give every mention that waits the same verdict, each a story of its own."""
    now, token = await clock.now(conn), uuid4()
    async with conn.transaction():
        claimed = await verdict.claim(conn, now=now, lease=timedelta(minutes=1), token=token, limit=100, again=False)
        stories = await story.next_ids(conn, len(claimed))
        opened = [story.NewStory(id=one, signature=(), bands=()) for one in stories]
        await story.open_stories(conn, place.brand_id, opened, now=now)
        await verdict.finish(conn, claimed, token)
        judged = [(one, of, analysis) for one, of in zip(claimed, stories, strict=True)]
        await verdict.record(conn, judged, now=now)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """An incident with its mention and the notification it owes."""

    incident_id: IncidentId
    mention_id: MentionId
    notification_id: NotificationId


async def put_incident(conn: Connection, place: Place, text: str = "Never again! You lied to me.") -> Trouble:
    """Open an incident by an angry mention, as the alert stage does, and owe one notification."""
    now = await clock.now(conn)
    key = uuid4().hex
    mention_id = await put_mention(conn, place, make.mention(id=key, text=text), make.analysis(angry=True))
    rule_id = await rule.put(
        conn,
        brand_id=None,
        kind=RuleKind.ANGRY_MENTION,
        name="Angry mentions",
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        now=now,
    )
    await contact.put(conn, name="On call", email="oncall@example.com", language="en", enabled=True, now=now)
    fired = Alert(
        rule_id=rule_id,
        mention_id=mention_id,
        version=1,
        group_key=f"{rule_id}|{place.brand_id}|{key}",
        reason=Reason(code="angry", values={"anger": 0.97, "threshold": 0.5}),
    )
    (new,) = await alert.insert(conn, [fired], models=["ngram@1"], now=now)
    opened = await incident.open_incident(
        conn,
        rule_id=rule_id,
        brand_id=place.brand_id,
        group_key=fired.group_key,
        urgency=Urgency.URGENT,
        alerts=1,
        now=now,
    )
    await alert.join(conn, [new.id], opened.id)
    happened = IncidentEvent(kind=IncidentEventKind.OPENED, at=now, detail={"alerts": 1})
    await incident.add_to_timeline(conn, opened.id, [happened])
    owed = incidents.owed(opened, await contact.every(conn), [], now)
    (notification_id,) = await notification.owe(
        conn, owed, alerts={opened.id: new.id}, urgencies={opened.id: Urgency.URGENT}, now=now
    )
    return Trouble(incident_id=opened.id, mention_id=mention_id, notification_id=notification_id)


async def beat_worker(conn: Connection) -> None:
    await component.beat(conn, "worker", now=await clock.now(conn))
