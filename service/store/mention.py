"""Mentions as readers ask for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

import asyncpg

from alerts import residue
from alerts.query_match import Post
from alerts.types import BrandId, IncidentId, MentionId, SourceId, StoryId
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionFilter:
    """What to list; None leaves a question open."""

    brand_id: BrandId | None = None
    source_id: SourceId | None = None
    incident_id: IncidentId | None = None
    story_id: StoryId | None = None
    #: A tag; `zh` stands for both scripts.
    language: str | None = None
    label: str | None = None
    angry: bool | None = None
    author: str | None = None
    #: Half open: said at or after `since` and before `until`.
    since: datetime | None = None
    until: datetime | None = None
    #: False: what is left out of counts, because the brand itself says it or it advertises.
    counted: bool | None = None
    #: What it is: complaint, question, praise ….
    kind: str | None = None
    #: One of the things it is about.
    cause: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a page ended: the next one begins behind it."""

    said_at: datetime
    id: MentionId


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The verdict on the current version."""

    model: str
    at: datetime
    language: str
    negative: float
    neutral: float
    positive: float
    label: str
    anger: float
    anger_level: int
    angry: bool
    #: [{"start", "end", "text"}], code points of the judged words; None where the label needs no reason.
    because: Sequence[Mapping[str, int | str]] | None
    #: Probabilities by value; None where the model has no such head, as with all below.
    kind: Mapping[str, float] | None
    churn: float | None
    recommend: float | None
    stage: Mapping[str, float] | None
    severity: float | None
    purpose: Mapping[str, float] | None
    #: [{"cause", "label", "p", "because"}], the likeliest first.
    causes: Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMention:
    """A mention with what is known about it."""

    id: MentionId
    brand_id: BrandId
    brand: str
    source_id: SourceId
    source: str
    kind: str
    site: str
    external_id: str
    url: str | None
    parent: str | None
    root: str | None
    author_id: str | None
    author_name: str | None
    author_url: str | None
    published_at: datetime | None
    edited_at: datetime | None
    first_seen_at: datetime
    said_at: datetime
    title: str
    text: str
    language_hint: str | None
    rating_value: float | None
    rating_scale: float | None
    engagement: Mapping[str, int]
    reply_by_owner: bool
    deleted: bool
    #: Erased for good: only what its alerts need is left.
    erased: bool
    #: The brand's own account said it.
    own: bool
    #: It advertises, as judged.
    promotion: bool
    #: A person said that it is not about the brand.
    irrelevant: bool
    #: As shown and counted: what a person said, else the verdict; None until judged.
    label: str | None
    angry: bool
    anger_level: int | None
    verdict_kind: str | None
    verdict_causes: Sequence[str] | None
    #: A person has said something of that.
    corrected: bool
    #: What the list of the angriest is sorted by.
    anger: float | None
    version: int
    story_id: StoryId | None
    incident_id: IncidentId | None
    #: None until judged, and once erased.
    verdict: Verdict | None

    @property
    def place(self) -> Place:
        """Where a page that ends here ends."""
        return Place(said_at=self.said_at, id=self.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionVersion:
    """A mention as it read once."""

    version: int
    title: str
    text: str
    rating_value: float | None
    rating_scale: float | None
    deleted: bool
    seen_at: datetime


_COLUMNS = """
    select m.id, m.brand_id, b.name as brand, m.source_id, s.name as source, m.kind, m.site, m.external_id, m.url,
        m.parent, m.root, m.author_id, m.author_name, m.author_url, m.published_at, m.edited_at, m.first_seen_at,
        m.said_at, m.title, m.text, m.language_hint, m.rating_value, m.rating_scale, m.engagement, m.reply_by_owner,
        m.deleted, m.erased, m.own, m.promotion, m.irrelevant, m.label, coalesce(m.angry, false) as angry,
        m.verdict_kind, m.verdict_causes, m.anger as shown_anger, m.version, m.story_id,
        coalesce(c.anger_level, a.anger_level) as anger_level,
        coalesce(num_nonnulls(c.label, c.anger_level, c.kind, c.causes) > 0 or c.irrelevant, false) as corrected,
        (select max(al.incident_id) from alert al where al.mention_id = m.id) as incident_id,
        a.model, a.at, a.language, a.negative, a.neutral, a.positive, a.label as judged_label, a.anger,
        a.anger_level as judged_anger_level, a.angry as judged_angry, a.because, a.kind as judged_kind, a.churn,
        a.recommend, a.stage, a.severity, a.purpose, a.causes
    from mention m
    join brand b on b.id = m.brand_id
    join source s on s.id = m.source_id
    left join lateral (
        select model, at, language, negative, neutral, positive, label, anger, anger_level, angry, because, kind,
            churn, recommend, stage, severity, purpose, causes
        from analysis where mention_id = m.id and version = m.version order by at desc limit 1
    ) a on true
    left join correction c on c.mention_id = m.id and c.version = m.version
