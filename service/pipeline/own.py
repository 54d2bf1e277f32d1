"""Marks what the brands' own accounts said, when the accounts change: totals follow by themselves."""

from service.store import own
from service.store.pool import Pool


async def mark_own(pool: Pool) -> bool:
    """Mark one brand's mentions anew; False where none waits for it. Any number of workers may run."""
    async with pool.acquire() as conn, conn.transaction():
        return await own.mark_stale(conn) is not None
