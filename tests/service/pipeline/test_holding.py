"""Somebody acknowledges and forgets: reminded by e-mail, then whoever is on duty is told again."""

from dataclasses import dataclass
from datetime import time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from alerts import holding
from alerts.escalation import Step
from alerts.holding import Hold
from alerts.types import ContactId, IncidentId, QuietHours, Urgency
from service.pipeline.deliver import deliver_next, email_channel
from service.settings import Settings
from service.store import clock, contact, incident, policy
from service.store.pool import Connection, Pool
from tests.places import Mailbox
from tests.service.pipeline.test_escalation import MINUTE, person, rage, told, walk
from tests.service.watched import Watched, watch

ACK = Hold(after=40 * MINUTE)


@dataclass(frozen=True)
class Taken:
    """An incident that Ann has."""

    incident_id: IncidentId
    watched: Watched
    mei: ContactId


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    return await watch(conn, "http://127.0.0.1/feed")


@pytest.fixture
async def taken(conn: Connection, pool: Pool, watched: Watched) -> Taken:
    await person(conn, "Ann")
    mei = await person(conn, "Mei")
    now = await clock.now(conn)
    steps = [Step(contacts=(mei,), wait=5 * MINUTE)]
    boss = await person(conn, "Boss")
    policy_id = await policy.put(conn, name="Care", steps=steps, repeats=0, last_resort=boss, hold=ACK, now=now)
    await conn.execute("update rule set policy_id = $2 where id = $1", watched.rule_id, policy_id)
    incident_id = await rage(conn, pool, watched)
    async with conn.transaction():
        await incident.acknowledge(conn, incident_id, by="ann", now=await clock.now(conn))
    return Taken(incident_id=incident_id, watched=watched, mei=mei)


async def kinds(conn: Connection, one: Taken) -> list[str]:
    return [entry.kind for entry in await incident.timeline(conn, one.incident_id)]


async def test_the_holder_is_reminded_then_whoever_is_on_duty_is_told_again(
    conn: Connection, pool: Pool, taken: Taken
) -> None:
    reached = []
    for minutes in (29, 1, 9, 1):
        await walk(conn, pool, minutes, workers=3)
        reached.append((await told(conn))[1:])

    assert reached[0] == []
    assert reached[1] == reached[2] == ["Ann reminder 1 acknowledged"]
    assert reached[3] == ["Ann reminder 1 acknowledged", "Mei first 0 reopened"]
    assert (await kinds(conn, taken))[-1] == "lapsed"


async def test_still_on_it_once_then_not(conn: Connection, pool: Pool, taken: Taken) -> None:
    await walk(conn, pool, 30)
    now = await clock.now(conn)
    async with conn.transaction():
        await incident.act(conn, taken.incident_id, lambda one: holding.keep(one, actor="ann", now=now))
    reached = []
    for minutes in (29, 1, 10):
        await walk(conn, pool, minutes)
        reached.append((await told(conn))[2:])

    assert reached == [
        [],
        ["Ann reminder 2 acknowledged"],
        ["Ann reminder 2 acknowledged", "Mei first 0 reopened"],
    ]


async def test_after_a_night_without_workers_the_reminder_comes_first(
    conn: Connection, pool: Pool, taken: Taken
) -> None:
    await walk(conn, pool, 8 * 60)
    first = (await told(conn))[1:]
    await walk(conn, pool, 10)

    assert first == ["Ann reminder 1 acknowledged"]
    assert (await told(conn))[1:] == [*first, "Mei first 0 reopened"]


async def test_where_the_holder_is_no_contact_those_who_were_told_are_reminded(
    conn: Connection, pool: Pool, taken: Taken
) -> None:
    await conn.execute("update incident set acknowledged_by = 'Somebody at the desk'")
    await walk(conn, pool, 30)

    assert (await told(conn))[1:] == ["Mei reminder 1 acknowledged"]


async def test_quiet_hours_put_the_reminder_and_the_end_off(conn: Connection, pool: Pool, taken: Taken) -> None:
    ends = (await clock.now(conn) + timedelta(hours=6)).astimezone(ZoneInfo("UTC"))
    every = frozenset(Urgency)
    quiet = QuietHours(starts=time(ends.hour + 1 if ends.hour < 23 else 0), ends=time(ends.hour), urgencies=every)
    now = await clock.now(conn)
    await contact.put(
        conn, name="Ann", email="ann@example.com", language="en", enabled=True, zone="UTC", quiet=quiet, now=now
    )
    await walk(conn, pool, 5 * 60)
    asleep = (await told(conn))[1:]
    await walk(conn, pool, 60)

    assert asleep == []
    assert (await told(conn))[1:] == ["Ann reminder 1 acknowledged"]
    assert "lapsed" not in await kinds(conn, taken)


async def test_the_reminder_says_what_to_do_and_by_when_and_none_leaves_once_somebody_did(
    conn: Connection, pool: Pool, taken: Taken, mailbox: Mailbox
) -> None:
    await conn.execute("update notification set state = 'superseded'")
    channel = email_channel(Settings(smtp_url=mailbox.url))
    assert channel is not None
    await walk(conn, pool, 30)
    await deliver_next(pool, channel, public_url="http://127.0.0.1", random=Random(1))
    await conn.execute("update notification set state = 'pending', sent_at = null where purpose = 'reminder'")
    now = await clock.now(conn) + MINUTE
    async with conn.transaction():
        await incident.act(conn, taken.incident_id, lambda one: holding.keep(one, actor="ann", now=now))
    await deliver_next(pool, channel, public_url="http://127.0.0.1", random=Random(1))
    (mail,) = mailbox.mails

    assert "Still on it?" in str(mail["Subject"])
    body = mail.get_body(("plain",))
    assert body is not None
    assert "ann acknowledged this incident" in body.get_content()
    assert await conn.fetchval("select state from notification where purpose = 'reminder'") == "superseded"
