"""Quiet while it lasts, recorded all the same, told at the end."""

from datetime import timedelta

import pytest

from alerts.silence import SilenceKind
from alerts.types import BrandId, GroupBy, RuleKind, RuleMode, Urgency
from service.pipeline.alert import reconcile_all
from service.pipeline.analyse import analyse_due
from service.pipeline.watch import watch_due
from service.store import clock, ingest, rule, silence
from service.store.pool import Connection, Pool
from tests import make
from tests.service.pipeline.test_storm import Furious
from tests.service.watched import FURIOUS, Watched, watch


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    return await watch(conn, "http://127.0.0.1/feed")


async def keep_quiet(conn: Connection, brand_id: BrandId | None = None) -> None:
    now = await clock.now(conn)
    await silence.add(
        conn,
        kind=SilenceKind.MAINTENANCE,
        brand_id=brand_id,
        rule_id=None,
        source_id=None,
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        reason="The till is being replaced",
        author="mei",
        now=now,
    )


async def rage(conn: Connection, pool: Pool, watched: Watched, n: int = 1) -> None:
    said = [make.mention(id=str(k), text=FURIOUS + "！" * k, published_at=None) for k in range(n)]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
    await analyse_due(pool, Furious())


async def owed(conn: Connection) -> int:
    return int(await conn.fetchval("select count(*) from notification"))


async def test_nobody_is_told_while_it_lasts_and_everybody_at_its_end(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    await keep_quiet(conn, watched.brand_id)
    await rage(conn, pool, watched)
    await reconcile_all(pool)
    await reconcile_all(pool)
    assert await owed(conn) == 0
    kinds = [row["kind"] for row in await conn.fetch("select kind from incident_event order by id")]
    assert kinds == ["opened", "suppressed"]
    assert "The till is being replaced (mei)" in await conn.fetchval(
        "select detail ->> 'by' from incident_event where kind = 'suppressed'"
    )
    await conn.execute("update mock.clock set shift = shift + interval '1 hour'")
    await reconcile_all(pool)

    assert await owed(conn) == 1


async def test_what_was_taken_up_meanwhile_is_not_told_at_the_end(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    await keep_quiet(conn)
    await rage(conn, pool, watched)
    await conn.execute(
        "update incident set status = 'acknowledged', acknowledged_at = opened_at, acknowledged_by = 'a'"
    )
    await conn.execute("update mock.clock set shift = shift + interval '1 hour'")
    await reconcile_all(pool)

    assert await owed(conn) == 0


async def test_a_spike_that_a_told_story_causes_is_kept_quiet_until_the_story_is_resolved(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    now = await clock.now(conn)
    await conn.execute("update source set created_at = $1", now - timedelta(weeks=4))
    await rule.put(
        conn,
        brand_id=None,
        kind=RuleKind.ANGER_SPIKE,
        name="Anger spike",
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.HIGH,
        group_by=GroupBy.BRAND,
        now=now,
    )
    await rage(conn, pool, watched, 30)
    assert await owed(conn) == 1
    await conn.execute("update mock.clock set shift = shift + interval '16 minutes'")
    await watch_due(pool)
    await reconcile_all(pool)
    assert await conn.fetchval("select count(*) from incident") == 2
    spike = await conn.fetchval("select max(id) from incident")
    assert await conn.fetchval("select count(*) from notification where incident_id = $1", spike) == 0
    story = await conn.fetchval("select min(id) from incident")
    detail = "select detail from incident_event where kind = 'suppressed' and incident_id = $1"
    assert (await conn.fetchval(detail, spike))["incident"] == story
    await conn.execute(
        "update incident set status = 'resolved', resolved_at = $1, resolution = 'answered' where id = $2", now, story
    )
    await reconcile_all(pool)

    assert await conn.fetchval("select count(*) from notification where incident_id = $1", spike) == 1
