"""What a day or a week brought, as the digests and the page of reports tell it."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from alerts import wall_clock
from alerts.digest import Period
from alerts.types import (
    BrandDigest,
    BrandId,
    Contact,
    Counts,
    Digest,
    DigestKind,
    NotificationId,
    RisingWord,
    Voice,
)
from service import measures, terms
from service.store import digest, trend
from service.store.judged import Span
from service.store.pool import Connection
from service.store.term import Mood
from service.store.trend import Bucket

#: A report can be read as soon as its days are over.
MIDNIGHT = time()
_QUOTED, _RISING = 5, 8
#: A mention recommends from this probability on.
_RECOMMENDS_FROM = 0.5


async def read(
    conn: Connection,
    notification_id: NotificationId,
    reader: Contact,
    period: Period,
    *,
    brands: Sequence[tuple[BrandId, str]],
    zone: ZoneInfo,
    public_url: str,
) -> Digest:
    """Return a period's digest of these brands, read now."""
    return Digest(
        notification_id=notification_id,
        contact=reader,
        kind=period.kind,
        since=period.since,
        until=period.until,
        brands=tuple([await _of_brand(conn, one, period, zone=zone, public_url=public_url) for one in brands]),
        url=f"{public_url}/reports",
    )


async def of_notification(conn: Connection, notification_id: NotificationId, *, public_url: str) -> Digest | None:
    """Return what a digest in the outbox tells, read now; None where there is no such digest."""
    run = await digest.of_notification(conn, notification_id)
    if run is None:
        return None
    return await read(
        conn,
        notification_id,
        run.contact,
        run.period,
        brands=await digest.brands_of(conn, run.contact.id),
        zone=ZoneInfo(run.zone),
        public_url=public_url,
    )


async def is_empty(conn: Connection, period: Period, brands: Sequence[tuple[BrandId, str]], *, zone: ZoneInfo) -> bool:
    """Whether nothing was said of these brands."""
    return (await _counts(conn, [brand_id for brand_id, _ in brands], period, zone)).total == 0


async def _of_brand(
    conn: Connection, brand: tuple[BrandId, str], period: Period, *, zone: ZoneInfo, public_url: str
) -> BrandDigest:
    brand_id, name = brand
    earlier = period.before(zone)
    now, then = [await _counts(conn, [brand_id], one, zone) for one in (period, earlier)]
    done, done_then = [
        await digest.activity(conn, brand_id, since=one.since, until=one.until, recommends_from=_RECOMMENDS_FROM)
        for one in (period, earlier)
    ]
    quoted = await digest.angry(conn, Span(brand_id=brand_id, since=period.since, until=period.until), limit=_QUOTED)
    risen = await terms.risen(
        conn,
        brand_id=brand_id,
        since=terms.day_of(period.since, up=False),
        until=terms.day_of(period.until, up=True),
        mood=Mood.ALL,
        most=_RISING,
    )
    return BrandDigest(
        brand=name,
        url=f"{public_url}/mentions?{_behind(brand_id, period, zone)}",
        counts=now,
        counts_before=then,
        activity=done,
        activity_before=done_then,
        course=measures.differs((now.angry, now.judged), (then.angry, then.judged)),
        steps=await _steps(conn, brand_id, period, zone),
        angry=tuple(Voice(mention=one, url=f"{public_url}/mentions/{one.id}") for one in quoted),
        rising=tuple(RisingWord(term=one.term, count=one.count) for one in risen.terms),
    )


def _behind(brand_id: BrandId, period: Period, zone: ZoneInfo) -> str:
    """Return the question for a period's angry mentions; its last day is named, not the midnight after."""
    last = (period.until - timedelta(seconds=1)).astimezone(zone).date()
    return urlencode({"brand": brand_id, "angry": 1, "from": period.starts.isoformat(), "to": last.isoformat()})


async def _steps(conn: Connection, brand_id: BrandId, period: Period, zone: ZoneInfo) -> tuple[Counts, ...]:
    """Return a day's hours, or a week's days, in order; what nothing was said in counts nothing."""
    is_daily = period.kind is DigestKind.DAILY
    found = await trend.counts(
        conn,
        brand_ids=[brand_id],
        since=period.since,
        until=period.until,
        bucket=Bucket.HOUR if is_daily else Bucket.DAY,
        zone=zone.key,
    )
    if is_daily:
        starts = [period.since + timedelta(hours=n) for n in range((period.until - period.since) // timedelta(hours=1))]
    else:
        days = ((period.until - period.since) + timedelta(hours=12)) // timedelta(days=1)
        walls = (datetime.combine(period.starts + timedelta(days=n), MIDNIGHT) for n in range(days))
        starts = [wall_clock.first(wall, zone) for wall in walls]
    known = {one.start: one for one in found}
    return tuple(known.get(start, Counts()) for start in starts)


async def _counts(conn: Connection, brand_ids: Sequence[BrandId], period: Period, zone: ZoneInfo) -> Counts:
    steps = await trend.counts(
        conn, brand_ids=brand_ids, since=period.since, until=period.until, bucket=Bucket.WEEK, zone=zone.key
    )
    return Counts.summed(steps)
