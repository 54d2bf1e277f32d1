"""Messages that came back: what was reported, and of whom mail does not arrive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.types import IncidentId, NotificationId
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Returned:
    """A message that counted as sent and will not arrive."""

    notification_id: NotificationId
    #: None: it was about no incident.
    incident_id: IncidentId | None
    contact: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreached:
    """A contact whose address does not take mail."""

    name: str
    email: str
    bounced_at: datetime
    bounce: str


async def record(
    conn: Connection,
    notification_id: NotificationId,
    *,
    report: bytes,
    failed: bool,
    status: str,
    detail: str,
    now: datetime,
) -> bool:
    """Keep what was reported of a notification; False for a report that is known, or of nothing we sent."""
    done = await conn.fetchval(
        """
        insert into bounce (report, notification_id, at, failed, status, detail)
        select $1, n.id, $3, $4, $5, $6 from notification n where n.id = $2
        on conflict (report) do nothing returning id
        """,
        report,
        notification_id,
        now,
        failed,
        status,
        detail,
    )
    return done is not None


async def give_up(conn: Connection, notification_id: NotificationId, *, error: str) -> Returned | None:
    """Let a notification that counted as sent be given up; None for one that is not sent, or tried again already."""
    row = await conn.fetchrow(
        """
        update notification n set state = 'failed', sent_at = null, error = $2
        from contact c where n.id = $1 and n.state = 'sent' and c.id = n.contact_id
        returning n.id, n.incident_id, c.name
        """,
        notification_id,
        error,
    )
    if row is None:
        return None
    return Returned(
        notification_id=NotificationId(row["id"]),
        incident_id=None if row["incident_id"] is None else IncidentId(row["incident_id"]),
        contact=row["name"],
    )


async def blame(
    conn: Connection, notification_id: NotificationId, *, recipient: str | None, bounce: str, now: datetime
) -> None:
    """Mark the contact whose address refuses mail, if the address is still the one that was written to."""
    await conn.execute(
        """
        update contact c set bounced_at = $4, bounce = $3
        from notification n
        where n.id = $1 and c.id = n.contact_id and ($2::text is null or lower(c.email) = $2)
        """,
        notification_id,
        recipient,
        bounce,
        now,
    )


async def unreached(conn: Connection) -> list[Unreached]:
    """Return the contacts whose address does not take mail, by name."""
    rows = await conn.fetch(
        "select name, email, bounced_at, bounce from contact where bounced_at is not null and enabled order by name"
    )
    return [Unreached(**row) for row in rows]


async def cursor_of(conn: Connection, mailbox: str) -> Mapping[str, Any]:
    """Return where the reading of a mailbox goes on."""
    cursor: Mapping[str, Any] | None = await conn.fetchval("select cursor from bounce_mailbox where name = $1", mailbox)
    return cursor or {}


async def set_cursor(conn: Connection, mailbox: str, cursor: Mapping[str, Any]) -> None:
    """Keep where the reading of a mailbox goes on."""
    await conn.execute(
        """
        insert into bounce_mailbox (name, cursor) values ($1, $2)
        on conflict (name) do update set cursor = excluded.cursor
        """,
        mailbox,
        dict(cursor),
    )
