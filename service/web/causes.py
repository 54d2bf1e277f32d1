"""What mentions are about: a trend a cause, and the four Cs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from analysis.heads import CAUSES
from service.store import trend
from service.store.trend import TrendCounts
from service.web import figures, spark, verdict_words
from service.web.figures import Totals
from service.web.reader import Reader
from service.web.scope import Scope, period_names, scope_of
from service.web.spark import Bar
from service.web.visit import PageRoute, SignedIn, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: What the customer gets, pays, spends effort on and hears; each cause in one of them.
FOUR_CS: Mapping[str, tuple[str, ...]] = {
    "solution": ("product", "quality", "hygiene", "safety"),
    "cost": ("price", "refund"),
    "convenience": ("waiting", "delivery", "environment", "app"),
    "communication": ("service", "respect", "communication", "trust"),
}
#: Weigh more than a defect: whoever feels looked down on does not come back.
_HEAVY = ("respect", "trust", "safety")


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseRow:
    """One cause in the period."""

    key: str
    name: str
    now: Totals
    change: str
    heavy: bool
    link: str
    negative_link: str
    angry_link: str
    bars: Sequence[Bar]


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One of the four Cs with its causes. A mention of two causes counts in both, so that no sum is given."""

    name: str
    #: What it stands against in the four Ps.
    against: str
    rows: Sequence[CauseRow]


@router.get("/causes")
async def listed(visit: SignedIn) -> Response:
    """Return the causes of the period."""
    scope, reader = await scope_of(visit), visit.reader
    rows = await _rows(visit, scope)
    by_four = visit.request.query_params.get("by") == "c"
    known = {row.key: row for row in rows}
    return visit.page(
        "causes.html",
        here="causes",
        scope=scope,
        periods=period_names(reader),
        by_four=by_four,
        rows=[row for row in rows if row.now.total],
        groups=[
            Group(name=name, against=against, rows=[known[cause] for cause in FOUR_CS[key] if known[cause].now.total])
            for key, (name, against) in _group_names(reader).items()
        ],
        than=figures.before(scope.period, reader),
    )


def _group_names(reader: Reader) -> Mapping[str, tuple[str, str]]:
    """Return what the four Cs are called, and what the seller calls them."""
    words = reader.words
    return {
        "solution": (words.pgettext("four Cs", "Solution"), words.pgettext("four Ps", "Product")),
        "cost": (words.pgettext("four Cs", "Cost to the customer"), words.pgettext("four Ps", "Price")),
        "convenience": (words.pgettext("four Cs", "Convenience"), words.pgettext("four Ps", "Place")),
        "communication": (words.pgettext("four Cs", "Communication"), words.pgettext("four Ps", "Promotion")),
    }


async def _rows(visit: Visit, scope: Scope) -> list[CauseRow]:
    """Return every cause, the one with most displeasure first."""
    reader, span = visit.reader, scope.stretch
    now = await _by_cause(visit, scope, span.since, span.until)
    then = await _by_cause(visit, scope, span.previous_since, span.previous_until)
    starts = await trend.starts(
        visit.conn, since=span.since, until=span.until, bucket=span.bucket, zone=reader.zone.key
    )
    than, names = figures.before(scope.period, reader), verdict_words.causes(reader)
    rows = []
    for cause in CAUSES:
        counted = Totals.summed(now[cause])
        rows.append(
            CauseRow(
                key=cause,
                name=names[cause],
                now=counted,
                change=figures.count_change(counted.negative, Totals.summed(then[cause]).negative, than, reader),
                heavy=cause in _HEAVY,
                link=scope.mentions(cause=cause),
                negative_link=scope.mentions(cause=cause, label="negative"),
                angry_link=scope.mentions(cause=cause, angry="1"),
                bars=spark.bars(
                    starts, now[cause], bucket=span.bucket, behind={**scope.query, "cause": cause}, reader=reader
                ),
            )
        )
    return sorted(rows, key=lambda row: (-row.now.negative, -row.now.total, row.key))


async def _by_cause(
    visit: Visit, scope: Scope, since: datetime, until: datetime
) -> defaultdict[str, list[TrendCounts]]:
    found: defaultdict[str, list[TrendCounts]] = defaultdict(list)
    for row in await trend.cause_counts(
        visit.conn,
        brand_ids=scope.brand_ids,
        since=since,
        until=until,
        bucket=scope.stretch.bucket,
        zone=visit.reader.zone.key,
    ):
        found[row.group].append(row)
    return found
