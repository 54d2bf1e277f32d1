"""Alive, ready, and the numbers."""

from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from service.store import clock, component
from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import Place, beat_worker, client_of, put_incident, put_mention


async def _ready(app: FastAPI) -> tuple[int, dict[str, str]]:
    async with client_of(app) as client:
        answer = await client.get("/readyz")
    checks: list[dict[str, Any]] = answer.json()["checks"]
    return answer.status_code, {check["name"]: check["result"] for check in checks}


async def test_alive_needs_nothing_outside_the_process() -> None:
    unstarted = create_app(Settings(database_url="postgresql://127.0.0.1:1/nothing"))
    async with client_of(unstarted) as client:
        answer = await client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_ready_while_the_worker_beats(app: FastAPI, conn: Connection) -> None:
    assert await _ready(app) == (503, {"database": "pass", "schema": "pass", "worker": "fail"})
    await beat_worker(conn)
    assert await _ready(app) == (200, {"database": "pass", "schema": "pass", "worker": "pass"})
    await component.beat(conn, "worker", now=await clock.now(conn) - timedelta(seconds=31))
    assert (await _ready(app))[0] == 503
    await component.beat(conn, "worker", now=await clock.now(conn), healthy=False)
    assert (await _ready(app))[0] == 503


async def test_trouble_with_mail_only_warns_and_tells_no_names(app: FastAPI, conn: Connection) -> None:
    await beat_worker(conn)
    await component.beat(
        conn, "smtp", now=await clock.now(conn), healthy=False, detail="mail.internal:587 refused the password"
    )
    async with client_of(app) as client:
        answer = await client.get("/readyz")

    assert answer.status_code == 200
    assert {"name": "smtp", "result": "warn", "detail": "has trouble"} in answer.json()["checks"]
    assert "mail.internal" not in answer.text


async def test_not_ready_before_the_schema_is_current(app: FastAPI, conn: Connection) -> None:
    await beat_worker(conn)
    await conn.execute("delete from schema_version")

    assert (await _ready(app))[1]["schema"] == "fail"


async def test_not_ready_while_the_database_does_not_answer(app: FastAPI) -> None:
    app.state.pool.terminate()

    assert await _ready(app) == (503, {"database": "fail"})


async def test_metrics_are_counts(app: FastAPI, client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    await put_incident(conn, place)
    await put_mention(conn, place, make.mention())
    await component.beat(conn, 'odd"name\n', now=await clock.now(conn))
    async with client_of(app) as anybody:
        answer = await anybody.get("/metrics")
    lines = answer.text.splitlines()

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert {
        "earshot_mentions 2",
        "earshot_analysis_backlog 1",
        'earshot_outbox{state="pending"} 1',
        'earshot_outbox{state="sent"} 0',
        'earshot_incidents{status="triggered"} 1',
        'earshot_component_healthy{component="odd\\"name\\n"} 1',
        "# TYPE earshot_outbox gauge",
    } <= set(lines)
