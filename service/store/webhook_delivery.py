"""What webhooks are owed: messages, each a promise. Triggers owe them; a sender with a lease keeps them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from alerts.channels.webhook import WebhookEvent
from alerts.types import IncidentId, MentionId
from service.store.pool import Connection
from service.store.webhook import WebhookId, WebhookKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message in the log."""

    id: UUID
    kind: str
    state: str
    happened_at: datetime
    not_before: datetime
    attempts: int
    sent_at: datetime | None
    status: int | None
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """One message claimed for one try. Fenced by its token."""

    id: UUID
    token: UUID
    webhook_id: WebhookId
    webhook_kind: WebhookKind
    language: str
    url: str
    allow_private: bool
    #: The good secrets, the newest first; of a chat its address.
    keys: tuple[str, ...]
    kind: WebhookEvent
    incident_id: IncidentId | None
    mention_id: MentionId | None
    happened_at: datetime
    attempts: int
    body: str | None


async def owe_test(conn: Connection, webhook_id: WebhookId, *, now: datetime) -> UUID:
    """Put a message that tells of nothing into the outbox."""
    made: UUID = await conn.fetchval(
        """
        insert into webhook_delivery (webhook_id, kind, subject, happened_at, not_before)
        values ($1, 'test', 'test:' || $2, $3, $3) returning id
        """,
        webhook_id,
        str(uuid4()),
        now,
    )
    return made


async def deliver_again(conn: Connection, webhook_id: WebhookId, delivery_id: UUID, *, now: datetime) -> bool:
    """Send a message once more, with the id and the bytes it had. False where it is on its way, or not there."""
    done = await conn.fetchval(
        """
        update webhook_delivery set state = 'pending', not_before = $3, sent_at = null, error = null, attempts = 0
        where id = $1 and webhook_id = $2 and state in ('sent', 'failed') returning id
        """,
        delivery_id,
        webhook_id,
        now,
    )
    return done is not None


async def log(conn: Connection, webhook_id: WebhookId, *, limit: int) -> list[Delivery]:
    """Return the messages to a webhook, last happened first."""
    rows = await conn.fetch(
        """
        select id, kind, state, happened_at, not_before, attempts, sent_at, status, error
        from webhook_delivery where webhook_id = $1 order by happened_at desc, id desc limit $2
        """,
        webhook_id,
        limit,
    )
    return [Delivery(**row) for row in rows]


async def claim(conn: Connection, *, now: datetime, lease: timedelta) -> Claimed | None:
    """Take the message that is due longest; the try counts from here. One whose lease ran out is due again."""
    token = uuid4()
    row = await conn.fetchrow(
        """
        with due as (
            select d.id from webhook_delivery d join webhook w on w.id = d.webhook_id
            where ((d.state = 'pending' and d.not_before <= $1) or (d.state = 'sending' and d.lease_until <= $1))
                and (w.enabled or d.kind = 'test')
            order by d.not_before, d.id limit 1 for update of d skip locked
        )
        update webhook_delivery d set state = 'sending', lease_until = $1 + $2::interval, lease_token = $3,
            attempts = attempts + 1
        from due, webhook w
        where d.id = due.id and w.id = d.webhook_id
        returning d.id, d.webhook_id, w.kind as webhook_kind, w.language, w.url, w.allow_private, w.secret,
            case when w.former_until > $1 then w.former_secret end as former, d.kind, d.incident_id, d.mention_id,
            d.happened_at, d.attempts, d.body
        """,
        now,
        lease,
        token,
    )
    if row is None:
        return None
    return Claimed(
        id=row["id"],
        token=token,
        webhook_id=WebhookId(row["webhook_id"]),
        webhook_kind=WebhookKind(row["webhook_kind"]),
        language=row["language"],
        url=row["url"],
        allow_private=row["allow_private"],
        keys=tuple(key for key in (row["secret"], row["former"]) if key is not None),
        kind=WebhookEvent(row["kind"]),
        incident_id=row["incident_id"],
        mention_id=row["mention_id"],
        happened_at=row["happened_at"],
        attempts=row["attempts"],
        body=row["body"],
    )


async def keep_body(conn: Connection, claimed: Claimed, body: str) -> None:
    """Keep what a message says, for its later tries."""
    await conn.execute("update webhook_delivery set body = $2 where id = $1 and body is null", claimed.id, body)


async def settle(
    conn: Connection,
    claimed: Claimed,
    *,
    status: int | None,
    error: str | None,
    retry_at: datetime | None,
    now: datetime,
) -> bool:
    """End a try: taken where there is no error, to be tried again, or given up. False where the lease was lost. A test
    that is not taken says nothing of how long the webhook has been failing: nobody tries it again."""
    state = "sent" if error is None else "failed" if retry_at is None else "pending"
    # First, as whoever removes it with its messages: neither may wait for the other.
    await conn.execute("select from webhook where id = $1 for no key update", claimed.webhook_id)
    done = await conn.fetchval(
        """
        update webhook_delivery set state = $3, lease_token = null, lease_until = null, status = $4, error = $5,
            not_before = coalesce($6, not_before), sent_at = case when $3 = 'sent' then $7::timestamptz end
        where id = $1 and lease_token = $2 returning id
        """,
        claimed.id,
        claimed.token,
        state,
        status,
        error,
        retry_at,
        now,
    )
    if done is None:
        return False
    await conn.execute(
        """
        update webhook set failing_since = case when $2 then null else coalesce(failing_since, $3) end
        where id = $1 and ($2 or $4 <> 'test')
        """,
        claimed.webhook_id,
        error is None,
        now,
        claimed.kind,
    )
    return True


async def forget_before(conn: Connection, before: datetime) -> None:
    """Forget messages that are settled since."""
    await conn.execute("delete from webhook_delivery where state in ('sent', 'failed') and happened_at < $1", before)
