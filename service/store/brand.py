"""Brands: what is watched."""

from dataclasses import dataclass
from datetime import datetime

from alerts.types import BrandId
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Brand:
    """One brand."""

    id: BrandId
    name: str
    demo: bool


async def every(conn: Connection) -> list[Brand]:
    """Return all brands by name."""
    rows = await conn.fetch("select id, name, demo from brand order by name, id")
    return [Brand(id=BrandId(row["id"]), name=row["name"], demo=row["demo"]) for row in rows]


async def named(conn: Connection, name: str) -> Brand | None:
    """Return the brand of this name."""
    row = await conn.fetchrow("select id, name, demo from brand where name = $1", name)
    return None if row is None else Brand(id=BrandId(row["id"]), name=row["name"], demo=row["demo"])


async def ensure(conn: Connection, name: str, *, now: datetime, demo: bool = False) -> BrandId:
    """Return the brand of this name, made if new."""
    await conn.execute(
        "insert into brand (name, demo, created_at) values ($1, $2, $3) on conflict (name) do nothing", name, demo, now
    )
    return BrandId(await conn.fetchval("select id from brand where name = $1", name))


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
    """Return how many mentions each brand has by its name, and each source by "brand: source"."""
    rows = await conn.fetch(
        """
        select b.name as brand, s.name as source, sum(t.total)::bigint as total
        from trend_hour t join source s on s.id = t.source_id join brand b on b.id = t.brand_id
        group by grouping sets ((b.name), (b.name, s.name))
        """
    )
    return {row["brand"] if row["source"] is None else f"{row['brand']}: {row['source']}": row["total"] for row in rows}
