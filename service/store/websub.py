"""Feeds whose hub tells us of news: what was asked of it, and until when it is bound to tell."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alerts.types import SourceId
from collectors.types import Hub
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class DueSubscription:
    """A subscription to ask for or to renew. Fenced by the claim's token."""

    source_id: SourceId
    hub: Hub
    allow_private: bool
    attempts: int


async def offer(conn: Connection, source_id: SourceId, hub: Hub | None, *, now: datetime) -> None:
    """Note what hub a feed names now, if any; another one is asked anew."""
    if hub is None:
        await conn.execute("delete from websub where source_id = $1", source_id)
        return
    await conn.execute(
        """
        insert into websub as w (source_id, hub, topic, state, due) values ($1, $2, $3, 'wanted', $4)
        on conflict (source_id) do update set
            hub = excluded.hub, topic = excluded.topic, state = 'wanted', due = excluded.due, token = null,
            attempts = 0, asked_at = null, verified_at = null, lease_until = null, doubted = false, error = null
        where (w.hub, w.topic) <> (excluded.hub, excluded.topic)
        """,
        source_id,
        hub.url,
        hub.topic,
        now,
    )


async def claim_due(
    conn: Connection, *, now: datetime, lease: timedelta, token: UUID, limit: int
) -> list[DueSubscription]:
    """Take subscriptions whose time it is. A worker that dies leaves them due when its lease ends."""
    rows = await conn.fetch(
        """
        with due as (
            select w.source_id from websub w join source s on s.id = w.source_id
            where w.due <= $1 and s.enabled order by w.due limit $4 for update of w skip locked
        )
        update websub w set due = $1 + $2::interval, token = $3, attempts = w.attempts + 1, asked_at = $1,
            state = case when w.state = 'active' then 'active' else 'asked' end
        from due, source s where w.source_id = due.source_id and s.id = w.source_id
        returning w.source_id, w.hub, w.topic, w.attempts, s.allow_private
        """,
        now,
        lease,
        token,
        limit,
    )
    return [
        DueSubscription(
            source_id=SourceId(row["source_id"]),
            hub=Hub(url=row["hub"], topic=row["topic"]),
            allow_private=row["allow_private"],
            attempts=row["attempts"],
        )
        for row in rows
    ]


async def asked(conn: Connection, source_id: SourceId, token: UUID, *, error: str | None, due: datetime) -> None:
    """Record what came of asking; a hub that confirmed meanwhile has set when to renew, and that stays."""
    await conn.execute(
        "update websub set error = $3, due = $4, token = null where source_id = $1 and token = $2",
        source_id,
        token,
        error,
        due,
    )


async def confirm(
    conn: Connection, source_id: SourceId, topic: str, *, lease: timedelta, within: timedelta, now: datetime
) -> bool:
    """Take a hub's confirmation. False where we asked for nothing like it lately."""
    done = await conn.fetchval(
        """
        update websub set state = 'active', lease_until = $3::timestamptz + $4::interval, due = $3 + 0.8 * $4::interval,
            token = null, verified_at = coalesce(verified_at, $3), attempts = 0, error = null
        where source_id = $1 and topic = $2 and asked_at > $3::timestamptz - $5::interval returning source_id
        """,
        source_id,
        topic,
        now,
        lease,
        within,
    )
    return done is not None


async def refuse(conn: Connection, source_id: SourceId, topic: str, *, reason: str, due: datetime) -> None:
    """Take a hub's refusal; it is asked again later."""
    await conn.execute(
        """
        update websub set state = 'refused', error = $3, due = $4, token = null, lease_until = null
        where source_id = $1 and topic = $2
        """,
        source_id,
        topic,
        reason,
        due,
    )


async def heard(conn: Connection, source_id: SourceId, *, now: datetime) -> None:
    """Note that the hub told something."""
    await conn.execute("update websub set heard_at = $2, doubted = false where source_id = $1", source_id, now)


async def doubt(conn: Connection, source_id: SourceId) -> None:
    """Note that a poll found news which the hub, bound since before the poll before, had not told."""
    await conn.execute(
        """
        update websub w set doubted = true from source s
        where w.source_id = $1 and s.id = $1 and w.state = 'active' and s.last_success_at > w.verified_at
        """,
        source_id,
    )


async def is_alive(conn: Connection, source_id: SourceId, *, now: datetime) -> bool:
    """Whether the hub is bound to tell, and no poll has shown that it does not."""
    return bool(
        await conn.fetchval(
            "select state = 'active' and lease_until > $2 and not doubted from websub where source_id = $1",
            source_id,
            now,
        )
    )
