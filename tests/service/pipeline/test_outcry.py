"""With the model that ships: many people's posts about one event are one incident and one first e-mail, and complaints
about twenty events are nearly twenty."""

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from random import Random

import pytest

from analysis.registry import analyser
from collectors.types import Author
from service.pipeline.analyse import analyse_due
from service.pipeline.deliver import deliver_next, email_channel
from service.settings import Settings
from service.store import clock, ingest
from service.store.pool import Connection, Pool
from tests import make
from tests.places import Mailbox
from tests.quality import gate
from tests.service.watched import Watched, watch

TEA = ("Lantern Tea", "燈籠茶")
MARKET = ("Harvest Mart", "麥田超市", "麥田")


@cache
def texts(name: str, event: int | None = None) -> tuple[str, ...]:
    """Return our posts about an event, or about any, in an order of chance."""
    rows = [json.loads(line) for line in (gate.FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
    found = [row["text"] for row in rows if event in (None, row["event"])]
    Random(4).shuffle(found)
    return tuple(found)


async def called(conn: Connection, names: Sequence[str]) -> Watched:
    """Watch a brand of these names."""
    watched = await watch(conn, "http://127.0.0.1/feed")
    await conn.execute("update brand set name = $1, aliases = $2", names[0], list(names[1:]))
    return watched


async def hear(conn: Connection, pool: Pool, watched: Watched, said: Sequence[str], *, accounts: int = 60) -> None:
    """Let posts come in at once, and be judged."""
    start = await conn.fetchval("select count(*) from mention")
    posts = [
        make.mention(id=f"{start + k}", text=text, author=Author(id=f"a{(start + k) % accounts}"))
        for k, text in enumerate(said)
    ]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, posts, now=await clock.now(conn))
    while await analyse_due(pool, analyser("ensemble")):
        pass


async def deliver(conn: Connection, pool: Pool, mailbox: Mailbox) -> None:
    settings = Settings(smtp_url=mailbox.url)
    channel = email_channel(settings)
    assert channel is not None
    while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(1)):
        pass


async def first_words(conn: Connection) -> int:
    """Return how many first e-mails left."""
    return int(await conn.fetchval("select count(*) from notification where purpose = 'first' and state = 'sent'"))


async def open_ones(conn: Connection) -> int:
    """Return how many incidents are open."""
    return int(await conn.fetchval("select count(*) from incident where status <> 'resolved'"))


@pytest.mark.parametrize("accounts", [3, 60])
async def test_sixty_posts_at_once_are_one_incident_and_one_first_e_mail(
    conn: Connection, pool: Pool, mailbox: Mailbox, accounts: int
) -> None:
    watched = await called(conn, TEA)
    await hear(conn, pool, watched, texts("storms", 1), accounts=accounts)
    await deliver(conn, pool, mailbox)

    assert await open_ones(conn) == 1
    assert await first_words(conn) == 1


async def test_twenty_complaints_in_an_hour_are_at_least_eighteen_incidents(conn: Connection, pool: Pool) -> None:
    watched = await called(conn, MARKET)
    said = texts("complaints")
    angry = [text for text, one in zip(said, analyser("ensemble").analyse(said), strict=True) if one.angry]
    await hear(conn, pool, watched, angry[:20])

    assert await open_ones(conn) >= 18


async def test_of_sixty_posts_one_after_the_other_few_first_e_mails_leave(
    conn: Connection, pool: Pool, mailbox: Mailbox
) -> None:
    watched = await called(conn, TEA)
    for seconds, text in enumerate(texts("storms", 1)):
        await conn.execute("update mock.clock set shift = $1", timedelta(seconds=seconds))
        await hear(conn, pool, watched, [text])
        await deliver(conn, pool, mailbox)
    await conn.execute("update mock.clock set shift = $1", timedelta(seconds=120))
    await deliver(conn, pool, mailbox)

    # What begins before it is a burst is told at once, and may turn out to be one only then.
    assert await open_ones(conn) == 1
    assert await first_words(conn) <= 3
