"""How much is said about a brand: what rules over spans of time are checked against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.types import BrandId, Counts, MentionId, RuleId, Share, SourceId
from service.store.pool import Connection


class Of(StrEnum):
    """Which mentions of a span are looked at."""

    ALL = "all"
    NEGATIVE = "negative"
    ANGRY = "angry"


async def steps(
    conn: Connection, brand_id: BrandId, *, since: datetime, until: datetime, step: timedelta
) -> dict[datetime, Counts]:
    """Return how much was said in each step of a span, by its start. What a source brought without a date in its
    first hour counts for nothing: it may be years old."""
    rows = await conn.fetch(
        """
        select date_bin($4, m.said_at, timestamptz '1970-01-01 00:00:00Z') as start, count(*) as total,
            count(*) filter (where m.label = 'negative') as negative,
            count(*) filter (where m.label = 'neutral') as neutral,
            count(*) filter (where m.label = 'positive') as positive, count(*) filter (where m.angry) as angry
        from mention m join source s on s.id = m.source_id
        where m.brand_id = $1 and m.said_at >= $2 and m.said_at < $3 and m.counted
            and (m.published_at is not null or m.first_seen_at > s.created_at + interval '1 hour')
        group by 1
        """,
        brand_id,
        since,
        until,
        step,
    )
    return {
        row["start"]: Counts(
            total=row["total"],
            negative=row["negative"],
            neutral=row["neutral"],
            positive=row["positive"],
            angry=row["angry"],
        )
        for row in rows
    }


async def history(conn: Connection, brand_id: BrandId, *, since: datetime, until: datetime) -> dict[datetime, Counts]:
    """Return the hours that have mentions, by their start."""
    rows = await conn.fetch(
        """
        select hour, sum(total)::bigint as total, sum(negative)::bigint as negative, sum(neutral)::bigint as neutral,
            sum(positive)::bigint as positive, sum(angry)::bigint as angry
        from trend_hour where brand_id = $1 and hour >= $2 and hour < $3 group by hour having sum(total) > 0
        """,
        brand_id,
        since,
        until,
    )
    return {
        row["hour"]: Counts(
            total=row["total"],
            negative=row["negative"],
            neutral=row["neutral"],
            positive=row["positive"],
            angry=row["angry"],
        )
        for row in rows
    }


async def listened_since(conn: Connection, brand_id: BrandId) -> datetime | None:
    """Return since when the brand is listened to; None: it is not."""
    since: datetime | None = await conn.fetchval(
        "select min(created_at) from source where (brand_id = $1 or brand_id is null) and next_due is not null",
        brand_id,
    )
    return since


async def by_hour_of_week(conn: Connection, *, since: datetime, until: datetime) -> dict[int, int]:
    """Return what all brands together had in each hour of the week, from Monday 00:00 UTC."""
    rows = await conn.fetch(
        """
        select (extract(isodow from hour at time zone 'UTC')::int - 1) * 24
            + extract(hour from hour at time zone 'UTC')::int as hour_of_week, sum(total)::bigint as total
        from trend_hour where hour >= $1 and hour < $2 group by 1
        """,
        since,
        until,
    )
    return {row["hour_of_week"]: row["total"] for row in rows}


_OF_SPAN = """
    m.brand_id = $1 and m.said_at >= $2 and m.said_at < $3 and m.counted
        and case $4 when 'negative' then m.label = 'negative' when 'angry' then m.angry else true end
