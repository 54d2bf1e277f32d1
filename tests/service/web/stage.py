"""The program served to a real browser, and the story played into its database."""

import os
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import pyotp
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, Error, Page, async_playwright

from alerts.channels.webhook import WebhookEvent
from alerts.types import BrandId, IncidentId, NotificationState, Resolution, SourceId
from analysis.types import Analyser
from collectors.types import Author, Quarantined, SourceKind
from service import passwords
from service.app import Server
from service.pipeline.prove import prove_log
from service.store import (
    access,
    attempt,
    audit,
    clock,
    component,
    correction,
    fetch,
    incident,
    notification,
    quarantine,
    second_factor,
    source,
    tryout,
    user,
    webhook,
    webhook_delivery,
)
from service.store.access import Scope
from service.store.fetch import Counts, Outcome
from service.store.pool import Connection, Pool
from tests import make
from tests.service.web import seed, story
from tests.service.web.conftest import session_cookie

_DAYS = 36
_REMEDY = (
    "no Chromium to drive: install one (apt-get install chromium, or playwright install --with-deps chromium), "
    "or name one in EARSHOT_CHROMIUM"
)
#: Shown at the door, never asked.
PROVIDER, PROVIDER_NAME = "https://id.example.com/.well-known/openid-configuration", "Lantern ID"
_PASSWORD = "correct horse 電池"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def launched(*arguments: str) -> AsyncIterator[Browser]:
    """Start a Chromium, and end it. Raises RuntimeError, with the remedy, where there is none."""
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(
                executable_path=_chromium(), args=[*_ARGUMENTS, *arguments], timeout=60_000
            )
        except Error as error:
            raise RuntimeError(f"{_REMEDY} ({error.message.splitlines()[0]})") from error
        yield browser
        await browser.close()


def _chromium() -> str | None:
    """Return the browser to drive: the one set, else one that is installed, else None for Playwright's own."""
    named = os.environ.get("EARSHOT_CHROMIUM")
    found = [named] if named else [shutil.which(name) for name in _NAMES]
    return next((path for path in found if path and Path(path).exists()), None)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve the program on a port of 127.0.0.1 from a thread with a loop of its own; give its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, ws="none", timeout_graceful_shutdown=5)
    server = Server(config, app.state.hub)
    thread = threading.Thread(target=server.run, name="served")
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


async def play(pool: Pool) -> None:
    """Let a month of posts arrive, each at its time, and people act on some of them."""
    analyser = seed.ScriptedAnalyser([*story.POSTS, *_everyday_posts()])
    async with pool.acquire() as conn:
        await _shift(conn, timedelta(days=-_DAYS))
        brand_id = await seed.brand_named(conn, story.BRANDS[0])
        rival = await seed.brand_named(conn, story.BRANDS[1])
        rival_source = await seed.put_source(conn, rival, "Tea table")
        await seed.put_rule(conn)
        sources = {name: await seed.put_source(conn, brand_id, name) for name in story.SITES}
        end = await clock.now(conn) + timedelta(days=_DAYS)
        await _everyday(pool, conn, brand_id, sources, analyser)
        await _shift(conn, timedelta(days=-_DAYS))
        await _everyday(pool, conn, rival, {story.FORUM: rival_source}, analyser)
        for n, post in enumerate(sorted(story.POSTS, key=lambda one: -one.hours_ago)):
            await _shift(conn, timedelta(hours=-post.hours_ago))
            mention = seed.mention_of(post, end - timedelta(hours=post.hours_ago, minutes=4), n)
            await seed.tell(pool, brand_id, sources[post.source], [mention], analyser)
        await _shift(conn, timedelta())
        await _aftermath(conn, sources)
        now, scopes = await clock.now(conn), {Scope.READ, Scope.WRITE}
        await access.add_key(conn, name="Weekly figures", scopes=scopes, now=now, brands=[rival])
    await prove_log(pool)


def _everyday_posts() -> list[seed.Post]:
    return [
        seed.Post(hours_ago=0, source="", site="", author="", language=language, text=text, label=label, causes=causes)
        for text, language, label, causes in story.EVERYDAY
    ]


