"""The auditor: quiet while all is as promised; names whatever is not."""

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

#: What breaks each, in a database with one incident and the message about it.
BREAKS = {
    Invariant.UNTOLD: "delete from notification",
    Invariant.STUCK: """
        update notification set state = 'sending', lease_token = gen_random_uuid(), lease_until = mock.now()""",
    Invariant.LATE: "update notification set not_before = mock.now()",
    Invariant.TWICE_OPEN: """
        drop index incident_open;
        insert into incident (rule_id, brand_id, group_key, status, urgency, opened_at, last_alert_at, called_at,
            level_at)
        select rule_id, brand_id, group_key, 'acknowledged', urgency, opened_at, last_alert_at, called_at, level_at
        from incident""",
    Invariant.STALLED: """
        with version as (insert into policy_version (repeats, created_at) values (0, mock.now()) returning id),
            step as (insert into policy_step (version_id, position, wait) select id, 0, interval '5m' from version)
        update incident set policy_version_id = version.id from version""",
    Invariant.ALERT_ASTRAY: """
        insert into alert (rule_id, mention_id, version, model, reason, at, slot)
        select rule_id, mention_id, version, 'other@1', reason, at, at from alert""",
    Invariant.UNCOUNTED: """
        insert into fetch_log (source_id, started_at, finished_at, outcome, seen)
        select id, mock.now(), mock.now(), 'collected', 3 from source""",
    Invariant.UNJUDGED: """
        insert into analysis_todo (mention_id, version, priority, due) select id, 1, 1, mock.now() from mention""",
    Invariant.UNANSWERED_FAILURE: "update notification set state = 'failed'",
    Invariant.LOOP_LATE: """
        insert into component (name, beat_at, healthy, detail) values ('worker.alert', mock.now(), true, '')""",
    Invariant.SOURCE_LATE: "update source set next_due = mock.now()",
}


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


@pytest.mark.parametrize("broken", list(Invariant))
async def test_what_is_not_as_promised_is_named(
    broken: Invariant, conn: Connection, pool: Pool, watched: Watched
) -> None:
    await conn.execute(BREAKS[broken])
    await _pass_a_while(conn)

    found = await invariant.breaches(conn, now=await clock.now(conn))

    assert [one.invariant for one in found] == [broken]
    assert await audit(pool) == 1
    said = next(part for part in await component.every(conn) if part.name == "auditor")
    assert not said.healthy
    assert broken.value in said.detail
