"""Every promise of the outbox leaves once, whatever the mail server does."""

from email.message import EmailMessage
from random import Random
from uuid import uuid4

import pytest

from analysis.types import Analyser
from service.pipeline.analyse import analyse_due
from service.pipeline.deliver import LEASE, deliver_next, email_channel
from service.settings import Settings
from service.store import clock, incident, ingest, notification
from service.store.pool import Connection, Pool
from tests import make
from tests.places import Mailbox, free_port
from tests.service.watched import FURIOUS, FURIOUS_EN, Watched, watch


@pytest.fixture
async def owed(conn: Connection, pool: Pool, analyser: Analyser) -> Watched:
    """Two incidents, each with a message waiting."""
    watched = await watch(conn, "http://127.0.0.1/feed")
    mentions = [make.mention(id="1", text=FURIOUS), make.mention(id="2", text=FURIOUS_EN)]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, mentions, now=await clock.now(conn))
    await analyse_due(pool, analyser)
    return watched


async def deliver(pool: Pool, smtp_url: str) -> int:
    """Send all that is due; return how many claims that took."""
    settings = Settings(smtp_url=smtp_url)
    channel = email_channel(settings)
    assert channel is not None
    claims = 0
    while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(1)):
        claims += 1
    return claims


def content(mail: EmailMessage, part: str) -> str:
    body = mail.get_body((part,))
    assert body is not None
    text: str = body.get_content()
    return text


async def test_each_message_leaves_once_with_the_words_the_reason_and_the_link(
    conn: Connection, pool: Pool, owed: Watched, mailbox: Mailbox
) -> None:
    assert await deliver(pool, mailbox.url) == 2
    assert await deliver(pool, mailbox.url) == 0

    mail = next(mail for mail in mailbox.mails if "垃圾服務" in content(mail, "plain"))
    assert "垃圾服務" in content(mail, "html")
    assert all("/incidents/" in content(mail, part) for part in ("plain", "html"))
    assert mail["To"] == "On call <oncall@example.com>"
    ids = {row["id"] for row in await conn.fetch("select id from notification where state = 'sent'")}
    assert {mail["Message-ID"] for mail in mailbox.mails} == {f"<n.{one}@localhost>" for one in ids}


async def test_nothing_is_sent_about_what_somebody_took_up_already(
    conn: Connection, pool: Pool, owed: Watched, mailbox: Mailbox
) -> None:
    now = await clock.now(conn)
    for one in await incident.newest(conn):
        await incident.acknowledge(conn, one.id, by="mei", now=now)
    await deliver(pool, mailbox.url)

    assert mailbox.mails == []
    assert await conn.fetchval("select count(*) from notification where state = 'superseded'") == 2


async def test_a_server_that_is_away_gets_everything_when_it_is_back(
    conn: Connection, pool: Pool, owed: Watched
) -> None:
    port = free_port()
    away = Mailbox()
    await deliver(pool, f"smtp://127.0.0.1:{port}")

    state = await conn.fetchrow(
        "select count(*) as waiting, min(error) as error from notification where state = 'pending'"
    )
    health = await conn.fetchrow("select healthy, detail from component where name = 'smtp'")
    assert state is not None
    assert health is not None
    assert state["waiting"] == 2
    assert state["error"] == health["detail"]
    assert health["healthy"] is False

    away.open(port)
    await conn.execute("update mock.clock set shift = shift + interval '1 hour'")
    await deliver(pool, f"smtp://127.0.0.1:{port}")
    away.close()
    assert len(away.mails) == 2
    assert await conn.fetchval("select healthy from component where name = 'smtp'") is True


async def test_tries_during_an_hour_without_a_server_are_few(conn: Connection, pool: Pool, owed: Watched) -> None:
    nobody = f"smtp://127.0.0.1:{free_port()}"
    for _ in range(60):
        await deliver(pool, nobody)
        await conn.execute("update mock.clock set shift = shift + interval '1 minute'")

    assert await conn.fetchval("select max(attempts) from notification") <= 12
    assert await conn.fetchval("select count(*) from notification where state = 'pending'") == 2


async def test_a_message_whose_sender_keeps_dying_is_parked_and_the_others_leave(
    conn: Connection, pool: Pool, owed: Watched, mailbox: Mailbox
) -> None:
    victim = await conn.fetchval("select min(id::text) from notification")
    await conn.execute("update notification set not_before = now() + interval '9 days' where id::text <> $1", victim)
    for _ in range(5):
        now = await clock.now(conn)
        assert await notification.claim(conn, now=now, lease=LEASE, token=uuid4()) is not None
        await conn.execute("update mock.clock set shift = shift + interval '2 minutes'")
    await conn.execute("update mock.clock set shift = shift + interval '10 days'")
    await deliver(pool, mailbox.url)

    assert await conn.fetchval("select state from notification where id::text = $1", victim) == "failed"
    assert len(mailbox.mails) == 1
    assert await conn.fetchval("select count(*) from incident_event where kind = 'delivery_failed'") == 1


async def test_a_letter_that_was_given_up_is_missed_and_can_be_tried_again(
    conn: Connection, pool: Pool, owed: Watched, mailbox: Mailbox
) -> None:
    await conn.execute("update contact set email = 'nobody@exam_ple.com'")
    await deliver(pool, mailbox.url)
    given_up = await conn.fetchrow("select healthy, detail from component where name = 'outbox'")
    assert given_up is not None
    assert (given_up["healthy"], given_up["detail"][:1]) == (False, "2")

    await conn.execute("update contact set email = 'oncall@example.com'")
    now = await clock.now(conn)
    for row in await conn.fetch("select id from notification"):
        assert await notification.try_again(conn, row["id"], now=now)
    await deliver(pool, mailbox.url)

    assert len(mailbox.mails) == 2
