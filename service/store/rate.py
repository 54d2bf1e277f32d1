"""How much a caller may still ask: one count for all web processes."""

from datetime import datetime

from service.store.pool import Connection


async def set_aside(conn: Connection, caller: str, *, starts_at: datetime, block: int, most: int) -> tuple[int, int]:
    """Take a block of a caller's requests for one process; return how many it got, and how many are taken by all."""
    taken: int | None = await conn.fetchval(
        """
        insert into rate_window as r (caller, starts_at, taken) values ($1, $2, least($3::integer, $4::integer))
        on conflict (caller, starts_at) do update set taken = least(r.taken + $3, $4) where r.taken < $4
        returning taken
        """,
        caller,
        starts_at,
        block,
        most,
    )
    if taken is None:
        return 0, most
    # The last block is what is left; every one before is whole.
    return (taken - 1) % block + 1, taken


async def forget_before(conn: Connection, at: datetime) -> None:
    """Drop counts of minutes gone by."""
    await conn.execute("delete from rate_window where starts_at < $1", at)
