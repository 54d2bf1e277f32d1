"""Tells other programs what happens.

claim one (lease, token, try counted) | compose, once | sign | send through the guarded way out | mark, if still ours
"""

import asyncio
import logging
from datetime import datetime, timedelta
from random import Random, SystemRandom

import orjson

from alerts import chat_text
from alerts.channels import chat
from alerts.channels import webhook as signing
from alerts.channels.webhook import WebhookEvent
from alerts.channels.webhook_message import IncidentTold, MentionTold, Told, ToldIncident, ToldMention, TrialTold
from alerts.chat_text import ChatText
from alerts.errors import ChannelError
from alerts.types import IncidentId, MentionId
from collectors.errors import CollectError
from collectors.types import Egress
from service.store import clock, component, incident, mention, webhook, webhook_delivery
from service.store.pool import UNREACHABLE, Connection, Pool
from service.store.webhook import WebhookKind
from service.store.webhook_delivery import Claimed

log = logging.getLogger(__name__)

#: Longer than one sending may take.
LEASE = timedelta(seconds=90)
#: Sendings at a time in one worker.
TELLERS = 2
#: Seconds.
_LONGEST_CHAT = 30
_GONE = 410
_MOST_WORDS = 10_000
_MOST_ERROR = 300


async def tell_due(pool: Pool, egress: Egress, *, public_url: str, random: Random | None = None) -> bool:
    """Send the message that is due longest; False where none is due."""
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        claimed = await webhook_delivery.claim(conn, now=now, lease=LEASE)
    if claimed is None:
        return False
    try:
        status, error = await _told_of(pool, egress, claimed, public_url=public_url, now=now)
    except UNREACHABLE:
        raise
    except Exception as broken:  # whatever it is, the try ends and those behind it are told
        log.exception("a webhook's message cannot be sent", extra={"delivery": str(claimed.id)})
        status, error = None, f"{type(broken).__name__}: {broken}"[:_MOST_ERROR]
    async with pool.acquire() as conn, conn.transaction():
        await _mark(conn, claimed, status, error, random or SystemRandom())
    return True


async def _told_of(
    pool: Pool, egress: Egress, claimed: Claimed, *, public_url: str, now: datetime
) -> tuple[int | None, str | None]:
    """Compose what was not composed before, and send it; return the status and, where it was not taken, why not."""
    if signing.is_spent(claimed.attempts):
        return None, "sending it kept ending the worker"
    async with pool.acquire() as conn, conn.transaction():
        body = claimed.body or await _composed(conn, claimed, public_url)
        await webhook_delivery.keep_body(conn, claimed, body)
    return await _send(egress, claimed, body.encode(), now)


async def _send(egress: Egress, claimed: Claimed, body: bytes, now: datetime) -> tuple[int | None, str | None]:
    """Return the status and, where the message was not taken, why not."""
    if claimed.webhook_kind is WebhookKind.CHAT:
        return None, await _send_to_chat(claimed, body)
    headers = signing.headers(str(claimed.id), body, keys=claimed.keys, now=now)
    try:
        answer = await egress.post(
            claimed.url, body=body, headers=headers, allow_private=claimed.allow_private, answers=(_GONE,)
        )
    except CollectError as error:
        return None, str(error)[:_MOST_ERROR]
    return answer.status, "410: the address is gone" if answer.status == _GONE else None


async def _send_to_chat(claimed: Claimed, body: bytes) -> str | None:
    """Return why a chat did not take the message; None where it did."""
    said = ChatText(**orjson.loads(body))
    try:
        async with asyncio.timeout(_LONGEST_CHAT):
            await asyncio.to_thread(chat.send, claimed.keys[0], title=said.title, text=said.text)
    except ChannelError as error:
        return str(error)
    except TimeoutError:
        return "the chat took too long"
    return None


