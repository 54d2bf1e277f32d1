"""What the notifications in the outbox say, read anew each time: for whoever sends them, and whoever shows them."""

from dataclasses import replace
from datetime import datetime

from alerts import canary as complaint
from alerts.types import Message, Notice, NotificationId, Post, Purpose, Trial
from service import reports
from service.store import canary, notification, trend, webhook
from service.store.pool import Connection

#: How much of the past an e-mail about an incident draws.
_HOURS = 24


async def read(
    conn: Connection, notification_id: NotificationId, purpose: Purpose, *, public_url: str, until: datetime
) -> Post | None:
    """Return what a notification says, but for one that verifies: its link is its sender's. The picture of the last
    hours goes until a time. None where there is nothing to say any more."""
    if purpose is Purpose.DIGEST:
        return await reports.of_notification(conn, notification_id, public_url=public_url)
    if purpose is Purpose.NOTICE:
        return await _notice(conn, notification_id, public_url=public_url)
    if purpose is Purpose.TRIAL:
        tried = await notification.recipient(conn, notification_id)
        return None if tried is None else Trial(notification_id=notification_id, contact=tried, url=public_url)
    if purpose is Purpose.CANARY:
        return await _canary(conn, notification_id, public_url=public_url)
    return await _message(conn, notification_id, public_url=public_url, until=until)


async def _message(
    conn: Connection, notification_id: NotificationId, *, public_url: str, until: datetime
) -> Message | None:
    """Return what a notification about an incident tells, with what was said of the brand in the day until then."""
    found = await notification.message(conn, notification_id, public_url=public_url)
    if found is None or found.listed:
        return found
    hours = await trend.last_hours(conn, found.mention.brand_id, until=until, hours=_HOURS)
    return replace(found, hours=hours)


async def _canary(conn: Connection, notification_id: NotificationId, *, public_url: str) -> Message | None:
    told, mailbox = await canary.told(conn, notification_id), await notification.recipient(conn, notification_id)
    if told is None or mailbox is None:
        return None
    return complaint.message(notification_id, mailbox, told.verdict, told.reason, at=told.posted_at, url=public_url)


async def _notice(conn: Connection, notification_id: NotificationId, *, public_url: str) -> Notice | None:
    """Return what an e-mail about a webhook says; None where the webhook is on again, or gone."""
    off, told = await webhook.off(conn, notification_id), await notification.recipient(conn, notification_id)
    if off is None or told is None:
        return None
    return Notice(
        notification_id=notification_id,
        contact=told,
        webhook=off.name,
        why=off.disabled_why or "",
        url=f"{public_url}/webhooks",
    )
