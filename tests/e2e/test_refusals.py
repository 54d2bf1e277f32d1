"""What cannot work is said in one line that names the remedy, with an exit code that is not zero."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service.store.pool import Connection
from tests.places import free_port
from tests.service import programs


def refused(*arguments: str, **settings: str) -> str:
    """Run `earshot`; return the one line it said."""
    done = programs.run(*arguments, settings=settings)
    lines = done.stderr.decode().strip().splitlines()
    assert done.returncode != 0, done.stderr
    assert len(lines) == 1, done.stderr.decode()
    return lines[0]


def test_a_malformed_setting_is_named() -> None:
    said = refused("up", EARSHOT_PORT="eighty")

    assert said.startswith("earshot: EARSHOT_PORT: ")


def test_a_mistyped_setting_is_noticed() -> None:
    assert "EARSHOT_SMPT_URL: there is no such setting" in refused("up", EARSHOT_SMPT_URL="smtp://127.0.0.1")


def test_a_mail_server_address_that_cannot_work_is_refused_without_its_password() -> None:
    said = refused("up", EARSHOT_SMTP_URL="http://user:s3cret@mail.example.com")

    assert "EARSHOT_SMTP_URL" in said
    assert "s3cret" not in said


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused("up", EARSHOT_PORT=str(port), EARSHOT_DATA_DIR=str(tmp_path))

    assert str(port) in said
    assert "EARSHOT_PORT" in said


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = Path("/sys/earshot") if os.geteuid() == 0 else tmp_path / "sealed"
    if os.geteuid() != 0:
        folder.mkdir(mode=0o500)
    said = refused("up", EARSHOT_PORT=str(free_port()), EARSHOT_DATA_DIR=str(folder))

    assert "EARSHOT_DATA_DIR" in said


def test_a_postgres_that_does_not_answer_is_named() -> None:
    said = refused(
        "serve",
        EARSHOT_DATABASE_URL=f"postgresql://earshot@127.0.0.1:{free_port()}/earshot",
        EARSHOT_DATABASE_PATIENCE="1",
        EARSHOT_PORT=str(free_port()),
    )

    assert "did not answer for 1 s" in said
    assert "EARSHOT_DATABASE_URL" in said


@asynccontextmanager
async def old_postgres() -> AsyncIterator[str]:
    """A server that greets as Postgres 13 does: there is none of that age to be installed."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        start = await reader.readexactly(length - 4)
        if start == struct.pack("!i", 80877103):  # it asks for TLS first
            writer.write(b"N")
            (length,) = struct.unpack("!i", await reader.readexactly(4))
            await reader.readexactly(length - 4)
        writer.write(message(b"R", struct.pack("!i", 0)))
        for name, value in (("server_version", "13.21"), ("client_encoding", "UTF8"), ("integer_datetimes", "on")):
            writer.write(message(b"S", name.encode() + b"\0" + value.encode() + b"\0"))
        writer.write(message(b"K", struct.pack("!ii", 1, 1)))
        writer.write(message(b"Z", b"I"))
        await writer.drain()
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        yield f"postgresql://earshot@127.0.0.1:{server.sockets[0].getsockname()[1]}/earshot?sslmode=disable"


async def test_an_older_postgres_is_refused() -> None:
    async with old_postgres() as url:
        said = await asyncio.to_thread(
            refused, "serve", EARSHOT_DATABASE_URL=url, EARSHOT_PORT=str(free_port()), EARSHOT_DATABASE_PATIENCE="1"
        )

    assert "Postgres 13 is too old" in said


def test_a_schema_that_is_missing_is_said(postgres: str) -> None:
    said = refused("work", EARSHOT_DATABASE_URL=postgres)

    assert "earshot migrate" in said


@pytest.mark.parametrize("command", ["analyse", "evaluate", "apply", "import", "fetch"])
def test_a_file_or_word_that_is_missing_is_no_traceback(command: str) -> None:
    done = programs.run(command, "/nowhere/at/all", *(["--brand", "B"] if command == "import" else []), settings={})

    assert done.returncode != 0
    assert b"Traceback" not in done.stderr


def test_an_analyser_there_is_not_is_named_with_the_choices() -> None:
    assert "choose one of: default" in refused("up", EARSHOT_ANALYSER="nope", EARSHOT_PORT=str(free_port()))


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    assert "EARSHOT_DATA_DIR" in refused("up", EARSHOT_DATA_DIR=str(file), EARSHOT_PORT=str(free_port()))


async def test_a_database_that_would_lose_what_it_confirmed_is_refused(conn: Connection, database_url: str) -> None:
    name = await conn.fetchval("select current_database()")
    await conn.execute(f"alter database {name} set synchronous_commit = off")

    assert "synchronous_commit" in refused("work", EARSHOT_DATABASE_URL=database_url)
