"""From the commit that collected an angry mention to the mail server's acceptance, at 20 mentions a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from random import Random

from tests.benchmarks.budget import Line, percentile
from tests.benchmarks.places import migrated
from tests.places import Feed, Mailbox, Post, serving_feed
from tests.service import programs
from tests.service.waiting import until
from tests.service.watched import CALM, watch

_SECONDS = 60
_PER_SECOND = 20
#: One in so many is angry, each about something else.
_ANGRY_EVERY = 10
#: Each with a contact of its own: what one contact gets is capped, and that is measured elsewhere.
_BRANDS = 40
_FURIES = (
    "Disgusting thieves, you lied to my face and laughed at me!!!",
    "I am furious, this is the worst service I have ever seen!",
    "What a scam, give me my money back, you liars!!!",
    "Rude, arrogant idiots who called me stupid, shame on you!",
    "I will report these crooks and never come back!!!",
    "Absolutely outrageous, how dare you treat people like garbage!",
)
_WORDS = [
    "soup",
    "bill",
    "waiter",
    "delivery",
    "refund",
    "queue",
    "table",
    "hotline",
    "parking",
    "noodles",
    "coupon",
    "manager",
    "receipt",
    "window",
    "garden",
    "kitchen",
    "Monday",
    "evening",
    "train",
    "umbrella",
    "birthday",
    "cousin",
    "market",
    "bridge",
    "river",
    "office",
    "letter",
    "mirror",
    "basket",
    "ladder",
    "pepper",
    "silver",
    "winter",
    "yellow",
    "corner",
    "ticket",
    "harbour",
    "pillow",
    "candle",
    "engine",
    "carpet",
    "doctor",
    "island",
    "button",
]

_LATENCIES = """
    select extract(epoch from d.ended_at - m.first_seen_at)::float8 as seconds
    from delivery_attempt d
    join notification n on n.id = d.notification_id
    join alert a on a.id = n.alert_id
    join mention m on m.id = a.mention_id
    where d.outcome = 'accepted'
"""


def _angry(random: Random) -> str:
    """Return a fury about something of its own: the same words twice would be one story."""
    about = " ".join(random.sample(_WORDS, 25))
    return " ".join([*random.sample(_FURIES, 2), f"It was about {about}."])


async def _talk(feeds: Sequence[Feed]) -> None:
    """Add posts at a steady rate, one brand after the other."""
    random = Random(20)  # the same talk every time
    began, number = time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < _SECONDS:
        while number < elapsed * _PER_SECOND:
            angry = number % _ANGRY_EVERY == 0
            text = _angry(random) if angry else f"{CALM} {number}"
            feed = feeds[(number // _ANGRY_EVERY) % len(feeds)]
            feed.posts = [Post(text=text, guid=str(number)), *feed.posts][:400]
            number += 1
        await asyncio.sleep(0.05)


async def measure() -> AsyncIterator[Line]:
    """Yield the 95th and 99th percentile."""
    mailbox = Mailbox()
    mailbox.open()
    try:
        async with AsyncExitStack() as stack:
            url, pool = await stack.enter_async_context(migrated())
            feeds = [await stack.enter_async_context(serving_feed()) for _ in range(_BRANDS)]
            async with pool.acquire() as conn:
                for number, feed in enumerate(feeds):
                    await watch(conn, feed.url, interval=timedelta(seconds=5), suffix=f".{number}")
            settings = {"EARSHOT_DATABASE_URL": url, "EARSHOT_SMTP_URL": mailbox.url}
            with programs.started("work", settings=settings) as worker:
                await _talk(feeds)

                async def drained() -> bool:
                    waiting = await pool.fetchval("select count(*) from notification where state <> 'sent'")
                    unjudged = await pool.fetchval("select count(*) from analysis_todo")
                    return bool(waiting == 0 and unjudged == 0)

                await until(drained, within=60, what="the drain")
                programs.end(worker)
            seconds = [row["seconds"] for row in await pool.fetch(_LATENCIES)]
    finally:
        mailbox.close()
    p95, p99 = percentile(seconds, 95), percentile(seconds, 99)
    what = f"collected → accepted by SMTP ({len(seconds)} e-mails)"
    yield Line(what=f"{what}, p95", budget="≤ 5 s", measured=f"{p95:.2f} s", holds=p95 <= 5)
    yield Line(what=f"{what}, p99", budget="≤ 15 s", measured=f"{p99:.2f} s", holds=p99 <= 15)
