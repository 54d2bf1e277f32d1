"""A worker that is killed anywhere loses no mention and sends at most one copy more, with the same Message-ID."""

from collections import Counter
from collections.abc import Iterator

import pytest

from service.failpoints import Failpoint
from service.store.pool import Pool
from tests.places import Mailbox, Post, serving_feed
from tests.service import programs
from tests.service.waiting import until
from tests.service.watched import CALM, FURIOUS, FURIOUS_EN, watch

KILLED = 137


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    box.open()
    yield box
    box.close()


@pytest.mark.slow
@pytest.mark.parametrize("point", list(Failpoint))
async def test_killed_there_nothing_is_lost(point: Failpoint, database_url: str, pool: Pool, mailbox: Mailbox) -> None:
    settings = {"EARSHOT_DATABASE_URL": database_url, "EARSHOT_SMTP_URL": mailbox.url, "EARSHOT_TICK": "0.1"}
    posts = [Post(text=CALM, guid="1"), Post(text=FURIOUS, guid="2"), Post(text=FURIOUS_EN, guid="3")]
    async with serving_feed(*posts) as feed, pool.acquire() as conn:
        await watch(conn, feed.url)
        with programs.started("work", settings={**settings, "EARSHOT_FAILPOINT": point}) as doomed:

            async def died() -> bool:
                return doomed.poll() is not None

            await until(died, what=f"the worker's death at {point}")
        assert doomed.returncode == KILLED

        # Leases of the dead run out.
        await conn.execute("update mock.clock set shift = shift + interval '10 minutes'")
        with programs.started("work", settings=settings) as survivor:

            async def done() -> bool:
                judged = await conn.fetchval("select count(*) from mention where analysed_at is not null")
                waiting = await conn.fetchval("select count(*) from notification where state <> 'sent'")
                sent = await conn.fetchval("select count(*) from notification where state = 'sent'")
                return bool(judged == len(posts) and waiting == 0 and sent == 2)

            await until(done, what="everything judged and sent")
            code, said = programs.end(survivor)

    copies = Counter(mail["Message-ID"] for mail in mailbox.mails)
    assert code == 0, said
    assert await pool.fetchval("select count(*) from mention") == len(posts)
    assert await pool.fetchval("select count(*) from incident") == 2
    assert len(copies) == 2
    assert max(copies.values()) <= 2
    assert await pool.fetchval("select count(*) from fetch_not_conserved") == 0
