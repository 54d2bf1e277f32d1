"""The first page: better or worse, what is angry now, what waits, and whether Earshot hears and can speak."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import IncidentStatus
from service.measures import Assumptions, Unheard, unheard
from service.store import brand, component, incident, mention, notification, source, trend
from service.store.mention import MentionFilter
from service.store.term import Mood
from service.store.trend import TrendCounts
from service.web import chart, figures, health, links, render, rising_words, voice, welcome, wording
from service.web.figures import Figure, Totals
from service.web.mention_view import view
from service.web.scope import Scope, period_names, scope_of
from service.web.visit import Administering, PageRoute, SignedIn, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_ANGRY_SHOWN = 5
_INCIDENTS_SHOWN = 6
_RISING_SHOWN = 8
_OPEN = (IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED)
_MOST_ASSUMED = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """Who is not heard and who was told, with what that rests on."""

    by: Assumptions
    found: Unheard


def estimate(visit: Visit, now: Totals) -> Estimate:
    """Return the estimate by the assumptions an address gives, the usual ones where it gives none that can be read."""
    usual, query = Assumptions(), visit.request.query_params

    def given(name: str, otherwise: float) -> float:
        try:
            value = float(query.get(name, ""))
        except ValueError:
            return otherwise
        return value if 0 <= value <= _MOST_ASSUMED else otherwise

    by = Assumptions(
        silent_per_complaint=given("silent", usual.silent_per_complaint),
        told_ill_each=given("ill", usual.told_ill_each),
        told_well_each=given("well", usual.told_well_each),
    )
    return Estimate(by=by, found=unheard(complaints=now.negative, praises=now.positive, by=by))


async def _counts(visit: Visit, scope: Scope, since: datetime, until: datetime) -> list[TrendCounts]:
    return await trend.counts(
        visit.conn,
        brand_ids=scope.brand_ids,
        since=since,
        until=until,
        bucket=scope.stretch.bucket,
        zone=visit.reader.zone.key,
    )


async def _steps(visit: Visit, scope: Scope, counts: list[TrendCounts]) -> list[chart.Step]:
    span, zone = scope.stretch, visit.reader.zone.key
    starts = await trend.starts(visit.conn, since=span.since, until=span.until, bucket=span.bucket, zone=zone)
    gaps = await trend.gaps(
        visit.conn,
        brand_ids=scope.brand_ids,
        since=span.since,
        until=span.until,
        bucket=span.bucket,
        zone=zone,
    )
    return chart.steps(starts, counts, gaps, bucket=span.bucket, behind=scope.query, reader=visit.reader)


async def _figures(visit: Visit, scope: Scope, now: Totals, then: Totals) -> list[Figure]:
    """Return the four numbers."""
    reader, span, _ = visit.reader, scope.stretch, visit.reader.words.gettext
    by_status = await incident.count_by_status(visit.conn, scope.brand_id)
    open_now = sum(by_status.get(status, 0) for status in _OPEN)
    open_then = await incident.count_open_at(visit.conn, span.since, scope.brand_id)
    than, ago = figures.before(scope.period, reader), figures.ago(scope.period, reader)
    return [
        Figure(
            key="mentions",
            name=_("Mentions"),
            value=reader.number(now.total),
            change=figures.count_change(now.total, then.total, than, reader),
            link=scope.mentions(),
        ),
        Figure(
            key="angry",
            name=_("Angry"),
            value=reader.number(now.angry),
            change=figures.count_change(now.angry, then.angry, than, reader),
            link=scope.mentions(angry="1"),
            note=figures.rate_words(now.angry, now.judged, reader),
            alarming=now.angry > 0,
        ),
        Figure(
            key="net",
            name=_("Net sentiment"),
            value="–" if now.net is None else reader.signed(now.net),
            change=figures.net_change(now.net, then.net, than, reader),
            link=scope.mentions(label="negative"),
            note=_("Positive minus negative, per 100 judged"),
        ),
        Figure(
            key="incidents",
            name=_("Open incidents"),
            value=reader.number(open_now),
            change=figures.count_change(open_now, open_then, ago, reader),
            link=links.with_query("/incidents", scope.query),
            alarming=open_now > 0,
        ),
    ]


@router.get("/")
async def overview(visit: SignedIn) -> Response:
    """Return the first page."""
    scope, reader = await scope_of(visit), visit.reader
    counts = await _counts(visit, scope, scope.stretch.since, scope.stretch.until)
    now = Totals.summed(counts)
    then = Totals.summed(await _counts(visit, scope, scope.stretch.previous_since, scope.stretch.previous_until))
    course = figures.course(now, then)
    angry = await mention.newest(
        visit.conn,
        MentionFilter(brand_id=scope.brand_id, angry=True, since=scope.stretch.since),
        limit=_ANGRY_SHOWN,
    )
    incidents = await incident.newest(visit.conn, brand_id=scope.brand_id, statuses=_OPEN, limit=_INCIDENTS_SHOWN)
    sources = await source.health(visit.conn, now=reader.now, brand_id=scope.brand_id)
    return visit.page(
        "overview.html",
        here="overview",
        scope=scope,
        periods=period_names(reader),
        steps_to_go=await welcome.steps(visit),
        now=now,
        course=course,
        course_words=figures.course_words(course, scope.period, reader),
        figures=await _figures(visit, scope, now, then),
        voices=await voice.voices(visit, scope) if len(scope.brands) > 1 else [],
        rising=await rising_words.words(visit, scope, mood=Mood.ALL, most=_RISING_SHOWN),
        rising_ill=await rising_words.words(visit, scope, mood=Mood.NEGATIVE, most=_RISING_SHOWN),
        estimate=estimate(visit, now),
        steps=await _steps(visit, scope, counts),
        series=chart.names(reader),
        chart_link=links.with_query("/chart", {**scope.query, "period": scope.period}),
        angry=[view(one, reader) for one in angry],
        incidents=incidents,
        statuses=wording.statuses(reader),
        sources=health.source_rows(sources, reader),
        notices=health.notices(await component.every(visit.conn), visit.settings, reader),
        outbox=await notification.waiting(visit.conn),
        states=wording.states(reader),
    )


@router.post("/demo/remove")
async def remove_demo(visit: Administering) -> Response:
    """Erase the fictional brand and what it brought."""
    await visit.form()
    async with visit.conn.transaction():
        await brand.remove_demo(visit.conn)
    return render.moved("/")


@router.get("/chart")
async def drawn(visit: SignedIn) -> Response:
    """Return the chart's specification for the script that draws it."""
    scope = await scope_of(visit)
    counts = await _counts(visit, scope, scope.stretch.since, scope.stretch.until)
    made = await _steps(visit, scope, counts)
    return render.data(visit.request, {"specification": chart.specification(made, visit.reader)})
