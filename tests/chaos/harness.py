"""Kill -9 of every worker and immediate stops of Postgres under load: from posts in a feed to accepted e-mails.

Each round the feed says more, a collector and two senders start, and once something moves all are killed within a
quarter of a second; in some rounds Postgres is stopped at once before, and what lives has to go on by itself. While
nobody lives the clock goes on, so that the leases of the dead run out. Then one worker of each sort ends the work.
"""

import asyncio
import logging
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import asyncpg
from aiohttp import web

from alerts.channels.webhook import WebhookEvent, new_secret
from alerts.types import RuleKind, RuleMode, Urgency
from collectors.types import SourceKind
from service import database
from service.pipeline.deliver import SENDERS
from service.pipeline.webhooks import TELLERS
from service.store import brand, clock, contact, rule, source, webhook
from service.store.migrate import migrate
from service.store.pool import UNREACHABLE, Connection, open_pool
from tests.benchmarks.places import open_folder
from tests.conftest import MOCK_NOW
from tests.places import Feed, Mailbox, Post, served, serving_feed
from tests.service import programs
from tests.service.waiting import until

log = logging.getLogger(__name__)

#: What is started in every round: one that hears and judges, and two that send.
_WORKERS = ("collect,analyse,alert", "deliver", "deliver")
#: A brand is spoken of so often: what one contact gets in a minute and in an hour is capped.
_PER_BRAND = 5
#: While nobody lives, so that leases and pauses run out.
_MEANWHILE = timedelta(minutes=10)
_FURIES = (
    "Disgusting thieves at {brand}, they lied to my face, stole my money and laughed at me! I am furious!!!",
    "I am furious with {brand}, the worst service I have ever seen, these liars stole my money!!!",
    "What a disgusting scam, {brand}! Give me my money back, you liars and thieves, I am furious!!!",
)


#: Alerts that accepted e-mails count.
_TOLD = """
    select coalesce(sum(told), 0) from (
        select max(n.covers) as told from notification n left join notification list on list.id = n.bundled_into
        where n.purpose <> 'storm' and (n.state = 'sent' or list.state = 'sent') group by n.incident_id
    ) incident
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much is said and how often something dies."""

    posts: int
    kills: int
    crashes: int
    seed: int = 1


@dataclass(kw_only=True)
class Outcome:
    """What was done to the program, and what it did."""

    posts: int
    kills: int = 0
    sender_kills: int = 0
    crashes: int = 0
    mentions: int = 0
    alerts: int = 0
    #: Alerts of which no accepted e-mail tells.
    lost: int = 0
    #: Different e-mails that were accepted, and copies beyond the first.
    emails: int = 0
    copies: int = 0
    most_copies: int = 0
    not_conserved: int = 0
    #: Angry mentions of which the program that asked for them was not told, and what it was told beyond once each.
    untold: int = 0
    told_again: int = 0
    #: What the outbox says was sent and no mail server ever saw, or the other way round.
    untrue: int = 0
    seconds: float = 0.0

    @property
    def most_copies_allowed(self) -> int:
        """One for whatever each sender had in hand whenever it, or the database, died."""
        return SENDERS * self.sender_kills + SENDERS * 2 * self.crashes

    @property
    def most_told_again_allowed(self) -> int:
        """The same of webhooks, of which a worker sends two at a time."""
        return TELLERS * self.sender_kills + TELLERS * 2 * self.crashes

    @property
    def holds(self) -> bool:
        """Whether everything said was heard and told, and no more copies were sent than had to be."""
        whole = self.mentions == self.alerts == self.posts and self.emails > 0
        amiss = self.lost or self.untold or self.not_conserved or self.untrue
        bounded = self.copies <= self.most_copies_allowed and self.told_again <= self.most_told_again_allowed
        return whole and not amiss and bounded


@dataclass(kw_only=True)
class _Bed:
    """Where it all happens."""

    url: str
    root: Path
    mailbox: Mailbox
    #: What a program was told, by the ids of the messages.
    told: Counter[str]
    #: Its address.
    hook: str
    feed: Feed
    random: Random
    outcome: Outcome
    brands: int
    said: list[Post] = field(default_factory=list)


