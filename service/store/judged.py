"""Judged mentions as rules and letters see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from alerts.types import BrandId, JudgedMention, MentionId, SourceId, StoryId
from analysis.types import Analysis, Because, Cause, Sentiment
from collectors.types import Rating, whole_text
from service.store.pool import Connection

#: Of `mention m` and `analysis a`; the words are those of `mention_version v`, which may be an older version.
COLUMNS = """
    m.id as mention_id, v.version, m.brand_id, m.source_id, m.story_id, m.site, m.url, m.author_id, m.author_name,
    v.title, v.text, v.rating_value, v.rating_scale, v.deleted, m.engagement, m.reply_by_owner, m.said_at,
    m.first_seen_at, a.model, a.language, a.negative, a.neutral, a.positive, a.anger, a.anger_level, a.angry,
    a.because, a.kind as verdict_kind, a.churn, a.recommend, a.stage, a.severity as verdict_severity,
    a.purpose as verdict_purpose,
    a.causes
"""
_HEADS = ("language", "negative", "neutral", "positive", "anger", "anger_level", "angry", "model")
_MORE_HEADS = ("churn", "recommend", "stage")


def analysis_of(row: asyncpg.Record) -> Analysis:
    """Return the verdict in a row of `COLUMNS`."""
    causes = row["causes"]
    return Analysis(
        **{head: row[head] for head in (*_HEADS, *_MORE_HEADS)},
        kind=row["verdict_kind"],
        severity=row["verdict_severity"],
        purpose=row["verdict_purpose"],
        because=_spans(row["because"]),
        causes=None if causes is None else tuple(_cause(one) for one in causes),
    )


def _spans(stored: list[dict[str, Any]] | None) -> tuple[Because, ...] | None:
    return None if stored is None else tuple(Because(**span) for span in stored)


def _cause(stored: dict[str, Any]) -> Cause:
    return Cause(
        cause=stored["cause"], label=Sentiment(stored["label"]), p=stored["p"], because=_spans(stored["because"])
    )


def judged_of(row: asyncpg.Record) -> JudgedMention:
    """Return the mention in a row of `COLUMNS`; `text` is what was judged."""
    value, scale = row["rating_value"], row["rating_scale"]
    return JudgedMention(
        id=MentionId(row["mention_id"]),
        version=row["version"],
        brand_id=BrandId(row["brand_id"]),
        source_id=SourceId(row["source_id"]),
        story_id=StoryId(row["story_id"]),
        site=row["site"],
        url=row["url"],
        author_id=row["author_id"],
        author_name=row["author_name"],
        title=row["title"],
        text=whole_text(row["title"], row["text"]),
        said_at=row["said_at"],
        first_seen_at=row["first_seen_at"],
        rating=None if value is None else Rating(value=value, scale=scale),
        engagement=row["engagement"],
        reply_by_owner=row["reply_by_owner"],
        deleted=row["deleted"],
        analysis=analysis_of(row),
    )


_FROM = """
    from mention m
    join mention_version v on v.mention_id = m.id and v.version = m.version
    join lateral (
        select one.* from analysis one where one.mention_id = m.id and one.version = m.version
        order by one.at desc limit 1
    ) a on true
"""
#: Judged mentions as they read now.
CURRENT = f"select {COLUMNS} {_FROM}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Which mentions of the past to read, half open by the time of saying."""

    brand_id: BrandId | None
    since: datetime
    until: datetime


async def newest(
    conn: Connection, span: Span, *, before: tuple[datetime, MentionId] | None, limit: int
) -> list[JudgedMention]:
    """Return judged mentions, last said first, before a (said_at, id)."""
    rows = await conn.fetch(
        CURRENT
        + """
        where ($1::bigint is null or m.brand_id = $1) and m.said_at >= $2 and m.said_at < $3
            and ($4::timestamptz is null or (m.said_at, m.id) < ($4, $5))
            and m.analysed_at is not null and m.story_id is not null and not m.deleted
        order by m.said_at desc, m.id desc limit $6
        """,
        span.brand_id,
        span.since,
        span.until,
        before[0] if before else None,
        before[1] if before else None,
        limit,
    )
    return [judged_of(row) for row in rows]


async def angriest(conn: Connection, span: Span) -> JudgedMention | None:
    """Return the mention that was judged angriest, the first said of equals."""
    row = await conn.fetchrow(
        CURRENT
        + """
        where m.brand_id = $1 and m.said_at >= $2 and m.said_at < $3
            and m.analysed_at is not null and m.story_id is not null and not m.deleted
        order by m.anger desc, m.said_at, m.id limit 1
        """,
        span.brand_id,
        span.since,
        span.until,
    )
    return None if row is None else judged_of(row)


async def of_ids(conn: Connection, mention_ids: Sequence[MentionId]) -> dict[MentionId, JudgedMention]:
    """Return the judged ones of these mentions."""
    rows = await conn.fetch(
        CURRENT + " where m.id = any($1) and m.analysed_at is not null and m.story_id is not null", list(mention_ids)
    )
    return {judged.id: judged for judged in map(judged_of, rows)}
