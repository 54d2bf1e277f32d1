"""Rules over spans of time, in the database: once a span, by however many workers, with their cause, ended by
themselves."""

import asyncio
from datetime import datetime, timedelta

import pytest

from alerts.types import BrandId, GroupBy, RuleId, RuleKind, RuleMode, Urgency
from service.pipeline.alert import reconcile_all
from service.pipeline.watch import watch_due
from service.store import brand, clock, contact, ingest, rule
from service.store.pool import Connection, Pool
from tests import make
from tests.service.api.conftest import Place, judge, put_place

HOUR = timedelta(hours=1)


@pytest.fixture
async def place(conn: Connection) -> Place:
    now = await clock.now(conn)
    await contact.put(conn, name="On call", email="oncall@example.com", language="en", enabled=True, now=now)
    place = await put_place(conn)
    await conn.execute("update source set created_at = $1, last_success_at = $2", now - timedelta(weeks=6), now)
    return place


async def put_rule(
    conn: Connection, kind: RuleKind, mode: RuleMode = RuleMode.ACTIVE, **settings: float | str
) -> RuleId:
    group_by = GroupBy.SOURCE if kind is RuleKind.SOURCE_SILENCE else GroupBy.BRAND
    return await rule.put(
        conn,
        brand_id=None,
        kind=kind,
        name=kind,
        settings=settings,
        mode=mode,
        urgency=Urgency.HIGH,
        group_by=group_by,
        now=await clock.now(conn),
    )


async def say(conn: Connection, place: Place, texts: list[str], *, at: datetime, angry: bool = True) -> None:
    """Let as many posts be said, a second apart, and be judged; each tells a story of its own."""
    said = [
        make.mention(id=f"{at.isoformat()}-{n}", text=text, published_at=at - timedelta(seconds=n))
        for n, text in enumerate(texts)
    ]
    await ingest.ingest(conn, place.brand_id, place.source_id, said, now=await clock.now(conn))
    await judge(conn, place, make.analysis(angry=True) if angry else make.analysis())


async def say_usually(conn: Connection, place: Place, *, weeks: int, until: datetime) -> None:
    """One calm post every hour of the weeks before."""
    for day in range(weeks * 7):
        at = until - timedelta(days=day)
        said = [
            make.mention(id=f"{day}-{hour}", text="The tea was fine.", published_at=at - hour * HOUR)
            for hour in range(24)
        ]
        await ingest.ingest(conn, place.brand_id, place.source_id, said, now=await clock.now(conn))
        await judge(conn, place, make.analysis())


async def pass_time(conn: Connection, passed: timedelta) -> datetime:
    await conn.execute("update mock.clock set shift = shift + $1", passed)
    return await clock.now(conn)


async def incidents(conn: Connection) -> list[tuple[str, str]]:
    rows = await conn.fetch("select status, coalesce(resolution, '') as resolution from incident order by id")
    return [(row["status"], row["resolution"]) for row in rows]


async def test_a_spike_opens_one_incident_with_its_cause_and_tells_once(
    conn: Connection, pool: Pool, place: Place
) -> None:
    now = await clock.now(conn)
    await say_usually(conn, place, weeks=2, until=now - 3 * HOUR)
    await put_rule(conn, RuleKind.ANGER_SPIKE)
    await say(conn, place, [f"我在店裡看到蟑螂 {n}" for n in range(30)], at=now - timedelta(minutes=20))
    await asyncio.gather(*(watch_due(pool) for _ in range(3)))
    await pass_time(conn, timedelta(minutes=16))
    await watch_due(pool)
    await watch_due(pool)

    assert await incidents(conn) == [("triggered", "")]
    assert await conn.fetchval("select count(*) from notification") == 1
    reason = await conn.fetchval("select reason from alert order by id limit 1")
    assert reason["code"] == "anger_spike"
    assert reason["values"]["count"] == 30
    assert "蟑螂" in reason["values"]["terms"]
    assert await conn.fetchval("select alert_count from incident") == 1
    await pass_time(conn, timedelta(hours=8))
    await watch_due(pool)
    assert await incidents(conn) == [("resolved", "ended")]


async def test_a_worker_that_was_away_raises_what_the_others_would_have(
    conn: Connection, pool: Pool, place: Place
) -> None:
    now = await clock.now(conn)
    await put_rule(conn, RuleKind.NEGATIVE_SHARE, window="15m", share=0.5, min_count=5)
    await watch_due(pool)
    await say(conn, place, [f"You lied to me {n}" for n in range(8)], at=now + timedelta(minutes=2))
    await pass_time(conn, timedelta(hours=5))
    await watch_due(pool)
    late = {row["slot"] for row in await conn.fetch("select slot from alert")}
    await conn.execute("delete from alert")
    await conn.execute("update rule_check set checked_until = $1", now)
    await conn.execute("update mock.clock set shift = '0'")
    await conn.execute("delete from incident")
    for _ in range(12):
        await pass_time(conn, timedelta(minutes=5))
        await watch_due(pool)
    often = {row["slot"] for row in await conn.fetch("select slot from alert")}

    assert late == often
    assert len(late) == 3


async def test_a_rule_that_only_monitors_opens_nothing(conn: Connection, pool: Pool, place: Place) -> None:
    now = await clock.now(conn)
    await put_rule(conn, RuleKind.NEGATIVE_SHARE, RuleMode.MONITOR, window="1h", min_count=5)
    await say(conn, place, [f"You lied to me {n}" for n in range(8)], at=now - timedelta(minutes=20))
    await watch_due(pool)

    assert await conn.fetchval("select count(*) from alert") >= 1
    assert await incidents(conn) == []


async def test_a_silent_source_opens_an_incident_that_closes_when_it_speaks(
    conn: Connection, pool: Pool, place: Place
) -> None:
    now = await clock.now(conn)
    await say_usually(conn, place, weeks=1, until=now)
    await put_rule(conn, RuleKind.SOURCE_SILENCE)
    await watch_due(pool)
    assert await incidents(conn) == []
    for _ in range(4):
        now = await pass_time(conn, HOUR)
        await watch_due(pool)
    assert await incidents(conn) == [("triggered", "")]
    assert await conn.fetchval("select count(*) from alert") == 1
    await say(conn, place, ["Back again"], at=now, angry=False)
    await pass_time(conn, timedelta(minutes=20))
    await watch_due(pool)

    assert await incidents(conn) == [("resolved", "ended")]


async def test_a_rule_watches_its_own_brand_alone(conn: Connection, pool: Pool, place: Place) -> None:
    now = await clock.now(conn)
    other = await brand.ensure(conn, "Another", now=now)
    await rule.put(
        conn,
        brand_id=BrandId(other),
        kind=RuleKind.NEGATIVE_SHARE,
        name="Share",
        settings={"min_count": 5},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.HIGH,
        group_by=GroupBy.BRAND,
        now=now,
    )
    await say(conn, place, [f"You lied to me {n}" for n in range(8)], at=now - timedelta(minutes=20))
    await watch_due(pool)
    await reconcile_all(pool)

    assert await incidents(conn) == []
    assert await conn.fetchval("select count(*) from rule_check where brand_id = $1", other) == 1
