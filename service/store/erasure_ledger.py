"""What was erased, as it is kept apart from the database: so that a backup of before is erased again once restored.

An entry holds hashes and the names of sources, and nothing that says what was said or by whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from alerts.types import MentionId
from service.store import erasure
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Tombstone:
    """By which an item is known again (`service/store/tombstone.py`)."""

    #: Null: of the source of all brands.
    brand: str | None
    #: The source's name: its number may be another after a restore.
    source: str
    external_key: bytes
    content: bytes
    author: bytes | None
    mention_id: MentionId


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One erasure with all it left."""

    key: UUID
    at: datetime
    by: str
    mention_id: MentionId | None
    items: int
    tombstones: tuple[Tombstone, ...]


async def kept(conn: Connection) -> dict[UUID, int]:
    """Return how many tombstones stand of every erasure that this database knows."""
    rows = await conn.fetch(
        """
        select e.key, count(t.erasure_id) as tombstones
        from erasure e left join erasure_tombstone t on t.erasure_id = e.id group by e.key
        """
    )
    return {row["key"]: row["tombstones"] for row in rows}


async def sources(conn: Connection) -> set[tuple[str | None, str]]:
    """Return the sources there are, by their brand's name and their own."""
    rows = await conn.fetch("select b.name, s.name from source s left join brand b on b.id = s.brand_id")
    return {(row[0], row[1]) for row in rows}


async def entries(conn: Connection, keys: Sequence[UUID]) -> list[Entry]:
    """Return erasures as they are kept apart, in their order."""
    rows = await conn.fetch(
        """
        select e.key, e.at, e.by, e.mention_id, e.items, array_agg(
            (b.name, s.name, t.external_key, t.content, t.author, t.mention_id)
            order by t.source_id, t.external_key, t.content, t.mention_id
        ) filter (where s.id is not null) as tombstones
        from erasure e
        left join erasure_tombstone t on t.erasure_id = e.id
        left join source s on s.id = t.source_id left join brand b on b.id = s.brand_id
        where e.key = any($1::uuid[]) group by e.id order by e.id
        """,
        list(keys),
    )
    return [Entry(**{**row, "tombstones": tuple(map(_tombstone, row["tombstones"] or ()))}) for row in rows]


def _tombstone(row: asyncpg.Record) -> Tombstone:
    brand, source, external_key, content, author, mention_id = row
    return Tombstone(
        brand=brand,
        source=source,
        external_key=external_key,
        content=content,
        author=author,
        mention_id=MentionId(mention_id),
    )


async def replay(conn: Connection, entry: Entry) -> int:
    """Erase what an erasure had erased and is there again; return how many mentions that were. What comes again later
    stays away; a source that is not there yet is passed over, so that the entry is to be replayed again. In the
    caller's transaction."""
    erasure_id = await conn.fetchval(
        """
        insert into erasure (at, by, mention_id, items, key) values ($1, $2, $3, $4, $5)
        on conflict (key) do update set key = excluded.key returning id
        """,
        entry.at,
        entry.by,
        entry.mention_id,
        entry.items,
        entry.key,
    )
    await conn.execute(
        """
        insert into erasure_tombstone (source_id, external_key, content, author, mention_id, erasure_id)
        select s.id, t.external_key, t.content, t.author, t.mention_id, $7
        from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[])
            as t (brand, source, external_key, content, author, mention_id)
        left join brand b on b.name = t.brand
        join source s on s.name = t.source and s.brand_id is not distinct from b.id
        where (t.brand is null) = (b.id is null)
        on conflict do nothing
        """,
        [one.brand for one in entry.tombstones],
        [one.source for one in entry.tombstones],
        [one.external_key for one in entry.tombstones],
        [one.content for one in entry.tombstones],
        [one.author for one in entry.tombstones],
        [one.mention_id for one in entry.tombstones],
        erasure_id,
    )
    return await erasure.erase_again(conn, erasure_id)
