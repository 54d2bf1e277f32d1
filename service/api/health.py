"""Whether the program lives, whether it is ready, and a few numbers for Prometheus."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import Field

from alerts.types import IncidentStatus, NotificationState
from service.api.errors import is_unreachable
from service.api.parameters import Shape
from service.store import canary, clock, component, incident, migrate, notification, trend, verdict
from service.store.component import Component
from service.store.pool import Connection, Pool

router = APIRouter(tags=["health"])
WORKER = "worker"
_PATIENCE = timedelta(seconds=2)
_LATE = timedelta(seconds=30)


class Alive(Shape):
    """The program answers."""

    status: str = Field(examples=["alive"])


class CheckResult(StrEnum):
    """How a check went; a warning leaves the program ready."""

    PASS = "pass"  # noqa: S105  # not a password
    WARN = "warn"
    FAIL = "fail"


class Check(Shape):
    """One thing looked at."""

    name: str = Field(examples=["database"])
    result: CheckResult
    detail: str


class Readiness(Shape):
    """Whether the program does its work."""

    ready: bool
    checks: list[Check]


@router.get("/healthz", summary="Alive")
async def healthz() -> Alive:
    """Looks at nothing outside the process."""
    return Alive(status="alive")


@router.get("/readyz", summary="Ready", responses={503: {"model": Readiness, "description": "Not ready."}})
async def readyz(request: Request) -> JSONResponse:
    """Database reachable, schema current, workers alive. Trouble with e-mail only warns: the outbox keeps it."""
    checks = await _checks(request.app.state.pool)
    readiness = Readiness(ready=all(check.result is not CheckResult.FAIL for check in checks), checks=checks)
    return JSONResponse(
        readiness.model_dump(mode="json"),
        HTTPStatus.OK if readiness.ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


async def _checks(pool: Pool) -> list[Check]:
    try:
        async with (
            asyncio.timeout(_PATIENCE.total_seconds()),
            pool.acquire(timeout=_PATIENCE.total_seconds()) as conn,
        ):
            now = await clock.now(conn)
            current = await migrate.is_current(conn)
            parts = await component.every(conn) if current else []
    except Exception as error:
        if not is_unreachable(error):
            raise
        return [_check("database", ok=False, otherwise="does not answer")]
    schema = _check("schema", ok=current, otherwise="is not this program's; run earshot migrate")
    return [_check("database", ok=True), schema, *_of_parts(parts, now)]


def _check(name: str, *, ok: bool, otherwise: str = "") -> Check:
    return Check(name=name, result=CheckResult.PASS if ok else CheckResult.FAIL, detail="" if ok else otherwise)


def _of_parts(parts: Sequence[Component], now: datetime) -> list[Check]:
    """Return a check of the workers, which decides, and of each other part, which warns. A part's own words may
    name hosts and stay inside."""
    workers = [part for part in parts if part.name == WORKER]
    alive = any(part.healthy and now - part.beat_at <= _LATE for part in workers)
    checks = [_check(WORKER, ok=alive, otherwise="has not said it is well for 30 s; is earshot work running?")]
    for part in parts:
        if part.name != WORKER:
            result = CheckResult.PASS if part.healthy else CheckResult.WARN
            checks.append(Check(name=part.name, result=result, detail="" if part.healthy else "has trouble"))
    return checks


@router.get("/metrics", summary="Numbers for Prometheus", response_class=PlainTextResponse)
async def metrics(request: Request) -> PlainTextResponse:
    """A few series, whatever the number of sources and mentions."""
    pool: Pool = request.app.state.pool
    async with pool.acquire(timeout=_PATIENCE.total_seconds()) as conn:
        lines = await _metric_lines(conn)
    hub_open = request.app.state.hub.subscriber_count
    lines += _metric("earshot_event_streams", "gauge", "Open event streams of this process.", {"": hub_open})
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


async def _metric_lines(conn: Connection) -> list[str]:
    now = await clock.now(conn)
    waiting, since = await verdict.backlog(conn)
    outbox = await notification.waiting(conn)
    incidents = await incident.count_by_status(conn)
    parts = await component.every(conn)
    age = 0.0 if since is None else (now - since).total_seconds()
    arrived = await canary.last_arrived(conn)
    took = {} if arrived is None or arrived.took is None else {"": arrived.took.total_seconds()}
    return [
        *_metric("earshot_mentions", "gauge", "Mentions kept.", {"": await trend.total(conn)}),
        *_metric("earshot_analysis_backlog", "gauge", "Mentions that wait to be judged.", {"": waiting}),
        *_metric("earshot_analysis_backlog_age_seconds", "gauge", "How long the oldest of them waits.", {"": age}),
        *_metric(
            "earshot_outbox",
            "gauge",
            "Notifications by state.",
            {f'state="{state}"': outbox.get(state, 0) for state in NotificationState},
        ),
        *_metric("earshot_canary_seconds", "gauge", "How long the last canary took to the mail server.", took),
        *_metric(
            "earshot_incidents",
            "gauge",
            "Incidents by status.",
            {f'status="{state}"': incidents.get(state, 0) for state in IncidentStatus},
        ),
        *_metric(
            "earshot_component_beat_age_seconds",
            "gauge",
            "Since a part of the program last said how it is.",
            {f'component="{_label(part.name)}"': (now - part.beat_at).total_seconds() for part in parts},
        ),
        *_metric(
            "earshot_component_healthy",
            "gauge",
            "Whether a part of the program said it is well.",
            {f'component="{_label(part.name)}"': int(part.healthy) for part in parts},
        ),
    ]


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _metric(name: str, kind: str, help_text: str, samples: dict[str, float]) -> list[str]:
    """Return the lines of one metric; samples by their labels."""
    lines = [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
    return lines + [f"{name}{{{labels}}} {value}" if labels else f"{name} {value}" for labels, value in samples.items()]