async def _mark(conn: Connection, claimed: Claimed, status: int | None, error: str | None, random: Random) -> None:
    now = await clock.now(conn)
    is_test, gone = claimed.kind is WebhookEvent.TEST, status == _GONE
    # Who asks for a test waits for its answer and sees it at once.
    pause = None if error is None or is_test or gone else signing.pause_after(claimed.attempts, random)
    retry_at = None if pause is None else now + pause
    if not await webhook_delivery.settle(conn, claimed, status=status, error=error, retry_at=retry_at, now=now):
        log.warning("lease lost while telling a webhook", extra={"delivery": str(claimed.id)})
        return
    if error is not None:
        log.warning("webhook not told", extra={"webhook": claimed.webhook_id, "reason": error})
        await _lose_patience(conn, claimed, error, gone=gone, now=now)


async def _lose_patience(conn: Connection, claimed: Claimed, error: str, *, gone: bool, now: datetime) -> None:
    """Switch a webhook off that is gone, or has taken nothing for days."""
    known = await webhook.get(conn, claimed.webhook_id)
    if known is None or not known.enabled or known.failing_since is None:
        return
    if gone or now - known.failing_since >= signing.PATIENCE:
        why = error if gone else f"nothing was taken for {signing.PATIENCE.days} days; last: {error}"
        await webhook.disable(conn, known.id, why=why, now=now)
        await _note_ill(conn, now=now)
        log.error("webhook switched off", extra={"webhook": known.name, "reason": why})


async def note_ill(pool: Pool) -> None:
    """Say which webhooks were switched off, so that they are missed; and no more once people saw to them."""
    async with pool.acquire() as conn:
        await _note_ill(conn, now=await clock.now(conn))


async def _note_ill(conn: Connection, *, now: datetime) -> None:
    ill = [one for one in await webhook.every(conn) if one.disabled_why]
    detail = "; ".join(f"{one.name}: {one.disabled_why}" for one in ill)
    await component.beat(conn, "webhooks", now=now, healthy=not ill, detail=detail)


async def _composed(conn: Connection, claimed: Claimed, public_url: str) -> str:
    told = await _told(conn, claimed, public_url)
    if claimed.webhook_kind is WebhookKind.CHAT:
        return orjson.dumps(chat_text.rendered(told, language=claimed.language)).decode()
    return orjson.dumps(told).decode()


async def _told(conn: Connection, claimed: Claimed, public_url: str) -> Told:
    if claimed.incident_id is not None:
        data = await _incident(conn, claimed.incident_id, public_url)
        return IncidentTold(type=claimed.kind, timestamp=claimed.happened_at, data=data)
    if claimed.mention_id is not None:
        said = await _mention(conn, claimed.mention_id, public_url)
        return MentionTold(type=claimed.kind, timestamp=claimed.happened_at, data=said)
    return TrialTold(type=claimed.kind, timestamp=claimed.happened_at, data={"url": public_url})


async def _incident(conn: Connection, incident_id: IncidentId, public_url: str) -> ToldIncident:
    one = await incident.get(conn, incident_id)
    if one is None:
        raise LookupError(f"incident {incident_id} is gone, and its messages with it")
    return ToldIncident(
        id=one.id,
        url=f"{public_url}/incidents/{one.id}",
        brand=one.brand,
        rule=one.rule,
        status=one.status,
        urgency=one.urgency,
        severity=one.severity,
        cycle=one.cycle,
        opened_at=one.opened_at,
        alert_count=one.alert_count,
        acknowledged_by=one.acknowledged_by,
        resolved_by=one.resolved_by,
        resolution=one.resolution,
        title=one.title[:_MOST_WORDS],
        text=one.text[:_MOST_WORDS],
        site=one.site,
    )


async def _mention(conn: Connection, mention_id: MentionId, public_url: str) -> ToldMention:
    one = await mention.get(conn, mention_id)
    if one is None:
        raise LookupError(f"mention {mention_id} is gone, and its messages with it")
    return ToldMention(
        id=one.id,
        url=f"{public_url}/mentions/{one.id}",
        original_url=one.url,
        brand=one.brand,
        source=one.source,
        site=one.site,
        author=one.author_name,
        said_at=one.said_at,
        title=one.title[:_MOST_WORDS],
        text=one.text[:_MOST_WORDS],
        language=one.verdict.language if one.verdict else None,
        anger=one.anger,
    )
