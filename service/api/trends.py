"""How much was said over time, and in what mood."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated, Self
from zoneinfo import available_timezones

from fastapi import APIRouter, Query
from pydantic import Field, field_validator

from alerts.types import BrandId
from analysis.types import Sentiment
from service.api.access import Reading
from service.api.errors import Invalid
from service.api.parameters import PREFIX, BrandGiven, Shape, Since, Until, Words, brand_of
from service.store import trend
from service.store.pool import Connection
from service.store.trend import Bucket, Grouping, TrendCounts

router = APIRouter(prefix=PREFIX, tags=["trends"])
MOST_BUCKETS = 2000
_USUAL_PERIOD = timedelta(days=30)
_HOUR = timedelta(hours=1)
#: A day may be an hour short; the shortest decides how many there can be.
_SHORTEST = {Bucket.HOUR: _HOUR, Bucket.DAY: timedelta(hours=23), Bucket.WEEK: timedelta(hours=167)}


class GroupBy(StrEnum):
    """What else to count by."""

    SOURCE = "source"
    LANGUAGE = "language"
    LABEL = "label"


class Measures(Shape):
    """Counts, and what is computed from them."""

    total: int
    negative: int
    neutral: int
    positive: int
    angry: int
    net_of_all: float | None
    net_of_opinions: float | None
    pn_ratio: float | None

    @classmethod
    def of(cls, counted: Iterable[TrendCounts]) -> Self:
        """Return the measures of counts taken together."""
        rows = list(counted)
        negative, neutral, positive = (
            sum(getattr(row, label) for row in rows) for label in ("negative", "neutral", "positive")
        )
        return cls(
            total=sum(row.total for row in rows),
            negative=negative,
            neutral=neutral,
            positive=positive,
            angry=sum(row.angry for row in rows),
            net_of_all=_ratio(positive - negative, positive + negative + neutral),
            net_of_opinions=_ratio(positive - negative, positive + negative),
            pn_ratio=_ratio(positive, negative),
        )


class GroupCounts(Shape):
    """The part of a step that belongs to one group."""

    group: str | None = Field(description="The source's name, the language or the label; null: not judged yet.")
    total: int
    negative: int
    neutral: int
    positive: int
    angry: int | None = Field(description="Null when grouped by label.")
    net_of_all: float | None
    net_of_opinions: float | None
    pn_ratio: float | None


class Step(Measures):
    """One bucket."""

    start: datetime
    gap: bool
    groups: list[GroupCounts] = Field(default=[], description="Only when asked for; groups without mentions left out.")


class Period(Measures):
    """Totals of a whole period."""

    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")


class Trend(Shape):
    """Counts over time."""

    buckets: list[Step] = Field(description="Every step of the period, in order; empty ones are zero.")
    previous: Period = Field(description="Totals of the equally long period before.")
    definitions: dict[str, str] = Field(description="What each measure means.")


DEFINITIONS = {
    "total": "Mentions said in the step, judged or not; deleted ones left out.",
    "negative": "Mentions whose most probable sentiment is negative (N).",
    "neutral": "Mentions whose most probable sentiment is neutral (Neu).",
    "positive": "Mentions whose most probable sentiment is positive (P).",
    "angry": "Mentions of anger level 2, by the threshold of their language.",
    "net_of_all": "Net sentiment of all judged mentions: (P - N) / (P + N + Neu), -1 to 1; null without any.",
    "net_of_opinions": "Net sentiment of opinions: (P - N) / (P + N), -1 to 1; null without opinions.",
    "pn_ratio": "P / N; null without negative mentions.",
    "gap": "A source was tried in the step and never answered: a low count is not news.",
    "previous": "The same measures over the equally long period that ends where this one begins.",
    "start": "Steps begin by the clock of the asked time zone, weeks on Monday; periods are whole hours (UTC).",
}


def _whole_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


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
    group: GroupBy | None = None
    tz: Annotated[Words, Field(max_length=64, description="IANA time zone.", examples=["Asia/Taipei"])] = "UTC"

    @field_validator("tz")
    @classmethod
    def _check_zone(cls, tz: str) -> str:
        if tz not in _zones():
            raise ValueError("is no IANA time zone; write one such as Asia/Taipei")
        return tz


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    brand_ids: Sequence[BrandId] | None
    since: datetime
    until: datetime
    bucket: Bucket
    zone: str


def _period(query: TrendQuery, now: datetime) -> tuple[datetime, datetime]:
    """Return the asked period widened to whole hours, the last 30 days by default. Raises Invalid."""
    until = _whole_hour(query.until or now)
    until += _HOUR if until < (query.until or now) else timedelta(0)
    since = _whole_hour(query.since or until - _USUAL_PERIOD)
    if since >= until:
        raise Invalid("to", "must lie after `from`")
    if (until - since) / _SHORTEST[query.bucket] > MOST_BUCKETS:
        raise Invalid("bucket", f"gives more than {MOST_BUCKETS} steps; take a longer one, or a shorter period")
    return since, until


async def _counts(conn: Connection, asked: _Asked, group: Grouping | None = None) -> dict[datetime, list[TrendCounts]]:
    """Return the counts by step."""
    by_start: dict[datetime, list[TrendCounts]] = defaultdict(list)
    rows = await trend.counts(
        conn,
        brand_ids=asked.brand_ids,
        since=asked.since,
        until=asked.until,
        bucket=asked.bucket,
        zone=asked.zone,
        group=group,
    )
    for row in rows:
        by_start[row.start].append(row)
    return by_start


def _by_label(rows: Sequence[TrendCounts]) -> list[GroupCounts]:
    """Return the parts of a step by label, read from its columns."""
    measures = Measures.of(rows)
    parts: dict[Sentiment | None, int] = {label: getattr(measures, label) for label in Sentiment}
    parts[None] = measures.total - sum(parts.values())
    return [_only(label, count) for label, count in parts.items() if count]


def _only(label: Sentiment | None, count: int) -> GroupCounts:
    """Return the part of a step that has one label."""
    counted = {other.value: count if other is label else 0 for other in Sentiment}
    row = TrendCounts(start=datetime.min.replace(tzinfo=UTC), group="", total=count, angry=0, **counted)
    return GroupCounts(group=label, **{**Measures.of([row]).model_dump(), "angry": None})


def _by_group(rows: Sequence[TrendCounts]) -> list[GroupCounts]:
    return [GroupCounts(group=row.group or None, **Measures.of([row]).model_dump()) for row in rows]


async def _steps(conn: Connection, asked: _Asked, group: GroupBy | None) -> list[Step]:
    by = Grouping(group) if group in (GroupBy.SOURCE, GroupBy.LANGUAGE) else None
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
            known["groups"] = _by_label(rows) if group is GroupBy.LABEL else _by_group(rows)
        steps.append(Step(**known))
    return steps


@router.get("/trends", summary="Count mentions over time", response_model_exclude_unset=True)
async def trends(asked: Reading, query: Annotated[TrendQuery, Query()]) -> Trend:
    """The last 30 days by default. `from` and `to` are widened to whole hours."""
    since, until = _period(query, asked.now)
    brand_id = await brand_of(asked.conn, query.brand)
    period = _Asked(
        brand_ids=None if brand_id is None else [brand_id],
        since=since,
        until=until,
        bucket=query.bucket,
        zone=query.tz,
    )
    return Trend(
        buckets=await _steps(asked.conn, period, query.group),
        previous=await _before(asked.conn, period),
        definitions=DEFINITIONS,
    )


async def _before(conn: Connection, asked: _Asked) -> Period:
    """Return the totals of the equally long period before."""
    since = asked.since - (asked.until - asked.since)
    rows = await trend.counts(
        conn, brand_ids=asked.brand_ids, since=since, until=asked.since, bucket=Bucket.WEEK, zone="UTC"
    )
    return Period(start=since, end=asked.since, **Measures.of(rows).model_dump())
