"""Erasures: what a person said goes for good, with everything that was made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from alerts.types import BrandId, MentionId, SourceId
from service.store import events, residues, story, tombstone
from service.store.events import EventKind
from service.store.pool import Connection

#: What stands in place of the words where an alert still points at them; readers of every language meet it.
WORDS = "[erased · 已抹除 · ลบแล้ว]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Somebody at a site, by id or name as the site shows it."""

    site: str
    author: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Again:
    """What the tombstones of an erasure name."""

    erasure_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """One erasure: that it was, and how much it took."""

    id: int
    at: datetime
    by: str
    #: None: it was of an author.
    mention_id: MentionId | None
    #: Mentions that went.
    items: int


async def erase(conn: Connection, wanted: MentionId | Author, *, by: str, now: datetime) -> Erasure | None:
    """Erase a mention, with its copies under other brands, or all of an author. What went before is not asked again:
    a mention's erasure is returned as it was. None where there is nothing. In the caller's transaction."""
    found = await _locked(conn, wanted)
    if not found:
        return await _before(conn, wanted) if isinstance(wanted, int) else None
    row = await conn.fetchrow(
        """
        insert into erasure (at, by, mention_id, items) values ($1, $2, $3, $4)
        returning id, at, by, mention_id, items
        """,
        now,
        by,
        wanted if isinstance(wanted, int) else None,
        len(found),
    )
    assert row is not None  # noqa: S101  # an insert returns its row
    await _take(conn, row["id"], [one["id"] for one in found])
    return Erasure(**row)


async def erase_again(conn: Connection, erasure_id: int) -> int:
    """Erase what an erasure's tombstones name and a restored backup brought back; return how many mentions that were.
    In the caller's transaction."""
    found = await _locked(conn, _Again(erasure_id=erasure_id))
    if found:
        await _take(conn, erasure_id, [one["id"] for one in found])
    return len(found)


async def _take(conn: Connection, erasure_id: int, mention_ids: Sequence[int]) -> None:
    """Erase these mentions, which nobody else may change until the transaction ends."""
    await _leave_tombstones(conn, erasure_id, mention_ids)
    await residues.forget(conn, mention_ids)
    for statement in _FORGET:
        await conn.execute(statement, mention_ids)
    await conn.execute(_SCRUB, mention_ids, WORDS)
    await events.tell(conn, EventKind.MENTION, mention_ids)


async def count(conn: Connection, wanted: MentionId | Author) -> int:
    """Return how many mentions an erasure would take."""
    statement, parameters = _finding(wanted)
    return len(await conn.fetch(statement, *parameters))


async def newest(conn: Connection, *, before: int | None = None, limit: int) -> list[Erasure]:
    """Return erasures, the last first."""
    rows = await conn.fetch(
        """
        select id, at, by, mention_id, items from erasure
        where ($1::bigint is null or id < $1) order by id desc limit $2
        """,
        before,
        limit,
    )
    return [Erasure(**row) for row in rows]


_HERE = "select id, brand_id, source_id from mention where not erased"
#: Those of one item, whatever brands it is about.
_OF_ITEM = f"""
    {_HERE} and (source_id, external_key) in (select source_id, external_key from mention where id = $1) order by id
"""  # noqa: S608  # ours
#: By the indexes of ids and of names.
_OF_AUTHOR = f"{_HERE} and site = $1 and (author_id = $2 or author_name = $2) order by id"
#: The items that said the same, or whose author did: as `tombstone.without_erased` knows them.
_OF_TOMBSTONES = f"""
    {_HERE} and id in (
        select m.id from erasure_tombstone t join mention m using (source_id, external_key)
        where t.erasure_id = $1 and (
            t.author = sha256(m.external_key || convert_to(coalesce(nullif(m.author_id, ''), m.author_name), 'UTF8'))
            or exists (
                select from mention_version v
                where v.mention_id = m.id and t.content = sha256(m.external_key || v.content_hash)
            )
        )
    )
    order by id
"""  # noqa: S608  # ours


def _finding(wanted: MentionId | Author | _Again) -> tuple[str, tuple[int | str, ...]]:
    """Return the statement that finds what is to go, and its parameters."""
    if isinstance(wanted, _Again):
        return _OF_TOMBSTONES, (wanted.erasure_id,)
    return (_OF_AUTHOR, (wanted.site, wanted.author)) if isinstance(wanted, Author) else (_OF_ITEM, (wanted,))


