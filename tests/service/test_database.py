"""The embedded Postgres survives what happens to it."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from service import database
from tests.service.waiting import until


@pytest.fixture
def root() -> Iterator[Path]:
    """A server folder that the server's user can walk into; what still runs there is stopped."""
    with tempfile.TemporaryDirectory(prefix="earshot-pg-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "postgres"
        database.stop(Path(folder) / "postgres")


async def ask(url: str, *statements: str) -> object:
    conn = await asyncpg.connect(url)
    for statement in statements:
        answer = await conn.fetchval(statement)
    conn.terminate()
    return answer


def test_a_running_server_is_adopted(root: Path) -> None:
    first = database.ensure_running(root)

    assert database.ensure_running(root) == first


async def death(root: Path) -> None:
    """Wait until a killed server is gone: the signal returns before the process ends."""

    async def gone() -> bool:
        return database.running_pid(root) is None

    await until(gone, what="the server's death")


def test_what_was_committed_survives_kill_9_of_the_server(root: Path) -> None:
    server = database.ensure_running(root)
    asyncio.run(ask(server.url, "create table kept (n int)", "insert into kept values (7)"))
    os.kill(server.pid, signal.SIGKILL)
    asyncio.run(death(root))
    again = database.ensure_running(root)

    assert asyncio.run(ask(again.url, "select n from kept")) == 7


def test_a_pid_file_that_names_another_process_is_not_believed(root: Path) -> None:
    database.ensure_running(root)
    database.stop(root)
    (root / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")

    assert database.running_pid(root) is None
    assert asyncio.run(ask(database.ensure_running(root).url, "select 1")) == 1


def test_an_initialisation_that_was_killed_begins_anew(root: Path) -> None:
    (root / "data.half" / "base").mkdir(parents=True)

    assert asyncio.run(ask(database.ensure_running(root).url, "select 1")) == 1


def test_stopping_what_does_not_run_is_harmless(root: Path) -> None:
    database.ensure_running(root)
    database.stop(root)
    database.stop(root)

    assert database.running_pid(root) is None


def test_the_server_tells_chinese_and_thai_letters_from_signs(root: Path) -> None:
    url = database.ensure_running(root).url

    assert asyncio.run(ask(url, "create extension pg_trgm", "select array_length(show_trgm('服務很差'), 1)")) == 5


def test_a_long_path_still_has_a_socket(root: Path) -> None:
    deep = root / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    for folder in (root, deep.parent, deep):
        folder.chmod(0o755)

    assert asyncio.run(ask(database.ensure_running(deep / "postgres").url, "select 1")) == 1
    database.stop(deep / "postgres")
