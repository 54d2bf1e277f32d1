"""Incidents under many hands at once: one is open for a key, one person takes it, nobody is told after that."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from alerts import incidents
from alerts.incidents import Outcome
from alerts.types import IncidentEvent, IncidentEventKind, IncidentId, IncidentStatus, Resolution
from service.pipeline.alert import reconcile_all
from service.pipeline.analyse import analyse_due
from service.store import clock, incident, ingest
from service.store.pool import Connection, Pool
from tests import make
from tests.service.pipeline.test_storm import Furious
from tests.service.watched import FURIOUS, FURIOUS_EN, Watched, watch


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    return await watch(conn, "http://127.0.0.1/feed")


async def bring(conn: Connection, pool: Pool, watched: Watched, *texts: str, start: int = 0) -> None:
    said = [make.mention(id=str(start + n), text=text) for n, text in enumerate(texts)]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
    await analyse_due(pool, Furious())


async def test_many_workers_open_one_incident_for_one_matter(conn: Connection, pool: Pool, watched: Watched) -> None:
    said = [make.mention(id=str(n), text=FURIOUS) for n in range(1000)]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
    await asyncio.gather(*(analyse_due(pool, Furious()) for _ in range(8)))

    assert [tuple(row) for row in await conn.fetch("select status, alert_count from incident")] == [("triggered", 1000)]
    assert await conn.fetchval("select count(*) from notification") == 1


async def test_one_of_many_who_acknowledge_at_once_has_it(conn: Connection, pool: Pool, watched: Watched) -> None:
    await bring(conn, pool, watched, FURIOUS)

    async def take(who: str) -> bool:
        async with pool.acquire() as own, own.transaction():
            acted = await incident.acknowledge(own, IncidentId(1), by=who, now=await clock.now(own))
        assert acted is not None
        return acted.changed

    took = await asyncio.gather(*(take(f"person {n}") for n in range(8)))

    assert sum(took) == 1
    (entry,) = [one for one in await incident.timeline(conn, IncidentId(1)) if one.kind == "acknowledged"]
    assert entry.actor == f"person {took.index(True)}"


async def test_who_decides_about_an_incident_keeps_nobody_from_writing_of_it(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    await bring(conn, pool, watched, FURIOUS)
    now = await clock.now(conn)
    # Whoever owes about it holds contacts, for which who decides may wait: neither may wait for the other.
    async with pool.acquire() as decides, decides.transaction():
        await incident.act(decides, IncidentId(1), lambda one: incidents.note(one, text="Mine", actor="mei", now=now))
        await conn.execute("set lock_timeout = '2s'")
        await incident.note_once(conn, IncidentId(1), IncidentEvent(kind=IncidentEventKind.SUPPRESSED, at=now))

    assert [one.kind for one in await incident.timeline(conn, IncidentId(1))][-2:] == ["noted", "suppressed"]


async def test_nothing_is_owed_after_an_acknowledgement_whoever_comes_first(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    random = Random(5)
    for n in range(30):
        await bring(conn, pool, watched, f"{FURIOUS_EN} {n * 7919}", start=n)
        latest = IncidentId(await conn.fetchval("select max(id) from incident"))
        await conn.execute("delete from notification where incident_id = $1", latest)

        async def take(which: IncidentId = latest) -> None:
            async with pool.acquire() as own, own.transaction():
                await incident.acknowledge(own, which, by="mei", now=await clock.now(own))

        race = [take(), reconcile_all(pool), reconcile_all(pool)]
        random.shuffle(race)
        await asyncio.gather(*race)
        before = await conn.fetchval("select count(*) from notification where incident_id = $1", latest)
        await reconcile_all(pool)
        after = await conn.fetchval("select count(*) from notification where incident_id = $1", latest)

        assert before == after <= 1


async def test_what_joins_a_merged_incident_goes_where_the_work_goes_on(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    await bring(conn, pool, watched, FURIOUS, FURIOUS_EN)
    now = await clock.now(conn)
    async with conn.transaction():
        acted = await incident.merge(conn, IncidentId(1), into=IncidentId(2), by="mei", now=now)
    assert acted is not None
    assert (acted.incident.resolution, acted.incident.merged_into) == (Resolution.MERGED, 2)
    await bring(conn, pool, watched, FURIOUS + "！", start=5)

    rows = await conn.fetch("select id, status, alert_count from incident order by id")
    assert [tuple(row) for row in rows] == [(1, "resolved", 1), (2, "triggered", 3)]
    assert await conn.fetchval("select count(*) from alert where incident_id = 2") == 3


async def test_what_cannot_be_merged_stays_as_it_is(conn: Connection, pool: Pool, watched: Watched) -> None:
    await bring(conn, pool, watched, FURIOUS, FURIOUS_EN)
    now = await clock.now(conn)
    await incident.resolve(conn, IncidentId(2), by="mei", resolution=Resolution.ANSWERED, now=now)
    into_closed = await incident.merge(conn, IncidentId(1), into=IncidentId(2), by="mei", now=now)
    closed = await incident.merge(conn, IncidentId(2), into=IncidentId(1), by="mei", now=now)

    assert into_closed is not None
    assert closed is not None
    assert (into_closed.refused, closed.refused) == (Outcome.REFUSED_TARGET, Outcome.REFUSED_RESOLVED)


async def test_a_snooze_ends_by_itself_and_tells_again(conn: Connection, pool: Pool, watched: Watched) -> None:
    await bring(conn, pool, watched, FURIOUS)
    now = await clock.now(conn)
    await incident.act(
        conn, IncidentId(1), lambda one: incidents.snooze(one, until=now + timedelta(hours=1), actor="mei", now=now)
    )
    await reconcile_all(pool)
    assert await incident.count_by_status(conn) == {IncidentStatus.SNOOZED: 1}
    await conn.execute("update mock.clock set shift = shift + interval '1 hour'")
    await reconcile_all(pool)

    assert await incident.count_by_status(conn) == {IncidentStatus.TRIGGERED: 1}
    assert await conn.fetchval("select array_agg(cycle order by cycle) from notification") == [1, 2]


async def test_a_graver_post_wakes_what_somebody_had(conn: Connection, pool: Pool, watched: Watched) -> None:
    await bring(conn, pool, watched, FURIOUS)
    await incident.acknowledge(conn, IncidentId(1), by="mei", now=await clock.now(conn))

    class Grave(Furious):
        severity = 0.95

    said = [make.mention(id="grave", text=FURIOUS + "！！")]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
    await analyse_due(pool, Grave())

    kinds = [one.kind for one in await incident.timeline(conn, IncidentId(1))]
    assert kinds == ["opened", "acknowledged", "joined", "worsened"]
    assert await conn.fetchval("select severity from incident") == "critical"
