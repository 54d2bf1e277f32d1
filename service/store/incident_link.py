"""Links in e-mails by which whoever was told of an incident takes it up without signing in."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.types import ContactId, IncidentId
from service.store.pool import Connection
from service.store.secret import digest_of

LIFE = timedelta(hours=72)


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentLink:
    """Whom a link was sent to, and what it is about. It opens nothing else."""

    incident_id: IncidentId
    #: The contact's name: who acts by it.
    contact: str


async def add(conn: Connection, incident_id: IncidentId, contact_id: ContactId, *, now: datetime) -> str:
    """Return the token of a new link; it cannot be shown again."""
    token = secrets.token_urlsafe(32)
    await conn.execute(
        "insert into incident_link (token_sha256, incident_id, contact_id, expires_at) values ($1, $2, $3, $4)",
        digest_of(token),
        incident_id,
        contact_id,
        now + LIFE,
    )
    return token


async def of_token(conn: Connection, token: str, *, now: datetime) -> IncidentLink | None:
    """Return what a link is about; None where it is unknown or too old, or its contact may be told no more."""
    row = await conn.fetchrow(
        """
        select l.incident_id, c.name as contact from incident_link l join contact c on c.id = l.contact_id
        where l.token_sha256 = $1 and l.expires_at > $2 and c.enabled and c.verified_at is not null
        """,
        digest_of(token),
        now,
    )
    return None if row is None else IncidentLink(**row)


async def forget_expired(conn: Connection, *, now: datetime) -> None:
    """Forget links that open nothing any more."""
    await conn.execute("delete from incident_link where expires_at <= $1", now)
