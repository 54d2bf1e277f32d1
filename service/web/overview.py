"""The first page: how it goes, what is angry now, what is open, and whether Earshot hears and can speak."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import BrandId, IncidentStatus
from service.store import brand, component, incident, mention, notification, source, trend
from service.store.brand import Brand
from service.store.mention import MentionFilter
from service.store.trend import TrendCounts
from service.web import chart, figures, health, links, render, wording
from service.web.figures import Figure
from service.web.mention_query import number
from service.web.mention_view import view
from service.web.period import Period, Stretch, as_local, stretch
from service.web.reader import Reader
from service.web.visit import PageRoute, SignedIn, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_ANGRY_SHOWN = 5
_INCIDENTS_SHOWN = 6
_OPEN = (IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What the page is about."""

    brands: list[Brand]
    #: None: every brand.
    brand: Brand | None
    period: Period
    stretch: Stretch

    @property
    def brand_id(self) -> BrandId | None:
        """The brand's id."""
        return self.brand.id if self.brand else None

    @property
    def name(self) -> str | None:
        """The brand's name, also where it is the only one."""
        only = self.brands[0] if len(self.brands) == 1 else None
        shown = self.brand or only
        return shown.name if shown else None

    @property
    def query(self) -> dict[str, str | None]:
        """The brand as links carry it."""
        return {"brand": str(self.brand.id) if self.brand else None}


async def scope_of(visit: Visit) -> Scope:
    """Return what an address asks for; what cannot be read counts as not given."""
    query = visit.request.query_params
    brands = await brand.every(visit.conn)
    wanted = number(query.get("brand"))
    period = next((known for known in Period if known == query.get("period")), Period.WEEK)
    return Scope(
        brands=brands,
        brand=next((one for one in brands if one.id == wanted), None),
        period=period,
        stretch=stretch(period, now=visit.reader.now, zone=visit.reader.zone),
    )


def period_names(reader: Reader) -> dict[Period, str]:
    """Return what the periods are called in the picker."""
    _ = reader.words.gettext
    return {Period.DAY: _("24 hours"), Period.WEEK: _("7 days"), Period.MONTH: _("30 days")}


async def _counts(visit: Visit, scope: Scope, since: datetime, until: datetime) -> list[TrendCounts]:
    return await trend.counts(
        visit.conn,
        brand_ids=None if scope.brand_id is None else [scope.brand_id],
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
        brand_ids=None if scope.brand_id is None else [scope.brand_id],
        since=span.since,
        until=span.until,
        bucket=span.bucket,
        zone=zone,
    )
    return chart.steps(starts, counts, gaps, bucket=span.bucket, brand=scope.query["brand"], reader=visit.reader)


async def _figures(visit: Visit, scope: Scope, counts: list[TrendCounts]) -> list[Figure]:
    """Return the four numbers."""
    reader, span, _ = visit.reader, scope.stretch, visit.reader.words.gettext
    now = figures.totals(counts)
    then = figures.totals(await _counts(visit, scope, span.previous_since, span.previous_until))
    by_status = await incident.count_by_status(visit.conn, scope.brand_id)
    open_now = sum(by_status.get(status, 0) for status in _OPEN)
    open_then = await incident.count_open_at(visit.conn, span.since, scope.brand_id)
    than, ago = figures.before(scope.period, reader), figures.ago(scope.period, reader)
    behind = {
        **scope.query,
        "from": as_local(span.since, reader.zone),
        "to": as_local(span.until, reader.zone),
    }
    return [
        Figure(
            key="mentions",
            name=_("Mentions"),
            value=reader.number(now.total),
            change=figures.count_change(now.total, then.total, than, reader),
            link=links.with_query("/mentions", behind),
        ),
        Figure(
            key="angry",
            name=_("Angry"),
            value=reader.number(now.angry),
            change=figures.count_change(now.angry, then.angry, than, reader),
            link=links.with_query("/mentions", {**behind, "angry": "1"}),
            alarming=now.angry > 0,
        ),
        Figure(
            key="net",
            name=_("Net sentiment"),
            value="–" if now.net is None else reader.signed(now.net),
            change=figures.net_change(now.net, then.net, than, reader),
            link=links.with_query("/mentions", {**behind, "label": "negative"}),
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
        figures=await _figures(visit, scope, counts),
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
async def remove_demo(visit: SignedIn) -> Response:
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
