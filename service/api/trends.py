"""How much was said over time, and in what mood."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends
from pydantic import Field

from alerts.types import BrandId
from analysis.types import Sentiment
from service.api import measures
from service.api.access import Reading
from service.api.errors import Invalid
from service.api.measures import Measures, Silence, Tones
from service.api.parameters import PREFIX, BrandGiven, Shape, Since, Until, Words, brand_of
from service.api.query import Read
from service.store import trend
from service.store.pool import Connection
from service.store.trend import Bucket, Grouping, TrendCounts

router = APIRouter(prefix=PREFIX, tags=["trends"])
MOST_BUCKETS = 2000
_USUAL_PERIOD = timedelta(days=30)
_HOUR = timedelta(hours=1)
#: A day may be an hour short; the shortest decides how many there can be.
_SHORTEST = {Bucket.HOUR: _HOUR, Bucket.DAY: timedelta(hours=23), Bucket.WEEK: timedelta(hours=167)}


DEFINITIONS = {
    **measures.DEFINITIONS,
    "gap": "A source was tried in the step and never answered, or was read too seldom to have seen everything: a low "
    "count is not news.",
    "previous": "The same measures over the equally long period that ends where this one begins.",
    "silence": "Estimates of those who are unhappy and silent and of those who were told (a rule of thumb after TARP: "
    "25 silent for each complaint, 10 told ill, 5 told well); change it by silent_per_complaint, told_ill_each and "
    "told_well_each.",
    "start": "Steps begin by the clock of the asked time zone, weeks on Monday; periods are whole hours (UTC).",
}


class TrendGroup(StrEnum):
    """What else to count by."""

    SOURCE = "source"
    LANGUAGE = "language"
    LABEL = "label"
    CAUSE = "cause"


class GroupCounts(Tones):
    """The part of a step that belongs to one group."""

    group: str | None = Field(description="The source's name, the language, label or cause; null: none, or not judged.")
    angry: int | None = Field(description=f"{measures.DEFINITIONS['angry']} Null when grouped by label.")


class Step(Measures):
    """One bucket."""

    start: datetime = Field(description=DEFINITIONS["start"])
    gap: bool = Field(description=DEFINITIONS["gap"])
    groups: list[GroupCounts] = Field(default=[], description="Only when asked for; groups without mentions left out.")


class Period(Measures):
    """Totals of a whole period."""

    start: datetime = Field(alias="from", description="When it begins.")
    end: datetime = Field(alias="to", description="When it ends; half open.")


class Trend(Shape):
    """Counts over time."""

    buckets: list[Step] = Field(description="Every step of the period, in order; empty ones are zero.")
    previous: Period = Field(description="Totals of the equally long period before.")
    silence: Silence = Field(description="Who is not heard and who was told, over the whole period.")
    definitions: dict[str, str] = Field(description="What each measure means.")


def _whole_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


@cache
def _zones() -> frozenset[str]:
    # `localtime` is whatever this machine says, and unknown to Postgres.
    return frozenset(available_timezones() | {"UTC"}) - {"localtime"}


class TrendQuery(Shape):
    """Which counts."""

    brand: BrandGiven = None
    since: Since = None
    until: Until = None
    bucket: Bucket = Bucket.DAY
    group: TrendGroup | None = None
    tz: Annotated[Words, Field(max_length=64, description="IANA time zone.", examples=["Asia/Taipei"])] = "UTC"
    silent_per_complaint: Annotated[float, Field(ge=0, le=1000)] = 25
    told_ill_each: Annotated[float, Field(ge=0, le=1000)] = 10
    told_well_each: Annotated[float, Field(ge=0, le=1000)] = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    brand_ids: Sequence[BrandId] | None
    since: datetime
    until: datetime
    bucket: Bucket
    zone: str


def period_of(
    since: datetime | None, until: datetime | None, bucket: Bucket, zone: str, *, now: datetime
) -> tuple[datetime, datetime]:
    """Return the asked period widened to whole hours, the last 30 days by default. Raises Invalid."""
    if zone not in _zones():
        raise Invalid("tz", "is no IANA time zone; write one such as Asia/Taipei")
    end = _whole_hour(until or now)
    end += _HOUR if end < (until or now) else timedelta(0)
    start = _whole_hour(since or end - _USUAL_PERIOD)
    if start >= end:
        raise Invalid("to", "must lie after `from`")
    if (end - start) / _SHORTEST[bucket] > MOST_BUCKETS:
        raise Invalid("bucket", f"gives more than {MOST_BUCKETS} steps; take a longer one, or a shorter period")
    return start, end


async def _counts(conn: Connection, asked: _Asked, group: Grouping | None = None) -> dict[datetime, list[TrendCounts]]:
    """Return the counts by step."""
    return _by_start(
        await trend.counts(
            conn,
            brand_ids=asked.brand_ids,
            since=asked.since,
            until=asked.until,
            bucket=asked.bucket,
            zone=asked.zone,
            group=group,
        )
    )


def _by_start(rows: Sequence[TrendCounts]) -> dict[datetime, list[TrendCounts]]:
    by_start: dict[datetime, list[TrendCounts]] = defaultdict(list)
    for row in rows:
        by_start[row.start].append(row)
    return by_start


def _by_label(rows: Sequence[TrendCounts]) -> list[GroupCounts]:
    """Return the parts of a step by label, read from its columns."""
    counted = Measures.of(rows)
    parts: dict[Sentiment | None, int] = {label: getattr(counted, label) for label in Sentiment}
    parts[None] = counted.total - sum(parts.values())
    return [_only(label, count) for label, count in parts.items() if count]


def _only(label: Sentiment | None, count: int) -> GroupCounts:
    """Return the part of a step that has one label."""
    columns = {other.value: count if other is label else 0 for other in Sentiment}
    row = TrendCounts(start=datetime.min.replace(tzinfo=UTC), group="", total=count, angry=0, **columns)
    unknown = dict.fromkeys(("angry", "anger_rate", "anger_rate_low", "anger_rate_high"))
    return GroupCounts(group=label, **{**Measures.of([row]).model_dump(), **unknown})


def _by_group(rows: Sequence[TrendCounts]) -> list[GroupCounts]:
    return [GroupCounts(group=row.group or None, **Measures.of([row]).model_dump()) for row in rows]


async def _causes(conn: Connection, asked: _Asked) -> dict[datetime, list[TrendCounts]]:
    """Return the counts by step and cause."""
    return _by_start(
        await trend.cause_counts(
            conn, brand_ids=asked.brand_ids, since=asked.since, until=asked.until, bucket=asked.bucket, zone=asked.zone
        )
    )


async def _steps(conn: Connection, asked: _Asked, group: TrendGroup | None) -> list[Step]:
    by = Grouping(group) if group in (TrendGroup.SOURCE, TrendGroup.LANGUAGE) else None
    causes = await _causes(conn, asked) if group is TrendGroup.CAUSE else {}
    counted = await _counts(conn, asked, by)
    gaps = await trend.gaps(
        conn,
        brand_ids=asked.brand_ids,
        since=asked.since,
        until=asked.until,
        bucket=asked.bucket,
        zone=asked.zone,
    )
    starts = await trend.starts(conn, since=asked.since, until=asked.until, bucket=asked.bucket, zone=asked.zone)
    steps = []
    # What was counted is shown even where the clock, set back, has no such step of its own.
    for start in sorted({*starts, *counted, *gaps}):
        rows = counted[start]
        known = {**Measures.of(rows).model_dump(), "start": start, "gap": start in gaps}
        if group is not None:
            parts = causes.get(start, []) if group is TrendGroup.CAUSE else rows
            known["groups"] = _by_label(rows) if group is TrendGroup.LABEL else _by_group(parts)
        steps.append(Step(**known))
    return steps


@router.get("/trends", summary="Count mentions over time", response_model_exclude_unset=True)
async def trends(asked: Reading, query: Annotated[TrendQuery, Depends(Read(TrendQuery))]) -> Trend:
    """The last 30 days by default. `from` and `to` are widened to whole hours."""
    since, until = period_of(query.since, query.until, query.bucket, query.tz, now=asked.now)
    brand_id = await brand_of(asked.conn, query.brand)
    period = _Asked(
        brand_ids=None if brand_id is None else [brand_id],
        since=since,
        until=until,
        bucket=query.bucket,
        zone=query.tz,
    )
    steps = await _steps(asked.conn, period, query.group)
    return Trend(
        buckets=steps,
        previous=await _before(asked.conn, period),
        silence=Silence.of(
            _together(steps),
            silent=query.silent_per_complaint,
            told_ill=query.told_ill_each,
            told_well=query.told_well_each,
        ),
        definitions=DEFINITIONS,
    )


def _together(steps: Sequence[Step]) -> Measures:
    """Return the measures of all steps taken together."""
    names = ("total", "negative", "neutral", "positive", "angry")
    return Measures.of(
        TrendCounts(start=step.start, group="", **{name: getattr(step, name) for name in names}) for step in steps
    )


async def _before(conn: Connection, asked: _Asked) -> Period:
    """Return the totals of the equally long period before."""
    since = asked.since - (asked.until - asked.since)
    rows = await trend.counts(
        conn, brand_ids=asked.brand_ids, since=since, until=asked.since, bucket=Bucket.WEEK, zone="UTC"
    )
    return Period(start=since, end=asked.since, **Measures.of(rows).model_dump())
