"""A database that was restored from a backup of before an erasure is erased again, by a file that names nobody."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alerts.types import MentionId
from collectors.types import Author, Mention
from service.pipeline import ledger
from service.pipeline.ledger import keep_ledger
from service.store import brand, clock, erasure, ingest, trend
from service.store.pool import Connection, Pool, open_pool
from tests import make
from tests.conftest import fresh_database
from tests.service.api.conftest import Place, put_mention, put_place

WORDS = make.mention(id="thread-77", text="Never again, zyxwv!", author=Author(id="u1", name="Mrs Zephyrine"))
OTHER = make.mention(id="b", text="Lovely soup.")


@pytest.fixture
async def restored(postgres: str) -> AsyncIterator[Pool]:
    """Another database: what a backup of before would bring back."""
    async with fresh_database(postgres) as url:
        opened = await open_pool(url)
        yield opened
        opened.terminate()


async def _erase(conn: Connection, mention_id: MentionId) -> None:
    async with conn.transaction():
        assert await erasure.erase(conn, mention_id, by="mei", now=await clock.now(conn))


async def _filled(conn: Connection, *mentions: Mention) -> Place:
    place = await put_place(conn)
    for one in mentions:
        await put_mention(conn, place, one)
    return place


async def test_what_was_erased_after_the_backup_goes_again_and_stays_away(
    pool: Pool, conn: Connection, restored: Pool, tmp_path: Path
) -> None:
    place = await put_place(conn)
    await _erase(conn, await put_mention(conn, place, WORDS))
    kept = await keep_ledger(pool, tmp_path)
    async with restored.acquire() as old:
        # Its numbers are others.
        where = await _filled(old, OTHER, WORDS)
        gone = await keep_ledger(restored, tmp_path)
        again = await keep_ledger(restored, tmp_path)
        back = await ingest.ingest(old, where.brand_id, where.source_id, [WORDS], now=make.NOW)
        texts = [row["text"] for row in await old.fetch("select text from mention")]
        (listed,) = await erasure.newest(old, limit=5)
        drift = await trend.drift(old)

    assert (kept, gone, again) == (0, 1, 0)
    assert texts == [OTHER.text]
    assert (back.counts.erased_again, drift) == (1, 0)
    assert (listed.by, listed.items) == ("mei", 1)
    written = (tmp_path / ledger.NAME).read_text("utf-8")
    assert not [word for word in ("zyxwv", "Zephyrine", "u1", "thread-77") if word in written]


async def test_what_somebody_else_says_under_the_same_identity_is_not_taken_for_it(
    pool: Pool, conn: Connection, restored: Pool, tmp_path: Path
) -> None:
    await _erase(conn, await put_mention(conn, await put_place(conn), WORDS))
    await keep_ledger(pool, tmp_path)
    async with restored.acquire() as old:
        await _filled(old, make.mention(id=WORDS.id, text="Another post.", author=Author(name="Another")))
        gone = await keep_ledger(restored, tmp_path)

    assert gone == 0


async def test_a_source_that_is_made_anew_later_gets_its_tombstones(
    pool: Pool, conn: Connection, restored: Pool, tmp_path: Path
) -> None:
    await _erase(conn, await put_mention(conn, await put_place(conn), WORDS))
    await keep_ledger(pool, tmp_path)
    await keep_ledger(restored, tmp_path)
    async with restored.acquire() as old:
        place = await put_place(old)
        await keep_ledger(restored, tmp_path)
        back = await ingest.ingest(old, place.brand_id, place.source_id, [WORDS], now=make.NOW)

        assert back.counts.erased_again == 1
        assert await old.fetchval("select count(*) from erasure") == 1


async def test_a_line_that_was_cut_off_is_written_again(pool: Pool, conn: Connection, tmp_path: Path) -> None:
    place = await put_place(conn)
    await _erase(conn, await put_mention(conn, place, WORDS))
    await keep_ledger(pool, tmp_path)
    path = tmp_path / ledger.NAME
    path.write_bytes(path.read_bytes()[:-40])
    await keep_ledger(pool, tmp_path)
    whole = path.read_bytes()
    await keep_ledger(pool, tmp_path)

    assert len(ledger.read(path)) == 1
    assert path.read_bytes() == whole


async def test_a_brand_that_goes_asks_for_no_replay(pool: Pool, conn: Connection, tmp_path: Path) -> None:
    place = await put_place(conn)
    await _erase(conn, await put_mention(conn, place, WORDS))
    await keep_ledger(pool, tmp_path)
    await brand.remove(conn, place.brand_id)

    assert await keep_ledger(pool, tmp_path) == 0
    assert await conn.fetchval("select count(*) from erasure_tombstone") == 0
