"""A message that a real mail server returns is given up, its contact is marked, and nobody is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import quote
from uuid import uuid4

import pytest

from alerts.channels.bounce_url import BounceMailbox
from alerts.channels.verp import return_path
from alerts.types import NotificationId
from analysis.types import Analyser
from collectors.egress import GuardedEgress
from service.cli.doctor import check_contacts
from service.pipeline.analyse import analyse_due
from service.pipeline.bounces import BounceReader
from service.pipeline.deliver import bounce_mailbox, deliver_next, email_channel
from service.settings import Settings
from service.store import bounce, clock, contact, ingest
from service.store.pool import Connection, Pool
from tests import mailhost, make
from tests.alerts.channels.test_bounce import report
from tests.mailhost import MailHost
from tests.service.watched import FURIOUS, watch

BOX = "bounces@127.0.0.1/INBOX"

pytestmark = pytest.mark.usefixtures("owed")


@pytest.fixture
async def owed(conn: Connection, pool: Pool, analyser: Analyser) -> None:
    """An incident with a message waiting for a contact without a mailbox."""
    watched = await watch(conn, "http://127.0.0.1/feed")
    mentions = [make.mention(id="1", text=FURIOUS)]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, mentions, now=await clock.now(conn))
    await analyse_due(pool, analyser)
    await address(conn, "nobody-here@lantern.test")


async def address(conn: Connection, email: str) -> None:
    now = await clock.now(conn)
    await contact.put(conn, name="On call", email=email, language="zh-Hant", enabled=True, now=now)


def settings(host: MailHost) -> Settings:
    password = quote(mailhost.PASSWORD)
    return Settings(
        smtp_url=f"smtp://127.0.0.1:{host.smtp}",
        mail_from="earshot@alerts.test",
        bounce_url=f"imap://bounces:{password}@127.0.0.1:{host.imap}?address=bounces@alerts.test",
    )


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Both ends of the outbox."""

    pool: Pool
    host: MailHost
    mailbox: BounceMailbox
    reader: BounceReader

    async def send(self) -> NotificationId:
        """Send the message that waits."""
        given = settings(self.host)
        channel = email_channel(given)
        assert channel is not None
        assert await deliver_next(self.pool, channel, public_url=given.public_url, random=Random(1))
        return NotificationId(await self.pool.fetchval("select id from notification"))

    async def come_back(self) -> NotificationId:
        """Send it, and let it come back."""
        sent = await self.send()
        await asyncio.to_thread(self.host.messages, "bounces")
        await self.reader.step()
        return sent

    def brought(self, raw: bytes) -> None:
        self.host.append("bounces", raw)


@pytest.fixture
async def desk(pool: Pool, mail_host: MailHost) -> AsyncIterator[Desk]:
    async with _desk(pool, mail_host) as desk:
        yield desk


@asynccontextmanager
async def _desk(pool: Pool, host: MailHost) -> AsyncIterator[Desk]:
    mailbox = bounce_mailbox(settings(host))
    assert mailbox is not None
    async with GuardedEgress() as egress:
        yield Desk(pool=pool, host=host, mailbox=mailbox, reader=BounceReader(pool, egress, mailbox))


async def state(conn: Connection) -> tuple[str, str | None]:
    row = await conn.fetchrow("select state, error from notification")
    assert row is not None
    return row["state"], row["error"]


async def test_what_postfix_returns_is_given_up_and_its_contact_marked(
    conn: Connection, pool: Pool, desk: Desk
) -> None:
    await desk.come_back()

    found, error = await state(conn)
    assert found == "failed"
    assert error is not None
    assert error.startswith("it came back: 550 5.1.1 <nobody-here@lantern.test> User doesn't exist")
    (unreached,) = await bounce.unreached(conn)
    assert (unreached.name, unreached.email) == ("On call", "nobody-here@lantern.test")
    assert await conn.fetchval("select healthy from component where name = 'outbox'") is False
    said = await conn.fetchval("select detail from component where name = 'contacts' and not healthy")
    assert said.startswith("On call <nobody-here@lantern.test>: 550 5.1.1")
    kinds = [row["kind"] for row in await conn.fetch("select kind from incident_event order by id")]
    assert kinds[-2:] == ["notified", "delivery_failed"]
    finding = await check_contacts(pool)
    assert not finding.ok
    assert "mail to On call <nobody-here@lantern.test> comes back" in finding.detail


async def test_a_report_counts_once_however_often_it_is_read(conn: Connection, desk: Desk) -> None:
    await desk.come_back()
    await conn.execute("delete from bounce_mailbox")
    await desk.reader.step()

    assert await conn.fetchval("select count(*) from bounce") == 1
    assert await conn.fetchval("select count(*) from incident_event where kind = 'delivery_failed'") == 1


