"""`python -m tests.benchmarks.store_scale`: loads a million mentions, or as many as asked, and times every question."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from service import database
from service.store.migrate import migrate
from service.store.pool import Pool, open_pool
from tests.benchmarks import store_load, store_queries
from tests.benchmarks.budget import table
from tests.benchmarks.places import open_folder

_SIZES = """
    select relname, pg_total_relation_size(oid) as bytes from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_total_relation_size(oid) > 1000000
    order by bytes desc
"""
_ARCHIVE = "mention_search"


def _arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.store_scale", description=__doc__)
    parser.add_argument("--mentions", type=int, default=1_000_000, help="how many (1,000,000)")
    parser.add_argument("--turns", type=int, default=20, help="how often each question is asked (20)")
    parser.add_argument("--only", default="", help="only questions with this in their name")
    parser.add_argument("--folder", type=Path, help="keep the database there, and go on with the one that is there")
    return parser.parse_args(given)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with open_folder() as fresh:
            yield fresh
    else:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[Pool]:
    """Give connections to the folder's database, as an installation has them."""
    server = database.ensure_running(folder / "postgres")
    pool = await open_pool(server.url)
    try:
        async with pool.acquire() as conn:
            await migrate(conn)
        yield pool
    finally:
        pool.terminate()
        database.stop(folder / "postgres")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def disk_use(pool: Pool, count: int) -> str:
    """Return what the tables and their indexes take, the archive's index apart."""
    sizes = {row["relname"]: row["bytes"] for row in await pool.fetch(_SIZES)}
    lines = [f"  {name:<20} {size / 1e6:>10,.0f} MB" for name, size in sizes.items() if name != _ARCHIVE]
    apart = sizes.get(_ARCHIVE, 0)
    whole = sum(sizes.values()) - apart
    return "\n".join(
        [
            f"disk use, {count:,} mentions: {whole / 1e6:,.0f} MB ({whole / count:,.0f} B a mention)",
            *lines,
            f"apart: the archive's index {apart / 1e6:,.0f} MB ({apart / count:,.0f} B a mention)",
        ]
    )


async def main(given: list[str]) -> int:
    """Load, measure, print; 1 where a budget is missed."""
    asked = _arguments(given)
    with _folder(asked.folder) as folder:
        async with _served(folder) as pool:
            await store_load.load(pool, asked.mentions, _tell)
            print(await disk_use(pool, asked.mentions), flush=True)
            _tell(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            lines = [line async for line in store_queries.measure(pool, turns=asked.turns, only=asked.only)]
    print(table(lines))
    return 0 if all(line.holds for line in lines) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
