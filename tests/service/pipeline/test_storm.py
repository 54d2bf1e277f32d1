"""A storm: no contact gets more than 13 e-mails within the hour, and nothing is dropped."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from alerts.types import GroupBy, RuleKind, RuleMode, Urgency
from analysis.types import Analysis
from collectors.types import Author
from service.pipeline.alert import reconcile_all
from service.pipeline.analyse import analyse_due
from service.pipeline.deliver import deliver_next, email_channel
from service.settings import Settings
from service.store import clock, ingest, rule
from service.store.pool import Connection, Pool
from tests import make
from tests.places import Mailbox
from tests.service.watched import Watched, watch

_NEW = re.compile(r"^New in this e-mail: ([\d,]+)\r?$", re.MULTILINE)
MOST_AN_HOUR = 13


class Furious:
    """Judges every text angry, at once: what is measured here is what comes after."""

    model = "furious@1"
    severity = 0.4

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        return [make.analysis(angry=True, model=self.model, severity=self.severity) for _ in texts]


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    watched = await watch(conn, "http://127.0.0.1/feed")
    await conn.execute("update contact set language = 'en'")
    return watched


async def group_by(conn: Connection, how: GroupBy) -> None:
    await rule.put(
        conn,
        brand_id=None,
        kind=RuleKind.ANGRY_MENTION,
        name="Angry mentions",
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        group_by=how,
        now=await clock.now(conn),
    )


async def rage(conn: Connection, pool: Pool, watched: Watched, n: int, *, start: int = 0) -> None:
    """Let as many angry posts come in, and be judged."""
    said = [make.mention(id=f"{start + k}", text=f"Disgusting service, number {start + k}!") for k in range(n)]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
    while await analyse_due(pool, Furious()):
        pass


async def an_hour(conn: Connection, pool: Pool, mailbox: Mailbox) -> None:
    """Let an hour pass in steps of half a minute, as a worker lives it."""
    settings = Settings(smtp_url=mailbox.url)
    channel = email_channel(settings)
    assert channel is not None
    for _ in range(120):
        await reconcile_all(pool)
        while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(1)):
            pass
        await conn.execute("update mock.clock set shift = shift + $1", timedelta(seconds=30))


def texts(mailbox: Mailbox) -> list[str]:
    bodies = [mail.get_body(("plain",)) for mail in mailbox.mails]
    return [body.get_content() for body in bodies if body is not None]


def counted(mailbox: Mailbox) -> int:
    """Return the sum of the counts in the e-mails."""
    found = [_NEW.search(text) for text in texts(mailbox)]
    return sum(int(match[1].replace(",", "")) for match in found if match)


@pytest.mark.slow
async def test_ten_thousand_angry_mentions_of_one_matter(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    await group_by(conn, GroupBy.BRAND)
    await rage(conn, pool, watched, 10_000)
    await an_hour(conn, pool, mailbox)

    assert await conn.fetchval("select array_agg(alert_count) from incident") == [10_000]
    assert 1 <= len(mailbox.mails) <= MOST_AN_HOUR
    assert counted(mailbox) == 10_000


@pytest.mark.slow
async def test_ten_thousand_angry_mentions_in_a_thousand_matters(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    await group_by(conn, GroupBy.AUTHOR)
    said = [
        make.mention(id=f"{k}", text=f"Disgusting service, number {k}!", author=Author(id=f"author {k % 1000}"))
        for k in range(10_000)
    ]
    for start in range(0, 10_000, 1000):
        now = await clock.now(conn)
        await ingest.ingest(conn, watched.brand_id, watched.source_id, said[start : start + 1000], now=now)
        while await analyse_due(pool, Furious()):
            pass
    await an_hour(conn, pool, mailbox)
    links = {link for text in texts(mailbox) for link in re.findall(r"/incidents/\d+", text)}

    assert await conn.fetchval("select count(*) from incident") == 1000
    assert len(mailbox.mails) <= MOST_AN_HOUR
    assert counted(mailbox) == 10_000
    assert len(links) == 1000


async def test_what_joins_during_a_storm_is_told_once_and_in_whole(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    await group_by(conn, GroupBy.BRAND)
    settings = Settings(smtp_url=mailbox.url)
    channel = email_channel(settings)
    assert channel is not None
    for minute in range(12):
        await rage(conn, pool, watched, 5, start=minute * 5)
        await reconcile_all(pool)
        while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(1)):
            pass
        await conn.execute("update mock.clock set shift = shift + interval '1 minute'")
    await conn.execute("update mock.clock set shift = shift + interval '5 minutes'")
    await reconcile_all(pool)
    while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(1)):
        pass

    assert counted(mailbox) == 60
    assert len(mailbox.mails) == 4


async def test_a_list_is_dropped_when_somebody_took_everything_up(
    conn: Connection, pool: Pool, watched: Watched, mailbox: Mailbox
) -> None:
    await group_by(conn, GroupBy.NONE)
    await rage(conn, pool, watched, 20)
    assert await conn.fetchval("select count(*) from notification where state = 'bundled'") == 14
    await conn.execute(
        "update incident set status = 'acknowledged', acknowledged_at = opened_at, acknowledged_by = 'mei'"
    )
    await an_hour(conn, pool, mailbox)

    assert mailbox.mails == []


async def test_three_workers_owe_no_more_than_one(conn: Connection, pool: Pool, watched: Watched) -> None:
    await group_by(conn, GroupBy.NONE)
    await rage(conn, pool, watched, 20)
    await conn.execute("delete from notification")
    await asyncio.gather(*(reconcile_all(pool) for _ in range(3)))

    rows = await conn.fetch("select state, count(*)::int as n from notification group by state")
    states = {row["state"]: row["n"] for row in rows}
    assert states == {"pending": 7, "bundled": 14}
