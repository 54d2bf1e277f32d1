"""The worker: APScheduler wakes, Postgres decides.

Every tick each stage asks the database for due work and goes on until there is none. Any number of workers may run;
leases keep them apart. SIGTERM stops the claiming and lets what runs end.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import SystemRandom
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from service.settings import Settings
from service.store import clock, component
from service.store.pool import UNREACHABLE, Pool, open_pool

log = logging.getLogger(__name__)

#: A stage says that it lives at most this often.
BEAT_EVERY = 5.0
#: How long what runs may take to end after SIGTERM.
PATIENCE = 10.0


class Stage(StrEnum):
    """What a worker can do; `earshot work --only` picks."""

    COLLECT = "collect"
    ANALYSE = "analyse"
    #: Checks rules over spans of time, and owes what open incidents ought to have said; alerts about mentions are
    #: raised with their verdicts, by `analyse`.
    ALERT = "alert"
    DELIVER = "deliver"
    MAINTAIN = "maintain"


#: Does one piece of due work; False where there was none.
Step = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How one part of a stage runs."""

    step: Step
    seconds: float
    #: Runs at a time: a mail server that drips must not hold up the others' messages.
    lanes: int = 1


class Pacemaker:
    """Runs one lane of a stage at every tick, one run at a time, and reports how it goes."""

    def __init__(self, stage: Stage, pool: Pool, step: Step) -> None:
        self._stage = stage
        self._pool = pool
        self._step = step
        self._last_beat = 0.0
        self._stopping = False
        self.running: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping = True

    async def tick(self) -> None:
        """Work until nothing is due."""
        self.running = asyncio.current_task()
        try:
            await self._beat()
            while not self._stopping and await self._step():
                await self._beat()
        except UNREACHABLE as error:
            log.warning("database unreachable", extra={"stage": self._stage, "reason": str(error)})
        except Exception:  # the next tick must come: whatever went wrong stays claimed until its lease ends
            log.exception("stage failed", extra={"stage": self._stage})
        finally:
            self.running = None

    async def _beat(self) -> None:
        if time.monotonic() - self._last_beat < BEAT_EVERY:
            return
        async with self._pool.acquire() as conn:
            await component.beat(conn, f"worker.{self._stage}", now=await clock.now(conn))
        self._last_beat = time.monotonic()


async def _collect(stack: AsyncExitStack, settings: Settings, pool: Pool) -> list[Rhythm]:
    from collectors.egress import GuardedEgress  # noqa: PLC0415  # each stage loads only what it needs
    from collectors.parsers import close_parsers  # noqa: PLC0415
    from collectors.streams import GuardedStreams  # noqa: PLC0415
    from service.pipeline.collect import collect_due  # noqa: PLC0415
    from service.pipeline.follow import Followers  # noqa: PLC0415
    from service.pipeline.listen import Listeners  # noqa: PLC0415
    from service.pipeline.pace import SharedPace  # noqa: PLC0415
    from service.pipeline.read_again import read_wanted  # noqa: PLC0415
    from service.pipeline.receive import receive_due  # noqa: PLC0415
    from service.pipeline.subscribe import subscribe_due  # noqa: PLC0415
    from service.pipeline.try_out import try_due  # noqa: PLC0415

    stack.callback(close_parsers)
    egress = await stack.enter_async_context(GuardedEgress(pace=SharedPace(pool)))
    random = SystemRandom()

    async def step() -> bool:
        return await collect_due(pool, egress, allow_private=settings.allow_private, random=random) > 0

    async def receive() -> bool:
        return await receive_due(pool, allow_private=settings.allow_private) > 0

    async def try_out() -> bool:
        return await try_due(pool, egress, allow_private=settings.allow_private)

    async def read_again() -> bool:
        return await read_wanted(pool)

    async def ask_hubs() -> bool:
        return await subscribe_due(pool, egress, hooks_url=settings.hooks_url) > 0

    listeners = Listeners(pool, egress, allow_private=settings.allow_private)
    stack.push_async_callback(listeners.close)
    streams = await stack.enter_async_context(GuardedStreams())
    followers = Followers(pool, egress, streams, allow_private=settings.allow_private, random=random)
    stack.push_async_callback(followers.close)
    rhythms = [
        Rhythm(step=step, seconds=settings.tick),
        Rhythm(step=receive, seconds=settings.tick),
        Rhythm(step=try_out, seconds=settings.tick),
        Rhythm(step=read_again, seconds=5.0),
        Rhythm(step=listeners.step, seconds=10.0),
        Rhythm(step=followers.step, seconds=5.0),
    ]
    # A hub cannot reach an address that only this machine knows.
    return [*rhythms, Rhythm(step=ask_hubs, seconds=5.0)] if settings.base_url else rhythms


