"""Trends: counts over time from the hourly rollup."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import asyncpg

from alerts.types import BrandId, Counts, LastHours, SourceId, StoryId
from service.store.pool import Connection

#: Every mention is read: of ten million that is minutes.
_LONGEST_RECOUNT = timedelta(hours=1)
_HOUR = timedelta(hours=1)
log = logging.getLogger(__name__)


class Bucket(StrEnum):
    """How long a step of a trend is, by the wall clock of the asked zone."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class Grouping(StrEnum):
    """What else to count by."""

    SOURCE = "source"
    LANGUAGE = "language"
    BRAND = "brand"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendCounts(Counts):
    """Counts of one step. What is not judged yet counts in `total` only."""

    start: datetime
    #: The source's name, the language, the brand's id or the cause; '' without grouping, or not judged yet.
    group: str


#: In words that an index answers: without brands every brand is named.
_OF_BRANDS = "brand_id = any(coalesce($1::bigint[], array(select id from brand)))"
#: Hours are added up before they are given to the steps of a zone, which costs more than adding.
_FROM_ROLLUP = f"""
    with hourly as (
        select t.hour, case when $7 = 'source' then t.source_id when $7 = 'brand' then t.brand_id end as id,
            case when $7 = 'language' then t.language end as language, sum(t.total::int) as total,
            sum(t.negative::int) as negative, sum(t.neutral::int) as neutral, sum(t.positive::int) as positive,
            sum(t.angry::int) as angry
        from trend_hour t
        where t.{_OF_BRANDS} and ($2::bigint is null or t.source_id = $2)
            and t.hour >= $3 and t.hour < $4
        group by 1, 2, 3
    )
    -- Hours are what they are in every zone that is whole hours from UTC.
    select case when $5 = 'hour' then h.hour else date_trunc($5, h.hour, $6) end as start,
        coalesce(s.name, h.language, h.id::text, '') collate "C" as "group",
        sum(h.total)::bigint as total, sum(h.negative)::bigint as negative, sum(h.neutral)::bigint as neutral,
        sum(h.positive)::bigint as positive, sum(h.angry)::bigint as angry
    from hourly h left join source s on $7 = 'source' and s.id = h.id
    group by 1, 2
    having sum(h.total) > 0
    order by 1, 2
"""  # noqa: S608  # ours
_FROM_MENTIONS = """
    select date_trunc($5, m.said_at, $6) as start,
        case $7 when 'source' then s.name when 'language' then coalesce(m.language, '')
            when 'brand' then m.brand_id::text else '' end as "group",
        count(*) as total, count(*) filter (where m.label = 'negative') as negative,
        count(*) filter (where m.label = 'neutral') as neutral,
        count(*) filter (where m.label = 'positive') as positive, count(*) filter (where m.angry) as angry
    from mention m join source s on s.id = m.source_id
    where ($1::bigint[] is null or m.brand_id = any($1)) and ($2::bigint is null or m.source_id = $2)
        and m.said_at >= $3 and m.said_at < $4 and m.counted
    group by 1, 2
    order by 1, 2
"""


def _has_whole_hours(zone: str, *times: datetime) -> bool:
    """Whether the zone is whole hours from UTC at these times."""
    offsets = (at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0) for at in times)
    return all(offset % timedelta(hours=1) == timedelta(0) for offset in offsets)


def _counts(row: asyncpg.Record) -> TrendCounts:
    """Return a step, by its columns' order: there are thousands of them."""
    start, group, total, negative, neutral, positive, angry = row
    return TrendCounts(
        start=start, group=group, total=total, negative=negative, neutral=neutral, positive=positive, angry=angry
    )


