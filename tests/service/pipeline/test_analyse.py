"""Verdicts, stories, incidents and what is owed commit together."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from alerts.brands import BrandTerms
from alerts.types import RuleKind, RuleMode, Urgency
from analysis.types import Analyser, Analysis
from collectors.types import Author, Mention, SourceKind
from service.pipeline.alert import reconcile_all
from service.pipeline.analyse import LEASE, analyse_due
from service.store import brand, clock, ingest, rule, source, trend, verdict
from service.store.pool import Connection, Pool
from tests import make
from tests.service.watched import CALM, FURIOUS, FURIOUS_EN, Watched, watch


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    return await watch(conn, "http://127.0.0.1/feed")


async def bring(conn: Connection, watched: Watched, *mentions: Mention) -> None:
    await ingest.ingest(conn, watched.brand_id, watched.source_id, mentions, now=await clock.now(conn))


async def test_two_unrelated_angry_posts_are_two_incidents_with_one_message_each(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    await bring(
        conn,
        watched,
        make.mention(id="1", text=FURIOUS),
        make.mention(id="2", text=FURIOUS_EN),
        make.mention(id="3", text=CALM),
    )
    await analyse_due(pool, analyser)

    assert await conn.fetchval("select count(*) from incident") == 2
    assert await conn.fetchval("select count(*) from notification where state = 'pending'") == 2
    assert await trend.drift(conn) == 0


async def test_more_of_one_story_joins_its_incident(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    await bring(conn, watched, make.mention(id="1", text=FURIOUS))
    await analyse_due(pool, analyser)
    await bring(conn, watched, make.mention(id="2", text="轉：" + FURIOUS))
    await analyse_due(pool, analyser)

    assert await conn.fetchval("select alert_count from incident") == 2
    assert await conn.fetchval("select count(*) from notification") == 1
    assert [row["kind"] for row in await conn.fetch("select kind from incident_event order by id")] == [
        "opened",
        "joined",
    ]


async def test_an_edit_that_turns_angry_opens_an_incident_and_one_that_stays_angry_does_not(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    for text in (CALM, FURIOUS, FURIOUS + "！"):
        await bring(conn, watched, make.mention(id="1", text=text))
        await analyse_due(pool, analyser)

    assert await conn.fetchval("select count(*) from incident") == 1
    assert await conn.fetchval("select count(*) from alert") == 1
    assert await conn.fetchval("select count(*) from analysis") == 3


async def test_monitoring_records_and_tells_nobody(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    await rule.put(
        conn,
        brand_id=None,
        kind=RuleKind.ANGRY_MENTION,
        name="Angry mentions",
        settings={},
        mode=RuleMode.MONITOR,
        urgency=Urgency.URGENT,
        now=make.NOW,
    )
    await bring(conn, watched, make.mention(id="1", text=FURIOUS))
    await analyse_due(pool, analyser)

    assert await conn.fetchval("select count(*) from alert") == 1
    assert await conn.fetchval("select count(*) from incident") == 0


async def test_old_imported_reviews_wake_nobody(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    now = await clock.now(conn)
    await bring_import(conn, watched, now, said_at=now - timedelta(days=30))
    await analyse_due(pool, analyser)

    assert await conn.fetchval("select angry from mention") is True
    assert await conn.fetchval("select count(*) from incident") == 0


async def bring_import(conn: Connection, watched: Watched, now: datetime, *, said_at: datetime | None) -> None:
    source_id = await source.put(
        conn,
        brand_id=watched.brand_id,
        kind=SourceKind.IMPORT,
        name="old reviews",
        settings={},
        interval=timedelta(days=1),
        allow_private=False,
        enabled=True,
        now=now,
    )
    old = make.mention(id="1", kind=SourceKind.IMPORT, text=FURIOUS, published_at=said_at)
    await ingest.ingest(conn, watched.brand_id, source_id, [old], now=now)


async def test_a_worker_that_lost_its_lease_stores_nothing(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    await bring(conn, watched, make.mention(id="1", text=FURIOUS))
    now = await clock.now(conn)
    lost = await verdict.claim(conn, now=now, lease=LEASE, token=uuid4(), limit=10, again=False)
    await conn.execute("update mock.clock set shift = shift + interval '10 minutes'")
    await analyse_due(pool, analyser)

    assert await verdict.finish(conn, lost, uuid4()) == set()
    assert await conn.fetchval("select count(*) from analysis") == 1


async def test_a_text_that_keeps_ending_the_worker_is_set_aside(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    await bring(conn, watched, make.mention(id="1", text=FURIOUS))
    for again in (False, True, True):
        now = await clock.now(conn)
        assert len(await verdict.claim(conn, now=now, lease=LEASE, token=uuid4(), limit=10, again=again)) == 1
        await conn.execute("update mock.clock set shift = shift + interval '10 minutes'")
    await analyse_due(pool, analyser)

    assert await conn.fetchval("select count(*) from analysis_dead") == 1
    assert await conn.fetchval("select count(*) from analysis_todo") == 0
    assert await conn.fetchval("select count(*) from mention") == 1


async def test_a_promise_that_went_missing_is_owed_again_once(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    await bring(conn, watched, make.mention(id="1", text=FURIOUS))
    await analyse_due(pool, analyser)
    await conn.execute("delete from notification")

    assert await reconcile_all(pool) == 1
    assert await reconcile_all(pool) == 0
    assert await conn.fetchval("select count(*) from notification where state = 'pending'") == 1


async def test_news_is_judged_before_imported_history(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    now = await clock.now(conn)
    await bring_import(conn, watched, now, said_at=now - timedelta(days=30))
    await bring(conn, watched, make.mention(id="1", text=CALM))
    (first,) = await verdict.claim(conn, now=await clock.now(conn), lease=LEASE, token=uuid4(), limit=1, again=False)

    assert first.kind == SourceKind.FEED


async def test_an_imported_review_without_a_date_wakes_nobody(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    await bring_import(conn, watched, await clock.now(conn), said_at=None)
    await analyse_due(pool, analyser)

    assert await conn.fetchval("select angry from mention") is True
    assert await conn.fetchval("select count(*) from incident") == 0


async def test_what_the_brand_itself_says_wakes_nobody_and_counts_for_nothing(
    conn: Connection, pool: Pool, watched: Watched, analyser: Analyser
) -> None:
    await brand.change(conn, watched.brand_id, BrandTerms(name="Lantern Noodles", own_accounts=("@lantern",)))
    await bring(
        conn,
        watched,
        make.mention(id="1", text=FURIOUS, author=Author(id="lantern")),
        make.mention(id="2", text=FURIOUS_EN, reply_by_owner=True),
    )
    await analyse_due(pool, analyser)

    assert await conn.fetchval("select count(*) from mention where angry") == 2
    assert await conn.fetchval("select count(*) from incident") == 0
    assert await trend.total(conn) == 0
    assert await trend.drift(conn) == 0


class _Advertiser:
    """Takes everything for advertising, and what shouts for angry too."""

    model = "advertiser@1"

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        kind = {"promotion": 0.9, "other": 0.1}
        return [make.analysis(kind=kind, angry=text.isupper()) for text in texts]


async def test_advertising_is_kept_and_counts_for_nothing_but_anger_is_never_taken_for_it(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    await bring(conn, watched, make.mention(id="1", text="Buy now"), make.mention(id="2", text="NEVER BUY THIS"))
    await analyse_due(pool, _Advertiser())

    assert await conn.fetchval("select array_agg(external_id) from mention where promotion") == ["1"]
    assert await trend.total(conn) == 1
    assert await trend.drift(conn) == 0
    assert await conn.fetchval("select count(*) from incident") == 1
