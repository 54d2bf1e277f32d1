"""Brands: what is watched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from alerts.brands import BrandTerms
from alerts.types import BrandId
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Brand:
    """One brand."""

    id: BrandId
    name: str
    demo: bool
    #: How it is spoken of.
    terms: BrandTerms


_COLUMNS = "select id, name, demo, query, aliases, context, exclude, own_accounts from brand"


def _brand(row: asyncpg.Record) -> Brand:
    terms = BrandTerms(
        name=row["name"],
        query=row["query"],
        aliases=tuple(row["aliases"]),
        context=tuple(row["context"]),
        exclude=tuple(row["exclude"]),
        own_accounts=tuple(row["own_accounts"]),
    )
    return Brand(id=BrandId(row["id"]), name=row["name"], demo=row["demo"], terms=terms)


async def every(conn: Connection) -> list[Brand]:
    """Return all brands by name."""
    return [_brand(row) for row in await conn.fetch(_COLUMNS + " order by name, id")]


async def named(conn: Connection, name: str) -> Brand | None:
    """Return the brand of this name."""
    row = await conn.fetchrow(_COLUMNS + " where name = $1", name)
    return None if row is None else _brand(row)


async def called(conn: Connection, given: str) -> BrandId | None:
    """Return the brand of this id, else of this name."""
    found: int | None = await conn.fetchval(
        "select id from brand where id::text = $1 or name = $1 order by id::text = $1 desc limit 1", given
    )
    return None if found is None else BrandId(found)


async def get(conn: Connection, brand_id: BrandId) -> Brand | None:
    """Return one brand."""
    row = await conn.fetchrow(_COLUMNS + " where id = $1", brand_id)
    return None if row is None else _brand(row)


async def names(conn: Connection, brand_ids: Sequence[BrandId]) -> dict[BrandId, tuple[str, ...]]:
    """Return what brands are called: their names and aliases."""
    rows = await conn.fetch("select id, name, aliases from brand where id = any($1)", list(brand_ids))
    return {BrandId(row["id"]): (row["name"], *row["aliases"]) for row in rows}


async def ensure(conn: Connection, name: str, *, now: datetime, demo: bool = False) -> BrandId:
    """Return the brand of this name, made if new."""
    await conn.execute(
        "insert into brand (name, demo, created_at) values ($1, $2, $3) on conflict (name) do nothing", name, demo, now
    )
    return BrandId(await conn.fetchval("select id from brand where name = $1", name))


async def add(conn: Connection, terms: BrandTerms, *, now: datetime) -> BrandId | None:
    """Add a brand; None where one of this name is watched already. The terms are checked before."""
    added = await conn.fetchval(
        """
        insert into brand (name, query, aliases, context, exclude, own_accounts, created_at)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict (name) do nothing returning id
        """,
        *_parameters(terms),
        now,
    )
    return None if added is None else BrandId(added)


async def put(conn: Connection, terms: BrandTerms, *, now: datetime) -> BrandId:
    """Make the brand of this name be spoken of so, made if new. The terms are checked before."""
    brand_id = await add(conn, terms, now=now) or await ensure(conn, terms.name, now=now)
    await change(conn, brand_id, terms)
    return brand_id


async def change(conn: Connection, brand_id: BrandId, terms: BrandTerms) -> bool:
    """Make a brand be spoken of so; False where another has its name. What is stored stays, and is marked by the
    brand's own accounts soon. The terms are checked before."""
    taken = await conn.fetchval("select exists (select from brand where name = $1 and id <> $2)", terms.name, brand_id)
    if not taken:
        await conn.execute(
            """
            update brand set name = $1, query = $2, aliases = $3, context = $4, exclude = $5, own_accounts = $6,
                own_stale = own_stale or own_accounts <> $6
            where id = $7 and (name, query, aliases, context, exclude, own_accounts)
                is distinct from ($1, $2, $3, $4, $5, $6)
            """,
            *_parameters(terms),
            brand_id,
        )
    return not taken


def _parameters(terms: BrandTerms) -> tuple[object, ...]:
    return (
        terms.name,
        terms.query,
        list(terms.aliases),
        list(terms.context),
        list(terms.exclude),
        list(terms.own_accounts),
    )


async def remove(conn: Connection, brand_id: BrandId) -> None:
    """Remove a brand with everything that was collected about it."""
    await conn.execute("delete from brand where id = $1", brand_id)


async def remove_demo(conn: Connection) -> list[str]:
    """Remove the demo's brands with all their mentions and incidents, and its contacts and rules; return the names."""
    rows = await conn.fetch("delete from brand where demo returning name")
    await conn.execute("delete from contact where demo")
    return [row["name"] for row in rows]


async def created_at(conn: Connection, brand_id: BrandId) -> datetime:
    """Return when the brand was first watched."""
    at: datetime = await conn.fetchval("select created_at from brand where id = $1", brand_id)
    return at


async def mention_counts(conn: Connection) -> dict[str, int]:
    """Return how many mentions each brand has by its name, and each source by "brand: source", a shared one by its
    name after ": "."""
    rows = await conn.fetch(
        """
        select b.name as brand, null as source, sum(t.total)::bigint as total
        from trend_hour t join brand b on b.id = t.brand_id group by b.name
        union all
        select coalesce(b.name, ''), s.name, sum(t.total)::bigint
        from trend_hour t join source s on s.id = t.source_id left join brand b on b.id = s.brand_id
        group by b.name, s.name
        """
    )
    return {row["brand"] if row["source"] is None else f"{row['brand']}: {row['source']}": row["total"] for row in rows}
