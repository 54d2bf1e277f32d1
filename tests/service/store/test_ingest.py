"""Mentions come in once, whatever is replayed."""

import asyncio
from datetime import timedelta
from random import Random

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.brands import BrandTerms
from alerts.types import BrandId, SourceId
from collectors.types import Author, Mention, Rating, SourceKind
from service.store import brand, clock, ingest, source, trend
from service.store.fetch import Counts
from service.store.pool import Connection, Pool
from tests import make
from tests.service.waiting import until


async def put_place(conn: Connection) -> tuple[BrandId, SourceId]:
    now = await clock.now(conn)
    brand_id = await brand.ensure(conn, "Lantern Noodles", now=now)
    source_id = await source.put(
        conn,
        brand_id=brand_id,
        kind=SourceKind.FEED,
        name="forum",
        settings={"url": "http://127.0.0.1/feed"},
        interval=timedelta(minutes=5),
        allow_private=True,
        enabled=True,
        now=now,
    )
    return brand_id, source_id


@pytest.fixture
async def place(conn: Connection) -> tuple[BrandId, SourceId]:
    return await put_place(conn)


async def test_second_poll_adds_nothing(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    batch = [make.mention(id="a"), make.mention(id="b", text="Too salty.")]
    first = await ingest.ingest(conn, *place, batch, now=make.NOW)
    second = await ingest.ingest(conn, *place, batch, now=make.NOW + timedelta(minutes=5))

    assert (first.counts.inserted, first.counts.seen) == (2, 2)
    assert (second.counts.unchanged, second.counts.seen) == (2, 2)
    assert second.changed == ()


async def test_an_edit_is_a_new_version_and_is_judged_again(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    await ingest.ingest(conn, *place, [make.mention(id="a")], now=make.NOW)
    edited = await ingest.ingest(
        conn, *place, [make.mention(id="a", text="The noodles were cold.")], now=make.NOW + timedelta(hours=1)
    )

    assert (edited.counts.new_version, edited.counts.seen) == (1, 1)
    assert await conn.fetchval("select version from analysis_todo") == 2
    assert await conn.fetchval("select count(*) from mention_version") == 2


async def test_changed_numbers_are_no_new_version(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    await ingest.ingest(conn, *place, [make.mention(id="a")], now=make.NOW)
    liked = await ingest.ingest(
        conn, *place, [make.mention(id="a", engagement={"likes": 3})], now=make.NOW + timedelta(hours=1)
    )

    assert (liked.counts.unchanged, liked.counts.seen) == (1, 1)
    assert await conn.fetchval("select engagement->>'likes' from mention") == "3"
    assert await conn.fetchval("select count(*) from mention_version") == 1


async def test_one_identity_twice_in_a_batch_counts_twice(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    batch = [make.mention(id="a"), make.mention(id="a", text="Other."), make.mention(id="a", text="Other.")]
    got = await ingest.ingest(conn, *place, batch, now=make.NOW)

    assert got.counts.seen == 3
    assert got.counts.inserted == 1
    assert await conn.fetchval("select text from mention") == "Other."


mentions = st.builds(
    lambda key, text, hours, stars: make.mention(
        id=key,
        text=text,
        published_at=make.NOW - timedelta(hours=hours),
        rating=Rating(value=stars, scale=5) if stars else None,
    ),
    st.sampled_from("abcdef"),
    st.sampled_from(["good", "bad", "fine"]),
    st.integers(0, 3),
    st.integers(0, 5),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(mentions, max_size=6), max_size=5))
async def test_whatever_is_replayed_counts_add_up_and_the_rollup_equals_a_recount(
    pool: Pool, batches: list[list[object]]
) -> None:
    async with pool.acquire() as conn:
        await conn.execute("truncate brand, mention cascade")
        place = await put_place(conn)
        for batch in batches:
            got = await ingest.ingest(conn, *place, batch, now=make.NOW)  # type: ignore[arg-type]  # built by `mentions`
            assert got.counts.seen == len(batch)
        keys = {m.id for batch in batches for m in batch}  # type: ignore[attr-defined]

        assert await conn.fetchval("select count(*) from mention") == len(keys)
        assert await trend.drift(conn) == 0


async def test_the_rollup_survives_the_removal_of_a_brand(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    await ingest.ingest(conn, *place, [make.mention(id="a")], now=make.NOW)
    await brand.remove(conn, place[0])

    assert await conn.fetchval("select count(*) from trend_hour") == 0


async def test_all_that_was_said_goes_with_its_brand_or_its_source(
    conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    board = await _shared(conn, BrandTerms(name="Lantern"))
    for brand_id, source_id in (place, (None, board)):
        await ingest.ingest(conn, brand_id, source_id, [make.mention(text="Lantern")], now=make.NOW)
    told = await conn.fetchval(
        "insert into story (brand_id, first_seen_at, last_seen_at, signature) values ($1, $2, $2, '{}') returning id",
        place[0],
        make.NOW,
    )
    await conn.execute("update mention set story_id = $1 where brand_id = $2", told, place[0])
    await brand.remove(conn, place[0])
    left = await conn.fetchval("select count(*) from mention")
    await source.remove(conn, board)

    assert left == 1
    assert await conn.fetchval("select count(*) from mention") == 0
    assert await trend.drift(conn) == 0


async def test_nothing_is_stored_without_its_brand_and_source(
    conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    for wrong in ((BrandId(999), place[1]), (place[0], SourceId(999))):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await ingest.ingest(conn, *wrong, [make.mention()], now=make.NOW)

    assert await conn.fetchval("select count(*) from mention") == 0


async def test_a_brand_that_goes_meanwhile_takes_the_news_with_it(
    pool: Pool, conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    async with pool.acquire() as other:
        async with conn.transaction():
            await ingest.ingest(conn, *place, [make.mention()], now=make.NOW)
            going = asyncio.create_task(brand.remove(other, place[0]))

            async def waits() -> bool:
                return bool(await conn.fetchval("select exists (select from pg_locks where not granted)"))

            await until(waits, what="the removal to wait")
        await going

    assert await conn.fetchval("select count(*) from mention") == 0


async def test_a_date_that_comes_later_is_believed(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    await ingest.ingest(conn, *place, [make.mention(id="a", published_at=None)], now=make.NOW)
    said = make.NOW - timedelta(hours=3)
    got = await ingest.ingest(
        conn, *place, [make.mention(id="a", published_at=said)], now=make.NOW + timedelta(minutes=5)
    )

    assert got.counts.unchanged == 1
    assert await conn.fetchval("select said_at from mention") == said
    assert await trend.drift(conn) == 0


async def test_nothing_counts_as_said_after_it_was_seen(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    future = make.NOW + timedelta(hours=8)
    await ingest.ingest(conn, *place, [make.mention(id="a", published_at=future)], now=make.NOW)

    assert await conn.fetchval("select said_at from mention") == make.NOW


async def _shared(conn: Connection, *brands: BrandTerms) -> SourceId:
    """Return a shared source, with brands that look for themselves in it."""
    for terms in brands:
        assert await brand.add(conn, terms, now=make.NOW) is not None
    return await source.put(
        conn,
        brand_id=None,
        kind=SourceKind.FEED,
        name="Tea board",
        settings={"url": "http://127.0.0.1/feed"},
        interval=timedelta(minutes=5),
        allow_private=True,
        enabled=True,
        now=make.NOW,
    )


async def test_an_item_of_a_shared_source_is_stored_once_for_each_brand_it_is_about(conn: Connection) -> None:
    board = await _shared(conn, BrandTerms(name="Lantern"), BrandTerms(name="Moon", aliases=("月茶",)))
    batch = [
        make.mention(id="a", text="Lantern or 月茶?"),
        make.mention(id="b", text="Lanterns only"),
        make.mention(id="c", text="moon"),
    ]
    got = await ingest.ingest(conn, None, board, batch, now=make.NOW)
    again = await ingest.ingest(conn, None, board, batch, now=make.NOW)
    rows = await conn.fetch(
        "select b.name, m.external_id from mention m join brand b on b.id = m.brand_id order by 1, 2"
    )

    assert [tuple(row) for row in rows] == [("Lantern", "a"), ("Moon", "a"), ("Moon", "c")]
    assert (got.counts.inserted, got.unmatched) == (3, 1)
    assert (again.counts.unchanged, again.unmatched) == (3, 1)
    assert await trend.drift(conn) == 0


async def test_an_edit_and_a_deletion_reach_what_no_longer_matches(conn: Connection) -> None:
    board = await _shared(conn, BrandTerms(name="Lantern"))
    await ingest.ingest(conn, None, board, [make.mention(id="a", text="Lantern")], now=make.NOW)
    edited = await ingest.ingest(conn, None, board, [make.mention(id="a", text="Nothing")], now=make.NOW)
    gone = await ingest.ingest(conn, None, board, [make.mention(id="a", text="", deleted=True)], now=make.NOW)

    assert (edited.counts.new_version, gone.counts.new_version, gone.unmatched) == (1, 1, 0)
    assert await conn.fetchval("select deleted from mention")


async def test_a_changed_brand_is_looked_for_at_once(conn: Connection) -> None:
    board = await _shared(conn, BrandTerms(name="Lantern"))
    said = [make.mention(id="a", text="燈籠茶")]
    before = await ingest.ingest(conn, None, board, said, now=make.NOW)
    lantern = await brand.named(conn, "Lantern")
    assert lantern is not None
    await brand.change(conn, lantern.id, BrandTerms(name="Lantern", aliases=("燈籠茶",)))
    after = await ingest.ingest(conn, None, board, said, now=make.NOW)

    assert (before.unmatched, after.counts.inserted) == (1, 1)


async def test_a_brands_own_source_may_be_filtered_by_its_query(
    conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    batch = [make.mention(id="a", text="Lantern Noodles"), make.mention(id="b", text="Rice")]
    got = await ingest.ingest(conn, *place, batch, match=True, now=make.NOW)

    assert (got.counts.inserted, got.unmatched) == (1, 1)


async def test_what_the_brand_itself_says_is_kept_and_not_counted(conn: Connection) -> None:
    board = await _shared(conn, BrandTerms(name="Lantern", own_accounts=("@lantern_tea",)))
    batch = [
        make.mention(id="a", text="Lantern", author=Author(id="lantern_tea")),
        make.mention(id="b", text="Lantern", author=Author(id="someone")),
        make.mention(id="c", text="Lantern", reply_by_owner=True),
    ]
    await ingest.ingest(conn, None, board, batch, now=make.NOW)

    assert await conn.fetchval("select array_agg(external_id order by id) from mention where own") == ["a"]
    assert await trend.total(conn) == 1
    assert await trend.drift(conn) == 0


async def test_an_account_named_later_leaves_the_count_with_the_next_poll(
    conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    said = [make.mention(id="a", author=Author(id="lantern_tea"))]
    await ingest.ingest(conn, *place, said, now=make.NOW)
    await brand.change(conn, place[0], BrandTerms(name="Lantern Noodles", own_accounts=("lantern_tea",)))
    again = await ingest.ingest(conn, *place, said, now=make.NOW)

    assert again.counts.unchanged == 1
    assert await trend.total(conn) == 0
    assert await trend.drift(conn) == 0


async def _write(
    pool: Pool, place: tuple[BrandId, SourceId], said: list[Mention], random: Random, *, after: int
) -> Counts:
    """Bring what was said in small batches, in any order and some of it twice, as a worker of its own."""
    counts = Counts()
    for start in range(0, len(said), 5):
        batch = random.sample(said[start : start + 5], k=len(said[start : start + 5])) + said[start : start + 1]
        async with pool.acquire() as conn, conn.transaction():
            now = make.NOW + timedelta(microseconds=1000 * start + after)
            counts += (await ingest.ingest(conn, *place, batch, now=now)).counts
    return counts


@pytest.mark.parametrize("seed", range(4))
async def test_three_writers_who_bring_the_same_in_any_order_store_it_once(
    pool: Pool, conn: Connection, place: tuple[BrandId, SourceId], seed: int
) -> None:
    random = Random(seed)
    said = [make.mention(id=str(n), text=f"text {n}") for n in range(40)]
    written = await asyncio.gather(
        *(_write(pool, place, random.sample(said, k=40), random, after=after) for after in range(3))
    )

    assert sum(one.inserted for one in written) == 40
    assert sum(one.new_version for one in written) == 0
    assert sum(one.seen for one in written) == 3 * 48
    assert await conn.fetchval("select count(*) from mention where version = 1") == 40
    assert await conn.fetchval("select count(*) from analysis_todo") == 40
    assert await trend.drift(conn) == 0


@pytest.mark.parametrize("seed", range(4))
async def test_three_writers_who_differ_leave_every_version_in_its_order(
    pool: Pool, conn: Connection, place: tuple[BrandId, SourceId], seed: int
) -> None:
    random = Random(seed)
    told = [[make.mention(id=str(n), text=f"text {n} of {writer}") for n in range(20)] for writer in range(3)]
    written = await asyncio.gather(
        *(_write(pool, place, random.sample(told[after], k=20), random, after=after) for after in range(3))
    )
    versions = await conn.fetch(
        "select array_agg(version order by version) as of from mention_version group by mention_id"
    )
    waiting = await conn.fetchval(
        "select count(*) from mention m join analysis_todo t on (m.id, m.version) = (t.mention_id, t.version)"
    )

    assert sum(one.inserted for one in written) == 20
    assert sum(one.seen for one in written) == 3 * 24
    assert all(list(row["of"]) == list(range(1, len(row["of"]) + 1)) for row in versions)
    assert waiting == 20
    assert await trend.drift(conn) == 0


async def test_an_author_id_too_long_for_an_index_is_left_out_and_the_mention_kept(
    conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    letters = Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=4_000)
    said = make.mention(id="a", author=Author(id="https://a.example/" + "".join(letters), name="Ann"))
    await ingest.ingest(conn, *place, [said], now=make.NOW)

    ((author_id, name),) = await conn.fetch("select author_id, author_name from mention")
    assert (author_id, name) == (None, "Ann")
