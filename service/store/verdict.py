"""The queue of mentions to judge, and the verdicts.

A narrow table is the queue: a claim takes a lease, counts the attempt and carries a fencing token; rows tried before
are claimed alone, so that a text that kills its worker takes no others with it; after three tries it is set aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import orjson

from alerts.types import BrandId, MentionId, SourceId, StoryId
from analysis.types import Analysis
from collectors.types import Rating
from service.store.pool import Connection

MOST_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Unjudged:
    """A mention version claimed for judging."""

    id: MentionId
    version: int
    brand_id: BrandId
    source_id: SourceId
    kind: str
    site: str
    url: str | None
    author_id: str | None
    author_name: str | None
    title: str
    text: str
    engagement: Mapping[str, int]
    reply_by_owner: bool
    #: The brand's own account said it.
    own: bool
    language_hint: str | None
    published_at: datetime | None
    said_at: datetime
    first_seen_at: datetime
    rating: Rating | None
    deleted: bool


def _unjudged(row: asyncpg.Record) -> Unjudged:
    value, scale = row["rating_value"], row["rating_scale"]
    known = {key: row[key] for key in row.keys() if key not in ("rating_value", "rating_scale")}  # noqa: SIM118
    return Unjudged(**known, rating=None if value is None else Rating(value=value, scale=scale))


async def claim(
    conn: Connection, *, now: datetime, lease: timedelta, token: UUID, limit: int, again: bool
) -> list[Unjudged]:
    """Take mentions to judge, news before history: a batch never tried, or (`again`) a single one tried before."""
    rows = await conn.fetch(
        """
        with due as (
            select mention_id from analysis_todo
            where due <= $1 and case when $5 then attempts > 0 else attempts = 0 end
            order by priority desc, due, mention_id limit $4 for update skip locked
        ), taken as (
            update analysis_todo t set due = $1 + $2::interval, attempts = attempts + 1, token = $3
            from due where t.mention_id = due.mention_id
            returning t.mention_id
        )
        select m.id, m.version, m.brand_id, m.source_id, m.kind, m.site, m.url, m.author_id, m.author_name,
            m.title, m.text, m.engagement, m.reply_by_owner, m.own, m.language_hint, m.published_at, m.said_at,
            m.first_seen_at, m.rating_value, m.rating_scale, m.deleted
        from taken join mention m on m.id = taken.mention_id
        order by m.id
        """,
        now,
        lease,
        token,
        1 if again else limit,
        again,
    )
    return [_unjudged(row) for row in rows]


async def give_up(conn: Connection, *, now: datetime) -> list[MentionId]:
    """Set aside mentions whose every try ended with the worker; return them. They stay stored and readable."""
    rows = await conn.fetch(
        """
        with dead as (
            delete from analysis_todo where due <= $1 and attempts >= $2 returning mention_id, version, attempts
        )
        insert into analysis_dead (mention_id, version, attempts, at)
        select mention_id, version, attempts, $1 from dead
        on conflict (mention_id, version) do nothing returning mention_id
        """,
        now,
        MOST_ATTEMPTS,
    )
    return [MentionId(row["mention_id"]) for row in rows]


async def finish(conn: Connection, claimed: Sequence[Unjudged], token: UUID) -> set[MentionId]:
    """Take the claimed mentions off the queue; return those still ours: a lost lease or a newer version drops out."""
    rows = await conn.fetch(
        """
        delete from analysis_todo t
        using unnest($1::bigint[], $2::int[]) as c (mention_id, version), mention m
        where t.mention_id = c.mention_id and m.id = c.mention_id and t.token = $3
            and t.version = c.version and m.version = c.version
        returning t.mention_id
        """,
        [mention.id for mention in claimed],
        [mention.version for mention in claimed],
        token,
    )
    return {MentionId(row["mention_id"]) for row in rows}


_RECORD = """
    insert into analysis (mention_id, version, model, at, language, negative, neutral, positive, label, anger,
        anger_level, angry, because, kind, churn, recommend, stage, severity, purpose, causes)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
    on conflict (mention_id, version, model) do update set
        at = excluded.at, language = excluded.language, negative = excluded.negative, neutral = excluded.neutral,
        positive = excluded.positive, label = excluded.label, anger = excluded.anger,
        anger_level = excluded.anger_level, angry = excluded.angry, because = excluded.because, kind = excluded.kind,
        churn = excluded.churn, recommend = excluded.recommend, stage = excluded.stage,
        severity = excluded.severity, purpose = excluded.purpose, causes = excluded.causes
"""


async def record(
    conn: Connection,
    judged: Sequence[tuple[Unjudged, StoryId, Analysis]],
    *,
    terms: Sequence[tuple[str, ...]] | None = None,
    now: datetime,
) -> None:
    """Store verdicts and show them on their mentions; judging again by the same model replaces. `terms`: the words and
    phrases of each text."""
    await conn.executemany(_RECORD, [_row(mention, verdict, now) for mention, _, verdict in judged])
    await conn.execute(
        """
        update mention m set analysed_at = $1, story_id = v.story_id, language = v.language, label = v.label,
            anger = v.anger, angry = v.angry, promotion = v.promotion, verdict_kind = v.kind,
            verdict_causes = (select array_agg(cause) from jsonb_array_elements_text(v.causes::jsonb) cause),
            terms = (select array_agg(term) from jsonb_array_elements_text(v.terms::jsonb) term)
        from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::float8[], $7::bool[], $8::text[],
            $9::text[], $10::bool[], $11::text[])
            as v (id, story_id, language, label, anger, angry, kind, causes, promotion, terms)
        where m.id = v.id
        """,
        now,
        [mention.id for mention, _, _ in judged],
        [story_id for _, story_id, _ in judged],
        [a.language for _, _, a in judged],
        [a.label for _, _, a in judged],
        [a.anger for _, _, a in judged],
        [a.angry for _, _, a in judged],
        [None if a.kind is None else max(a.kind, key=a.kind.__getitem__) for _, _, a in judged],
        [None if a.causes is None else orjson.dumps([one.cause for one in a.causes]).decode() for _, _, a in judged],
        [a.is_promotion for _, _, a in judged],
        [orjson.dumps(found).decode() for found in terms or [()] * len(judged)],
    )
    # Where a person has looked at this version, the person's word stays.
    await conn.execute(
        "select show_verdict(array(select mention_id from correction where mention_id = any($1::bigint[])))",
        [mention.id for mention, _, _ in judged],
    )


def _row(mention: Unjudged, a: Analysis, now: datetime) -> tuple[object, ...]:
    """Return the parameters of `_RECORD`."""
    return (
        mention.id,
        mention.version,
        a.model,
        now,
        a.language,
        a.negative,
        a.neutral,
        a.positive,
        a.label,
        a.anger,
        a.anger_level,
        a.angry,
        None if a.because is None else [asdict(span) for span in a.because],
        None if a.kind is None else dict(a.kind),
        a.churn,
        a.recommend,
        None if a.stage is None else dict(a.stage),
        a.severity,
        None if a.purpose is None else dict(a.purpose),
        None if a.causes is None else [asdict(cause) for cause in a.causes],
    )


async def backlog(conn: Connection) -> tuple[int, datetime | None]:
    """Return how many mentions wait to be judged, and since when the oldest does."""
    row = await conn.fetchrow(
        """
        select count(*) as waiting, min(m.changed_at) as since
        from analysis_todo t join mention m on m.id = t.mention_id
        """
    )
    return (row["waiting"], row["since"]) if row else (0, None)