async def torment(plan: Plan) -> Outcome:
    """Carry out a plan; return what came of it."""
    began = time.monotonic()
    mailbox = Mailbox()
    mailbox.open()
    with open_folder() as folder:
        root = folder / "postgres"
        url = database.ensure_running(root).url
        try:
            async with serving_feed() as feed, _listening() as (told, hook):
                bed = _Bed(
                    url=url,
                    root=root,
                    mailbox=mailbox,
                    told=told,
                    hook=hook,
                    feed=feed,
                    random=Random(plan.seed),  # the same plan, the same posts and delays
                    outcome=Outcome(posts=plan.posts),
                    brands=-(-plan.posts // _PER_BRAND),
                )
                await _set_up(bed)
                await _die_often(bed, plan)
                await _end_the_work(bed)
                await _count(bed)
        finally:
            mailbox.close()
            database.stop(root)
    bed.outcome.seconds = time.monotonic() - began
    return bed.outcome


@asynccontextmanager
async def _listening() -> AsyncIterator[tuple[Counter[str], str]]:
    """Give what a program was told, and its address, while it listens."""
    told: Counter[str] = Counter()

    async def take(request: web.Request) -> web.Response:
        await request.read()
        told[request.headers["webhook-id"]] += 1
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/told", take)
    async with served(app) as address:
        yield told, f"{address}/told"


async def _set_up(bed: _Bed) -> None:
    """Watch the brands through one feed that speaks of all; each has a contact of its own."""
    bare = await asyncpg.connect(bed.url)
    await bare.execute(MOCK_NOW)
    await bare.execute('alter database postgres set search_path = "$user", public, mock, pg_catalog')
    await migrate(bare)
    await bare.close()
    pool = await open_pool(bed.url)
    async with pool.acquire() as conn:
        await source.put(
            conn,
            brand_id=None,
            kind=SourceKind.FEED,
            name="Forum",
            settings={"url": bed.feed.url},
            interval=timedelta(seconds=30),
            allow_private=True,
            enabled=True,
            now=await clock.now(conn),
        )
        await webhook.add(
            conn,
            name="Help desk",
            url=bed.hook,
            events=[WebhookEvent.ANGRY],
            brand_id=None,
            allow_private=True,
            secret=new_secret(),
            now=await clock.now(conn),
        )
        for number in range(bed.brands):
            await _watch(conn, _name(number))
    pool.terminate()


async def _watch(conn: Connection, name: str) -> None:
    now = await clock.now(conn)
    brand_id = await brand.ensure(conn, name, now=now)
    email = f"{name.lower()}@example.com"
    contact_id = await contact.put(conn, name=name, email=email, language="en", enabled=True, now=now)
    rule_id = await rule.put(
        conn,
        brand_id=brand_id,
        kind=RuleKind.ANGRY_MENTION,
        name=f"Anger at {name}",
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        now=now,
    )
    await contact.tie(conn, rule_id, [contact_id])


def _name(number: int) -> str:
    return f"Kiosk{number:03d}"


async def _die_often(bed: _Bed, plan: Plan) -> None:
    """Go through the rounds."""
    rounds = -(-plan.kills // len(_WORKERS))
    crashing = {number * rounds // plan.crashes for number in range(plan.crashes)}
    for number in range(rounds):
        _say(bed, until_post=plan.posts * (number + 1) // rounds)
        with ExitStack() as stack:
            workers = _start(bed, stack)
            await _something_moves(bed)
            if number in crashing:
                await _crash(bed)
                await _something_moves(bed)
            await _kill(bed, workers)
        await _let_time_pass(bed)
        log.info("round %d of %d: %s", number + 1, rounds, bed.outcome)


def _say(bed: _Bed, *, until_post: int) -> None:
    """Add posts to the feed. Words of its own in each: the same words twice would be one story."""
    for number in range(len(bed.said), until_post):
        text = bed.random.choice(_FURIES).format(brand=_name(number % bed.brands))
        about = " ".join(f"{bed.random.getrandbits(40):x}" for _ in range(25))
        bed.said.append(Post(text=f"{text} {about}", guid=str(number)))
    bed.feed.posts = bed.said[-600:][::-1]


def _start(bed: _Bed, stack: ExitStack) -> list[tuple[str, subprocess.Popen[str]]]:
    settings = {
        "EARSHOT_DATABASE_URL": bed.url,
        "EARSHOT_SMTP_URL": bed.mailbox.url,
        "EARSHOT_TICK": "0.1",
        # Loads in a moment; what is tested is not its verdicts.
        "EARSHOT_ANALYSER": "ngram",
        "EARSHOT_LOG_LEVEL": "error",
    }
    return [
        (only, stack.enter_context(programs.started("work", "--only", only, settings=settings))) for only in _WORKERS
    ]


async def _something_moves(bed: _Bed) -> None:
    """Wait until a mention is stored or an e-mail accepted, or all is done."""
    before = await _progress(bed)

    async def moved() -> bool:
        return await _progress(bed) != before or await _all_done(bed)

    await until(moved, within=120, what="progress")


async def _progress(bed: _Bed) -> tuple[int, int]:
    return len(bed.mailbox.mails), await _number(bed, "select count(*) from mention")


async def _all_done(bed: _Bed) -> bool:
    """Whether everything said so far was heard, judged and told."""
    if await _number(bed, "select count(*) from mention") < len(bed.said):
        return False
    unjudged = "select count(*) from mention where analysed_at is null"
    unsent = "select count(*) from notification where state in ('pending', 'sending')"
    untold = "select count(*) from webhook_delivery where state in ('pending', 'sending')"
    return not any([await _number(bed, query) for query in (unjudged, unsent, untold)])


async def _number(bed: _Bed, query: str) -> int:
    """Ask the database for a number, as often as it takes to be answered."""
    while True:
        try:
            conn = await asyncpg.connect(bed.url)
            try:
                return int(await conn.fetchval(query))
            finally:
                await conn.close()
        except UNREACHABLE:
            await asyncio.sleep(0.05)


async def _crash(bed: _Bed) -> None:
    """Stop Postgres as `pg_ctl stop -m immediate` does, and start it again."""
    await asyncio.sleep(bed.random.uniform(0, 0.25))
    pid = database.running_pid(bed.root)
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)

    async def gone() -> bool:
        return database.running_pid(bed.root) is None

    await until(gone, what="the database's end")
    await asyncio.to_thread(database.ensure_running, bed.root)
    bed.outcome.crashes += 1


async def _kill(bed: _Bed, workers: Sequence[tuple[str, subprocess.Popen[str]]]) -> None:
    """Kill all, in any order."""
    for only, worker in bed.random.sample(workers, len(workers)):
        await asyncio.sleep(bed.random.uniform(0, 0.25 / len(workers)))
        assert worker.poll() is None, f"a worker ended by itself: {worker.communicate()[1]}"
        worker.kill()
        worker.wait()
        bed.outcome.kills += 1
        bed.outcome.sender_kills += only == "deliver"


async def _let_time_pass(bed: _Bed) -> None:
    conn = await asyncpg.connect(bed.url)
    await conn.execute("update mock.clock set shift = shift + $1", _MEANWHILE)
    await conn.close()


async def _end_the_work(bed: _Bed) -> None:
    """Let workers live until nothing is left to do."""

    async def over() -> bool:
        return await _all_done(bed)

    with ExitStack() as stack:
        workers = _start(bed, stack)
        await until(over, within=600, what="the end of the work")
        for _, worker in workers:
            code, said = programs.end(worker)
            assert code == 0, said


async def _count(bed: _Bed) -> None:
    """Compare what was said, what is stored and what the mail server accepted."""
    copies = Counter(str(mail["Message-ID"]) for mail in bed.mailbox.mails)
    outcome = bed.outcome
    conn = await asyncpg.connect(bed.url)
    outcome.mentions = await conn.fetchval("select count(*) from mention")
    outcome.alerts = await conn.fetchval("select count(*) from alert")
    outcome.not_conserved = await conn.fetchval("select count(*) from fetch_not_conserved")
    sent = {str(row["id"]) for row in await conn.fetch("select id from notification where state = 'sent'")}
    accepted = {message_id.strip("<>").partition("@")[0] for message_id in copies}
    outcome.untrue = len(sent ^ {one.removeprefix("n.") for one in accepted})
    outcome.lost = outcome.alerts - await conn.fetchval(_TOLD)
    angry = await conn.fetchval("select count(*) from mention where angry")
    outcome.untold, outcome.told_again = angry - len(bed.told), sum(bed.told.values()) - len(bed.told)
    await conn.close()
    outcome.emails = len(copies)
    outcome.copies = sum(copies.values()) - len(copies)
    outcome.most_copies = max(copies.values())
