"""Whether somebody at an address agreed to be told: the e-mails that ask, and the links in them."""

import secrets
from datetime import datetime, timedelta
from uuid import uuid4

from alerts.types import Contact, ContactId, NotificationId
from service.store import contact, events
from service.store.events import EventKind
from service.store.pool import Connection
from service.store.secret import digest_of

LINK_LIFE = timedelta(days=7)


async def ask(conn: Connection, contact_id: ContactId, *, now: datetime) -> bool:
    """Put an e-mail that asks into the outbox. False where one waits there already, or there is nothing to ask."""
    made = await conn.fetchval(
        """
        insert into notification (id, contact_id, purpose, cycle, seq, reason, urgency, state, not_before, created_at)
        select $1, c.id, 'verify', 1, 0, 'verify', 'high', 'pending', $3, $3
        from contact c where c.id = $2 and c.enabled and c.verified_at is null
        on conflict (contact_id) where purpose = 'verify' and state in ('pending', 'sending') do nothing returning id
        """,
        uuid4(),
        contact_id,
        now,
    )
    if made is not None:
        await events.tell(conn, EventKind.NOTIFICATION, [NotificationId(made)])
    return made is not None


async def add_link(conn: Connection, one: Contact, *, now: datetime) -> str:
    """Return the token of a new link for the contact's address of now; it cannot be shown again."""
    token = secrets.token_urlsafe(32)
    await conn.execute(
        "insert into contact_verification (token_sha256, contact_id, email, expires_at) values ($1, $2, $3, $4)",
        digest_of(token),
        one.id,
        one.email,
        now + LINK_LIFE,
    )
    return token


async def asked_by(conn: Connection, token: str, *, now: datetime) -> Contact | None:
    """Return the contact whom a link asks; None where it is unknown, too old or of another address."""
    row = await conn.fetchrow(
        f"""
        select {contact.COLUMNS} from contact_verification v join contact c on c.id = v.contact_id and c.email = v.email
        where v.token_sha256 = $1 and v.expires_at > $2
        """,  # noqa: S608  # ours
        digest_of(token),
        now,
    )
    return None if row is None else contact.of_row(row)


async def agree(conn: Connection, token: str, *, now: datetime) -> Contact | None:
    """Let the contact whom a link asks be told from now on; a second time changes nothing. None as in `asked_by`."""
    one = await asked_by(conn, token, now=now)
    if one is not None:
        await conn.execute("update contact set verified_at = $2 where id = $1 and verified_at is null", one.id, now)
    return one


async def forget_expired(conn: Connection, *, now: datetime) -> None:
    """Forget links that open nothing any more."""
    await conn.execute("delete from contact_verification where expires_at <= $1", now)
