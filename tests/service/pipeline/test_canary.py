"""The canary goes the whole way, is counted nowhere, and says which stage holds it up."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from analysis.errors import AnalysisError
from analysis.types import Analyser, Analysis
from service.cli.doctor import check_canary
from service.pipeline.canary import forget_health, judge_waiting, post_due
from service.pipeline.deliver import deliver_next, email_channel
from service.pipeline.heartbeat import ill
from service.settings import Settings
from service.store import canary, clock, component, contact, notification, trend
from service.store.canary import Canary
from service.store.pool import Connection, Pool
from tests import make
from tests.places import Mailbox

BOX = "Canary mailbox"
EVERY = timedelta(minutes=10)


class Mild:
    """An analyser that nothing makes angry."""

    model = "mild@1"

    def analyse(self, texts: Sequence[str], *, because: bool = True) -> list[Analysis]:
        return [make.analysis(model=self.model, anger=0.0, anger_level=0, angry=False) for _ in texts]


class Broken:
    """An analyser that cannot read."""

    model = "broken@1"

    def analyse(self, texts: Sequence[str], *, because: bool = True) -> list[Analysis]:
        raise AnalysisError("no weights")


@pytest.fixture(autouse=True)
async def mailbox_contact(conn: Connection) -> None:
    now = await clock.now(conn)
    await contact.put(conn, name=BOX, email="canary@example.com", language="th", enabled=False, now=now)


async def post(pool: Pool) -> None:
    for _ in range(2):
        await post_due(pool, mailbox=BOX, every=EVERY)


async def later(conn: Connection, **span: float) -> None:
    await conn.execute("update mock.clock set shift = shift + $1", timedelta(**span))


async def deliver(pool: Pool, url: str) -> None:
    channel = email_channel(Settings(smtp_url=url))
    assert channel is not None
    while await deliver_next(pool, channel, public_url="http://127.0.0.1:8000", random=Random(1)):
        pass


async def newest(conn: Connection) -> Canary:
    found = await canary.newest(conn)
    assert found is not None
    return found


async def said(conn: Connection) -> str:
    """What the parts of the program say of it; the heartbeat's watch is told nothing then."""
    parts = await component.every(conn)
    why = next(part.detail for part in parts if part.name == "canary")
    now = await clock.now(conn)
    assert (f"canary: {why}" in ill(parts, now=now)) == bool(why)
    return why


async def test_it_arrives_its_way_is_timed_and_nothing_counts_it(
    conn: Connection, pool: Pool, mailbox: Mailbox, analyser: Analyser
) -> None:
    await post(pool)
    assert await judge_waiting(pool, analyser)
    assert not await judge_waiting(pool, analyser)
    await later(conn, seconds=3)
    await deliver(pool, mailbox.url)
    await post(pool)
    (mail,) = mailbox.mails
    arrived = await newest(conn)

    assert "canary@example.com" in mail["To"]
    assert "Disgusting scam company" in str(mail)
    assert arrived.took is not None
    assert timedelta(seconds=3) <= arrived.took < timedelta(seconds=30)
    assert await said(conn) == ""
    for table in ("mention", "alert", "incident", "brand"):
        assert await conn.fetchval(f"select count(*) from {table}") == 0
    assert (await trend.total(conn), await notification.newest(conn), await notification.waiting(conn)) == (0, [], {})
    finding = await check_canary(Settings(canary_contact=BOX), pool)
    assert finding.ok
    assert "s to be accepted" in finding.detail


async def test_the_next_is_let_go_after_its_time_and_none_while_one_is_under_way(
    conn: Connection, pool: Pool, mailbox: Mailbox, analyser: Analyser
) -> None:
    counts = []
    for minutes in (0, 9, 1, 60):
        await later(conn, minutes=minutes)
        await post(pool)
        counts.append(await conn.fetchval("select count(*) from canary"))
        if len(counts) == 1:
            await judge_waiting(pool, analyser)
            await deliver(pool, mailbox.url)

    assert counts == [1, 1, 2, 2]


async def test_a_stage_that_stands_still_is_named(conn: Connection, pool: Pool, analyser: Analyser) -> None:
    await post(pool)
    await later(conn, minutes=6)
    with pytest.raises(AnalysisError):
        await judge_waiting(pool, Broken())
    await post(pool)
    model = await said(conn)
    await judge_waiting(pool, analyser)
    await post(pool)
    outbox = await said(conn)
    await deliver(pool, "smtp://127.0.0.1:1")
    await post(pool)
    smtp = await said(conn)
    finding = await check_canary(Settings(canary_contact=BOX), pool)

    assert "waits to be judged" in model
    assert "nobody has sent it" in outbox
    assert "overdue: it was let go 6 min ago and cannot leave" in smtp
    assert "nobody has sent it" not in smtp
    assert not finding.ok


async def test_one_that_was_slow_or_reads_as_mild_is_told(
    conn: Connection, pool: Pool, mailbox: Mailbox, analyser: Analyser
) -> None:
    await post(pool)
    await judge_waiting(pool, analyser)
    await later(conn, minutes=2)
    await deliver(pool, mailbox.url)
    await post(pool)
    slow = await said(conn)
    await later(conn, minutes=10)
    await post(pool)
    await judge_waiting(pool, Mild())
    await post(pool)

    assert slow == "slow: the last took 2 min to the mail server"
    assert "does not find the canary angry" in await said(conn)


async def test_an_old_one_does_not_leave_and_spent_ones_are_forgotten(
    conn: Connection, pool: Pool, mailbox: Mailbox, analyser: Analyser
) -> None:
    await post(pool)
    await judge_waiting(pool, analyser)
    await later(conn, hours=2)
    await deliver(pool, mailbox.url)
    await canary.forget_before(conn, await clock.now(conn))

    assert mailbox.mails == []
    assert await conn.fetchval("select count(*) from notification") == 0


async def test_without_its_contact_it_says_so_and_switched_off_it_says_nothing(conn: Connection, pool: Pool) -> None:
    await post_due(pool, mailbox="Nobody", every=EVERY)
    missing = await said(conn)
    await forget_health(pool)

    assert "no contact named 'Nobody'" in missing
    assert "canary" not in [part.name for part in await component.every(conn)]
    assert (await check_canary(Settings(), pool)).ok
