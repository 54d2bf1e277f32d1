"""The benchmark of the store at scale, in short: that it works, not how long it takes."""

import pytest

from service.store import trend
from service.store.pool import Connection, Pool
from tests.benchmarks import store_load, store_queries
from tests.benchmarks.store_scale import disk_use

_COUNT, _CHUNK = 6_000, 2_500


class _Cut(Exception):
    """Somebody ended the run."""


async def test_a_load_that_was_cut_off_goes_on_and_every_question_has_an_answer(pool: Pool, conn: Connection) -> None:
    def cut(line: str) -> None:
        raise _Cut(line)

    with pytest.raises(_Cut, match="2,500 of 6,000"):
        await store_load.load(pool, _COUNT, cut, chunk=_CHUNK)
    told: list[str] = []
    for _ in range(2):
        await store_load.load(pool, _COUNT, told.append, chunk=_CHUNK)

    assert told == [
        "5,000 of 6,000 mentions loaded",
        "6,000 of 6,000 mentions loaded",
        "indexes, rollups and statistics",
    ]
    assert await conn.fetchval("select count(*) from mention") == _COUNT
    assert await trend.drift(conn) == 0
    assert "apart: the archive's index" in await disk_use(pool, _COUNT)
    lines = [line async for line in store_queries.measure(pool, turns=1)]
    assert {line.what for line in lines} >= {"newest page, a brand", "trend, 30 days hourly, a brand"}
