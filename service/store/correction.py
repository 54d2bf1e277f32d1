"""Corrections: what people say against the verdict, and how often the model was right by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from alerts.types import MentionId
from service.store import events
from service.store.events import EventKind
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """One person's word on one version of a mention; None where the verdict stands."""

    mention_id: MentionId
    version: int
    label: str | None
    anger_level: int | None
    kind: str | None
    causes: tuple[str, ...] | None
    irrelevant: bool
    by: str
    at: datetime


class Erased(Exception):
    """The mention was erased for good: there is nothing left to judge."""


#: What a request may change; `None` gives a field back to the verdict.
Changes = Mapping[str, object]
_FIELDS = ("label", "anger_level", "kind", "causes", "irrelevant")


async def correct(
    conn: Connection, mention_id: MentionId, changes: Changes, *, by: str, now: datetime
) -> Correction | None:
    """Note what a person says and show it; None without such a mention. What `changes` leaves out stays. The caller
    holds a transaction. Raises Erased."""
    row = await conn.fetchrow("select version, erased from mention where id = $1 for update", mention_id)
    if row is None:
        return None
    if row["erased"]:
        raise Erased(mention_id)
    version = row["version"]
    known = await of(conn, mention_id)
    held = {name: getattr(known, name) if known and known.version == version else None for name in _FIELDS}
    wanted = {**held, **changes}
    causes = wanted["causes"]
    await conn.execute(
        """
        insert into correction (mention_id, version, label, anger_level, kind, causes, irrelevant, corrected_by, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (mention_id) do update set version = excluded.version, label = excluded.label,
            anger_level = excluded.anger_level, kind = excluded.kind, causes = excluded.causes,
            irrelevant = excluded.irrelevant, corrected_by = excluded.corrected_by, at = excluded.at
        """,
        mention_id,
        version,
        wanted["label"],
        wanted["anger_level"],
        wanted["kind"],
        list(causes) if isinstance(causes, list | tuple) else None,
        bool(wanted["irrelevant"]),
        by,
        now,
    )
    await conn.execute("select show_verdict($1)", [mention_id])
    await events.tell(conn, EventKind.MENTION, [mention_id])
    return await of(conn, mention_id)


async def withdraw(conn: Connection, mention_id: MentionId) -> None:
    """Forget what was said of a mention: its verdict stands, and nobody has looked at it. The caller holds a
    transaction."""
    await conn.execute("delete from correction where mention_id = $1", mention_id)
    await conn.execute("select show_verdict($1)", [mention_id])
    await events.tell(conn, EventKind.MENTION, [mention_id])


async def of(conn: Connection, mention_id: MentionId) -> Correction | None:
    """Return what a person said of a mention."""
    row = await conn.fetchrow("select * from correction where mention_id = $1", mention_id)
    return None if row is None else _correction(row)


def _correction(row: asyncpg.Record) -> Correction:
    return Correction(
        mention_id=MentionId(row["mention_id"]),
        version=row["version"],
        label=row["label"],
        anger_level=row["anger_level"],
        kind=row["kind"],
        causes=None if row["causes"] is None else tuple(row["causes"]),
        irrelevant=row["irrelevant"],
        by=row["corrected_by"],
        at=row["at"],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """A corrected text, as training takes it."""

    correction: Correction
    text: str
    title: str
    language: str | None


async def lessons(conn: Connection, *, before: tuple[datetime, MentionId] | None, limit: int) -> list[Lesson]:
    """Return the newest corrections, those before a place in that order where one is given."""
    rows = await conn.fetch(
        """
        select c.*, v.text, v.title, m.language
        from correction c join mention m on m.id = c.mention_id
            join mention_version v on v.mention_id = c.mention_id and v.version = c.version
        where $1::timestamptz is null or (c.at, c.mention_id) < ($1, $2)
        order by c.at desc, c.mention_id desc limit $3
        """,
        None if before is None else before[0],
        None if before is None else before[1],
        limit,
    )
    return [
        Lesson(correction=_correction(row), text=row["text"], title=row["title"], language=row["language"])
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageQuality:
    """How the verdicts of a language fared with the people who looked."""

    language: str
    checked: int
    #: Called angry by the model, and by the person too.
    called_angry: int
    rightly_angry: int
    #: Angry by the person.
    truly_angry: int
    same_label: int
    label_checked: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleQuality:
    """How a rule's incidents ended."""

    rule_id: int
    rule: str
    resolved: int
    false_positive: int


async def by_language(conn: Connection, *, since: datetime) -> list[LanguageQuality]:
    """Return the verdicts against the corrections made since then, by the model's language."""
    rows = await conn.fetch(
        """
        select coalesce(a.language, 'und') as language, count(*) as checked,
            count(*) filter (where c.anger_level is not null and a.angry) as called_angry,
            count(*) filter (where c.anger_level = 2 and a.angry) as rightly_angry,
            count(*) filter (where c.anger_level = 2) as truly_angry,
            count(*) filter (where c.label = a.label) as same_label,
            count(*) filter (where c.label is not null) as label_checked
        from correction c join lateral (
            select * from analysis where mention_id = c.mention_id and version = c.version order by at desc limit 1
        ) a on true
        where c.at >= $1
        group by 1 order by 1
        """,
        since,
    )
    return [LanguageQuality(**row) for row in rows]


async def by_rule(conn: Connection, *, since: datetime) -> list[RuleQuality]:
    """Return how the incidents resolved since then ended, by rule; merged ones belong to another."""
    rows = await conn.fetch(
        """
        select r.id as rule_id, r.name as rule, count(*) as resolved,
            count(*) filter (where i.resolution in ('false_positive', 'spam')) as false_positive
        from incident i join rule r on r.id = i.rule_id
        where i.resolved_at >= $1 and i.resolution not in ('merged', 'duplicate')
        group by r.id, r.name order by r.name, r.id
        """,
        since,
    )
    return [RuleQuality(**row) for row in rows]
