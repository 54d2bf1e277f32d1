"""Reads the mailbox to which messages come back, and gives up those that will not arrive.

Each report is applied once, however often it is read: the same mailbox may be read by several workers. Nothing in it is
marked or deleted.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime
from hashlib import sha256
from typing import Any

from alerts.channels.bounce import Report, read_report
from alerts.channels.bounce_url import BounceMailbox
from alerts.channels.verp import notification_of
from alerts.types import IncidentEvent, IncidentEventKind, NotificationId
from collectors.errors import CollectError
from collectors.mailbox import new_mails
from collectors.types import Egress, Source, SourceKind
from service.pipeline.deliver import note_given_up
from service.store import bounce, clock, component, events, incident
from service.store.events import EventKind
from service.store.pool import Connection, Pool

log = logging.getLogger(__name__)


class BounceReader:
    """Reads the mailbox that the operator set."""

    def __init__(self, pool: Pool, egress: Egress, mailbox: BounceMailbox) -> None:
        self._pool = pool
        self._egress = egress
        self._mailbox = mailbox
        self._name = f"{mailbox.user}@{mailbox.host}/{mailbox.folder}"

    async def step(self) -> bool:
        """Read what came; False, since the next look is soon enough."""
        async with self._pool.acquire() as conn:
            now = await clock.now(conn)
            cursor = await bounce.cursor_of(conn, self._name)
        try:
            async with aclosing(new_mails(self._source(cursor), egress=self._egress, now=now)) as batches:
                async for batch in batches:
                    for mail in batch.mails:
                        await self._take(mail.content)
                    async with self._pool.acquire() as conn:
                        await bounce.set_cursor(conn, self._name, batch.cursor)
        except CollectError as error:
            log.warning("returned messages cannot be read", extra={"reason": str(error)})
            await self._beat(healthy=False, detail=str(error))
        else:
            await self._beat(healthy=True, detail="")
        return False

    def _source(self, cursor: Mapping[str, Any]) -> Source:
        box = self._mailbox
        settings = {"host": box.host, "user": box.user, "password": box.password, "folder": box.folder,
                    "security": box.security, "port": str(box.port or "")}  # fmt: skip
        # The operator says where it is, like the server that takes our mail.
        return Source(kind=SourceKind.IMAP, settings=settings, allow_private=True, cursor=cursor)

    async def _take(self, content: bytes) -> None:
        """Apply one mail if it is a report of ours."""
        try:
            report = await asyncio.to_thread(read_report, content)
        # A mail that cannot be read must not keep those behind it from being read.
        except Exception:
            log.exception("a returned message cannot be read")
            return
        if report is None:
            return
        async with self._pool.acquire() as conn, conn.transaction():
            now = await clock.now(conn)
            told_of = _told_of(report, self._mailbox, now=now)
            if told_of is not None:
                await apply(conn, told_of, report, key=sha256(content).digest(), now=now)

    async def _beat(self, *, healthy: bool, detail: str) -> None:
        """Say how the mailbox is, and whose mail comes back."""
        async with self._pool.acquire() as conn:
            now = await clock.now(conn)
            await component.beat(conn, "bounces", now=now, healthy=healthy, detail=detail)
            unreached = await bounce.unreached(conn)
            shown = "; ".join(f"{one.name} <{one.email}>: {one.bounce}" for one in unreached)
            await component.beat(conn, "contacts", now=now, healthy=not unreached, detail=shown)


def _told_of(report: Report, mailbox: BounceMailbox, *, now: datetime) -> NotificationId | None:
    """Return the notification: by the signed address the report came to, else by the id of the message inside it, which
    nobody knows but who got it."""
    signed = (notification_of(one, key=mailbox.key, today=now.date()) for one in report.sent_to)
    return next((found for found in signed if found is not None), report.names)


async def apply(
    conn: Connection, notification_id: NotificationId, report: Report, *, key: bytes, now: datetime
) -> None:
    """Record a report and what follows from it."""
    is_new = await bounce.record(
        conn,
        notification_id,
        report=key,
        failed=report.failed,
        status=report.status,
        detail=report.detail,
        now=now,
    )
    if not (is_new and report.failed):
        return
    error = f"it came back: {report.detail or report.status}"
    if report.blames_address:
        await bounce.blame(
            conn, notification_id, recipient=report.recipient, bounce=report.detail or report.status, now=now
        )
    returned = await bounce.give_up(conn, notification_id, error=error)
    if returned is None:
        return
    log.warning("message came back", extra={"notification": str(notification_id), "reason": error})
    detail = {"contact": returned.contact, "error": error}
    event = IncidentEvent(kind=IncidentEventKind.DELIVERY_FAILED, at=now, detail=detail)
    if returned.incident_id is not None:
        await incident.add_to_timeline(conn, returned.incident_id, [event])
    await note_given_up(conn, now=now)
    await events.tell(conn, EventKind.NOTIFICATION, [notification_id])
