"""How brands compare: share of voice, net sentiment and anger, each with the mentions behind it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.measures import ratio
from service.store import trend
from service.store.trend import Grouping, TrendCounts
from service.web import figures, spark
from service.web.figures import Totals
from service.web.scope import Scope
from service.web.spark import Bar
from service.web.visit import Visit


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """One brand of all that are watched."""

    name: str
    now: Totals
    then: Totals
    #: Of the mentions of all brands; None where there are none.
    share: float | None
    #: Where the brand's part of the common bar begins, and how wide it is, in percent.
    begins: float
    width: float
    link: str
    angry_link: str
    anger_words: str
    bars: Sequence[Bar]


async def voices(visit: Visit, scope: Scope) -> list[Voice]:
    """Return every brand that is watched, the most spoken of first."""
    span, zone = scope.stretch, visit.reader.zone.key
    now = await _by_brand(visit, span.since, span.until, scope)
    then = await _by_brand(visit, span.previous_since, span.previous_until, scope)
    starts = await trend.starts(visit.conn, since=span.since, until=span.until, bucket=span.bucket, zone=zone)
    counted = {str(one.id): Totals.summed(now.get(str(one.id), [])) for one in scope.brands}
    everything = sum(one.total for one in counted.values())
    made: list[Voice] = []
    begins = 0.0
    for one in sorted(scope.brands, key=lambda known: (-counted[str(known.id)].total, known.name)):
        key = str(one.id)
        share = ratio(counted[key].total, everything)
        width = 100 * (share or 0)
        made.append(
            Voice(
                name=one.name,
                now=counted[key],
                then=Totals.summed(then.get(key, [])),
                share=share,
                begins=round(begins, 3),
                width=round(width, 3),
                link=scope.mentions(brand=key),
                angry_link=scope.mentions(brand=key, angry="1"),
                anger_words=figures.rate_words(counted[key].angry, counted[key].judged, visit.reader),
                bars=spark.bars(
                    starts, now.get(key, []), bucket=span.bucket, behind={"brand": key}, reader=visit.reader
                ),
            )
        )
        begins += width
    return made


async def _by_brand(visit: Visit, since: datetime, until: datetime, scope: Scope) -> dict[str, list[TrendCounts]]:
    rows = await trend.counts(
        visit.conn,
        brand_ids=None,
        since=since,
        until=until,
        bucket=scope.stretch.bucket,
        zone=visit.reader.zone.key,
        group=Grouping.BRAND,
    )
    found: dict[str, list[TrendCounts]] = defaultdict(list)
    for row in rows:
        found[row.group].append(row)
    return found
