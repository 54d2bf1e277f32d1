"""Quiet for a while: what is kept quiet and by what, a new silence with what it would hide now, and its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from alerts.silence import Silence, SilenceId, SilenceKind, suppression
from alerts.types import BrandId, Incident, IncidentId, IncidentStatus, RuleId, SourceId
from service.store import brand, incident, rule, silence, source
from service.store.incident import IncidentSummary
from service.store.search import storable
from service.web import render, wall_form
from service.web.mention_query import number
from service.web.visit import PageRoute, Responding, SignedIn, Visit, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_LONGEST = timedelta(days=90)
_USUAL = timedelta(hours=2)
_MOST_REASON = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What one silence keeps quiet now."""

    silence: Silence
    holds: bool
    incidents: tuple[IncidentId, ...]


@router.get("/silences")
async def shown(visit: SignedIn) -> Response:
    """Return the page."""
    now = visit.reader.now
    usual = {"to": wall_form.written(now + _USUAL, visit.reader.zone)}
    return await _page(visit, given={**usual, **dict(visit.request.query_params)})


@router.post("/silences")
async def keep_quiet(visit: Responding) -> Response:
    """Show what a silence would hide now, or make it."""
    form = await visit.form()
    draft = _draft(visit, form)
    mistake = _mistake(visit, draft, form, await _choices(visit))
    if mistake or form.get("do") == "try":
        return await _page(visit, given=form, mistake=mistake, tried=None if mistake else draft)
    await silence.add(
        visit.conn,
        kind=draft.kind,
        brand_id=draft.brand_id,
        rule_id=draft.rule_id,
        source_id=draft.source_id,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        reason=draft.reason,
        author=visit.user,
        now=visit.reader.now,
    )
    return render.moved("/silences?came=made")


@router.post("/silences/{silence_id}/end")
async def end(visit: Responding, silence_id: str) -> Response:
    """End a silence now; one that has ended stays so. Raises Missing."""
    await visit.form()
    await silence.end(visit.conn, SilenceId(or_missing(number(silence_id))), now=visit.reader.now)
    return render.moved("/silences?came=ended")


def _draft(visit: Visit, form: Mapping[str, str]) -> Silence:
    """Return the silence that a form describes; its end is its start where the form has none."""
    now, zone = visit.reader.now, visit.reader.zone
    starts_at = wall_form.read(form.get("from", ""), zone) or now
    brand_id, rule_id, source_id = (number(form.get(noun)) for noun in ("brand", "rule", "source"))
    return Silence(
        id=SilenceId(0),
        kind=SilenceKind.MAINTENANCE if form.get("kind") == SilenceKind.MAINTENANCE else SilenceKind.SILENCE,
        brand_id=None if brand_id is None else BrandId(brand_id),
        rule_id=None if rule_id is None else RuleId(rule_id),
        source_id=None if source_id is None else SourceId(source_id),
        starts_at=starts_at,
        ends_at=wall_form.read(form.get("to", ""), zone) or starts_at,
        reason=" ".join(storable(form.get("reason", "")).split())[:_MOST_REASON],
        author=visit.user,
    )


async def _choices(visit: Visit) -> dict[str, dict[int, str]]:
    """Return what may be kept quiet, by the form's fields."""
    return {
        "brand": {one.id: one.name for one in await brand.every(visit.conn)},
        "rule": {one.id: one.name for one in await rule.every(visit.conn)},
        "source": {one.id: one.name for one in await source.health(visit.conn, now=visit.reader.now)},
    }


def _mistake(visit: Visit, draft: Silence, form: Mapping[str, str], choices: Mapping[str, Mapping[int, str]]) -> str:
    """Return what is wrong with a draft; '' for nothing. A draft that is only tried needs no reason."""
    _ = visit.reader.words.gettext
    if any(form.get(noun) and number(form[noun]) not in known for noun, known in choices.items()):
        return _("What you chose was removed meanwhile; choose again.")
    if wall_form.is_wrong(form.get("from", ""), visit.reader.zone):
        return _("Write the start as a day and a time, or leave it empty.")
    if draft.ends_at <= visit.reader.now:
        return _("The end lies in the past.")
    if not draft.starts_at < draft.ends_at <= draft.starts_at + _LONGEST:
        return _("The end must lie after the start, and at most 90 days after it.")
    if not draft.reason and form.get("do") != "try":
        return _("Write why, for the others.")
    return ""


async def _page(visit: Visit, *, given: Mapping[str, str], mistake: str = "", tried: Silence | None = None) -> Response:
    conn, now = visit.conn, visit.reader.now
    summaries = {one.id: one for one in await incident.newest(conn, statuses=[IncidentStatus.TRIGGERED], limit=200)}
    waiting = await incident.of_ids(conn, list(summaries))
    sources = await silence.sources_of(conn, list(summaries))
    silences = await silence.every(conn, since=now)
    told_by = await silence.told_by(conn, list(summaries))

    def hidden(one: Silence, at: datetime) -> tuple[IncidentId, ...]:
        return tuple(each.id for each in waiting if _hides(one, each, sources, at))

    return visit.page(
        "silences.html",
        here="silences",
        status=422 if mistake else 200,
        kept=[Kept(silence=one, holds=one.holds(now), incidents=hidden(one, now)) for one in silences],
        causes=[(summaries[one], told_by[one]) for one in told_by if one in summaries],
        hidden=None if tried is None else _shown(hidden(tried, tried.starts_at), summaries),
        choices=await _choices(visit),
        given=given,
        mistake=mistake,
        notice=_notice(visit),
    )


def _hides(one: Silence, waiting: Incident, sources: Mapping[IncidentId, set[SourceId]], at: datetime) -> bool:
    """Whether a silence keeps an incident quiet at a time."""
    return suppression(waiting, [one], sources=sources.get(waiting.id, ()), told_by=None, now=at) is not None


def _shown(ids: tuple[IncidentId, ...], summaries: Mapping[IncidentId, IncidentSummary]) -> list[IncidentSummary]:
    return [summaries[one] for one in ids]


def _notice(visit: Visit) -> str:
    _ = visit.reader.words.gettext
    said = {
        "made": _("Nobody is told of it until then; it is recorded all the same."),
        "ended": _("It is over: what is still open is told within seconds."),
    }
    return visit.became(said)
