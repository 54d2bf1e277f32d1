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
    #: The commonest words and phrases of its texts.
    terms: tuple[str, ...]


_TOLD = """
    with told as (
        select story_id, count(*) as total, count(*) filter (where label = 'negative') as negative,
            count(*) filter (where label = 'neutral') as neutral,
            count(*) filter (where label = 'positive') as positive, count(*) filter (where angry) as angry,
            count(distinct site) as channels,
            count(distinct (source_id, coalesce(author_id, author_name))) as authors,
            array_agg(distinct language) filter (where language is not null) as languages,
            min(said_at) as first_at, max(said_at) as last_at,
            (array_agg(id order by said_at, id))[1] as first_mention
        from mention
        where ($1::bigint[] is null or brand_id = any($1)) and said_at >= $2 and said_at < $3 and counted
            and story_id is not null and ($6::bigint is null or story_id = $6)
        group by story_id having count(*) >= $4
        order by total desc, last_at desc, story_id limit $5
    )
    select told.*, b.name as brand, m.title, left(m.text, 500) as text, array(
        select term from mention s cross join lateral unnest(s.terms) term
        where s.story_id = told.story_id and s.said_at >= $2 and s.said_at < $3 and s.counted
        group by term order by count(*) desc, length(term) desc, term limit 8
    ) as terms
    from told join mention m on m.id = told.first_mention join brand b on b.id = m.brand_id
    order by total desc, last_at desc, story_id
"""


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
        _TOLD,
        None if brand_ids is None else list(brand_ids),
        since,
        until,
        at_least,
        limit,
        None,
    )
    return [_story(row) for row in rows]


async def one(conn: Connection, story_id: StoryId, *, since: datetime, until: datetime) -> ToldStory | None:
    """Return a story as it was told from `since` to before `until`."""
    row = await conn.fetchrow(_TOLD, None, since, until, 1, 1, story_id)
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
        """
        with spoke as (
            select site, coalesce(author_id, author_name) as who, max(author_id) as author_id,
                (array_agg(author_name order by said_at desc))[1] as name, max(author_url) as url, count(*) as total,
                count(*) filter (where label = 'negative') as negative,
                count(*) filter (where label = 'positive') as positive, count(*) filter (where angry) as angry,
                min(said_at) as first_at, max(said_at) as last_at,
                (array_agg(label order by said_at desc, id desc))[1] as last_label
            from mention
            where ($1::bigint[] is null or brand_id = any($1)) and said_at >= $2 and said_at < $3 and counted
                and coalesce(author_id, author_name) is not null
            group by site, who
        ), told as (
            select *, coalesce(last_label = 'negative' and positive > negative - 1 and positive > 0, false) as turned
            from spoke
        )
        select site, author_id, name, url, total, negative, positive, angry, first_at, last_at, last_label, turned
        from told
        where case $4 when 'praise' then positive > 0 when 'angry' then angry > 0 when 'turned' then turned
            else true end
        order by case $4 when 'praise' then positive when 'angry' then angry else total end desc, last_at desc,
            site, who
        limit $5
        """,
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
