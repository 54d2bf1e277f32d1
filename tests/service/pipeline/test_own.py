"""What is marked as the brand's own follows its accounts."""

from alerts.brands import BrandTerms
from alerts.types import BrandId
from collectors.types import Author
from service.pipeline.own import mark_own
from service.store import brand, ingest, trend
from service.store.pool import Connection, Pool
from tests import make
from tests.service.watched import watch


async def _name_accounts(conn: Connection, brand_id: BrandId, *accounts: str) -> None:
    await brand.change(conn, brand_id, BrandTerms(name="Lantern Noodles", own_accounts=accounts))


async def test_changed_accounts_change_what_counts(conn: Connection, pool: Pool) -> None:
    watched = await watch(conn, "http://127.0.0.1/feed")
    said = [
        make.mention(id="a", author=Author(id="us")),
        make.mention(id="b", author=Author(name="@Us Too")),
        make.mention(id="c", author=Author(id="someone")),
        make.mention(id="d"),
    ]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=make.NOW)
    counted = []
    for accounts in (("us", "us too"), ("us too",), ()):
        await _name_accounts(conn, watched.brand_id, *accounts)
        assert await mark_own(pool)
        assert not await mark_own(pool)
        counted.append(await trend.total(conn))

    assert counted == [2, 3, 4]
    assert await trend.drift(conn) == 0


async def test_other_changes_mark_nothing(conn: Connection, pool: Pool) -> None:
    watched = await watch(conn, "http://127.0.0.1/feed")
    await brand.change(conn, watched.brand_id, BrandTerms(name="Lantern Noodles", aliases=("燈籠麵",)))

    assert not await mark_own(pool)
