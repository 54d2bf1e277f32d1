"""The schema in one file is what the migrations make."""

import asyncio
import re
from pathlib import Path

import pytest

from service.store import migrate, schema
from service.store.pool import Connection, Pool, StoreError

STORE = Path(schema.__file__).parent


def test_schema_sql_equals_what_the_migrations_make(database_url: str) -> None:
    assert schema.dump(database_url) == schema.SCHEMA.read_text("utf-8"), "run `make schema`"


async def test_migrating_again_changes_nothing(conn: Connection) -> None:
    assert await migrate.migrate(conn) == []
    assert await migrate.is_current(conn)


async def test_a_database_that_skipped_a_migration_is_told_which(conn: Connection) -> None:
    _, name, _ = migrate.migrations()[-2]
    await conn.execute("delete from schema_version where name = $1", name)

    assert not await migrate.is_current(conn)
    with pytest.raises(StoreError, match=name):
        await migrate.migrate(conn)


async def test_two_processes_may_migrate_at_once(pool: Pool) -> None:
    async with pool.acquire() as one, pool.acquire() as other:
        await one.execute("drop schema public cascade; create schema public")
        applied = await asyncio.gather(migrate.migrate(one), migrate.migrate(other))

        assert sorted(map(len, applied)) == [0, len(migrate.migrations())]


def test_only_the_clock_reads_the_time_in_sql() -> None:
    """A test's clock shadows `now()`; the other spellings go around it."""
    forbidden = re.compile(
        r"clock_timestamp|current_timestamp|transaction_timestamp|localtime|\bnow\(\)", re.IGNORECASE
    )
    offenders = [
        f"{path.name}:{number}"
        for path in sorted(STORE.rglob("*"))
        if path.suffix in (".py", ".sql") and path.name not in ("clock.py", "schema.sql")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if forbidden.search(line) and not line.lstrip().startswith(("--", "#"))
    ]

    assert offenders == []


async def test_no_table_forgets_what_was_committed(conn: Connection) -> None:
    unlogged = await conn.fetchval("select count(*) from pg_class where relkind = 'r' and relpersistence <> 'p'")

    assert unlogged == 0
