"""The auditor: quiet while all is as promised; names whatever is not."""

from collections.abc import Mapping, Sequence

import pytest

from analysis.types import Analyser
from collectors.types import SourceKind
from service.pipeline.analyse import analyse_due
from service.pipeline.maintain import audit
from service.store import clock, component, ingest, invariant
from service.store.invariant import Invariant
from service.store.pool import Connection, Pool
from tests import make
from tests.service.watched import FURIOUS, Watched, watch

#: What breaks each, in a database with one incident and the message about it; some in several ways.
BREAKS: Mapping[Invariant, Sequence[str]] = {
    Invariant.UNTOLD: (
        "delete from notification",
        # Whom a rule names may be told, and everybody where it names nobody.
        "delete from notification; delete from rule_contact",
        "delete from notification; update incident set policy_version_id = version.id from version",
        # Kept quiet it was, and is no more.
        """
        delete from notification;
        insert into silence (kind, starts_at, ends_at, reason, author, created_at)
        values ('silence', mock.now() - interval '1 hour', mock.now(), 'Fair', 'Mei', mock.now())""",
    ),
    Invariant.STALLED: (
        "update incident set policy_version_id = version.id from version",
        # A level was come to, and nobody told of it.
        "update incident set policy_version_id = version.id, level = 1 from version",
        "update incident set policy_version_id = version.id, level = 2 from version",
    ),
    Invariant.STUCK: (
        "update notification set state = 'sending', lease_token = gen_random_uuid(), lease_until = mock.now()",
        """
        with w as (
            insert into webhook (name, url, events, secret, created_at)
            values ('Desk', 'https://desk.example', '{mention.angry}', 'whsec_x', mock.now()) returning id)
        insert into webhook_delivery (webhook_id, kind, subject, happened_at, state, not_before, lease_until,
            lease_token)
        select id, 'mention.angry', 'x', mock.now(), 'sending', mock.now(), mock.now(), gen_random_uuid() from w""",
    ),
    Invariant.LATE: (
        "update notification set not_before = mock.now()",
        """
        insert into delivery_attempt (notification_id, n, started_at, ended_at, outcome, stage, detail)
        select id, 1, mock.now() - interval '1 hour', mock.now(), 'temporary', 'connect', '' from notification""",
    ),
    Invariant.TWICE_OPEN: (
        """
        drop index incident_open;
        insert into incident (rule_id, brand_id, group_key, status, urgency, opened_at, last_alert_at, called_at,
            level_at)
        select rule_id, brand_id, group_key, 'acknowledged', urgency, opened_at, last_alert_at, called_at, level_at
        from incident""",
    ),
    Invariant.ALERT_ASTRAY: (
        """
        insert into alert (rule_id, mention_id, version, model, reason, at, slot)
        select rule_id, mention_id, version, 'other@1', reason, at, at from alert""",
        # The first that a rule ever had.
        "update alert set incident_id = null; delete from notification; delete from incident",
    ),
    Invariant.UNCOUNTED: (
        """
        insert into fetch_log (source_id, started_at, finished_at, outcome, seen)
        select id, mock.now(), mock.now(), 'collected', 3 from source""",
    ),
    Invariant.UNJUDGED: (
        "insert into analysis_todo (mention_id, version, priority, due) select id, 1, 1, mock.now() from mention",
        # It waits nowhere.
        "update mention set analysed_at = null",
    ),
    Invariant.UNANSWERED_FAILURE: ("update notification set state = 'failed'",),
    Invariant.FORGOTTEN: (
        """
        update incident set status = 'acknowledged', acknowledged_at = mock.now() - interval '30 minutes',
            tended_at = mock.now() - interval '30 minutes', acknowledged_by = 'Mei', policy_version_id = version.id
        from version""",
    ),
    Invariant.AFTER_ACKNOWLEDGED: (
        """
        insert into incident_event (incident_id, at, kind)
        select id, mock.now(), kind from incident, unnest(array['acknowledged', 'escalated']) kind""",
    ),
    Invariant.UNCOVERED: (
        "update rule set policy_id = version.policy_id from version; update policy_version set last_resort = null",
    ),
    Invariant.LOOP_LATE: (
        "insert into component (name, beat_at, healthy, detail) values ('worker.alert', mock.now(), true, '')",
        # It may be days.
        """
        insert into component (name, beat_at, healthy, detail)
        values ('worker.alert', mock.now() - interval '3 days', true, '')""",
    ),
    Invariant.SOURCE_LATE: ("update source set next_due = mock.now()",),
}
#: A policy that nobody goes by yet, of two steps.
VERSION = """
    create temporary table version (id bigint, policy_id bigint);
    with made as (insert into policy (name, created_at) values ('Care', mock.now()) returning id), v as (
        insert into policy_version (policy_id, repeats, last_resort, ack_lapses, created_at)
        select made.id, 0, c.id, true, mock.now() from made, contact c returning id, policy_id), step as (
        insert into policy_step (version_id, position, wait)
        select id, n, interval '5m' from v, generate_series(0, 1) n)
    insert into version select id, policy_id from v
"""


