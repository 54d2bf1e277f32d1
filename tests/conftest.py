"""A real Postgres for every test that asks: one embedded server a run, a fresh database a test from a template."""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from service import database
from service.store import pool as store_pool
from service.store.migrate import migrate
from service.store.pool import Connection, Pool
from tests import mailhost

#: Before pg_catalog in the search path, so that `now()` in the store's SQL is this one.
MOCK_NOW = """
    create schema mock;
    create table mock.clock (shift interval not null);
    insert into mock.clock values ('0');
    grant usage on schema mock to public;
    grant select on mock.clock to public;
    create function mock.now() returns timestamptz language sql stable
        as $$ select pg_catalog.now() + (select shift from mock.clock) $$;
"""


def _keep_inside(event: str, arguments: tuple[Any, ...]) -> None:
    """Fail whatever would leave this machine: no collector, webhook or preview may, whatever a test feeds it."""
    if event != "socket.connect" or not isinstance(arguments[1], tuple):
        return
    host = str(arguments[1][0]).partition("%")[0]
    if arguments[0].type == socket.SOCK_STREAM and host != "localhost" and not ip_address(host).is_loopback:
        raise AssertionError(f"a test connects to {arguments[1]!r}, which is not this machine")


# Once a process, and for good: a hook cannot be taken away.
sys.addaudithook(_keep_inside)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder with recorded answers and labelled texts."""
    folder = os.environ.get("EARSHOT_CORPUS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("EARSHOT_CORPUS names no folder with recorded answers and labelled texts")
    return Path(folder)


@pytest.fixture(scope="session")
def _mail_servers() -> Iterator[mailhost.MailHost]:
    with mailhost.started(Path(tempfile.mkdtemp(prefix="earshot-mail-"))) as host:
        yield host
    shutil.rmtree(host.folder, ignore_errors=True)


@pytest.fixture
def mail_host(_mail_servers: mailhost.MailHost) -> mailhost.MailHost:
    """A real Postfix and Dovecot with empty mailboxes."""
    _mail_servers.empty()
    return _mail_servers


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a running server with a migrated template database."""
    root = Path(tempfile.mkdtemp(prefix="earshot-test-"))
    root.chmod(0o755)  # the server's user must walk in
    # Speed only: durability is tested on servers of their own.
    configuration = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
    server = database.ensure_running(root / "postgres", configuration)
    try:
        asyncio.run(_make_template(server.url))
        yield server.url
    finally:
        database.stop(root / "postgres")
        shutil.rmtree(root, ignore_errors=True)


def with_database(url: str, name: str) -> str:
    """Return the server's address with another database in it."""
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"


async def _make_template(url: str) -> None:
    conn = await asyncpg.connect(url)
    await conn.execute("create database template_earshot")
    await conn.close()
    template = await asyncpg.connect(with_database(url, "template_earshot"))
    await template.execute(MOCK_NOW)
    await migrate(template)
    await template.close()


@asynccontextmanager
async def fresh_database(postgres: str) -> AsyncIterator[str]:
    """Give the address of a fresh, migrated database; dropped at the end."""
    name = f"test_{uuid4().hex[:12]}"
    conn = await asyncpg.connect(postgres)
    await conn.execute(f"create database {name} template template_earshot")
    await conn.execute(f'alter database {name} set search_path = "$user", public, mock, pg_catalog')
    try:
        yield with_database(postgres, name)
    finally:
        await conn.execute(f"drop database {name} with (force)")
        await conn.close()


@pytest.fixture
async def database_url(postgres: str) -> AsyncIterator[str]:
    """The address of a fresh, migrated database."""
    async with fresh_database(postgres) as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections to a fresh database, as the program opens them."""
    opened = await store_pool.open_pool(database_url)
    yield opened
    opened.terminate()


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    """One connection to a fresh database, outside any transaction."""
    async with pool.acquire() as connection:
        yield connection
