"""Webhooks: where other programs are told, and what they are owed. Triggers owe; a sender with a lease keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID, uuid4

import asyncpg

from alerts.channels.webhook import WebhookEvent
from alerts.types import BrandId, IncidentId, MentionId, NotificationId
from service.store.pool import Connection

WebhookId = NewType("WebhookId", int)


class WebhookKind(StrEnum):
    """What is told: a program, or people in a chat."""

    WEBHOOK = "webhook"
    CHAT = "chat"


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """One address, without its secrets."""

    id: WebhookId
    name: str
    #: Of a chat only how its address begins: the rest is its secret.
    url: str
    kind: WebhookKind
    #: Of a chat's messages.
    language: str
    events: tuple[WebhookEvent, ...]
    brand_id: BrandId | None
    allow_private: bool
    enabled: bool
    failing_since: datetime | None
    disabled_why: str | None


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


_COLUMNS = """
    select id, name, url, kind, language, events, brand_id, allow_private, enabled, failing_since, disabled_why
    from webhook
"""


def _webhook(row: asyncpg.Record) -> Webhook:
    events = tuple(WebhookEvent(event) for event in row["events"])
    return Webhook(**{**row, "kind": WebhookKind(row["kind"]), "events": events})


async def every(conn: Connection) -> list[Webhook]:
    """Return all webhooks by name."""
    return [_webhook(row) for row in await conn.fetch(_COLUMNS + " order by name")]


async def get(conn: Connection, webhook_id: WebhookId) -> Webhook | None:
    """Return one webhook."""
    row = await conn.fetchrow(_COLUMNS + " where id = $1", webhook_id)
    return None if row is None else _webhook(row)


async def add(
    conn: Connection,
    *,
    name: str,
    url: str,
    events: Sequence[WebhookEvent],
    brand_id: BrandId | None,
    allow_private: bool,
    secret: str,
    kind: WebhookKind = WebhookKind.WEBHOOK,
    language: str = "en",
    now: datetime,
) -> WebhookId | None:
    """Add a webhook; None where there is one of this name."""
    added = await conn.fetchval(
        """
        insert into webhook (name, url, events, brand_id, allow_private, secret, created_at, kind, language)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (name) do nothing returning id
        """,
        name,
        url,
        list(events),
        brand_id,
        allow_private,
        secret,
        now,
        kind,
        language,
    )
    return None if added is None else WebhookId(added)


async def enable(conn: Connection, webhook_id: WebhookId, *, enabled: bool) -> None:
    """Let a webhook be told, or not; why it was switched off by itself is forgotten."""
    await conn.execute(
        "update webhook set enabled = $2, failing_since = null, disabled_why = null where id = $1", webhook_id, enabled
    )


async def remove(conn: Connection, webhook_id: WebhookId) -> None:
    """Remove a webhook with its log."""
    await conn.execute("delete from webhook where id = $1", webhook_id)


async def rotate(conn: Connection, webhook_id: WebhookId, secret: str, *, former_until: datetime) -> None:
    """Sign by a new secret from now on, and by the one of before until a time."""
    await conn.execute(
        "update webhook set former_secret = secret, former_until = $3, secret = $2 where id = $1",
        webhook_id,
        secret,
        former_until,
    )


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
    """End a try: taken where there is no error, to be tried again, or given up. False where the lease was lost."""
    state = "sent" if error is None else "failed" if retry_at is None else "pending"
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
        "update webhook set failing_since = case when $2 then null else coalesce(failing_since, $3) end where id = $1",
        claimed.webhook_id,
        error is None,
        now,
    )
    return True


async def disable(conn: Connection, webhook_id: WebhookId, *, why: str, now: datetime) -> bool:
    """Switch a webhook off, say why, and owe an e-mail about it to whoever hears of every brand, or else to all. False
    where it was off already. The caller holds a transaction."""
    done = await conn.fetchval(
        "update webhook set enabled = false, disabled_why = $2 where id = $1 and enabled returning id", webhook_id, why
    )
    if done is None:
        return False
    await conn.execute(
        """
        with told as (
            select c.id, exists (
                select from rule r where r.brand_id is null and r.mode <> 'off' and (
                    exists (select from rule_contact t where t.rule_id = r.id and t.contact_id = c.id)
                    or not exists (select from rule_contact t where t.rule_id = r.id))
            ) as of_all
            from contact c where c.enabled and c.verified_at is not null and c.bounced_at is null
        )
        insert into notification (id, contact_id, purpose, cycle, seq, reason, urgency, state, not_before, created_at)
        select gen_random_uuid(), id, 'notice', 1, 0, 'webhook:' || $1::bigint, 'high', 'pending', $2, $2
        from told where of_all or not exists (select from told other where other.of_all)
        """,
        webhook_id,
        now,
    )
    return True


async def off(conn: Connection, notification_id: NotificationId) -> Webhook | None:
    """Return the webhook that a notice is about, while it is off."""
    row = await conn.fetchrow(
        _COLUMNS  # noqa: S608  # ours
        + """
        where disabled_why is not null
            and 'webhook:' || id = (select reason from notification where id = $1 and purpose = 'notice')
        """,
        notification_id,
    )
    return None if row is None else _webhook(row)


async def forget_before(conn: Connection, before: datetime) -> None:
    """Forget messages that are settled since."""
    await conn.execute("delete from webhook_delivery where state in ('sent', 'failed') and happened_at < $1", before)