async def counts(
    conn: Connection,
    *,
    brand_ids: Sequence[BrandId] | None,
    source_id: SourceId | None = None,
    since: datetime,
    until: datetime,
    bucket: Bucket,
    zone: str,
    group: Grouping | None = None,
) -> list[TrendCounts]:
    """Return the steps that have mentions, in order; weeks begin on Monday. Half open, in whole hours.

    A zone such as Asia/Kolkata begins its days within an hour of the rollup: there the mentions themselves are counted.
    """
    rows = await conn.fetch(
        _FROM_ROLLUP if _has_whole_hours(zone, since, until) else _FROM_MENTIONS,
        None if brand_ids is None else list(brand_ids),
        source_id,
        since,
        until,
        bucket,
        zone,
        "" if group is None else group,
    )
    return [_counts(row) for row in rows]


_CAUSES_FROM_ROLLUP = f"""
    select case when $4 = 'hour' then hour else date_trunc($4, hour, $5) end as start, cause as "group",
        sum(total)::bigint as total,
        sum(negative)::bigint as negative, sum(neutral)::bigint as neutral, sum(positive)::bigint as positive,
        sum(angry)::bigint as angry
    from trend_cause
    where {_OF_BRANDS} and hour >= $2 and hour < $3
    group by 1, 2
    having sum(total) > 0
    order by 1, 2
"""  # noqa: S608  # ours
_CAUSES_FROM_MENTIONS = """
    select date_trunc($4, m.said_at, $5) as start, c.cause as "group", count(*) as total,
        count(*) filter (where m.label = 'negative') as negative,
        count(*) filter (where m.label = 'neutral') as neutral,
        count(*) filter (where m.label = 'positive') as positive, count(*) filter (where m.angry) as angry
    from mention m cross join lateral (select distinct unnest(m.verdict_causes) as cause) c
    where ($1::bigint[] is null or m.brand_id = any($1)) and m.said_at >= $2 and m.said_at < $3 and m.counted
    group by 1, 2
    order by 1, 2
"""


async def cause_counts(
    conn: Connection,
    *,
    brand_ids: Sequence[BrandId] | None,
    since: datetime,
    until: datetime,
    bucket: Bucket,
    zone: str,
) -> list[TrendCounts]:
    """Return the steps that have mentions by what these are about; one with two causes counts in both."""
    rows = await conn.fetch(
        _CAUSES_FROM_ROLLUP if _has_whole_hours(zone, since, until) else _CAUSES_FROM_MENTIONS,
        None if brand_ids is None else list(brand_ids),
        since,
        until,
        bucket,
        zone,
    )
    return [_counts(row) for row in rows]


async def last_hours(conn: Connection, brand_id: BrandId, *, until: datetime, hours: int) -> LastHours | None:
    """Return the hours up to and with the one that `until` lies in; None where the database cannot say: what is told
    with them leaves without. The caller may hold a transaction."""
    end = until.replace(minute=0, second=0, microsecond=0) + _HOUR
    try:
        async with conn.transaction():
            rows = await conn.fetch(
                """
                select hour, sum(total)::bigint as total, sum(negative)::bigint as negative,
                    sum(neutral)::bigint as neutral, sum(positive)::bigint as positive, sum(angry)::bigint as angry
                from trend_hour where brand_id = $1 and hour >= $2 and hour < $3 group by hour
                """,
                brand_id,
                end - hours * _HOUR,
                end,
            )
    except asyncpg.PostgresError:
        log.exception("the last hours cannot be counted")
        return None
    found = {row["hour"]: Counts(**{name: value for name, value in row.items() if name != "hour"}) for row in rows}
    starts = [end - back * _HOUR for back in range(hours, 0, -1)]
    return LastHours(counts=tuple(found.get(start, Counts()) for start in starts), until=end)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpreadCounts:
    """How far and how fast something was said."""

    total: int
    #: Places it was said at.
    channels: int
    #: What is no comment or reply to something else.
    articles: int
    authors: int
    #: Said in the last window of the period, and in the window before that.
    latest: int
    before: int


