"""What the brands' own accounts said, marked anew when the accounts change."""

from alerts.types import BrandId
from collectors.types import Author
from service.store import brand_match
from service.store.pool import Connection


async def mark_stale(conn: Connection) -> BrandId | None:
    """Mark what one brand's own accounts said, if they changed since it was stored; return the brand. In the caller's
    transaction: others pass the brand over, and it is taken up again if this fails."""
    brand_id = await conn.fetchval(
        "select id from brand where own_stale order by id limit 1 for no key update skip locked"
    )
    if brand_id is None:
        return None
    matcher = await brand_match.current(conn)
    rows = await conn.fetch(
        "select distinct author_id, author_name, author_url, site from mention where brand_id = $1", brand_id
    )
    own = [
        row
        for row in rows
        if matcher.speaks_for(
            brand_id, Author(id=row["author_id"], name=row["author_name"], url=row["author_url"]), row["site"]
        )
    ]
    await conn.execute(
        """
        update mention m set own = not m.own
        where m.brand_id = $1 and m.own <> exists (
            select from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as o (id, name, url, site)
            where (o.id, o.name, o.url, o.site) is not distinct from (m.author_id, m.author_name, m.author_url, m.site))
        """,
        brand_id,
        [row["author_id"] for row in own],
        [row["author_name"] for row in own],
        [row["author_url"] for row in own],
        [row["site"] for row in own],
    )
    await conn.execute("update brand set own_stale = false where id = $1", brand_id)
    return BrandId(brand_id)
