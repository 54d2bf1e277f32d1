"""Keeps the promises of the outbox.

    claim one (lease, token, attempt counted) | drop it if somebody acts already | send | mark, if still ours

Send, then mark: a sender that dies between the two sends one copy more, with the same Message-ID; none is lost.
"""

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random, SystemRandom
from uuid import uuid4
from zoneinfo import ZoneInfo

from alerts.channels import bounce_url, smtp_url
from alerts.channels.bounce_url import BounceMailbox
from alerts.channels.email import EmailChannel
from alerts.delivery import is_poison, retry_after
from alerts.errors import ChannelError
from alerts.types import (
    Channel,
    ChannelHealth,
    IncidentEvent,
    IncidentEventKind,
    Message,
    NotificationState,
    Post,
    Purpose,
    Verification,
)
from service import posts
from service.failpoints import Failpoint, reach
from service.settings import Settings
from service.store import clock, component, events, incident, incident_link, notification, verification
from service.store.events import EventKind
from service.store.notification import Claimed
from service.store.pool import Connection, Pool, commit

log = logging.getLogger(__name__)

#: Longer than the 30 s one sending may take.
LEASE = timedelta(seconds=90)
#: What is left of it after the longest sending.
_MARKING = timedelta(seconds=50)
#: Sendings at a time in one worker.
SENDERS = 4
#: How often the mail server is asked whether it would take mail: seldom while it does. Seconds.
_ASK_WELL, _ASK_ILL = 300.0, 20.0
_NO_SERVER = ChannelHealth(ok=False, detail="no mail server is set; set EARSHOT_SMTP_URL, and what waits will leave")


class Postman:
    """Sends what is due and watches over the mail server. Shared by all lanes of a worker."""

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._pool = pool
        self._public_url = settings.public_url
        self._channel = email_channel(settings)
        self._random = SystemRandom()
        self._ask_at = 0.0

    async def step(self) -> bool:
        """Send one message; False where none is due, or there is no way to send."""
        if time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + _ASK_ILL
            await self._watch()
        if self._channel is None:
            return False
        return await deliver_next(self._pool, self._channel, public_url=self._public_url, random=self._random)

    async def _watch(self) -> None:
        """Note whether e-mail can leave."""
        health = _NO_SERVER if self._channel is None else await self._channel.verify()
        if health.ok:
            self._ask_at = time.monotonic() + _ASK_WELL
        elif self._channel is not None:
            log.warning("e-mail cannot leave", extra={"reason": health.detail})
        async with self._pool.acquire() as conn:
            now = await clock.now(conn)
            await component.beat(conn, "smtp", now=now, healthy=health.ok, detail=health.detail)
            if await note_given_up(conn, now=now):
                self._ask_at = min(self._ask_at, time.monotonic() + _ASK_ILL)


async def note_given_up(conn: Connection, *, now: datetime) -> int:
    """Say how many e-mails were given up, so that they are missed; return the number."""
    given_up = (await notification.waiting(conn)).get(NotificationState.FAILED, 0)
    detail = f"{given_up} e-mails were given up; see the outbox, correct the contact and try again" if given_up else ""
    await component.beat(conn, "outbox", now=now, healthy=not given_up, detail=detail)
    return given_up


def email_channel(settings: Settings) -> EmailChannel | None:
    """Return the way by e-mail; None where no server is set. Raises ChannelSettingError."""
    if settings.smtp_url is None:
        return None
    zone = ZoneInfo(settings.time_zone)
    return EmailChannel(
        smtp_url.parse(settings.smtp_url), sender=settings.mail_from, zone=zone, bounces=bounce_mailbox(settings)
    )


def bounce_mailbox(settings: Settings) -> BounceMailbox | None:
    """Return where messages come back to that cannot be delivered; None where no mailbox is set."""
    return None if settings.bounce_url is None else bounce_url.parse(settings.bounce_url)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Attempt:
    """How one conversation with the channel's server ended."""

    started_at: datetime
    outcome: str
    stage: str
    code: int | None
    detail: str
    state: NotificationState
    pause: timedelta | None = None
    error: str | None = None
    channel_healthy: bool = True


async def deliver_next(pool: Pool, channel: Channel, *, public_url: str, random: Random) -> bool:
    """Send the most urgent due notification; False where none is due."""
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        claimed = await notification.claim(conn, now=now, lease=LEASE, token=uuid4())
    if claimed is None:
        return False
    reach(Failpoint.DELIVER_CLAIMED)
    if claimed.overtaken:
        await _settle_unsent(pool, claimed, NotificationState.SUPERSEDED, None)
        return True
    if is_poison(claims=claimed.attempts - 1, outcomes=claimed.outcomes):
        log.error("notification parked: sending it kept ending the worker", extra={"notification": str(claimed.id)})
        await _settle_unsent(pool, claimed, NotificationState.FAILED, "sending it kept ending the worker")
        return True
    attempt = await _send(pool, channel, claimed, public_url=public_url, random=random, started_at=now)
    await _mark(pool, claimed, attempt)
    reach(Failpoint.DELIVER_MARKED)
    return True