async def _everyday(
    pool: Pool, conn: Connection, brand_id: BrandId, sources: dict[str, SourceId], analyser: Analyser
) -> None:
    random = Random(7)
    names = list(sources)
    start = await clock.now(conn)
    batches: dict[str, list[object]] = {name: [] for name in names}
    for day in range(_DAYS + 1):
        for n in range(random.randint(4, 14) + (6 if day % 7 in (5, 6) else 0)):
            text, language, _, _ = random.choice(story.EVERYDAY)
            at = start + timedelta(days=day, minutes=random.randint(-700, 0))
            name = random.choice(names)
            batches[name].append(
                make.mention(
                    id=f"day-{day}-{n}",
                    site=story.SITES[name],
                    text=text,
                    language=language,
                    author=Author(name=random.choice(story.REGULARS)),
                    published_at=at,
                )
            )
    await _shift(conn, timedelta(minutes=-30))
    for name, batch in batches.items():
        await seed.tell(pool, brand_id, sources[name], batch, analyser)  # type: ignore[arg-type]  # mentions


async def _told(conn: Connection, now: datetime) -> None:
    """A desk is told of incidents, and was just told a test."""
    desk = await webhook.add(
        conn,
        name="Help desk",
        url="https://desk.example.com/earshot",
        events=[WebhookEvent.OPENED, WebhookEvent.RESOLVED],
        brand_id=None,
        allow_private=False,
        secret="whsec_c2VjcmV0",
        now=now,
    )
    assert desk is not None
    await webhook_delivery.owe_test(conn, desk, now=now)


async def _aftermath(conn: Connection, sources: dict[str, SourceId]) -> None:
    """Some incidents are in hand, some e-mails left, one source fell silent, the mail server hiccuped."""
    now = await clock.now(conn)
    await seed.beat(conn)
    await component.beat(conn, "smtp", now=now, healthy=True)
    for name, source_id in sources.items():
        ago = timedelta(hours=5) if name == story.PANTIP_LIKE else timedelta(minutes=3)
        failing = name == story.PANTIP_LIKE
        new = Counts(inserted=0 if failing else 5 + len(name))
        outcome = Outcome.FAILED if failing else Outcome.COLLECTED
        await fetch.record(conn, source_id, started_at=now, finished_at=now, outcome=outcome, seen=new.seen, counts=new)
        await conn.execute(
            "update source set last_attempt_at = $2, last_success_at = $3, error = $4, error_count = $5 where id = $1",
            source_id,
            now - timedelta(minutes=2),
            now - ago,
            "https://senlek.example/feed: 503 Service Unavailable; tried again in 12 minutes" if failing else None,
            9 if failing else 0,
        )
    await audit.act_as(conn, "mei")
    await seed.put_turns(conn)
    await _told(conn, now)
    await _checked(conn, now)
    await _drafted(conn, next(iter(sources.values())), now)
    broken = [
        Quarantined(raw=b'{"id": 4711, "title": "\xe6\xb9\xaf', reason="the item ends in the middle: no closing quote"),
        Quarantined(
            raw="<item><title>ก๋วยเตี๋ยว</title><pubDate>32 กุมภาพันธ์</pubDate></item>".encode(), reason="no such day"
        ),
    ]
    await quarantine.put(conn, next(iter(sources.values())), broken, now=now)
    oldest = [one.id for one in reversed(await incident.newest(conn))]
    await incident.resolve(conn, oldest[0], by="mei", resolution=Resolution.ANSWERED, now=now)
    await incident.resolve(conn, oldest[1], by="arthit", resolution=Resolution.NO_ACTION, now=now)
    await incident.acknowledge(conn, oldest[2], by="mei", now=now)
    await _send_all_but(conn, oldest[-1])