"""


async def sources(
    conn: Connection, brand_id: BrandId, *, since: datetime, until: datetime, of: Of, most: int
) -> list[Share]:
    """Return the sources most was said in."""
    rows = await conn.fetch(
        f"""
        select s.id, s.name, count(*)::int as n from mention m join source s on s.id = m.source_id
        where {_OF_SPAN} group by s.id, s.name order by n desc, s.id limit $5
        """,  # noqa: S608  # the piece is above
        brand_id,
        since,
        until,
        of,
        most,
    )
    return [Share(name=row["name"], count=row["n"], id=row["id"]) for row in rows]


async def stories(
    conn: Connection, brand_id: BrandId, *, since: datetime, until: datetime, of: Of, most: int
) -> list[Share]:
    """Return the stories most was said of, each with the words of its first telling in the span."""
    rows = await conn.fetch(
        f"""
        select m.story_id as id, count(*)::int as n,
            (array_agg(left(btrim(m.title || ' ' || m.text), 200) order by m.said_at, m.id))[1] as words
        from mention m where {_OF_SPAN} and m.story_id is not null
        group by m.story_id order by n desc, m.story_id limit $5
        """,  # noqa: S608  # the piece is above
        brand_id,
        since,
        until,
        of,
        most,
    )
    return [Share(name=row["words"], count=row["n"], id=row["id"]) for row in rows]


async def texts(
    conn: Connection, brand_id: BrandId, *, since: datetime, until: datetime, of: Of, most: int
) -> list[str]:
    """Return what was said, the last first."""
    rows = await conn.fetch(
        f"""
        select left(m.title || ' ' || m.text, 1000) as words from mention m
        where {_OF_SPAN} order by m.said_at desc, m.id desc limit $5
        """,  # noqa: S608  # the piece is above
        brand_id,
        since,
        until,
        of,
        most,
    )
    return [row["words"] for row in rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """How often a source spoke about a brand, by whole hours."""

    source_id: SourceId
    name: str
    #: Pauses between hours in which it spoke.
    pauses: int
    #: Longer than 999 of 1,000 of them.
    longest: timedelta
    answered_at: datetime | None
    last_at: datetime
    last_id: MentionId


async def spoken(conn: Connection, brand_id: BrandId, *, since: datetime, until: datetime) -> list[Spoken]:
    """Return the rhythm of every source of a brand that is polled and has spoken more than once."""
    rows = await conn.fetch(
        """
        with hours as (
            select source_id, hour, hour - lag(hour) over (partition by source_id order by hour) as pause
            from (
                select source_id, hour from trend_hour
                where brand_id = $1 and hour >= $2 and hour < $3
                group by source_id, hour having sum(total) > 0
            ) spoke
        ), rhythm as (
            select source_id, max(hour) as last_hour, count(pause)::int as pauses,
                percentile_disc(0.999) within group (order by pause) as longest
            from hours group by source_id having count(pause) > 0
        )
        select r.source_id, s.name, r.pauses, r.longest, s.last_success_at as answered_at, said.said_at as last_at,
            said.id as last_id
        from rhythm r
        join source s on s.id = r.source_id and s.enabled and s.next_due is not null
        join lateral (
            select m.said_at, m.id from mention m
            where m.brand_id = $1 and m.source_id = r.source_id and m.said_at >= r.last_hour and m.said_at < $3
            order by m.said_at desc, m.id desc limit 1
        ) said on true
        order by r.source_id
        """,
        brand_id,
        since,
        until,
    )
    return [Spoken(**row) for row in rows]


async def checked_until(conn: Connection, rule_ids: Sequence[RuleId]) -> dict[tuple[RuleId, BrandId], datetime]:
    """Return how far rules were checked for each brand."""
    rows = await conn.fetch(
        "select rule_id, brand_id, checked_until from rule_check where rule_id = any($1)", list(rule_ids)
    )
    return {(RuleId(row["rule_id"]), BrandId(row["brand_id"])): row["checked_until"] for row in rows}


async def begin_check(conn: Connection, rule_id: RuleId, brand_id: BrandId, *, start: datetime) -> datetime | None:
    """Return how far a rule was checked for a brand, locked; a new pair begins at `start`. None: another worker is at
    it."""
    await conn.execute(
        "insert into rule_check (rule_id, brand_id, checked_until) values ($1, $2, $3) on conflict do nothing",
        rule_id,
        brand_id,
        start,
    )
    until: datetime | None = await conn.fetchval(
        "select checked_until from rule_check where rule_id = $1 and brand_id = $2 for update skip locked",
        rule_id,
        brand_id,
    )
    return until


async def end_check(conn: Connection, rule_id: RuleId, brand_id: BrandId, *, until: datetime) -> None:
    """Note how far a rule was checked for a brand."""
    await conn.execute(
        "update rule_check set checked_until = $3 where rule_id = $1 and brand_id = $2", rule_id, brand_id, until
    )
