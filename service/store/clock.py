"""The time: the database decides, a test moves it by a `now()` of its own before pg_catalog's."""

from datetime import datetime

from service.store.pool import Connection


async def now(conn: Connection) -> datetime:
    """Return the time this transaction or statement counts as. Read once per tick, command or request."""
    at: datetime = await conn.fetchval("select now()")
    return at