async def _drafted(conn: Connection, source_id: SourceId, now: datetime) -> None:
    """Somebody tries another source, and something came."""
    known = await source.health_of(conn, source_id, now=now)
    assert known
    draft = tryout.Draft(
        brand_id=known.brand_id,
        source_id=None,
        kind=SourceKind.FEED,
        name="City food, comments",
        settings={"url": "https://cityfood.example/comments.rss"},
        interval=timedelta(minutes=5),
        allow_private=False,
        match=True,
    )
    await tryout.add(conn, draft, by="mei", now=now)
    token = uuid4()
    wanted = await tryout.claim(conn, now=now, lease=timedelta(minutes=1), token=token)
    assert wanted
    said = {"site": "cityfood.example", "author": "Noor", "language": "en", "published_at": None, "url": None}
    texts = ("Is the Zhongshan branch open on Mondays?", "The new broth is lovely.")
    found = {"seen": 2, "unmatched": 1, "quarantined": 0, "warning": None}
    shown = [{**said, "title": "", "text": text, "kept": n == 0} for n, text in enumerate(texts)]
    await tryout.finish(conn, wanted.id, token, error=None, found={**found, "mentions": shown}, now=now)


async def _checked(conn: Connection, now: datetime) -> None:
    """Somebody looked at some verdicts, and did not agree with all."""
    rows = await conn.fetch("select id, angry, label from mention order by angry desc, id limit 14")
    for n, row in enumerate(rows):
        said = {"label": row["label"] if n % 5 else "neutral", "anger_level": 2 if row["angry"] and n != 3 else 0}
        await correction.correct(conn, row["id"], said, by="mei", now=now - timedelta(hours=n))


async def _send_all_but(conn: Connection, waiting: IncidentId) -> None:
    """Let the e-mails leave, one after a first try that was put off; the newest waits."""
    at = await clock.now(conn)
    while claimed := await notification.claim(conn, now=at, lease=timedelta(seconds=90), token=uuid4()):
        if claimed.overtaken:
            await notification.settle(conn, claimed, NotificationState.SUPERSEDED, now=at)
            continue
        entry = await notification.get(conn, claimed.id)
        assert entry
        stalled = claimed.incident_id == waiting
        outcome, code = ("temporary", 451) if stalled else ("accepted", 250)
        detail = "451 4.7.1 Greylisted, come back in 5 minutes" if stalled else "250 2.0.0 Ok: queued as 4F1C0A2B"
        await notification.record_attempt(
            conn, claimed, started_at=at, ended_at=at, outcome=outcome, stage="data", code=code, detail=detail
        )
        state = NotificationState.PENDING if stalled else NotificationState.SENT
        later = at + timedelta(minutes=5) if stalled else None
        await notification.settle(
            conn,
            claimed,
            state,
            now=entry.created_at + timedelta(seconds=2),
            not_before=later,
            error=detail if stalled else None,
        )


async def _shift(conn: Connection, by: timedelta) -> None:
    """Move the database's clock."""
    await conn.execute("update mock.clock set shift = $1", by)


async def at_the_door(page: Page, conn: Connection, origin: str) -> AsyncIterator[str]:
    """Let somebody set up a second factor and sign in with it; give the name of each page they come to."""
    cookie, now = await session_cookie(conn, "noor"), await clock.now(conn)
    noor = await user.named(conn, "noor")
    assert noor
    await second_factor.remove(conn, noor.id)
    await attempt.forgive(conn, account="noor", address="127.0.0.1")
    line, *_ = await access.sessions(conn, now=now, user_id=noor.id)
    await user.set_password(conn, noor.id, passwords.hashed(_PASSWORD), but=line.id)
    await page.context.add_cookies([{"name": "earshot_session", "value": cookie, "url": origin}])
    await page.goto(f"{origin}/account")
    yield "account-without-factor"
    await page.fill("[name=before_set_up]", _PASSWORD)
    await page.click("form[action='/account/second-factor'] button")
    yield "second-factor"
    secret = (await page.inner_text("code.detail")).replace(" ", "")
    await page.fill("[name=code]", pyotp.TOTP(secret).at(await clock.now(conn)))
    await page.click("form[action='/account/second-factor/confirm'] button")
    yield "recovery-codes"
    await page.goto(f"{origin}/account")
    yield "account-with-factor"
    await page.context.clear_cookies(name="earshot_session")
    await page.goto(f"{origin}/sign-in")
    yield "sign-in"
    await page.fill("[name=name]", "noor")
    await page.fill("[name=password]", _PASSWORD)
    await page.click("form[action='/sign-in'] button")
    yield "code"
    await page.fill("[name=code]", "123456")
    await page.click("form[action='/sign-in/code'] button")
    yield "code-wrong"
