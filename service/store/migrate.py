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


async def _applied(conn: Connection) -> set[int]:
    """Return the numbers of the migrations this database has."""
    if await conn.fetchval("select to_regclass('schema_version')") is None:
        return set()
    return {row["number"] for row in await conn.fetch("select number from schema_version")}


def _skipped(done: set[int]) -> list[str]:
    """Return the file names of what is missing below the newest that was applied."""
    return [name for number, name, _ in migrations() if number not in done and number < max(done, default=0)]


async def is_current(conn: Connection) -> bool:
    """Whether the database has exactly the schema this program was written for."""
    done = await _applied(conn)
    return max(done, default=0) == migrations()[-1][0] and not _skipped(done)


async def migrate(conn: Connection) -> list[str]:
    """Apply what is missing; return the names applied. Several processes may call at once. Raises StoreError."""
    await conn.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        await conn.execute(
            "create table if not exists schema_version "
            "(number integer primary key, name text not null, applied_at timestamptz not null)"
        )
        done = await _applied(conn)
        known = migrations()
        if max(done, default=0) > known[-1][0]:
            raise StoreError("this database was made by a newer Earshot; upgrade the program")
        if skipped := _skipped(done):
            raise StoreError(
                f"this database was changed past {', '.join(skipped)}, which it lacks, and nothing is applied out of "
                "order; restore a backup from before, or begin with an empty database"
            )
        missing = [migration for migration in known if migration[0] not in done]
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
