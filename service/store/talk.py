"""Who speaks and about which stories: what mentions of a period amount to when they are taken together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from alerts.types import BrandId, MentionId, StoryId
from service.store.pool import Connection
from service.store.trend import Bucket, TrendCounts


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldStory:
    """Mentions of a period that say the same thing."""

    id: StoryId
    #: The brand's name.
    brand: str
    total: int
    negative: int
    neutral: int
    positive: int
    angry: int
    channels: int
    authors: int
    languages: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    #: The mention that told it first in the period.
    first_mention: MentionId
    title: str
    text: str
    #: The commonest words and phrases of its latest 50 texts.
    terms: tuple[str, ...]


#: Who and when, in words that an index answers alone: without brands every brand is named.
_SAID = "m.brand_id = any(coalesce($1::bigint[], array(select id from brand))) and m.said_at >= $2 and m.said_at < $3"
#: What a story holds is read of those that are shown alone. What differs is counted by hashing: sorting takes longer.
_DETAILS = """
    , told as materialized (
        select m.story_id, m.said_at, m.site, m.source_id, coalesce(m.author_id, m.author_name) as who, m.language,
            m.label, m.angry
        from {told} and m.counted
    ), sites as (
        select story_id, count(*) as channels from (select distinct story_id, site from told) one group by story_id
    ), speakers as (
        select story_id, count(*) as authors from (select distinct story_id, source_id, who from told) one
        group by story_id
    ), tongues as (
        select story_id, array_agg(language order by language) as languages
        from (select distinct story_id, language from told where language is not null) one group by story_id
    ), counted as (
        select story_id, count(*) as total, count(*) filter (where label = 'negative') as negative,
            count(*) filter (where label = 'neutral') as neutral,
            count(*) filter (where label = 'positive') as positive, count(*) filter (where angry) as angry,
            min(said_at) as first_at, max(said_at) as last_at
        from told group by story_id
        order by total desc, last_at desc, story_id limit {many}
    )
    select counted.*, sites.channels, speakers.authors, tongues.languages, m.id as first_mention, b.name as brand,
        m.title, left(m.text, 500) as text, array(
        select term from (
            select terms from mention s
            where s.story_id = counted.story_id and s.said_at >= $2 and s.said_at < $3 and s.counted
            order by s.said_at desc limit 50
        ) latest cross join lateral unnest(latest.terms) term
        group by term order by count(*) desc, length(term) desc, term limit 8
    ) as terms
    from counted join sites using (story_id) join speakers using (story_id) left join tongues using (story_id)
    cross join lateral (
        select id, brand_id, title, text from mention f
        where f.story_id = counted.story_id and f.said_at = counted.first_at and f.counted order by f.id limit 1
    ) m
    join brand b on b.id = m.brand_id
    order by total desc, last_at desc, counted.story_id
"""
_MOST = f"""
    with most as (
        select m.story_id, count(*) as total, max(m.said_at) as last_at
        from mention m where {_SAID} and m.counted and m.story_id is not null
        group by m.story_id having count(*) >= $4
        order by total desc, last_at desc, m.story_id limit $5
    )