async def _analyse(_stack: AsyncExitStack, settings: Settings, pool: Pool) -> list[Rhythm]:
    from analysis.registry import analyser as named  # noqa: PLC0415  # loads the model
    from service.pipeline.analyse import analyse_due  # noqa: PLC0415
    from service.pipeline.canary import judge_waiting  # noqa: PLC0415

    analyser = await asyncio.to_thread(
        named, settings.analyser, labels=settings.hub_labels, download=settings.hub_download
    )

    async def step() -> bool:
        return await analyse_due(pool, analyser) > 0

    async def canary() -> bool:
        return await judge_waiting(pool, analyser)

    return [Rhythm(step=step, seconds=settings.tick), Rhythm(step=canary, seconds=settings.tick)]


async def _alert(_stack: AsyncExitStack, settings: Settings, pool: Pool) -> list[Rhythm]:
    from service.pipeline.alert import reconcile_all  # noqa: PLC0415
    from service.pipeline.canary import forget_health, post_due  # noqa: PLC0415
    from service.pipeline.digests import owe_digests  # noqa: PLC0415
    from service.pipeline.hand_overs import note_hand_overs  # noqa: PLC0415
    from service.pipeline.watch import watch_due  # noqa: PLC0415

    async def step() -> bool:
        await watch_due(pool)
        await reconcile_all(pool)
        return False

    async def hand_overs() -> bool:
        await note_hand_overs(pool)
        return False

    async def digests() -> bool:
        await owe_digests(pool, usual=ZoneInfo(settings.time_zone))
        return False

    async def canary() -> bool:
        if settings.canary_contact is None:
            await forget_health(pool)
        else:
            await post_due(pool, mailbox=settings.canary_contact, every=timedelta(minutes=settings.canary_every))
        return False

    return [
        Rhythm(step=step, seconds=5.0),
        Rhythm(step=hand_overs, seconds=15.0),
        Rhythm(step=digests, seconds=30.0),
        Rhythm(step=canary, seconds=15.0),
    ]


async def _deliver(stack: AsyncExitStack, settings: Settings, pool: Pool) -> list[Rhythm]:
    from collectors.egress import GuardedEgress  # noqa: PLC0415
    from service.pipeline.bounces import BounceReader  # noqa: PLC0415
    from service.pipeline.deliver import SENDERS, Postman, bounce_mailbox  # noqa: PLC0415
    from service.pipeline.webhooks import TELLERS, note_ill, tell_due  # noqa: PLC0415

    egress = await stack.enter_async_context(GuardedEgress())

    async def tell() -> bool:
        return await tell_due(pool, egress, public_url=settings.public_url)

    async def note() -> bool:
        await note_ill(pool)
        return False

    rhythms = [
        Rhythm(step=Postman(settings, pool).step, seconds=settings.tick, lanes=SENDERS),
        Rhythm(step=tell, seconds=settings.tick, lanes=TELLERS),
        Rhythm(step=note, seconds=30.0),
    ]
    mailbox = bounce_mailbox(settings)
    if mailbox is None:
        return rhythms
    return [*rhythms, Rhythm(step=BounceReader(pool, egress, mailbox).step, seconds=30.0)]


