"""Nobody acknowledges: who is told next, by which version of the policy, run late, twice and by three workers."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from alerts.escalation import Step
from alerts.holding import Hold
from alerts.oncall import Layer, ScheduleId
from alerts.types import ContactId, IncidentId, PolicyId
from service.cli.doctor import check_on_call
from service.pipeline.alert import reconcile_all
from service.pipeline.analyse import analyse_due
from service.pipeline.owing import escalate_due
from service.store import clock, contact, incident, ingest, policy, schedule
from service.store.pool import Connection, Pool
from tests import make
from tests.service.pipeline.test_storm import Furious
from tests.service.watched import FURIOUS, Watched, watch

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    return await watch(conn, "http://127.0.0.1/feed")


async def person(conn: Connection, name: str) -> ContactId:
    email = f"{name.lower()}@example.com"
    now = await clock.now(conn)
    return await contact.put(conn, name=name, email=email, language="en", enabled=True, now=now)


async def duty(conn: Connection, *members: ContactId) -> ScheduleId:
    now = await clock.now(conn)
    layer = Layer(members=members, starts=(now - timedelta(days=1)).replace(tzinfo=None), turn=timedelta(days=7))
    return await schedule.put(conn, name="Care", zone="UTC", layers=[layer], now=now)


async def route(conn: Connection, watched: Watched, steps: Sequence[Step], *, repeats: int = 0) -> PolicyId:
    """Let the rule go by a policy."""
    boss = await person(conn, "Boss")
    now = await clock.now(conn)
    policy_id = await policy.put(
        conn, name="Care", steps=steps, repeats=repeats, last_resort=boss, hold=Hold(), now=now
    )
    await conn.execute("update rule set policy_id = $2 where id = $1", watched.rule_id, policy_id)
    return policy_id


async def rage(conn: Connection, pool: Pool, watched: Watched) -> IncidentId:
    said = [make.mention(id="1", text=FURIOUS, published_at=None)]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
    await analyse_due(pool, Furious())
    return IncidentId(await conn.fetchval("select id from incident"))


async def walk(conn: Connection, pool: Pool, minutes: int, *, workers: int = 1) -> None:
    """Let time pass; then every worker reconciles, twice."""
    await conn.execute("update mock.clock set shift = shift + $1", minutes * MINUTE)
    for _ in range(2):
        await asyncio.gather(*(reconcile_all(pool) for _ in range(workers)))


async def told(conn: Connection) -> list[str]:
    rows = await conn.fetch(
        """
        select c.name, n.purpose, n.seq, n.reason from notification n join contact c on c.id = n.contact_id
        order by n.created_at, c.name
        """
    )
    return [f"{row['name']} {row['purpose']} {row['seq']} {row['reason']}" for row in rows]


async def test_each_step_comes_at_its_minute_then_all_again_then_the_last_resort(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    steps = [
        Step(schedules=(await duty(conn, ann),), wait=5 * MINUTE),
        Step(contacts=(mei,), wait=10 * MINUTE),
    ]
    await route(conn, watched, steps, repeats=1)
    await rage(conn, pool, watched)
    reached = []
    for minutes in (4, 1, 9, 1, 5, 10, 60):
        await walk(conn, pool, minutes, workers=3)
        reached.append(len(await told(conn)))

    assert reached == [1, 2, 2, 3, 4, 5, 5]
    assert await told(conn) == [
        "Ann first 0 opened",
        "Mei again 1 unacknowledged",
        "Ann again 2 unacknowledged",
        "Mei again 3 unacknowledged",
        "Boss again 4 last_resort",
    ]


async def test_however_many_wait_before_it_an_incident_comes_to_its_next_step(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    await route(conn, watched, [Step(contacts=(ann,), wait=5 * MINUTE), Step(contacts=(mei,), wait=5 * MINUTE)])
    incident_id = await rage(conn, pool, watched)
    # Nobody was told of these yet.
    await conn.execute(
        """
        insert into incident (id, rule_id, brand_id, group_key, status, urgency, opened_at, last_alert_at, called_at,
            level_at, policy_version_id) overriding system value
        select -n, rule_id, brand_id, group_key || n, status, urgency, opened_at, last_alert_at, called_at, level_at,
            policy_version_id
        from incident, generate_series(1, 600) n
        """
    )
    async with conn.transaction():
        await escalate_due(conn, now=await clock.now(conn) + 6 * MINUTE)

    assert await conn.fetchval("select level from incident where id = $1", incident_id) == 1
    assert await conn.fetchval("select max(level) from incident where id < 0") == 0


async def test_after_downtime_one_step_is_taken_late(conn: Connection, pool: Pool, watched: Watched) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    steps = [Step(contacts=(ann,), wait=5 * MINUTE), Step(contacts=(mei,), wait=5 * MINUTE)]
    await route(conn, watched, steps)
    incident_id = await rage(conn, pool, watched)
    await walk(conn, pool, 6 * 60)
    lines = [one.detail for one in await incident.timeline(conn, incident_id) if one.kind == "escalated"]

    assert await told(conn) == ["Ann first 0 opened", "Mei again 1 unacknowledged"]
    assert [line["level"] for line in lines] == [1]
    assert 355 * 60 <= lines[0]["late_by"] < 356 * 60


async def test_no_step_is_taken_after_an_acknowledgement(conn: Connection, pool: Pool, watched: Watched) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    steps = [Step(contacts=(ann,), wait=MINUTE), *(Step(contacts=(mei,), wait=MINUTE) for _ in range(9))]
    await route(conn, watched, steps, repeats=5)
    incident_id = await rage(conn, pool, watched)

    async def acknowledge() -> None:
        async with pool.acquire() as own, own.transaction():
            await incident.acknowledge(own, incident_id, by="ann", now=await clock.now(own))

    for _ in range(20):
        await conn.execute("update mock.clock set shift = shift + $1", MINUTE)
        await asyncio.gather(reconcile_all(pool), acknowledge(), reconcile_all(pool))
        kinds = [one.kind for one in await incident.timeline(conn, incident_id)]
        assert "escalated" not in kinds[kinds.index("acknowledged") :]
        await conn.execute("delete from incident_event where kind = 'acknowledged'")
        await conn.execute("update incident set status = 'triggered', acknowledged_at = null, acknowledged_by = null")


async def test_a_policy_that_is_changed_or_removed_does_not_change_an_incident_that_is_open(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    steps = [Step(contacts=(ann,), wait=5 * MINUTE), Step(contacts=(mei,), wait=5 * MINUTE)]
    policy_id = await route(conn, watched, steps)
    await rage(conn, pool, watched)
    sai = await person(conn, "Sai")
    await route(conn, watched, [Step(contacts=(sai,), wait=MINUTE)])
    await policy.remove(conn, policy_id)
    await walk(conn, pool, 5)
    assert await told(conn) == ["Ann first 0 opened", "Mei again 1 unacknowledged"]

    await contact.remove(conn, mei)
    await walk(conn, pool, 0)
    assert (await told(conn))[-1] == "Boss again 1 last_resort"


async def test_whoever_comes_back_by_mail_is_passed_over_at_once(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    await route(conn, watched, [Step(contacts=(ann,), wait=60 * MINUTE), Step(contacts=(mei,), wait=60 * MINUTE)])
    await rage(conn, pool, watched)
    await conn.execute("update notification set state = 'failed', error = 'no such user'")
    await walk(conn, pool, 0)

    assert await told(conn) == ["Ann first 0 opened", "Mei again 1 unacknowledged"]


async def test_the_last_resort_is_told_where_nobody_is_on_call(conn: Connection, pool: Pool, watched: Watched) -> None:
    ann = await person(conn, "Ann")
    steps = [Step(schedules=(await duty(conn, ann),), wait=5 * MINUTE)]
    await conn.execute("update schedule_layer set starts = starts + interval '30 days'")
    await route(conn, watched, steps)
    await rage(conn, pool, watched)

    assert await told(conn) == ["Boss first 0 last_resort"]


async def test_the_doctor_names_hours_and_people_that_an_incident_would_not_find(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    ann = await person(conn, "Ann")
    await route(conn, watched, [Step(schedules=(await duty(conn, ann),), wait=5 * MINUTE)])
    well = await check_on_call(pool)
    await conn.execute("update schedule_layer set starts = starts + interval '3 days'")
    await conn.execute("update contact set enabled = false where name = 'Boss'")
    ill = await check_on_call(pool)

    assert (well.ok, ill.ok) == (True, False)
    assert "the last resort of policy Care (Boss) cannot be told" in ill.detail
    assert "nobody is on call by schedule Care from " in ill.detail
