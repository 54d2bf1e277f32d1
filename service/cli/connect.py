"""How a command reaches its database: an external one, or the embedded server, started or adopted."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from service import database
from service.settings import Settings, read_settings
from service.store.migrate import is_current
from service.store.pool import Pool, StoreError, open_pool, wait_until_reachable

T = TypeVar("T")


async def reachable_database(settings: Settings) -> str:
    """Return the address of a server that answers. Raises DatabaseError or StoreError."""
    url = settings.database_url
    if url is None:
        url = (await asyncio.to_thread(database.ensure_running, database.server_folder(settings.data_dir))).url
    await wait_until_reachable(url, patience=timedelta(seconds=settings.database_patience))
    return url


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Pool]:
    """Give connections to a database that has today's schema. Raises DatabaseError or StoreError."""
    pool = await open_pool(await reachable_database(settings), actor=f"command line: {_sitter()}")
    try:
        async with pool.acquire() as conn:
            if not await is_current(conn):
                raise StoreError("the database has another schema than this program; run `earshot migrate`")
        yield pool
    finally:
        pool.terminate()


def _sitter() -> str:
    """Return the name of who sits at the command line; a container's user may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def run(command: Callable[[Settings, Pool], Awaitable[T]]) -> T:
    """Run a command that needs settings and a current database; an embedded server it started is stopped again."""

    async def running() -> T:
        async with connected(settings) as pool:
            return await command(settings, pool)

    settings = read_settings()
    started_here = settings.database_url is None and not _is_running(settings)
    try:
        return asyncio.run(running())
    finally:
        if started_here:
            database.stop(database.server_folder(settings.data_dir))


def _is_running(settings: Settings) -> bool:
    return database.running_pid(database.server_folder(settings.data_dir)) is not None
