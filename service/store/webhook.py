"""Webhooks: where other programs are told of what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

import asyncpg

from alerts.channels.webhook import WebhookEvent
from alerts.types import BrandId, NotificationId
from service.store import contact, events
from service.store.events import EventKind
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
    #: What it is for.
    description: str = ""


_COLUMNS = """
    select id, name, url, kind, language, events, brand_id, allow_private, enabled, failing_since, disabled_why,
        description
    from webhook
"""


def _webhook(row: asyncpg.Record) -> Webhook:
    told_of = tuple(WebhookEvent(event) for event in row["events"])
    return Webhook(**{**row, "kind": WebhookKind(row["kind"]), "events": told_of})


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
    description: str = "",
    now: datetime,
) -> WebhookId | None:
    """Add a webhook; None where there is one of this name."""
    added = await conn.fetchval(
        """
        insert into webhook (name, url, events, brand_id, allow_private, secret, created_at, kind, language,
            description)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (name) do nothing returning id
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
        description,
    )
    return None if added is None else WebhookId(added)


async def change(conn: Connection, wanted: Webhook, *, secret: str | None = None) -> bool:
    """Make a webhook be so, but for its kind and whether it is told; `secret`: another one, of a chat that moves. False
    where another one has its name. What waits goes to its new address."""
    done = await conn.fetchval(
        """
        update webhook set name = $2, url = $3, events = $4, brand_id = $5, allow_private = $6, language = $7,
            description = $8, secret = coalesce($9, secret)
        where id = $1 and not exists (select from webhook other where other.name = $2 and other.id <> $1) returning id
        """,
        wanted.id,
        wanted.name,
        wanted.url,
        list(wanted.events),
        wanted.brand_id,
        wanted.allow_private,
        wanted.language,
        wanted.description,
        secret,
    )
    return done is not None


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


async def disable(conn: Connection, webhook_id: WebhookId, *, why: str, now: datetime) -> bool:
    """Switch a webhook off, say why, and owe an e-mail about it to whoever hears of every brand, or else to all. False
    where it was off already. The caller holds a transaction."""
    done = await conn.fetchval(
        "update webhook set enabled = false, disabled_why = $2 where id = $1 and enabled returning id", webhook_id, why
    )
    if done is None:
        return False
    rows = await conn.fetch(
        f"""
        with told as (
            select c.id, exists (
                select from rule r where r.brand_id is null and r.mode <> 'off' and {contact.TOLD_BY_RULE}
            ) as of_all
            from contact c where c.enabled and c.verified_at is not null and c.bounced_at is null
        )
        insert into notification (id, contact_id, purpose, cycle, seq, reason, urgency, state, not_before, created_at)
        select gen_random_uuid(), id, 'notice', 1, 0, 'webhook:' || $1::bigint, 'high', 'pending', $2, $2
        from told where of_all or not exists (select from told other where other.of_all)
        returning id
        """,  # noqa: S608  # ours
        webhook_id,
        now,
    )
    await events.tell(conn, EventKind.NOTIFICATION, [NotificationId(row["id"]) for row in rows])
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
