"""The mail server is away for an hour: then all leave, once, urgent first, after few tries."""

from datetime import timedelta
from random import Random

from service.pipeline.deliver import deliver_next, email_channel
from service.settings import Settings
from service.store import clock, contact
from service.store.pool import Connection, Pool
from tests.places import Mailbox, free_port
from tests.service.pipeline.test_contacts import be, rage
from tests.service.watched import watch

PEOPLE = 24


async def owed(conn: Connection, pool: Pool) -> None:
    """Owe one incident's first word to many people, of three urgencies."""
    watched = await watch(conn, "http://127.0.0.1/feed")
    for n in range(PEOPLE - 1):
        name = f"Person {n}"
        now = await clock.now(conn)
        await contact.put(conn, name=name, email=f"p{n}@example.com", language="en", enabled=True, now=now)
    await conn.execute("delete from rule_contact")
    await rage(conn, pool, watched, "one")
    await conn.execute(
        "update notification set urgency = (array['normal', 'high', 'urgent'])[1 + (contact_id % 3)::int]"
    )


async def test_after_an_hour_all_leave_once_urgent_first_and_tries_were_few(conn: Connection, pool: Pool) -> None:
    await owed(conn, pool)
    box = Mailbox()
    port = free_port()
    settings = Settings(smtp_url=f"smtp://127.0.0.1:{port}")
    channel = email_channel(settings)
    assert channel is not None
    start = await clock.now(conn)
    for minute in range(61):
        await be(conn, start + timedelta(minutes=minute))
        while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(minute)):
            pass
    most = await conn.fetchval("select max(attempts) from notification")
    assert box.mails == []
    assert most <= 12

    box.open(port)
    await be(conn, start + timedelta(minutes=76))
    while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(1)):
        pass
    box.close()
    ids = [mail["Message-ID"] for mail in box.mails]
    rows = await conn.fetch("select id::text as id, urgency from notification where state = 'sent'")
    urgency = {f"<n.{row['id']}@localhost>": row["urgency"] for row in rows}
    order = [["urgent", "high", "normal"].index(urgency[one]) for one in ids]

    assert len(ids) == len(set(ids)) == PEOPLE
    assert order == sorted(order)
