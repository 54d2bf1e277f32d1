"""Who may be told, and when: addresses that agreed, outside their quiet hours."""

import re
from datetime import UTC, datetime, time, timedelta
from random import Random

import pytest

from alerts.types import Contact, QuietHours, Urgency
from service.pipeline.alert import reconcile_all
from service.pipeline.analyse import analyse_due
from service.pipeline.deliver import deliver_next, email_channel
from service.settings import Settings
from service.store import clock, contact, ingest, notification, verification
from service.store.pool import Connection, Pool
from tests import make
from tests.places import Mailbox
from tests.service.pipeline.test_storm import Furious
from tests.service.watched import Watched, watch


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    return await watch(conn, "http://127.0.0.1/feed")


async def deliver(pool: Pool, mailbox: Mailbox) -> None:
    settings = Settings(smtp_url=mailbox.url)
    channel = email_channel(settings)
    assert channel is not None
    while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(1)):
        pass


async def be(conn: Connection, at: datetime) -> None:
    """Make it this time."""
    await conn.execute("update mock.clock set shift = $1 - pg_catalog.now()", at)


async def rage(conn: Connection, pool: Pool, watched: Watched, name: str) -> None:
    said = [make.mention(id=name, text=f"Disgusting service, {name}!", published_at=await clock.now(conn))]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
    while await analyse_due(pool, Furious()):
        pass


def urls(mailbox: Mailbox) -> list[str]:
    """Return the links of the last e-mail."""
    body = mailbox.mails[-1].get_body(("plain",))
    assert body is not None
    return re.findall(r"https?://\S+", body.get_content())


async def test_an_address_that_did_not_agree_is_told_nothing_until_it_does(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    await conn.execute("update contact set verified_at = null")
    await verification.ask(conn, watched.contact_id, now=await clock.now(conn))
    await rage(conn, pool, watched, "one")
    await deliver(pool, mailbox)
    assert len(mailbox.mails) == 1
    assert "References" not in mailbox.mails[0]
    (url,) = urls(mailbox)
    agreed = await verification.agree(conn, url.partition("token=")[2], now=await clock.now(conn))
    assert agreed is not None
    await reconcile_all(pool)
    await deliver(pool, mailbox)

    assert len(mailbox.mails) == 2
    assert "/incidents/" in urls(mailbox)[0]


async def test_what_was_agreed_before_it_left_is_not_asked(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    await conn.execute("update contact set verified_at = null")
    await verification.ask(conn, watched.contact_id, now=await clock.now(conn))
    await conn.execute("update contact set verified_at = now()")
    await deliver(pool, mailbox)

    assert mailbox.mails == []
    assert await conn.fetchval("select state from notification") == "superseded"


async def test_a_test_leaves_once_to_who_may_be_told_and_to_nobody_else(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    asked = [await notification.owe_trial(conn, watched.contact_id, now=await clock.now(conn)) for _ in range(2)]
    await deliver(pool, mailbox)
    await conn.execute("update contact set verified_at = null")
    refused = await notification.owe_trial(conn, watched.contact_id, now=await clock.now(conn))

    assert (asked, refused) == ([True, False], False)
    assert [mail["Subject"] for mail in mailbox.mails] == ["Earshot 的電子郵件已送達"]
    assert urls(mailbox) == ["http://127.0.0.1:8000"]


async def test_a_night_of_little_things_is_one_e_mail_in_the_morning_and_an_urgent_one_goes_through(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    """In Berlin, the night of 25 October 2026 is an hour longer."""
    sleeper = Contact(
        id=watched.contact_id,
        name="On call",
        email="oncall@example.com",
        language="en",
        zone="Europe/Berlin",
        quiet=QuietHours(starts=time(22), ends=time(7)),
    )
    await contact.change(conn, sleeper)
    await be(conn, datetime(2026, 10, 25, 0, 0, tzinfo=UTC))
    await conn.execute("update rule set urgency = 'normal', group_by = 'none'")
    for number in range(20):
        await rage(conn, pool, watched, f"little {number}")
    await conn.execute("update rule set urgency = $1", Urgency.URGENT)
    await rage(conn, pool, watched, "urgent")
    await deliver(pool, mailbox)
    assert [mail["Importance"] for mail in mailbox.mails] == ["high"]
    await be(conn, datetime(2026, 10, 25, 6, 0, tzinfo=UTC) - timedelta(seconds=30))
    await reconcile_all(pool)
    await deliver(pool, mailbox)
    told = len(mailbox.mails)
    await be(conn, datetime(2026, 10, 25, 6, 0, 30, tzinfo=UTC))
    await reconcile_all(pool)
    await deliver(pool, mailbox)

    assert len(mailbox.mails) == told + 1
    assert "[Normal priority] 20 incidents" in mailbox.mails[-1]["Subject"]