async def _maintain(stack: AsyncExitStack, settings: Settings, pool: Pool) -> list[Rhythm]:
    from service.pipeline.ledger import keep_ledger  # noqa: PLC0415
    from service.pipeline.maintain import audit, maintain  # noqa: PLC0415
    from service.pipeline.own import mark_own  # noqa: PLC0415
    from service.pipeline.prove import prove_log  # noqa: PLC0415
    from service.pipeline.search_index import index_some  # noqa: PLC0415

    async def step() -> bool:
        await maintain(pool)
        return False

    async def keep() -> bool:
        await keep_ledger(pool, settings.data_dir)
        return False

    async def index() -> bool:
        return await index_some(pool) > 0

    async def mark() -> bool:
        return await mark_own(pool)

    async def look() -> bool:
        await audit(pool)
        await prove_log(pool)
        return False

    rhythms = [
        Rhythm(step=step, seconds=60.0),
        Rhythm(step=look, seconds=60.0),
        Rhythm(step=keep, seconds=60.0),
        Rhythm(step=index, seconds=1.0),
        Rhythm(step=mark, seconds=5.0),
    ]
    return (
        rhythms if settings.heartbeat_url is None else [*rhythms, await _heartbeat(stack, settings.heartbeat_url, pool)]
    )


async def _heartbeat(stack: AsyncExitStack, url: str, pool: Pool) -> Rhythm:
    """Return how an outside watch is told that all is well."""
    from collectors.egress import GuardedEgress  # noqa: PLC0415
    from service.pipeline.heartbeat import beat  # noqa: PLC0415

    egress = await stack.enter_async_context(GuardedEgress())

    async def step() -> bool:
        await beat(pool, egress, url)
        return False

    return Rhythm(step=step, seconds=20.0)


_STAGES = {
    Stage.COLLECT: _collect,
    Stage.ANALYSE: _analyse,
    Stage.ALERT: _alert,
    Stage.DELIVER: _deliver,
    Stage.MAINTAIN: _maintain,
}


async def work(database_url: str, settings: Settings, stages: Collection[Stage]) -> None:
    """Run the stages until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for received in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(received, stopped.set)
    async with AsyncExitStack() as stack:
        pool = await open_pool(database_url, size=16)
        stack.callback(pool.terminate)
        scheduler = AsyncIOScheduler(timezone="UTC")
        pacemakers: list[Pacemaker] = []
        for stage in stages:
            for rhythm in await _STAGES[stage](stack, settings, pool):
                for _ in range(rhythm.lanes):
                    pacemaker = Pacemaker(stage, pool, rhythm.step)
                    pacemakers.append(pacemaker)
                    scheduler.add_job(
                        pacemaker.tick,
                        "interval",
                        seconds=rhythm.seconds,
                        next_run_time=datetime.now(UTC),
                        coalesce=True,
                        max_instances=1,
                        misfire_grace_time=None,
                    )
        scheduler.add_job(_say_alive, "interval", [pool], seconds=BEAT_EVERY, next_run_time=datetime.now(UTC))
        scheduler.start()
        await stopped.wait()
        scheduler.pause()
        await _let_end(pacemakers)
        scheduler.shutdown(wait=False)


async def _say_alive(pool: Pool) -> None:
    """Tell that this worker's clock ticks, whatever its stages do."""
    try:
        async with pool.acquire() as conn:
            await component.beat(conn, "worker", now=await clock.now(conn))
    except UNREACHABLE as error:
        log.warning("database unreachable", extra={"reason": str(error)})


async def _let_end(pacemakers: Sequence[Pacemaker]) -> None:
    """Wait for what runs, within patience, then end it: its leases run out."""
    for pacemaker in pacemakers:
        pacemaker.stop()
    running = [pacemaker.running for pacemaker in pacemakers if pacemaker.running is not None]
    if running:
        _, late = await asyncio.wait(running, timeout=PATIENCE)
        for task in late:
            task.cancel()