async def test_the_mailbox_is_read_on_from_where_it_was_and_nothing_is_marked(conn: Connection, desk: Desk) -> None:
    await desk.come_back()
    first = await bounce.cursor_of(conn, BOX)
    await desk.reader.step()

    assert await bounce.cursor_of(conn, BOX) == first
    assert first["uid"] == 1
    assert not [flags for flags in desk.host.flags("bounces") if b"Seen" in flags or b"Deleted" in flags]
    assert await conn.fetchval("select healthy from component where name = 'bounces'") is True


async def test_another_address_makes_the_contact_well_again(conn: Connection, desk: Desk) -> None:
    await desk.come_back()
    await address(conn, "nobody-here@lantern.test")
    assert len(await bounce.unreached(conn)) == 1
    await address(conn, "ann@lantern.test")
    await desk.reader.step()

    assert await bounce.unreached(conn) == []
    assert await conn.fetchval("select healthy from component where name = 'contacts'") is True


async def test_a_report_about_an_address_that_was_corrected_meanwhile_blames_nobody(
    conn: Connection, desk: Desk
) -> None:
    await desk.send()
    await asyncio.to_thread(desk.host.messages, "bounces")
    await address(conn, "ann@lantern.test")
    await desk.reader.step()

    assert (await state(conn))[0] == "failed"
    assert await bounce.unreached(conn) == []


async def test_a_late_message_is_noted_and_still_counts_as_sent(conn: Connection, desk: Desk) -> None:
    sent = await desk.send()
    await asyncio.to_thread(desk.host.messages, "bounces")
    desk.host.empty()
    path = return_path(desk.mailbox.address, sent, key=desk.mailbox.key, today=(await clock.now(conn)).date())
    desk.brought(
        report(status="4.4.7", action="delayed", returned="").replace(b"bounces+abc123@alerts.example", path.encode())
    )
    await desk.reader.step()

    assert (await state(conn))[0] == "sent"
    assert await conn.fetchval("select status from bounce where not failed") == "4.4.7"


async def test_a_refused_content_gives_up_the_message_and_blames_no_address(conn: Connection, desk: Desk) -> None:
    sent = await desk.send()
    await asyncio.to_thread(desk.host.messages, "bounces")
    desk.host.empty()
    desk.brought(report(status="5.7.1", returned=f"Message-ID: <n.{sent}@alerts.test>"))
    await desk.reader.step()

    assert (await state(conn))[0] == "failed"
    assert await bounce.unreached(conn) == []


@pytest.mark.parametrize(
    "raw",
    [
        report(returned=f"Message-ID: <n.{uuid4()}@alerts.test>"),
        report(returned=""),
        b"From: On call <ann@lantern.test>\r\nAuto-Submitted: auto-replied\r\n\r\n550 5.1.1 I am away\r\n",
        b"",
        b"From: MAILER-DAEMON\r\nContent-Type: multipart/report; boundary=\r\n\r\n--\r\n--\r\n",
    ],
)
async def test_forged_reports_answers_and_noise_change_nothing(raw: bytes, conn: Connection, desk: Desk) -> None:
    await address(conn, "ann@lantern.test")
    await desk.send()
    if raw:
        desk.brought(raw)
    await desk.reader.step()

    assert (await state(conn))[0] == "sent"
    assert await conn.fetchval("select count(*) from bounce") == 0


async def test_a_responder_that_knows_no_manners_is_not_answered_and_tells_nothing(
    conn: Connection, desk: Desk
) -> None:
    """It answers the return path in spite of Auto-Submitted, and does not say what it is."""
    await address(conn, "away@lantern.test")
    await desk.send()
    (alert,) = await asyncio.to_thread(desk.host.messages, "away")
    answer = b"From: away@lantern.test\r\nSubject: Away\r\n\r\nI am away. Room 550 5.1.1 knows more.\r\n"
    desk.host.send("away@lantern.test", alert["Return-Path"].strip("<>"), answer)
    await asyncio.to_thread(desk.host.messages, "bounces")
    await desk.reader.step()
    desk.host.wait_until_sent()

    assert (await state(conn))[0] == "sent"
    assert await conn.fetchval("select count(*) from notification") == 1
    assert await conn.fetchval("select count(*) from bounce") == 0
    assert len(desk.host.messages("away")) == 1


async def test_a_mailbox_that_cannot_be_read_is_said(conn: Connection, desk: Desk) -> None:
    box = replace(desk.mailbox, password="wrong")
    async with GuardedEgress() as egress:
        await BounceReader(desk.pool, egress, box).step()

    health = await conn.fetchrow("select healthy, detail from component where name = 'bounces'")
    assert health is not None
    assert health["healthy"] is False
    assert "renew the password" in health["detail"]
