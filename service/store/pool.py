"""Connections to Postgres, and the one place where its errors become ours."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from service import failpoints

log = logging.getLogger(__name__)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
T = TypeVar("T")

OLDEST_SERVER = 15
#: What a lost, refused or restarting server raises; the caller may try again.
UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    # A connection the server ended at the very moment it was used.
    asyncpg.InternalClientError,
)
#: A statement took longer than it may.
TOO_SLOW = asyncpg.QueryCanceledError
#: Postgres keeps somebody within their bounds (`service/store/bounds.py`).
OUT_OF_BOUNDS = asyncpg.InsufficientPrivilegeError


class StoreError(Exception):
    """The database cannot be used; the message says what to do. One line."""


class _Mortal(asyncpg.Connection):
    """Tells the failpoints of every statement answered; in use only where a test counts them."""

    async def execute(self, *args: Any, **options: Any) -> str:
        status = await super().execute(*args, **options)
        failpoints.answered()
        return status

    async def executemany(self, *args: Any, **options: Any) -> None:
        await super().executemany(*args, **options)
        failpoints.answered()

    async def fetch(self, *args: Any, **options: Any) -> Any:
        rows = await super().fetch(*args, **options)
        failpoints.answered()
        return rows

    async def fetchrow(self, *args: Any, **options: Any) -> Any:
        row = await super().fetchrow(*args, **options)
        failpoints.answered()
        return row

    async def fetchval(self, *args: Any, **options: Any) -> Any:
        value = await super().fetchval(*args, **options)
        failpoints.answered()
        return value


async def _prepare(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Speak JSON as Python values on this connection."""
    await conn.set_type_codec(
        "jsonb",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda value: orjson.loads(value[1:]),
        schema="pg_catalog",
        format="binary",
    )


async def _clean(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Leave nothing of who used this connection; `reset all` alone would leave their role."""
    await conn.execute(f"reset role; {conn.get_reset_query()}")


async def open_pool(
    url: str, *, size: int = 8, statement_timeout: timedelta = timedelta(seconds=30), actor: str = ""
) -> Pool:
    """Return a pool that prepares every connection for the store. What it does is the actor's doing, in the audit log;
    without one it is the program's own, and not written down."""
    settings = {
        "application_name": "earshot",
        "timezone": "UTC",
        "statement_timeout": str(int(statement_timeout.total_seconds() * 1000)),
        # What a month of a busy brand adds up to is counted and sorted in memory.
        "work_mem": "16MB",
        # Filters that a reader did not use are null parameters: only a plan made for the values at hand is good.
        "plan_cache_mode": "force_custom_plan",
        **({"earshot.actor": actor} if actor else {}),
    }
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=_prepare,
        reset=_clean,
        connection_class=_Mortal if failpoints.COUNTING else asyncpg.Connection,
        server_settings=settings,
        timeout=5,
        command_timeout=60,
    )


async def _server(url: str) -> tuple[int, bool]:
    """Return the server's version, and whether a commit that it confirms is on its disk."""
    conn = await asyncpg.connect(url, timeout=5)
    try:
        version = int(conn.get_server_version().major)
        return version, version < OLDEST_SERVER or await conn.fetchval("show synchronous_commit") != "off"
    finally:
        conn.terminate()


async def wait_until_reachable(url: str, *, patience: timedelta = timedelta(seconds=60)) -> None:
    """Return once the server answers. Raises StoreError when it does not in time, refuses us, is too old, or
    would lose in a crash what it confirmed."""
    end = time.monotonic() + patience.total_seconds()
    while True:
        try:
            version, is_durable = await _server(url)
            break
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise StoreError(
                f"Postgres refuses us: {error}; check user, password and name in EARSHOT_DATABASE_URL"
            ) from (error)
        except asyncpg.ClientConfigurationError as error:
            raise StoreError(
                f"Postgres cannot be asked so: {_one_line(error)}; correct EARSHOT_DATABASE_URL"
            ) from error
        except UNREACHABLE as error:
            if time.monotonic() >= end:
                raise StoreError(
                    f"Postgres did not answer for {patience.total_seconds():.0f} s ({_one_line(error)}); "
                    "start it, or correct EARSHOT_DATABASE_URL"
                ) from error
            await asyncio.sleep(0.5)
        except (ValueError, asyncpg.PostgresError) as error:
            raise StoreError(f"cannot use Postgres: {_one_line(error)}; correct EARSHOT_DATABASE_URL") from error
    if version < OLDEST_SERVER:
        raise StoreError(f"Postgres {version} is too old; Earshot needs {OLDEST_SERVER} or newer: upgrade the server")
    if not is_durable:
        raise StoreError(
            "Postgres confirms commits before they are on its disk, so that a crash would lose mentions; "
            "set synchronous_commit to on for Earshot's database"
        )


async def commit(pool: Pool, write: Callable[[Connection], Awaitable[T]], *, within: timedelta) -> T:
    """Write in one transaction, again as long as the server is away, so that work in hand outlives its restart. Nobody
    may know whether a commit that was cut off took place: what is written must be fenced by a lease's token."""
    end = time.monotonic() + within.total_seconds()
    while True:
        try:
            async with pool.acquire() as conn, conn.transaction():
                return await write(conn)
        except UNREACHABLE as error:
            if time.monotonic() >= end:
                raise
            log.warning("database unreachable; work in hand waits for it", extra={"reason": _one_line(error)})
            await asyncio.sleep(0.5)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@asynccontextmanager
async def listening(url: str, channel: str) -> AsyncIterator["asyncio.Queue[str | None]"]:
    """Give the payloads notified on a channel, in order; None ends them when the connection is lost."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    def hear(_conn: Any, _pid: int, _channel: str, payload: object) -> None:
        queue.put_nowait(str(payload))

    conn = await asyncpg.connect(url, timeout=5)
    try:
        conn.add_termination_listener(lambda _conn: queue.put_nowait(None))
        await conn.add_listener(channel, hear)
        yield queue
    finally:
        conn.terminate()


async def knows_letters(conn: Connection) -> bool:
    """Whether the database's character type tells Chinese and Thai letters from signs, as text search needs."""
    return bool(await conn.fetchval(r"select '服務' ~ '^\w+$' and 'บริการ' ~ '\w'"))
