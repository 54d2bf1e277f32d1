"""A mailbox that tells of new mail is polled the moment it does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest

from alerts.types import SourceId
from collectors.egress import GuardedEgress
from collectors.parsers import close_parsers
from collectors.types import SourceKind
from service.pipeline.collect import collect_due
from service.pipeline.listen import Listeners
from service.store import brand, clock, listening, source
from service.store.pool import Pool
from tests import mailhost
from tests.mailhost import MailHost

MAIL = b"From: Ann <ann@example.com>\r\nSubject: Cold\r\nMessage-ID: <a@x>\r\n\r\nThe soup was cold.\r\n"


@dataclass(frozen=True, kw_only=True)
class Place:
    pool: Pool
    egress: GuardedEgress
    listeners: Listeners
    source_id: SourceId

    async def poll(self) -> int:
        return await collect_due(self.pool, self.egress, allow_private=True, random=Random(1))

    async def until_due(self) -> None:
        async with asyncio.timeout(15):
            # Told by another process, which gives no event.
            while not await self.pool.fetchval("select exists (select from source where next_due <= now())"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def mailbox(pool: Pool, host: MailHost) -> SourceId:
    """Add a mailbox that is polled once a day."""
    settings = {"host": "127.0.0.1", "port": str(host.imap), "user": "desk", "password": mailhost.PASSWORD,
                "security": "none"}  # fmt: skip
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        return await source.put(
            conn,
            brand_id=await brand.ensure(conn, "Lantern Tea", now=now),
            kind=SourceKind.IMAP,
            name="Complaints",
            settings=settings,
            interval=timedelta(days=1),
            allow_private=True,
            enabled=True,
            now=now,
        )


@asynccontextmanager
async def listening_to(pool: Pool, host: MailHost) -> AsyncIterator[Place]:
    source_id = await mailbox(pool, host)
    async with GuardedEgress() as egress:
        listeners = Listeners(pool, egress, allow_private=False)
        try:
            yield Place(pool=pool, egress=egress, listeners=listeners, source_id=source_id)
        finally:
            await listeners.close()
            close_parsers()


async def test_new_mail_is_polled_at_once(pool: Pool, mail_host: MailHost) -> None:
    async with listening_to(pool, mail_host) as place:
        await place.poll()
        await place.listeners.step()
        # Opening the line makes the source due: mail may have come in between.
        await place.until_due()
        await place.poll()
        mail_host.append("desk", MAIL)
        await place.until_due()
        await place.poll()

    assert await pool.fetchval("select text from mention") == "The soup was cold."


async def test_a_source_that_is_gone_is_listened_to_no_more(pool: Pool, mail_host: MailHost) -> None:
    async with listening_to(pool, mail_host) as place:
        await place.listeners.step()
        await place.until_due()
        await pool.execute("update source set enabled = false")
        await place.listeners.step()
        await place.poll()
        mail_host.append("desk", MAIL)

        assert await place.poll() == 0


async def test_one_worker_listens_to_a_source_until_its_lease_ends(pool: Pool, mail_host: MailHost) -> None:
    await mailbox(pool, mail_host)
    first, second = uuid4(), uuid4()
    async with pool.acquire() as conn:
        now = await clock.now(conn)

        async def claimed(token: object, seconds: int) -> int:
            return len(
                await listening.claim(
                    conn,
                    kinds=["imap"],
                    token=token,  # type: ignore[arg-type]  # both are UUIDs
                    lease=timedelta(minutes=1),
                    limit=10,
                    now=now + timedelta(seconds=seconds),
                )
            )

        assert [await claimed(first, 0), await claimed(second, 30), await claimed(first, 50)] == [1, 0, 1]
        assert [await claimed(second, 109), await claimed(second, 111), await claimed(first, 112)] == [0, 1, 0]
        await listening.release(conn, second)
        assert await claimed(first, 113) == 1


async def test_a_source_that_fails_is_not_hurried(pool: Pool, mail_host: MailHost) -> None:
    source_id = await mailbox(pool, mail_host)
    await pool.execute("update source set error_count = 3, next_due = now() + interval '1 hour'")
    async with pool.acquire() as conn:
        assert await listening.make_due(conn, source_id, now=await clock.now(conn))

    assert not await pool.fetchval("select next_due <= now() from source")


@pytest.mark.parametrize("polling", [True, False])
async def test_news_while_a_poll_is_under_way_waits_for_its_end(pool: Pool, mail_host: MailHost, polling: bool) -> None:
    source_id = await mailbox(pool, mail_host)
    await pool.execute("update source set lease_token = case when $1 then gen_random_uuid() end", polling)
    async with pool.acquire() as conn:
        assert await listening.make_due(conn, source_id, now=await clock.now(conn)) is not polling