"""
#: Of the verdict's fields those that a mention has too, and the columns that say what the model said.
_JUDGED = {
    "label": "judged_label",
    "angry": "judged_angry",
    "anger_level": "judged_anger_level",
    "kind": "judged_kind",
}
_VERDICT = tuple(Verdict.__dataclass_fields__)
_SHOWN = tuple(name for name in StoredMention.__dataclass_fields__ if name != "verdict")
#: Their columns, all in one step: a page has thousands of them.
_of_verdict = itemgetter(*(_JUDGED.get(name, name) for name in _VERDICT))
_of_shown = itemgetter(*("shown_anger" if name == "anger" else name for name in _SHOWN))


def _stored(row: asyncpg.Record) -> StoredMention:
    is_judged = row["model"] is not None and not row["erased"]
    verdict = Verdict(**dict(zip(_VERDICT, _of_verdict(row), strict=True))) if is_judged else None
    return StoredMention(**dict(zip(_SHOWN, _of_shown(row), strict=True)), verdict=verdict)


#: Its parameters are `parameters`, the first thirteen.
WHERE = """
    where ($1::bigint is null or m.brand_id = $1)
        and ($2::bigint is null or m.source_id = $2)
        and ($3::bigint is null or m.story_id = $3)
        and ($4::text is null or lower(m.language) = lower($4) or lower(m.language) like lower($4::text) || '-%')
        and ($5::text is null or m.label = $5)
        and ($6::bool is null or coalesce(m.angry, false) = $6)
        and ($7::text is null or m.author_name = $7 or m.author_id = $7)
        and ($8::timestamptz is null or m.said_at >= $8)
        and ($9::timestamptz is null or m.said_at < $9)
        and ($10::bigint is null or m.id = any(array(select al.mention_id from alert al where al.incident_id = $10)))
        and ($11::bool is null or m.counted = $11)
        and ($12::text is null or m.verdict_kind = $12)
        and ($13::text is null or m.verdict_causes @> array[$13])
        and not m.deleted
"""
_NEWEST = f"""
    {_COLUMNS} {WHERE} and ($14::timestamptz is null or (m.said_at, m.id) < ($14, $15))
    order by m.said_at desc, m.id desc limit $16
"""
_ANGRIEST = f"""
    {_COLUMNS} {WHERE} and m.anger is not null and ($14::float8 is null or (m.anger, m.id) < ($14, $15))
    order by m.anger desc, m.id desc limit $16
"""


def parameters(wanted: MentionFilter) -> tuple[object, ...]:
    """Return the parameters of WHERE."""
    return (
        wanted.brand_id,
        wanted.source_id,
        wanted.story_id,
        wanted.language,
        wanted.label,
        wanted.angry,
        wanted.author,
        wanted.since,
        wanted.until,
        wanted.incident_id,
        wanted.counted,
        wanted.kind,
        wanted.cause,
    )


async def newest(
    conn: Connection, wanted: MentionFilter, *, after: Place | None = None, limit: int = 50
) -> list[StoredMention]:
    """Return mentions, last said first, behind a place."""
    rows = await conn.fetch(
        _NEWEST,
        *parameters(wanted),
        after.said_at if after else None,
        after.id if after else None,
        limit,
    )
    return [_stored(row) for row in rows]


async def angriest(
    conn: Connection, wanted: MentionFilter, *, after: tuple[float, MentionId] | None = None, limit: int = 50
) -> list[StoredMention]:
    """Return judged mentions, angriest first, behind an (anger, id)."""
    rows = await conn.fetch(
        _ANGRIEST,
        *parameters(wanted),
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_stored(row) for row in rows]


async def of_ids(conn: Connection, mention_ids: Sequence[MentionId]) -> list[StoredMention]:
    """Return the mentions of these ids, in this order; without those that are gone."""
    rows = await conn.fetch(_COLUMNS + " where m.id = any($1::bigint[])", list(mention_ids))
    found = {row["id"]: _stored(row) for row in rows}
    return [found[mention_id] for mention_id in mention_ids if mention_id in found]


def post_of(stored: StoredMention, *, masked: bool = False) -> Post:
    """Return what queries may ask about a mention, `masked` without the residue of copying. Offsets are the same."""
    hide = residue.masked if masked else str
    verdict = stored.verdict
    return Post(
        title=hide(stored.title),
        text=hide(stored.text),
        authors=tuple(one for one in (stored.author_id, stored.author_name) if one),
        site=stored.site,
        source=stored.source,
        url=stored.url or "",
        language=verdict.language if verdict else stored.language_hint,
        label=stored.label,
        rating=of_five(stored.rating_value, stored.rating_scale),
    )


def of_five(value: float | None, scale: float | None) -> float | None:
    """Return a rating as if given out of five."""
    return value / scale * 5 if value is not None and scale else None


async def get(conn: Connection, mention_id: MentionId) -> StoredMention | None:
    """Return one mention, deleted or not."""
    row = await conn.fetchrow(_COLUMNS + " where m.id = $1", mention_id)
    return None if row is None else _stored(row)


async def versions(conn: Connection, mention_id: MentionId) -> list[MentionVersion]:
    """Return how a mention read over time, newest first."""
    rows = await conn.fetch(
        """
        select version, title, text, rating_value, rating_scale, deleted, seen_at
        from mention_version where mention_id = $1 order by version desc
        """,
        mention_id,
    )
    return [MentionVersion(**row) for row in rows]
