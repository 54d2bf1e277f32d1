"""Other programs are told: signed, with one id however often, and no more once they take nothing."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from hashlib import sha256
from random import Random

import pytest
from aiohttp import web

from alerts.channels import webhook as signing
from alerts.channels.webhook import WebhookEvent
from alerts.types import Resolution
from collectors.egress import GuardedEgress
from service.pipeline.deliver import deliver_next, email_channel
from service.pipeline.webhooks import note_ill, tell_due
from service.settings import Settings
from service.store import clock, component, incident, ingest, webhook, webhook_delivery
from service.store.pool import Connection, Pool
from service.store.webhook import WebhookId, WebhookKind
from tests import make
from tests.places import Mailbox, served
from tests.service.pipeline.test_contacts import be, rage
from tests.service.waiting import until
from tests.service.watched import Watched, watch

EVERY = tuple(event for event in WebhookEvent if event is not WebhookEvent.TEST)


@dataclass(kw_only=True)
class Receiver:
    """A program that is told, and what it got."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else None)

    @property
    def said(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/told", receiver.take)
    async with served(app) as address:
        receiver.url = f"{address}/told"
        yield receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    return await watch(conn, "http://127.0.0.1/feed")


async def add(
    conn: Connection, url: str, *events: WebhookEvent, allow_private: bool = True, secret: str = ""
) -> WebhookId:
    added = await webhook.add(
        conn,
        name="Help desk",
        url=url,
        events=events or EVERY,
        brand_id=None,
        allow_private=allow_private,
        secret=secret or signing.new_secret(),
        now=await clock.now(conn),
    )
    assert added is not None
    return added


async def tell(pool: Pool) -> None:
    async with GuardedEgress() as egress:
        while await tell_due(pool, egress, public_url="http://127.0.0.1:8000", random=Random(1)):
            pass


async def later(conn: Connection, pause: timedelta) -> None:
    await be(conn, await clock.now(conn) + pause)


async def mailed(pool: Pool) -> list[EmailMessage]:
    """Deliver the e-mails that are due; return them."""
    box = Mailbox()
    box.open()
    settings = Settings(smtp_url=box.url)
    channel = email_channel(settings)
    assert channel is not None
    while await deliver_next(pool, channel, public_url=settings.public_url, random=Random(1)):
        pass
    box.close()
    return box.mails


def is_signed(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether a receiver with this secret takes a message."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, sha256).digest()
    return f"v1,{base64.b64encode(wanted).decode()}" in headers["webhook-signature"].split(" ")


async def test_an_incident_is_told_from_its_opening_to_its_end(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    secret = signing.new_secret()
    await add(conn, receiver.url, secret=secret)
    await rage(conn, pool, watched, "one")
    known = await conn.fetchval("select id from incident")
    await incident.acknowledge(conn, known, by="mei", now=await clock.now(conn))
    await incident.resolve(conn, known, by="mei", resolution=Resolution.ANSWERED, now=await clock.now(conn))
    await tell(pool)
    told = {one["type"]: one["data"] for one in (json.loads(body) for _, body in receiver.got)}

    assert sorted(receiver.said) == ["incident.acknowledged", "incident.opened", "incident.resolved", "mention.angry"]
    assert told["incident.opened"]["brand"] == "Lantern Noodles"
    assert told["incident.opened"]["url"] == f"http://127.0.0.1:8000/incidents/{known}"
    assert told["mention.angry"]["text"].startswith("Disgusting service")
    assert all(is_signed(headers, body, secret) for headers, body in receiver.got)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 4


async def test_only_what_is_asked_for_is_told(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    await add(conn, receiver.url, WebhookEvent.RESOLVED)
    await rage(conn, pool, watched, "one")
    await tell(pool)

    assert receiver.said == []


async def test_history_is_not_told(conn: Connection, pool: Pool, watched: Watched, receiver: Receiver) -> None:
    await add(conn, receiver.url, WebhookEvent.ANGRY)
    now = await clock.now(conn)
    old = make.mention(id="old", text="Disgusting!", published_at=now - timedelta(days=30))
    await ingest.ingest(conn, watched.brand_id, watched.source_id, [old], now=now)
    await conn.execute("update mention set analysed_at = $1, angry = true", now)
    await tell(pool)

    assert receiver.said == []


async def test_a_failed_try_is_repeated_with_the_same_id_and_bytes(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    receiver.statuses = [500, 302]
    await add(conn, receiver.url, WebhookEvent.OPENED)
    await rage(conn, pool, watched, "one")
    await tell(pool)
    await tell(pool)
    assert len(receiver.got) == 1
    await later(conn, timedelta(seconds=7))
    await tell(pool)
    await later(conn, timedelta(minutes=7))
    await tell(pool)
    ids = {headers["webhook-id"] for headers, _ in receiver.got}
    [entry] = await webhook_delivery.log(conn, WebhookId(1), limit=5)

    assert (len(receiver.got), len(ids), len({body for _, body in receiver.got})) == (3, 1, 1)
    assert (entry.state, entry.attempts, entry.status) == ("sent", 3, 204)


async def test_what_is_never_taken_is_given_up_and_the_webhook_switched_off(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 50
    hook = await add(conn, receiver.url, WebhookEvent.OPENED)
    await rage(conn, pool, watched, "one")
    for _ in range(12):
        await tell(pool)
        await later(conn, timedelta(hours=30))
    [entry] = await webhook_delivery.log(conn, hook, limit=5)
    known = await webhook.get(conn, hook)
    assert known is not None
    parts = {one.name: one for one in await component.every(conn)}

    assert (entry.state, entry.attempts) == ("pending", 5)
    assert not known.enabled
    assert known.disabled_why is not None
    assert "5 days" in known.disabled_why
    assert not parts["webhooks"].healthy
    assert "Help desk" in parts["webhooks"].detail

    told = [mail for mail in await mailed(pool) if "Help desk" in mail["Subject"]]
    assert [mail["Subject"] for mail in told] == ["「Help desk」不再收到通知"]


async def test_an_address_that_is_gone_is_told_no_more(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    hook = await add(conn, receiver.url, WebhookEvent.OPENED)
    await rage(conn, pool, watched, "one")
    await tell(pool)
    known = await webhook.get(conn, hook)

    assert known is not None
    assert not known.enabled


async def test_a_test_that_was_not_taken_days_ago_switches_nothing_off(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    receiver.statuses = [500, 500]
    hook = await add(conn, receiver.url, WebhookEvent.OPENED)
    await webhook_delivery.owe_test(conn, hook, now=await clock.now(conn))
    await tell(pool)
    await later(conn, signing.PATIENCE + timedelta(days=1))
    await rage(conn, pool, watched, "one")
    await tell(pool)
    known = await webhook.get(conn, hook)

    assert known is not None
    assert known.enabled


async def test_a_webhook_that_was_mended_is_ill_no_more(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    hook = await add(conn, receiver.url, WebhookEvent.OPENED)
    await rage(conn, pool, watched, "one")
    await tell(pool)
    ill = {one.name: one for one in await component.every(conn)}
    await webhook.enable(conn, hook, enabled=True)
    await note_ill(pool)
    well = {one.name: one for one in await component.every(conn)}

    assert not ill["webhooks"].healthy
    assert well["webhooks"].healthy


async def test_nothing_inward_is_asked_unless_it_is_allowed(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    hook = await add(conn, receiver.url, WebhookEvent.OPENED, allow_private=False)
    await rage(conn, pool, watched, "one")
    await tell(pool)
    [entry] = await webhook_delivery.log(conn, hook, limit=5)

    assert receiver.got == []
    assert (entry.state, entry.status) == ("pending", None)


async def test_both_secrets_sign_while_one_is_rotated(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    first, second = signing.new_secret(), signing.new_secret()
    hook = await add(conn, receiver.url, secret=first)
    await webhook.rotate(conn, hook, second, former_until=await clock.now(conn) + signing.ROTATION)
    await webhook_delivery.owe_test(conn, hook, now=await clock.now(conn))
    await tell(pool)
    await later(conn, timedelta(hours=25))
    await webhook_delivery.owe_test(conn, hook, now=await clock.now(conn))
    await tell(pool)
    taken = [[is_signed(headers, body, key) for key in (first, second)] for headers, body in receiver.got]

    assert taken == [[True, True], [False, True]]


async def test_whoever_removes_a_webhook_and_whoever_ends_a_try_do_not_wait_for_each_other(
    conn: Connection, pool: Pool
) -> None:
    now, hook = await clock.now(conn), await add(conn, "https://desk.example.com/told")
    await webhook_delivery.owe_test(conn, hook, now=now)
    claimed = await webhook_delivery.claim(conn, now=now, lease=timedelta(minutes=1))
    assert claimed is not None

    async def end() -> bool:
        async with pool.acquire() as own, own.transaction():
            return await webhook_delivery.settle(own, claimed, status=204, error=None, retry_at=None, now=now)

    waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with pool.acquire() as removes, removes.transaction():
        await removes.execute("select from webhook for update")
        ending = asyncio.create_task(end())
        await until(lambda: conn.fetchval(waits), what="the end of the try, behind the removal")
        await webhook.remove(removes, hook)

    assert not await ending


async def test_a_message_is_sent_again_when_asked(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver
) -> None:
    hook = await add(conn, receiver.url)
    made = await webhook_delivery.owe_test(conn, hook, now=await clock.now(conn))
    await tell(pool)

    assert await webhook_delivery.deliver_again(conn, hook, made, now=await clock.now(conn))
    await tell(pool)
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [str(made)] * 2


async def test_a_chat_is_told_in_its_language_and_its_address_is_not_logged(
    conn: Connection, pool: Pool, watched: Watched, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses = [500]
    hook = await webhook.add(
        conn,
        name="Chat",
        url="json://…",
        events=[WebhookEvent.OPENED],
        brand_id=None,
        allow_private=False,
        # Any chat would do; this one can be played here.
        secret=receiver.url.replace("http://", "json://"),
        kind=WebhookKind.CHAT,
        language="zh-Hant",
        now=await clock.now(conn),
    )
    assert hook is not None
    await rage(conn, pool, watched, "one")
    await tell(pool)
    [first] = await webhook_delivery.log(conn, hook, limit=5)
    await later(conn, timedelta(seconds=7))
    await tell(pool)
    [second] = await webhook_delivery.log(conn, hook, limit=5)
    said = [json.loads(body) for _, body in receiver.got]

    assert (first.state, first.error, second.state) == ("pending", "the chat did not take the message", "sent")
    assert [one["title"] for one in said] == ["新事件：Lantern Noodles"] * 2
    assert "Disgusting service" in said[0]["message"]
    assert "/incidents/" in said[0]["message"]
    assert receiver.url.removeprefix("http://") not in caplog.text
