"""Polling a feed brings each item once, whatever it lacks."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import uuid4

import pytest

from alerts.brands import BrandTerms
from collectors.egress import GuardedEgress
from service.pipeline.collect import collect_due
from service.store import brand, source, spend
from service.store.pool import Connection, Pool
from tests import make
from tests.places import Feed, Post, serving_feed
from tests.service.watched import Watched, watch


@pytest.fixture
async def feed() -> AsyncIterator[Feed]:
    async with serving_feed() as served:
        yield served


@pytest.fixture
async def watched(conn: Connection, feed: Feed) -> Watched:
    return await watch(conn, feed.url)


async def poll(pool: Pool) -> None:
    """Make every source due and poll it."""
    await pool.execute("update source set next_due = now() - interval '1 second'")
    async with GuardedEgress() as egress:
        assert await collect_due(pool, egress, allow_private=False, random=Random(1)) == 1


async def log(pool: Pool) -> list[tuple[object, ...]]:
    rows = await pool.fetch("select outcome, seen, inserted, unchanged, new_version from fetch_log order by id")
    return [tuple(row) for row in rows]


async def test_polled_twice_adds_nothing(pool: Pool, feed: Feed, watched: Watched) -> None:
    feed.posts = [Post(text="Fine noodles", guid="1"), Post(text="Cold soup", guid="2")]
    feed.etag = False
    await poll(pool)
    await poll(pool)

    assert await log(pool) == [("collected", 2, 2, 0, 0), ("collected", 2, 0, 2, 0)]


async def test_an_unchanged_feed_is_not_read_again(pool: Pool, feed: Feed, watched: Watched) -> None:
    feed.posts = [Post(text="Fine noodles", guid="1")]
    await poll(pool)
    await poll(pool)

    assert feed.not_modified == 1
    assert (await log(pool))[1] == ("unchanged", 0, 0, 0, 0)


async def test_an_edited_entry_is_a_new_version(pool: Pool, feed: Feed, watched: Watched) -> None:
    feed.posts = [Post(text="Fine noodles", guid="1")]
    await poll(pool)
    feed.posts = [Post(text="Fine noodles. Edit: they made me ill.", guid="1")]
    await poll(pool)

    assert (await log(pool))[1] == ("collected", 1, 0, 0, 1)
    assert await pool.fetchval("select count(*) from mention_version") == 2


async def test_two_of_one_second_and_one_of_yesterday_all_arrive(pool: Pool, feed: Feed, watched: Watched) -> None:
    feed.posts = [Post(text="First", guid="1", at=make.NOW)]
    await poll(pool)
    feed.posts = [
        Post(text="Second", guid="2", at=make.NOW + timedelta(hours=1)),
        Post(text="Third", guid="3", at=make.NOW + timedelta(hours=1)),
        Post(text="Late", guid="4", at=make.NOW - timedelta(days=1)),
        *feed.posts,
    ]
    await poll(pool)

    assert await pool.fetchval("select count(*) from mention") == 4


async def test_an_item_without_date_link_and_guid_arrives_once(pool: Pool, feed: Feed, watched: Watched) -> None:
    feed.posts = [Post(text="Nothing but words")]
    feed.etag = False
    await poll(pool)
    await poll(pool)

    assert await log(pool) == [("collected", 1, 1, 0, 0), ("collected", 1, 0, 1, 0)]


async def test_a_cut_off_document_keeps_no_validators(pool: Pool, feed: Feed, watched: Watched) -> None:
    feed.posts = [Post(text="First", guid="1"), Post(text="Second", guid="2")]
    feed.cut_at = feed.document().index(b"<item>", feed.document().index(b"<item>") + 1) + 20
    await poll(pool)
    feed.cut_at = None
    await poll(pool)

    assert [row[0] for row in await log(pool)] == ["partial", "collected"]
    assert await pool.fetchval("select count(*) from mention where text in ('First', 'Second')") == 2


async def test_a_failing_source_is_asked_again_later_and_never_given_up(
    pool: Pool, feed: Feed, watched: Watched
) -> None:
    feed.status = 500
    for _ in range(3):
        await poll(pool)

    source = await pool.fetchrow("select error, error_count, enabled, next_due > now() as waits from source")
    assert source is not None
    assert (source["error_count"], source["enabled"], source["waits"]) == (3, True, True)
    assert "500" in source["error"]


async def test_seven_days_are_polled_at_their_pace_and_four_of_errors_never_end_it(
    pool: Pool, feed: Feed, watched: Watched
) -> None:
    await pool.execute("update source set interval = interval '1 hour'")
    start = await pool.fetchval("select now()")
    trouble, back = start + timedelta(days=1), start + timedelta(days=5)
    asked: list[datetime] = []
    while not asked or asked[-1] < start + timedelta(days=7):
        asked.append(await _moved_to_the_next_poll(pool))
        feed.status = 500 if trouble <= asked[-1] < back else 200
        feed.posts = [Post(text=f"Day {(asked[-1] - start).days}", guid=str((asked[-1] - start).days))]
        async with GuardedEgress() as egress:
            assert await collect_due(pool, egress, allow_private=False, random=Random(len(asked))) == 1

    pauses = [(at, following - at) for at, following in pairwise(asked)]
    well = [pause for at, pause in pauses if not trouble <= at < back]
    ill = [pause for at, pause in pauses if trouble <= at < back]
    assert all(timedelta(minutes=53) < pause < timedelta(minutes=67) for pause in well)
    assert all(second > first * 1.5 for first, second in pairwise(ill[:4]))
    assert max(ill) < timedelta(hours=27)
    assert len(ill) >= 7
    assert await pool.fetchval("select count(*) from fetch_log") == len(asked)
    assert await pool.fetchval("select enabled and error is null from source")
    assert await pool.fetchval("select count(*) from mention where text in ('Day 0', 'Day 5', 'Day 6')") == 3


async def _moved_to_the_next_poll(pool: Pool) -> datetime:
    """Move the clock to when the source is due; return the time then."""
    await pool.execute(
        "update mock.clock set shift = shift + (select next_due - now() from source) + interval '1 second'"
    )
    at: datetime = await pool.fetchval("select now()")
    return at


async def test_a_poll_whose_lease_was_lost_stores_nothing(pool: Pool, feed: Feed, watched: Watched) -> None:
    feed.posts = [Post(text="First", guid="1")]
    feed.meanwhile = lambda: pool.execute("update source set lease_token = gen_random_uuid()")
    async with GuardedEgress() as egress:
        await collect_due(pool, egress, allow_private=False, random=Random(1))

    assert await pool.fetchval("select count(*) from mention") == 0
    assert await pool.fetchval("select count(*) from fetch_log") == 0


def some(first: int, count: int) -> list[Post]:
    return [
        Post(text=f"Post {n}", guid=str(n), at=make.NOW + timedelta(seconds=n)) for n in range(first, first + count)
    ]


async def test_a_window_that_rolled_past_is_suspected_and_asked_sooner(
    pool: Pool, feed: Feed, watched: Watched
) -> None:
    feed.posts = some(0, 5)
    await poll(pool)
    assert await pool.fetchval("select gap_suspected_at from source") is None

    feed.posts = some(50, 5)
    await poll(pool)
    row = await pool.fetchrow("select pace, interval, gap_suspected_at, next_due - now() as pause from source")
    assert row is not None
    assert row["gap_suspected_at"] is not None
    assert row["pace"] == row["interval"] / 2
    assert row["pause"] < row["interval"] * 0.6
    assert await pool.fetchval("select bool_or(gap_suspected) from fetch_log")

    feed.posts = some(52, 5)
    await poll(pool)
    assert await pool.fetchval("select pace = interval * 0.75 from source")
    await poll(pool)
    assert await pool.fetchval("select pace from source") is None


async def test_few_new_items_are_no_gap(pool: Pool, feed: Feed, watched: Watched) -> None:
    feed.posts = some(0, 2)
    await poll(pool)
    feed.posts = some(10, 2)
    await poll(pool)
    assert await pool.fetchval("select gap_suspected_at from source") is None


async def test_a_shared_source_counts_an_item_for_each_brand_it_is_about(
    conn: Connection, pool: Pool, feed: Feed, watched: Watched
) -> None:
    await brand.add(conn, BrandTerms(name="Moon Tea"), now=make.NOW)
    await conn.execute("update source set brand_id = null")
    feed.etag = False
    feed.posts = [
        Post(text="Lantern Noodles or Moon Tea?", guid="1"),
        Post(text="Moon Tea, cold", guid="2"),
        Post(text="Nothing of it", guid="3"),
    ]
    await poll(pool)
    await poll(pool)

    assert await log(pool) == [("collected", 3, 3, 0, 0), ("collected", 3, 0, 3, 0)]
    assert await conn.fetchval("select array_agg(unmatched) from fetch_log") == [1, 1]
    assert await conn.fetch("table fetch_not_conserved") == []


async def test_what_was_paid_for_is_counted_by_the_month(conn: Connection, pool: Pool, watched: Watched) -> None:
    april = datetime(2026, 4, 30, 23, 59, tzinfo=UTC)
    for items, at in ((3, april), (4, april), (5, april + timedelta(minutes=2)), (0, april + timedelta(days=40))):
        await spend.add(conn, watched.source_id, items, now=at)

    paid = [
        await conn.fetchval("select paid_in_month($1, $2)", watched.source_id, at)
        for at in (april, april + timedelta(days=1), april + timedelta(days=40))
    ]
    assert paid == [7, 5, 0]
    claimed = await source.claim_due(
        conn, now=april + timedelta(days=999), lease=timedelta(minutes=1), token=uuid4(), limit=1, kinds=["feed"]
    )
    assert [one.source.spent for one in claimed] == [0]