async def _locked(conn: Connection, wanted: MentionId | Author | _Again) -> list[asyncpg.Record]:
    """Return what is to go, held against ingests and against the stage that puts stories together."""
    statement, parameters = _finding(wanted)
    seen = await conn.fetch(statement, *parameters)
    await tombstone.hold_still(conn, [SourceId(one["source_id"]) for one in seen], erasing=True)
    for brand_id in sorted({one["brand_id"] for one in seen}):
        await story.lock(conn, BrandId(brand_id))
    return await conn.fetch(statement + " for update", *parameters)


async def _before(conn: Connection, mention_id: MentionId) -> Erasure | None:
    row = await conn.fetchrow(
        """
        select e.id, e.at, e.by, e.mention_id, e.items from erasure e
        where e.id = (select max(erasure_id) from erasure_tombstone where mention_id = $1)
        """,
        mention_id,
    )
    return None if row is None else Erasure(**row)


async def _leave_tombstones(conn: Connection, erasure_id: int, mention_ids: Sequence[int]) -> None:
    """Leave the hashes of everything that the mentions ever said."""
    rows = await conn.fetch(
        """
        select m.id, m.source_id, m.external_key, m.author_id, m.author_name, v.content_hash
        from mention m join mention_version v on v.mention_id = m.id where m.id = any($1::bigint[])
        """,
        mention_ids,
    )
    await conn.executemany(
        """
        insert into erasure_tombstone (source_id, external_key, content, author, mention_id, erasure_id)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing
        """,
        [
            (
                row["source_id"],
                row["external_key"],
                tombstone.sealed(row["external_key"], row["content_hash"]),
                tombstone.author_seal(row["external_key"], row["author_id"], row["author_name"]),
                row["id"],
                erasure_id,
            )
            for row in rows
        ],
    )


_OF = "select * from mention where id = any($1::bigint[])"
#: What an alert was raised by stays as bare numbers: its message cannot be made without.
_NAMED = "select 1 from alert al where (al.mention_id, al.version) = (x.mention_id, x.version)"
#: In this order: a worker that holds a place in a queue is waited for, and what it wrote goes too.
_FORGET = (
    "delete from search_todo where mention_id = any($1::bigint[])",
    "delete from analysis_todo where mention_id = any($1::bigint[])",
    "delete from analysis_dead where mention_id = any($1::bigint[])",
    "delete from mention_search where mention_id = any($1::bigint[])",
    "delete from correction where mention_id = any($1::bigint[])",
    "delete from webhook_delivery where mention_id = any($1::bigint[])",
    f"""
    update webhook_delivery d set body = null from ({_OF}) m join alert al on al.mention_id = m.id
    where d.incident_id = al.incident_id
    """,  # noqa: S608  # ours
    f"""
    delete from tryout t using ({_OF}) m where t.found is not null and m.text <> ''
        and position(left(to_json(m.text)::text, 80) in t.found::text) > 0
    """,  # noqa: S608  # ours
    f"""
    update alert al set reason = al.reason #- '{{values,words}}' #- '{{values,story}}' from ({_OF}) m
    where al.mention_id = m.id or al.reason -> 'values' ->> 'story_id' = m.story_id::text
    """,  # noqa: S608  # ours
    f"""
    update story s set middle = null, words = '{{}}', tellings = 0, recent = 0 from ({_OF}) m where s.id = m.story_id
    """,  # noqa: S608  # ours
    f"delete from analysis x where mention_id = any($1::bigint[]) and not exists ({_NAMED})",  # noqa: S608  # ours
    """
    update analysis set because = null, kind = null, churn = null, recommend = null, stage = null, severity = null,
        purpose = null, causes = null
    where mention_id = any($1::bigint[])
    """,
    f"delete from mention_past x where mention_id = any($1::bigint[]) and not exists ({_NAMED})",  # noqa: S608  # ours
    # Where no alert points at it, the row goes, and the counts with it.
    """
    delete from mention m where id = any($1::bigint[])
        and not exists (select from alert al where al.mention_id = m.id)
    """,
)
#: Counts follow by the triggers: what is deleted counts nowhere.
_SCRUB = """
    with past as (
        update mention_past set title = '', text = $2, rating_value = null, rating_scale = null,
            content_hash = sha256(convert_to('erased:' || mention_id, 'UTF8'))
        where mention_id = any($1::bigint[])
    )
    update mention set erased = true, deleted = true, external_id = 'erased:' || id,
        external_key = sha256(convert_to('erased:' || id, 'UTF8')),
        content_hash = sha256(convert_to('erased:' || id, 'UTF8')), url = null, parent = null, root = null,
        author_id = null, author_name = null, author_url = null, published_at = null, edited_at = null, title = '',
        text = $2, language_hint = null, rating_value = null, rating_scale = null, engagement = '{}', language = null,
        label = null, anger = null, angry = null, verdict_kind = null, verdict_causes = null, terms = null
    where id = any($1::bigint[])
"""