async def spread(
    conn: Connection,
    *,
    brand_ids: Sequence[BrandId] | None,
    story_id: StoryId | None,
    since: datetime,
    until: datetime,
    window: timedelta,
) -> SpreadCounts:
    """Return how far what was said from `since` to before `until` went, a story's alone where one is given."""
    row = await conn.fetchrow(
        """
        select count(*) as total, count(distinct site) as channels, count(*) filter (where parent is null) as articles,
            count(distinct (source_id, coalesce(author_id, author_name))) as authors,
            count(*) filter (where said_at >= $4::timestamptz - $5::interval) as latest,
            count(*) filter (
                where said_at >= $4::timestamptz - 2 * $5::interval and said_at < $4::timestamptz - $5::interval
            ) as before
        from mention
        where ($1::bigint[] is null or brand_id = any($1)) and ($2::bigint is null or story_id = $2)
            and said_at >= $3 and said_at < $4 and counted
        """,
        None if brand_ids is None else list(brand_ids),
        story_id,
        since,
        until,
        window,
    )
    return SpreadCounts(**dict(row or {}))


async def starts(conn: Connection, *, since: datetime, until: datetime, bucket: Bucket, zone: str) -> list[datetime]:
    """Return the start of every step from `since` to before `until`, days of 23 and 25 hours included."""
    rows = await conn.fetch(
        """
        select start from (
            select distinct date_trunc($3, hour, $4) as start
            from generate_series(date_trunc('hour', $1::timestamptz), $2::timestamptz, interval '1 hour') hour
            where hour < $2
        ) step order by start
        """,
        since,
        until,
        bucket,
        zone,
    )
    return [row["start"] for row in rows]


async def gaps(
    conn: Connection,
    *,
    brand_ids: Sequence[BrandId] | None,
    since: datetime,
    until: datetime,
    bucket: Bucket,
    zone: str,
) -> set[datetime]:
    """Return the steps in which some source was tried and never answered, or may have been read too seldom: a low
    count there is not news."""
    rows = await conn.fetch(
        """
        select distinct start from (
            select date_trunc($4, f.started_at, $5) as start, f.source_id
            from fetch_log f join source s on s.id = f.source_id
            where ($1::bigint[] is null or s.brand_id is null or s.brand_id = any($1))
                and f.started_at >= $2 and f.started_at < $3
            group by 1, 2
            having bool_and(f.outcome = 'failed') or bool_or(f.gap_suspected)
        ) blind
        """,
        None if brand_ids is None else list(brand_ids),
        since,
        until,
        bucket,
        zone,
    )
    return {row["start"] for row in rows}


async def total(conn: Connection) -> int:
    """Return how many mentions are counted in all."""
    return int(await conn.fetchval("select coalesce(sum(total), 0)::bigint from trend_hour"))


async def drift(conn: Connection) -> int:
    """Return how many rollup rows differ from a recount; 0 unless something went around the triggers. The caller holds
    a transaction."""
    await conn.execute("set local statement_timeout = 0")
    return int(
        await conn.fetchval(
            """
            select (select count(*) from (
                (table trend_recount except table trend_hour)
                union all
                (select * from trend_hour where (total, negative, neutral, positive, angry) <> (0, 0, 0, 0, 0)
                    except table trend_recount)
            ) differs) + (select count(*) from (
                (table trend_cause_recount except table trend_cause)
                union all
                (select * from trend_cause where (total, negative, neutral, positive, angry) <> (0, 0, 0, 0, 0)
                    except table trend_cause_recount)
            ) differs)
            """,
            timeout=_LONGEST_RECOUNT.total_seconds(),
        )
    )


_MEND = """
    lock table trend_cause, trend_hour, term_day in share row exclusive mode;
    delete from trend_cause;
    insert into trend_cause select * from trend_cause_recount order by brand_id, hour;
    delete from trend_hour;
    insert into trend_hour select * from trend_recount order by brand_id, hour;
    delete from term_day;
    insert into term_day select * from term_recount order by brand_id, day;
"""


async def mend(conn: Connection) -> None:
    """Count everything anew from the mentions; who writes waits as long. The caller holds a transaction."""
    # In the order of the triggers, so that nobody waits for us while we wait for them.
    await conn.execute("set local statement_timeout = 0")
    await conn.execute(_MEND, timeout=_LONGEST_RECOUNT.total_seconds())
