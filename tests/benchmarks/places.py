"""A database of its own for a benchmark, durable as in production."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from service import database
from service.store.migrate import migrate
from service.store.pool import Pool, open_pool


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder that the database's user can walk into."""
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@asynccontextmanager
async def migrated() -> AsyncIterator[tuple[str, Pool]]:
    """Give the address of a fresh server and connections to it."""
    with open_folder() as root:
        server = database.ensure_running(root / "postgres")
        pool = await open_pool(server.url)
        try:
            async with pool.acquire() as conn:
                await migrate(conn)
            yield server.url, pool
        finally:
            pool.terminate()
            database.stop(root / "postgres")
