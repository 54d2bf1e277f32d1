"""Digests: one a contact and period, however many look, however late, and what they say."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage
from random import Random
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from alerts.digest import latest
from alerts.escalation import Step
from alerts.holding import Hold
from alerts.oncall import Layer
from alerts.types import Contact, DigestKind, DigestWish, NotificationId, Purpose, Resolution
from service import reports
from service.pipeline.analyse import analyse_due
from service.pipeline.deliver import deliver_next, email_channel
from service.pipeline.digests import owe_digests
from service.settings import Settings
from service.store import clock, contact, digest, incident, ingest, policy, schedule
from service.store.pool import Connection, Pool
from tests import make
from tests.places import Mailbox
from tests.service.pipeline.test_contacts import be
from tests.service.pipeline.test_storm import Furious
from tests.service.watched import Watched, watch

UTC_ZONE = ZoneInfo("UTC")
THURSDAY = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    await be(conn, THURSDAY)
    return await watch(conn, "http://127.0.0.1/feed")


async def wants(conn: Connection, *kinds: DigestKind, always: bool = False, zone: str = "Asia/Taipei") -> Contact:
    """Let the contact want digests at eight."""
    wish = DigestWish(kinds=frozenset(kinds), at=time(8), always=always)
    await contact.put(
        conn,
        name="On call",
        email="oncall@example.com",
        language="en",
        enabled=True,
        zone=zone,
        digest=wish,
        now=await clock.now(conn),
    )
    found = await contact.named(conn, "On call")
    assert found is not None
    return found


async def said(conn: Connection, pool: Pool, watched: Watched, name: str, text: str = "Disgusting service!") -> None:
    post = make.mention(id=name, text=f"{text} {name}", published_at=await clock.now(conn))
    await ingest.ingest(conn, watched.brand_id, watched.source_id, [post], now=await clock.now(conn))
    while await analyse_due(pool, Furious()):
        pass


async def sent(pool: Pool, mailbox: Mailbox) -> list[EmailMessage]:
    """Deliver what is due; return the digests among all mails so far."""
    settings = Settings(smtp_url=mailbox.url)
    channel = email_channel(settings)
    assert channel is not None
    while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(1)):
        pass
    return [mail for mail in mailbox.mails if "report" in mail["Subject"]]


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_a_day_is_told_once_by_the_contacts_clock(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    await wants(conn, DigestKind.DAILY)
    await said(conn, pool, watched, "one")
    await be(conn, datetime(2026, 3, 5, 23, 59, tzinfo=UTC))

    assert await owe_digests(pool, usual=UTC_ZONE) == 0  # 7:59 in Taipei; of the day before nothing was said
    await be(conn, datetime(2026, 3, 6, 0, 0, tzinfo=UTC))

    assert await owe_digests(pool, usual=UTC_ZONE) == 1
    assert await owe_digests(pool, usual=UTC_ZONE) == 0
    [mail] = await sent(pool, mailbox)
    assert mail["Subject"] == "Daily report, 5 Mar 2026: 1 angry of 1 mention"
    assert "Disgusting service! one" in plain(mail)
    assert "/mentions/" in plain(mail)


async def test_workers_side_by_side_owe_it_once(conn: Connection, pool: Pool, watched: Watched) -> None:
    await wants(conn, DigestKind.DAILY, DigestKind.WEEKLY, always=True)
    await be(conn, datetime(2026, 3, 6, 12, tzinfo=UTC))
    made = await asyncio.gather(*(owe_digests(pool, usual=UTC_ZONE) for _ in range(3)))

    assert sum(made) == 2
    assert await conn.fetchval("select count(*) from notification where purpose = 'digest'") == 2


async def test_after_downtime_only_the_last_period_is_told(conn: Connection, pool: Pool, watched: Watched) -> None:
    await wants(conn, DigestKind.DAILY, always=True)
    await be(conn, datetime(2026, 3, 6, 12, tzinfo=UTC))
    await owe_digests(pool, usual=UTC_ZONE)
    await be(conn, datetime(2026, 3, 16, 12, tzinfo=UTC))
    await owe_digests(pool, usual=UTC_ZONE)
    starts = await conn.fetch("select starts::text as starts from digest_run order by 1")

    assert [row["starts"] for row in starts] == ["2026-03-05", "2026-03-15"]


async def test_nothing_said_is_told_only_to_who_wants_that(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    await wants(conn, DigestKind.DAILY)
    await be(conn, datetime(2026, 3, 6, 12, tzinfo=UTC))

    assert await owe_digests(pool, usual=UTC_ZONE) == 0
    await wants(conn, DigestKind.DAILY, always=True)
    assert await owe_digests(pool, usual=UTC_ZONE) == 0  # it was decided for that day
    await be(conn, datetime(2026, 3, 7, 12, tzinfo=UTC))
    assert await owe_digests(pool, usual=UTC_ZONE) == 1
    [mail] = await sent(pool, mailbox)
    assert mail["Subject"] == "Daily report, 6 Mar 2026: nothing was said"


async def test_an_address_that_never_agreed_gets_none(conn: Connection, pool: Pool, watched: Watched) -> None:
    one = await wants(conn, DigestKind.DAILY, always=True)
    await conn.execute("update contact set verified_at = null where id = $1", one.id)
    await be(conn, datetime(2026, 3, 6, 12, tzinfo=UTC))

    assert await owe_digests(pool, usual=UTC_ZONE) == 0


async def test_a_week_tells_what_was_answered(conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox) -> None:
    await wants(conn, DigestKind.WEEKLY)
    await said(conn, pool, watched, "one")
    known = await conn.fetchval("select id from incident")
    await incident.resolve(conn, known, by="mei", resolution=Resolution.ANSWERED, now=await clock.now(conn))
    await be(conn, datetime(2026, 3, 9, 12, tzinfo=UTC))
    await owe_digests(pool, usual=UTC_ZONE)
    [mail] = await sent(pool, mailbox)

    assert mail["Subject"] == "Weekly report, 2 Mar 2026 – 8 Mar 2026: 1 angry of 1 mention"
    assert "Incidents answered: 1 (the week before: 0)" in plain(mail)


async def test_only_the_brands_a_contact_hears_of_are_told(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    other = await watch(conn, "http://127.0.0.1/other", suffix=" Two")
    await conn.execute("delete from rule where id = $1", watched.rule_id)
    await conn.execute("update rule_contact set contact_id = $1 where rule_id = $2", watched.contact_id, other.rule_id)
    await wants(conn, DigestKind.DAILY)
    await said(conn, pool, watched, "hidden")
    await said(conn, pool, other, "told")
    await be(conn, datetime(2026, 3, 6, 12, tzinfo=UTC))
    await owe_digests(pool, usual=UTC_ZONE)
    [mail] = await sent(pool, mailbox)

    assert "told" in plain(mail)
    assert "hidden" not in plain(mail)


async def test_of_a_rule_with_a_policy_those_read_whom_the_policy_tells(conn: Connection, watched: Watched) -> None:
    now = await clock.now(conn)
    who = {}
    for name in ("Ann", "Boss", "Mei", "Zoe"):
        email = f"{name.lower()}@example.com"
        who[name] = await contact.put(conn, name=name, email=email, language="en", enabled=True, now=now)
    layer = Layer(members=(who["Mei"],), starts=datetime(2026, 3, 2, 9), turn=timedelta(days=7))  # noqa: DTZ001  # a wall's
    care = await schedule.put(conn, name="Care", zone="UTC", layers=[layer], now=now)
    steps = [Step(contacts=(who["Ann"],), schedules=(care,), wait=timedelta(minutes=5))]
    policy_id = await policy.put(
        conn, name="Care", steps=steps, repeats=0, last_resort=who["Boss"], hold=Hold(), now=now
    )
    other = await watch(conn, "http://127.0.0.1/other", suffix=" Two")
    await conn.execute("delete from rule_contact")
    await conn.execute("update rule set policy_id = $2 where id = $1", watched.rule_id, policy_id)
    brands = {name: {brand for brand, _ in await digest.brands_of(conn, one)} for name, one in who.items()}

    both = {watched.brand_id, other.brand_id}
    assert brands == {"Ann": both, "Boss": both, "Mei": both, "Zoe": {other.brand_id}}


async def test_a_contact_that_is_switched_off_before_it_leaves_gets_none(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    one = await wants(conn, DigestKind.DAILY, always=True)
    await be(conn, datetime(2026, 3, 6, 12, tzinfo=UTC))
    await owe_digests(pool, usual=UTC_ZONE)
    await conn.execute("update contact set enabled = false where id = $1", one.id)

    assert await sent(pool, mailbox) == []
    assert await conn.fetchval("select state from notification where purpose = $1", Purpose.DIGEST) == "superseded"


async def test_who_complained_and_is_pleased_now_is_recovered(conn: Connection, watched: Watched) -> None:
    now = await clock.now(conn)
    for n, label in enumerate(("negative", "positive")):
        post = make.mention(id=f"p{n}", published_at=now)
        await ingest.ingest(conn, watched.brand_id, watched.source_id, [post], now=now)
        await conn.execute(
            "update mention set label = $1, author_id = 'ann', said_at = said_at + $2 * interval '1 hour' "
            "where external_id = $3",
            label,
            n,
            f"p{n}",
        )
    found = await digest.activity(
        conn, watched.brand_id, since=now, until=datetime(2026, 3, 6, tzinfo=UTC), recommends_from=0.5
    )

    assert found.recovered == 1


async def test_a_report_counts_its_hours_or_days_also_when_clocks_change(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    await said(conn, pool, watched, "1")
    zone = ZoneInfo("Europe/Berlin")
    for kind, day, steps in (
        (DigestKind.DAILY, datetime(2026, 3, 6, 12, tzinfo=UTC), 24),
        (DigestKind.WEEKLY, datetime(2026, 3, 9, 12, tzinfo=UTC), 7),
        (DigestKind.DAILY, datetime(2026, 3, 30, 12, tzinfo=UTC), 23),
        (DigestKind.WEEKLY, datetime(2026, 3, 30, 12, tzinfo=UTC), 7),
    ):
        period = latest(kind, at=time(8), zone=zone, now=day)
        one = await wants(conn, kind, zone=zone.key)
        read = await reports.read(
            conn,
            NotificationId(uuid4()),
            one,
            period,
            brands=[(watched.brand_id, "Lantern")],
            zone=zone,
            public_url="http://127.0.0.1",
        )
        (brand,) = read.brands

        assert len(brand.steps) == steps
        assert sum(step.total for step in brand.steps) == brand.counts.total
        assert brand.counts.total == (day.day < 10)