@pytest.fixture
async def watched(conn: Connection, pool: Pool, analyser: Analyser) -> Watched:
    """One angry post, judged, its e-mail in the outbox."""
    watched = await watch(conn, "http://127.0.0.1/feed")
    now = await clock.now(conn)
    angry = make.mention(id="1", text=FURIOUS, kind=SourceKind.FEED)
    await ingest.ingest(conn, watched.brand_id, watched.source_id, [angry], now=now)
    await analyse_due(pool, analyser)
    await conn.execute("update notification set not_before = not_before + interval '1 day'")
    await conn.execute("update source set next_due = mock.now() + interval '1 day'")
    return watched


async def _pass_a_while(conn: Connection) -> None:
    await conn.execute("update mock.clock set shift = shift + interval '20 minutes'")


async def test_where_all_is_as_promised_it_finds_nothing(conn: Connection, pool: Pool, watched: Watched) -> None:
    await _pass_a_while(conn)

    assert await audit(pool) == 0
    assert [part.healthy for part in await component.every(conn) if part.name == "auditor"] == [True]


@pytest.mark.parametrize(
    ("broken", "breaking"), [(broken, breaking) for broken, ways in BREAKS.items() for breaking in ways]
)
async def test_what_is_not_as_promised_is_named(
    broken: Invariant, breaking: str, conn: Connection, pool: Pool, watched: Watched
) -> None:
    await conn.execute(VERSION)
    await conn.execute(breaking)
    await _pass_a_while(conn)

    found = await invariant.breaches(conn, now=await clock.now(conn))

    assert [one.invariant for one in found] == [broken]
    assert await audit(pool) == 1
    said = next(part for part in await component.every(conn) if part.name == "auditor")
    assert not said.healthy
    assert broken.value in said.detail


def test_every_invariant_is_broken_by_a_test() -> None:
    assert set(BREAKS) == set(Invariant)


async def test_what_a_silence_keeps_back_is_no_breach(conn: Connection, watched: Watched) -> None:
    await conn.execute("delete from notification")
    await conn.execute(
        """
        insert into silence (kind, starts_at, ends_at, reason, author, created_at)
        values ('silence', mock.now() - interval '1 hour', mock.now() + interval '1 hour', 'Fair', 'Mei', mock.now())
        """
    )
    await _pass_a_while(conn)

    assert await invariant.breaches(conn, now=await clock.now(conn)) == []


async def test_one_that_cannot_be_asked_about_hides_no_other(conn: Connection, watched: Watched) -> None:
    await conn.execute("alter table analysis_dead rename to gone; delete from notification")
    await _pass_a_while(conn)

    found = await invariant.breaches(conn, now=await clock.now(conn))

    assert [one.invariant for one in found] == [Invariant.UNTOLD, Invariant.UNJUDGED]
