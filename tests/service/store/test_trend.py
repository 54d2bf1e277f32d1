"""Rollups: what the triggers keep is what a recount gives."""

from datetime import timedelta

from service.pipeline import maintain
from service.store import component, trend
from service.store.pool import Connection, Pool
from tests import make
from tests.service.api.conftest import put_mention, put_place


async def test_counts_that_something_spoilt_are_mended_and_told(pool: Pool, conn: Connection) -> None:
    place = await put_place(conn)
    for n in range(3):
        await put_mention(
            conn, place, make.mention(id=str(n), published_at=make.NOW - timedelta(hours=n)), make.analysis(angry=True)
        )
    await conn.execute("update mention set terms = '{soup}'")
    kept = await conn.fetch("table term_day")
    await conn.execute("update trend_hour set total = total + 1 where hour < $1", make.NOW - timedelta(hours=1))
    await conn.execute("delete from term_day")
    spoilt = await trend.drift(conn)
    await maintain.maintain(pool)
    told = {one.name: one for one in await component.every(conn)}["trends"]

    assert spoilt > 0
    assert await trend.drift(conn) == 0
    assert await conn.fetch("table term_day") == kept
    assert (told.healthy, told.detail) == (False, f"{spoilt} hours differed from a recount and were mended")