"""  # noqa: S608  # ours
#: Plus nothing: a story told by thousands is not to be looked up row by row.
_TOLD_MOST = _MOST + _DETAILS.format(
    told=f"most join mention m on m.story_id + 0 = most.story_id where {_SAID}", many="$5"
)
_TOLD_ONE = _DETAILS.replace(",", "with", 1).format(
    told="mention m where m.story_id = $1 and m.said_at >= $2 and m.said_at < $3", many="1"
)


async def stories(
    conn: Connection,
    *,
    brand_ids: Sequence[BrandId] | None,
    since: datetime,
    until: datetime,
    at_least: int,
    limit: int,
) -> list[ToldStory]:
    """Return the stories told most often from `since` to before `until`."""
    rows = await conn.fetch(
        _TOLD_MOST,
        None if brand_ids is None else list(brand_ids),
        since,
        until,
        at_least,
        limit,
    )
    return [_story(row) for row in rows]


async def one(conn: Connection, story_id: StoryId, *, since: datetime, until: datetime) -> ToldStory | None:
    """Return a story as it was told from `since` to before `until`."""
    row = await conn.fetchrow(_TOLD_ONE, story_id, since, until)
    return None if row is None else _story(row)


def _story(row: asyncpg.Record) -> ToldStory:
    values = dict(row)
    return ToldStory(
        **{
            **{name: value for name, value in values.items() if name != "story_id"},
            "id": StoryId(values["story_id"]),
            "languages": tuple(values["languages"] or ()),
            "terms": tuple(values["terms"]),
        }
    )


class AuthorSort(StrEnum):
    """Which authors come first."""

    OFTEN = "often"
    PRAISE = "praise"
    ANGRY = "angry"
    TURNED = "turned"


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakingAuthor:
    """Somebody who spoke in a period, at one site."""

    site: str
    author_id: str | None
    name: str | None
    url: str | None
    total: int
    negative: int
    positive: int
    angry: int
    first_at: datetime
    last_at: datetime
    last_label: str | None
    #: Spoke well more often than ill, and ill the last time.
    turned: bool


#: All is counted in an index; what somebody said last is looked up of those alone who may be shown.
_AUTHORS = f"""
    with spoke as (
        select m.site, coalesce(m.author_id, m.author_name) as who, max(m.author_id) as author_id, count(*) as total,
            count(*) filter (where m.label = 'negative') as negative,
            count(*) filter (where m.label = 'positive') as positive, count(*) filter (where m.angry) as angry,
            min(m.said_at) as first_at, max(m.said_at) as last_at,
            max(m.said_at) filter (where m.label = 'negative') as ill_at
        from mention m
        where {_SAID} and m.counted and coalesce(m.author_id, m.author_name) is not null
        group by m.site, who
    ), likely as (
        select *, case $4 when 'praise' then positive when 'angry' then angry else total end as rank from spoke
        where case $4 when 'praise' then positive > 0 when 'angry' then angry > 0
            when 'turned' then ill_at = last_at and positive > negative - 1 and positive > 0 else true end
        order by rank desc, last_at desc, site, who limit case when $4 <> 'turned' then $5::bigint end
    ), told as (
        select likely.*, latest.id as last_id, latest.label as last_label,
            coalesce(latest.label = 'negative' and positive > negative - 1 and positive > 0, false) as turned
        from likely cross join lateral (
            select m.id, m.label from mention m
            where {_SAID} and m.counted and m.said_at = likely.last_at and m.site = likely.site
                and coalesce(m.author_id, m.author_name) = likely.who
            order by m.id desc limit 1
        ) latest
    ), shown as (
        select * from told where $4 <> 'turned' or turned order by rank desc, last_at desc, site, who limit $5
    )
    select shown.site, shown.author_id, m.author_name as name, m.author_url as url, total, negative, positive,
        shown.angry, first_at, last_at, last_label, turned
    from shown join mention m on m.id = shown.last_id
    order by rank desc, last_at desc, shown.site, who
"""  # noqa: S608  # ours


async def authors(
    conn: Connection,
    *,
    brand_ids: Sequence[BrandId] | None,
    since: datetime,
    until: datetime,
    sort: AuthorSort,
    limit: int,
) -> list[SpeakingAuthor]:
    """Return who spoke from `since` to before `until`; nameless ones are left out."""
    rows = await conn.fetch(
        _AUTHORS,
        None if brand_ids is None else list(brand_ids),
        since,
        until,
        sort,
        limit,
    )
    return [SpeakingAuthor(**row) for row in rows]


async def story(conn: Connection, story_id: StoryId) -> tuple[datetime, datetime] | None:
    """Return when a story's first and last mention were said; None where it has none that counts."""
    row = await conn.fetchrow(
        "select min(said_at) as first_at, max(said_at) as last_at from mention where story_id = $1 and counted",
        story_id,
    )
    return None if row is None or row["first_at"] is None else (row["first_at"], row["last_at"])


async def story_counts(
    conn: Connection, story_id: StoryId, *, since: datetime, until: datetime, bucket: Bucket, zone: str
) -> list[TrendCounts]:
    """Return the steps in which a story was told, in order."""
    rows = await conn.fetch(
        """
        select date_trunc($4, said_at, $5) as start, '' as "group", count(*) as total,
            count(*) filter (where label = 'negative') as negative,
            count(*) filter (where label = 'neutral') as neutral,
            count(*) filter (where label = 'positive') as positive, count(*) filter (where angry) as angry
        from mention where story_id = $1 and said_at >= $2 and said_at < $3 and counted
        group by 1 order by 1
        """,
        story_id,
        since,
        until,
        bucket,
        zone,
    )
    return [TrendCounts(**row) for row in rows]
