"""Pages under writing: what stands still all the while is shown once, whatever comes, changes and goes around it."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest

from alerts import query
from alerts.types import MentionId
from service.store import ingest, mention, search
from service.store.mention import MentionFilter, Place, StoredMention
from service.store.pool import Connection, Pool
from tests import make
from tests.service.api.conftest import Place as Where
from tests.service.api.conftest import judge, put_place

_SIZE = 7
_Page = Callable[[Connection, StoredMention | None], Awaitable[list[StoredMention]]]


@dataclass
class _Writer:
    """Somebody who writes between two pages, some of it in a transaction that ends later."""

    pool: Pool
    where: Where
    late: Where
    random: Random
    #: Those that changed their place in the list, or went.
    moved: set[MentionId] = field(default_factory=set)
    made: int = 0

    async def write(self, conn: Connection, ids: list[MentionId]) -> None:
        """Do a few things."""
        for _ in range(4):
            await self.random.choice((self._come, self._edit, self._go, self._like))(conn, self.random.choice(ids))

    async def _come(self, conn: Connection, _: MentionId, *, where: Where | None = None) -> None:
        self.made += 1
        place = where or self.where
        said = make.mention(
            id=f"{place.source_id} new {self.made}",
            text=f"soup {self.made}",
            published_at=make.NOW - timedelta(minutes=self.random.randrange(-60, 150)),
        )
        now = make.NOW + timedelta(hours=2)
        await ingest.ingest(conn, place.brand_id, place.source_id, [said], now=now)

    async def come_late(self, stack: AsyncExitStack) -> None:
        """Take numbers now, and let others see the rows when the stack ends."""
        conn = await stack.enter_async_context(self.pool.acquire())
        await stack.enter_async_context(conn.transaction())
        for _ in range(3):
            await self._come(conn, MentionId(0), where=self.late)

    async def _edit(self, conn: Connection, mention_id: MentionId) -> None:
        known = await mention.get(conn, mention_id)
        if known is not None:
            text = f"soup again {self.random.random()}"
            edited = make.mention(id=known.external_id, text=text, published_at=known.published_at)
            now = make.NOW + timedelta(hours=2)
            await ingest.ingest(conn, self.where.brand_id, self.where.source_id, [edited], now=now)

    async def _go(self, conn: Connection, mention_id: MentionId) -> None:
        self.moved.add(mention_id)
        await conn.execute("delete from mention where id = $1", mention_id)

    async def _like(self, conn: Connection, mention_id: MentionId) -> None:
        await conn.execute("update mention set engagement = '{\"likes\": 5}' where id = $1", mention_id)


async def _newest(conn: Connection, last: StoredMention | None) -> list[StoredMention]:
    return await mention.newest(conn, MentionFilter(), after=last.place if last else None, limit=_SIZE)


async def _angry(conn: Connection, last: StoredMention | None) -> list[StoredMention]:
    after = Place(said_at=last.said_at, id=last.id) if last else None
    return await mention.newest(conn, MentionFilter(angry=True), after=after, limit=_SIZE)


async def _angriest(conn: Connection, last: StoredMention | None) -> list[StoredMention]:
    after = (last.anger, last.id) if last and last.anger is not None else None
    return await mention.angriest(conn, MentionFilter(), after=after, limit=_SIZE)


async def _searched(conn: Connection, last: StoredMention | None) -> list[StoredMention]:
    after = last.place if last else None
    return list((await search.newest(conn, MentionFilter(), query.parse("soup"), after=after, limit=_SIZE)).items)


@pytest.mark.parametrize("page", [_newest, _angry, _angriest, _searched])
@pytest.mark.parametrize("seed", range(3))
async def test_pages_skip_and_repeat_nothing_while_others_write(
    pool: Pool, conn: Connection, page: _Page, seed: int
) -> None:
    where = await put_place(conn)
    writer = _Writer(
        pool=pool, where=where, late=await put_place(conn, source_name="late"), random=Random(seed)
    )  # fmt: skip
    said = [
        make.mention(id=str(n), text=f"soup {n}", published_at=make.NOW - timedelta(minutes=n // 3)) for n in range(90)
    ]
    await ingest.ingest(conn, where.brand_id, where.source_id, said, now=make.NOW)
    await judge(conn, where, make.analysis(angry=True))
    ids = [MentionId(row["id"]) for row in await conn.fetch("select id from mention")]
    seen: list[MentionId] = []
    last: StoredMention | None = None
    async with AsyncExitStack() as end:
        late = await end.enter_async_context(AsyncExitStack())
        while found := await page(conn, last):
            seen += [one.id for one in found]
            last = found[-1]
            await writer.write(conn, ids)
            # What was begun before this page ends only now, and the next is begun before the next page.
            await late.aclose()
            await writer.come_late(late)

    assert len(seen) == len(set(seen))
    assert set(ids) - writer.moved <= set(seen)


async def test_the_angriest_go_on_behind_one_that_is_not_judged_anew_yet(conn: Connection) -> None:
    where = await put_place(conn)
    said = [make.mention(id=str(n), text=f"text {n}") for n in range(3)]
    await ingest.ingest(conn, where.brand_id, where.source_id, said, now=make.NOW)
    await judge(conn, where, make.analysis(angry=True))
    edited = [make.mention(id="1", text="other")]
    await ingest.ingest(conn, where.brand_id, where.source_id, edited, now=make.NOW)
    first = await mention.angriest(conn, MentionFilter(), limit=2)
    rest = await _angriest(conn, first[-1])

    assert [one.external_id for one in (*first, *rest)] == ["2", "1", "0"]
    assert first[-1].verdict is None
