"""The stretch of time a page is about, and the one before it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from service.store.trend import Bucket


class Period(StrEnum):
    """What the overview may look back on."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Half open. Days begin at the viewer's midnight, so that no bar of the chart is half a day short."""

    since: datetime
    until: datetime
    #: The same stretch one period earlier: as much of its last day has passed as of ours.
    previous_since: datetime
    previous_until: datetime
    bucket: Bucket


_DAYS = {Period.WEEK: 7, Period.MONTH: 30}


def stretch(period: Period, *, now: datetime, zone: ZoneInfo) -> Stretch:
    """Return the period that ends with this hour, and the one before."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    until = hour + timedelta(hours=1)
    if period is Period.DAY:
        day = timedelta(hours=24)
        return Stretch(
            since=until - day,
            until=until,
            previous_since=until - 2 * day,
            previous_until=until - day,
            bucket=Bucket.HOUR,
        )
    days = _DAYS[period]
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=days - 1)  # the wall clock of the zone: a day may have 23 hours
    utc = now.tzinfo
    return Stretch(
        since=since.astimezone(utc),
        until=until,
        previous_since=(since - timedelta(days=days)).astimezone(utc),
        previous_until=(until.astimezone(zone) - timedelta(days=days)).astimezone(utc),
        bucket=Bucket.DAY,
    )


def step_end(start: datetime, bucket: Bucket, zone: ZoneInfo) -> datetime:
    """Return where a step ends, by the wall clock."""
    if bucket is Bucket.HOUR:
        return start + timedelta(hours=1)
    local = start.astimezone(zone)
    return (local + timedelta(days=7 if bucket is Bucket.WEEK else 1)).astimezone(start.tzinfo)


def as_local(at: datetime, zone: ZoneInfo) -> str:
    """Return a time as a form's `datetime-local` field writes it."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def from_local(text: str, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """Return the time a form or link means, None for anything else. A day alone, as an `end`, is that whole day."""
    try:
        at = datetime.fromisoformat(text.strip()[:40])
        if end and len(text.strip()) == len("2026-03-05"):
            at += timedelta(days=1)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
