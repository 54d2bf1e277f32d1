"""Makes what came in findable, off its way: until then a search looks at it word by word."""

from service.store import search
from service.store.pool import Pool

BATCH = 500


async def index_some(pool: Pool) -> int:
    """Take up some of what waits for the archive's index; return how much that was. Any number of workers may run."""
    async with pool.acquire() as conn, conn.transaction():
        return await search.index_some(conn, limit=BATCH)
