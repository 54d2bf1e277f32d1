"""Searching an archive: the page of newest matches of common and rare words, in all of it and in one brand's month."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

from alerts import query
from alerts.types import BrandId
from collectors.types import Mention, SourceKind
from service.store import brand, ingest, search, source
from service.store.mention import MentionFilter
from service.store.pool import Connection, Pool
from tests import make
from tests.benchmarks.budget import Line, percentile
from tests.benchmarks.places import migrated
from tests.service.watched import watch

_MENTIONS, _BATCH, _TURNS = 200_000, 1000, 15
_WORDS = {
    "zh": "排隊 很久 湯頭 不錯 店員 親切 座位 有點 擠 服務 態度 價格 太貴 味道 普通 下次 不會 再來 推薦 朋友 環境 乾淨",
    "th": "อร่อย บริการ ช้า รอนาน พนักงาน สุภาพ ราคา แพง ร้าน สะอาด แนะนำ เพื่อน ครั้งหน้า ไม่มา อีกแล้ว",
    "en": "noodles soup waiter slow friendly price cold table queue again never fine lovely staff manager",
}
#: How many mentions hold one of these: everywhere, often, hardly ever, nowhere.
_ASKED = {
    "服務": "a common word of two characters",
    "บริการ NEAR/8 ช้า": "two common Thai words near each other",
    "cold soup -refund": "common English words without another",
    "退費 OR refund": "rare words",
    "食物中毒": "a word of nobody",
}


def _mentions(random: Random) -> list[Mention]:
    """Return posts of about 300 characters over a year; one in a thousand wants its money back."""
    made = []
    for number in range(_MENTIONS):
        language = random.choice(("zh", "zh", "th", "en"))
        words = random.choices(_WORDS[language].split(), k={"zh": 130, "th": 50, "en": 50}[language])
        if number % 1000 == 0:
            words[5] = random.choice(("退費", "refund"))
        text = ("" if language == "zh" else " ").join(words) + f" {number}"
        said = make.NOW - timedelta(minutes=random.randrange(525_600))
        made.append(make.mention(id=str(number), text=text, published_at=said))
    return made


async def _fill(pool: Pool, mentions: list[Mention]) -> tuple[BrandId, float]:
    """Store mentions, one in ten of a small brand, and index them; return that brand, and how many are indexed a
    second."""
    async with pool.acquire() as conn:
        big = await watch(conn, "http://127.0.0.1/feed")
        small = await brand.ensure(conn, "Moon Noodles", now=make.NOW)
        board = await source.put(
            conn,
            brand_id=small,
            kind=SourceKind.FEED,
            name="Forum",
            settings={"url": "http://127.0.0.1/moon"},
            interval=timedelta(minutes=5),
            allow_private=True,
            enabled=True,
            now=make.NOW,
        )
        for start in range(0, len(mentions), _BATCH):
            place = (small, board) if start // _BATCH % 10 == 0 else (big.brand_id, big.source_id)
            async with conn.transaction():
                await ingest.ingest(conn, *place, mentions[start : start + _BATCH], now=make.NOW)
        began = time.perf_counter()
        while True:
            async with conn.transaction():
                if not await search.index_some(conn, limit=500):
                    break
        rate = len(mentions) / (time.perf_counter() - began)
        await conn.execute("vacuum analyze", timeout=600)
        return small, rate


async def _milliseconds(conn: Connection, wanted: MentionFilter, asked: str) -> float:
    """Return the 95th percentile of a page of newest matches."""
    parsed = query.parse(asked)
    taken = []
    for _ in range(_TURNS):
        began = time.perf_counter()
        await search.newest(conn, wanted, parsed, limit=50)
        taken.append((time.perf_counter() - began) * 1000)
    return percentile(taken, 95)


async def measure() -> AsyncIterator[Line]:
    """Yield the times of searches, the rate of indexing and the size of the index."""
    async with migrated() as (_, pool):
        small, rate = await _fill(pool, _mentions(Random(5)))
        yield Line(what=f"index {_MENTIONS:,} mentions", budget="≥ 500/s", measured=f"{rate:,.0f}/s", holds=rate >= 500)
        month = MentionFilter(brand_id=small, since=make.NOW - timedelta(days=30))
        async with pool.acquire() as conn:
            size = await conn.fetchval("select pg_total_relation_size('mention_search') / count(*) from mention_search")
            yield Line(what="archive's index, a mention", budget="≤ 5 kB", measured=f"{size:,} B", holds=size <= 5000)
            for asked, what in _ASKED.items():
                for where, wanted in (("everything", MentionFilter()), ("a brand's month", month)):
                    taken = await _milliseconds(conn, wanted, asked)
                    line = f"search {where} for {what}, p95"
                    yield Line(what=line, budget="≤ 300 ms", measured=f"{taken:.1f} ms", holds=taken <= 300)
