"""Brings a database to the newest schema: numbered files, forward only, each in a transaction of its own."""

import re
from importlib.resources import files

from service.store import bounds, clock
from service.store.pool import Connection, StoreError

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
#: Any number will do, as long as every version of Earshot uses the same.
_LOCK = 7_265_117


def migrations() -> list[tuple[int, str, str]]:
    """Return number, file name and SQL of every migration, in order."""
    folder = files("service.store") / "migrations"
    found = [(match, entry) for entry in folder.iterdir() if (match := _NAME.match(entry.name))]
    return sorted((int(match[1]), entry.name, entry.read_text("utf-8")) for match, entry in found)


async def applied(conn: Connection) -> int:
    """Return the number of the newest migration this database has; 0 where it has none."""
    if await conn.fetchval("select to_regclass('schema_version')") is None:
        return 0
    return int(await conn.fetchval("select coalesce(max(number), 0) from schema_version"))


async def is_current(conn: Connection) -> bool:
    """Whether the database has exactly the schema this program was written for."""
    return await applied(conn) == migrations()[-1][0]


async def migrate(conn: Connection) -> list[str]:
    """Apply what is missing; return the names applied. Several processes may call at once. Raises StoreError."""
    await conn.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        await conn.execute(
            "create table if not exists schema_version "
            "(number integer primary key, name text not null, applied_at timestamptz not null)"
        )
        done = await applied(conn)
        known = migrations()
        if done > known[-1][0]:
            raise StoreError("this database was made by a newer Earshot; upgrade the program")
        missing = [migration for migration in known if migration[0] > done]
        for number, name, sql in missing:
            async with conn.transaction():
                await conn.execute(sql)
                await conn.execute(
                    "insert into schema_version (number, name, applied_at) values ($1, $2, $3)",
                    number,
                    name,
                    await clock.now(conn),
                )
        await bounds.prepare(conn)
        return [name for _, name, _ in missing]
    finally:
        await conn.execute("select pg_advisory_unlock($1)", _LOCK)