async def _settle_unsent(pool: Pool, claimed: Claimed, state: NotificationState, error: str | None) -> None:
    """End a claim without a conversation."""
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        if await notification.settle(conn, claimed, state, now=now, error=error):
            await _tell(conn, claimed, state, error, now=now)


async def _send(
    pool: Pool, channel: Channel, claimed: Claimed, *, public_url: str, random: Random, started_at: datetime
) -> _Attempt:
    """Compose and hand over; return how it went."""
    async with pool.acquire() as conn, conn.transaction():
        post = await _post(conn, claimed, public_url=public_url, now=started_at)
    if post is None:
        raise LookupError(f"notification {claimed.id} has lost what it tells of")
    reach(Failpoint.DELIVER_COMPOSED)
    try:
        receipt = await channel.send(post)
    except ChannelError as error:
        pause = retry_after(claimed.attempts, error.fault, random)
        return _Attempt(
            started_at=started_at,
            outcome=error.fault,
            stage=error.stage,
            code=error.code,
            detail=str(error),
            state=NotificationState.FAILED if pause is None else NotificationState.PENDING,
            pause=pause,
            error=str(error),
            channel_healthy=error.permanent,
        )
    reach(Failpoint.DELIVER_SENT)
    return _Attempt(
        started_at=started_at,
        outcome="accepted",
        stage=receipt.stage,
        code=receipt.code,
        detail=receipt.detail,
        state=NotificationState.SENT,
    )


async def _post(conn: Connection, claimed: Claimed, *, public_url: str, now: datetime) -> Post | None:
    """Return what a notification says."""
    if claimed.purpose is Purpose.VERIFY:
        asked = await notification.recipient(conn, claimed.id)
        if asked is None:
            return None
        # The token is known to the e-mail alone, so that every try has one of its own.
        token = await verification.add_link(conn, asked, now=now)
        url = f"{public_url}/contacts/verify?token={token}"
        return Verification(notification_id=claimed.id, contact=asked, url=url)
    post = await posts.read(conn, claimed.id, claimed.purpose, public_url=public_url, until=now)
    if not isinstance(post, Message) or post.listed or claimed.incident_id is None:
        return post
    # As above: the outbox shows the page that needs signing in.
    token = await incident_link.add(conn, claimed.incident_id, post.contact.id, now=now)
    return replace(post, incident_url=f"{post.incident_url}/link?token={token}")


async def _mark(pool: Pool, claimed: Claimed, attempt: _Attempt) -> None:
    """Record the conversation and what follows from it. A restart of the database must cost no copy more."""
    await commit(pool, lambda conn: _record(conn, claimed, attempt), within=_MARKING)


async def _record(conn: Connection, claimed: Claimed, attempt: _Attempt) -> None:
    now = await clock.now(conn)
    await notification.record_attempt(
        conn,
        claimed,
        started_at=attempt.started_at,
        ended_at=now,
        outcome=attempt.outcome,
        stage=attempt.stage,
        code=attempt.code,
        detail=attempt.detail,
    )
    not_before = None if attempt.pause is None else now + attempt.pause
    ours = await notification.settle(conn, claimed, attempt.state, now=now, not_before=not_before, error=attempt.error)
    if not ours:
        log.warning("lease lost while sending; another sender decides", extra={"notification": str(claimed.id)})
        return
    await component.beat(conn, "smtp", now=now, healthy=attempt.channel_healthy, detail=attempt.error or "")
    await _tell(conn, claimed, attempt.state, attempt.error, now=now)
    if attempt.error is not None:
        log.warning(
            "notification not delivered",
            extra={"notification": str(claimed.id), "stage": attempt.stage, "reason": attempt.error},
        )


async def _tell(
    conn: Connection, claimed: Claimed, state: NotificationState, error: str | None, *, now: datetime
) -> None:
    """Note the end of a promise on the incident's timeline, and tell listeners."""
    kinds = {
        NotificationState.SENT: IncidentEventKind.NOTIFIED,
        NotificationState.FAILED: IncidentEventKind.DELIVERY_FAILED,
    }
    if state in kinds and claimed.incident_id is not None:
        entry = await notification.get(conn, claimed.id)
        detail = {"contact": entry.contact if entry else "", **({"error": error} if error else {})}
        if claimed.purpose is Purpose.REMINDER:
            detail["purpose"] = claimed.purpose
        event = IncidentEvent(kind=kinds[state], at=now, detail=detail)
        await incident.add_to_timeline(conn, claimed.incident_id, [event])
    if state is NotificationState.FAILED:
        await note_given_up(conn, now=now)
    await events.tell(conn, EventKind.NOTIFICATION, [claimed.id])
