"""Where Earshot listens: every source with how it goes, and one with its polls."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import SourceId
from collectors import registry
from collectors.types import SourceKind
from service.store import fetch, source
from service.store.source import SourceHealth
from service.web import health, render, source_words
from service.web.mention_query import number
from service.web.visit import PageRoute, SignedIn, Visit, Writing, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_POLLS_SHOWN = 30
#: What a page shows in place of a secret.
HIDDEN = "••••••"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting as a page shows it."""

    key: str
    value: str


def shown_settings(kind: str, settings: Mapping[str, str]) -> list[Setting]:
    """Return a source's settings without what is secret in them."""
    secret = {one.key for one in registry.settings_of(kind) if one.secret}
    return [
        Setting(key=key, value=HIDDEN if key in secret else without_password(value))
        for key, value in sorted(settings.items())
    ]


def without_password(value: str) -> str:
    """Return a setting without the user and password an address may carry."""
    scheme, mark, rest = value.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else value


@router.get("/sources")
async def listed(visit: SignedIn) -> Response:
    """Return every source with how it goes, the blind ones first."""
    reader = visit.reader
    found = await source.health(visit.conn, now=reader.now)
    rows = health.source_rows(found, reader)
    heard = sum(row.source.mentions_per_day for row in rows)
    return visit.page(
        "sources.html",
        here="sources",
        rows=[(row, source_words.kind(row.source.kind, reader)) for row in rows],
        blind=sum(row.hearing in (health.Hearing.BLIND, health.Hearing.UNREAD) for row in rows),
        heard=heard,
    )


@router.get("/sources/{source_id}")
async def one(visit: SignedIn, source_id: str) -> Response:
    """Return one source. Raises Missing."""
    found, reader = await _found(visit, source_id), visit.reader
    state = None if found.kind == SourceKind.IMPORT else registry.state_of(found.kind)
    return visit.page(
        "source.html",
        here="sources",
        row=health.source_rows([found], reader)[0],
        kind=source_words.kind(found.kind, reader),
        settings=[] if found.kind == SourceKind.IMPORT else shown_settings(found.kind, found.settings),
        tried="" if state is None else source_words.tried(state.tried, reader),
        needs="" if state is None else state.needs,
        interval=reader.span(found.interval),
        polls=[(poll, source_words.outcome(poll.outcome, reader)) for poll in await _polls(visit, found.id)],
        notice=_notice(visit),
        can_poll=found.enabled and found.next_due is not None,
        can_change=found.kind in registry.offered(),
    )


async def _polls(visit: Visit, source_id: SourceId) -> list[fetch.Fetch]:
    return await fetch.latest(visit.conn, source_id, limit=_POLLS_SHOWN)


def _notice(visit: Visit) -> str:
    gettext = visit.reader.words.gettext
    said = {
        "kept": gettext("The source is kept; it is listened to from now on."),
        "asked": gettext("It is asked now; what it says shows up here."),
        "paused": gettext("Paused: it is not asked until you resume it."),
        "resumed": gettext("It is asked again."),
    }
    return visit.became(said)


@router.post("/sources/{source_id}/poll")
async def poll(visit: Writing, source_id: str) -> Response:
    """Make a source due at once. Raises Missing."""
    await visit.form()
    found = await _found(visit, source_id)
    await source.poll_soon(visit.conn, found.id, now=visit.reader.now)
    return render.moved(f"/sources/{found.id}?came=asked")


@router.post("/sources/{source_id}/pause")
async def pause(visit: Writing, source_id: str) -> Response:
    """Ask a source no more. Raises Missing."""
    await visit.form()
    found = await _found(visit, source_id)
    await _enable(visit, found, enabled=False)
    return render.moved(f"/sources/{found.id}?came=paused")


@router.post("/sources/{source_id}/resume")
async def resume(visit: Writing, source_id: str) -> Response:
    """Ask a source again. Raises Missing."""
    await visit.form()
    found = await _found(visit, source_id)
    await _enable(visit, found, enabled=True)
    return render.moved(f"/sources/{found.id}?came=resumed")


async def _enable(visit: Visit, found: SourceHealth, *, enabled: bool) -> None:
    async with visit.conn.transaction():
        await source.put(
            visit.conn,
            brand_id=found.brand_id,
            kind=SourceKind(found.kind),
            name=found.name,
            settings=found.settings,
            interval=found.interval,
            allow_private=found.allow_private,
            enabled=enabled,
            match=found.match,
            now=visit.reader.now,
        )


async def _found(visit: Visit, source_id: str) -> SourceHealth:
    known = SourceId(or_missing(number(source_id)))
    return or_missing(await source.health_of(visit.conn, known, now=visit.reader.now))
