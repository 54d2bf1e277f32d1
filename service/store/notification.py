"""The outbox: a notification is a promise, owed in the transaction of its verdict, kept by a sender with a lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from alerts.types import (
    AlertId,
    BrandId,
    Contact,
    ContactId,
    IncidentId,
    JudgedMention,
    MentionId,
    Message,
    NotificationId,
    NotificationState,
    Owed,
    Purpose,
    Reason,
    SourceId,
    StoryId,
    Told,
    Urgency,
)
from analysis.types import Analysis, Because
from collectors.types import Rating, whole_text
from service.store import events
from service.store.events import EventKind
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A notification claimed for one sending. Fenced by its token."""

    id: NotificationId
    token: UUID
    incident_id: IncidentId
    attempts: int
    #: Earlier claims that ended with a recorded attempt; the others ended with their sender.
    outcomes: int
    #: Somebody already works on the incident, or it is closed.
    overtaken: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxEntry:
    """A notification as the outbox shows it."""

    id: NotificationId
    incident_id: IncidentId
    brand: str
    rule: str
    contact: str
    email: str
    language: str
    purpose: Purpose
    urgency: Urgency
    state: NotificationState
    attempts: int
    not_before: datetime
    created_at: datetime
    sent_at: datetime | None
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One conversation with a channel's server."""

    n: int
    started_at: datetime
    ended_at: datetime
    outcome: str
    stage: str
    code: int | None
    detail: str


async def told(conn: Connection, incident_id: IncidentId) -> list[Told]:
    """Return what contacts were, or are about to be, told about an incident."""
    rows = await conn.fetch("select contact_id, purpose, cycle from notification where incident_id = $1", incident_id)
    return [
        Told(contact_id=ContactId(row["contact_id"]), purpose=Purpose(row["purpose"]), cycle=row["cycle"])
        for row in rows
    ]


async def owe(
    conn: Connection, owed: Sequence[Owed], *, alert_id: AlertId, urgency: Urgency, now: datetime
) -> list[NotificationId]:
    """Put what is owed into the outbox; what is there already stays. Return the new ones."""
    rows = await conn.fetch(
        """
        insert into notification (id, incident_id, contact_id, purpose, cycle, reason, urgency, alert_id, state,
            not_before, created_at)
        select id, incident_id, contact_id, purpose, cycle, reason, $7, $8, 'pending', $9, $9
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::text[])
            as o (id, incident_id, contact_id, purpose, cycle, reason)
        on conflict (incident_id, contact_id, purpose, cycle) do nothing returning id
        """,
        [uuid4() for _ in owed],
        [one.incident_id for one in owed],
        [one.contact_id for one in owed],
        [one.purpose for one in owed],
        [one.cycle for one in owed],
        [one.reason for one in owed],
        urgency,
        alert_id,
        now,
    )
    return [NotificationId(row["id"]) for row in rows]


async def claim(conn: Connection, *, now: datetime, lease: timedelta, token: UUID) -> Claimed | None:
    """Take the most urgent due notification; the attempt counts from here. One whose lease ran out is due again."""
    row = await conn.fetchrow(
        """
        with due as (
            select id from notification
            where (state = 'pending' and not_before <= $1) or (state = 'sending' and lease_until <= $1)
            order by array_position(array['urgent', 'high', 'normal'], urgency), not_before, attempts, id
            limit 1 for update skip locked
        )
        update notification n set state = 'sending', lease_until = $1 + $2::interval, lease_token = $3,
            attempts = attempts + 1
        from due, incident i
        where n.id = due.id and i.id = n.incident_id
        returning n.id, n.incident_id, n.attempts, i.status <> 'triggered' or i.cycle <> n.cycle as overtaken,
            (select count(*) from delivery_attempt d where d.notification_id = n.id)::int as outcomes
        """,
        now,
        lease,
        token,
    )
    if row is None:
        return None
    return Claimed(
        id=NotificationId(row["id"]),
        token=token,
        incident_id=IncidentId(row["incident_id"]),
        attempts=row["attempts"],
        outcomes=row["outcomes"],
        overtaken=row["overtaken"],
    )


async def record_attempt(
    conn: Connection,
    claimed: Claimed,
    *,
    started_at: datetime,
    ended_at: datetime,
    outcome: str,
    stage: str,
    code: int | None,
    detail: str,
) -> None:
    """Log one conversation with a server."""
    await conn.execute(
        """
        insert into delivery_attempt (notification_id, n, started_at, ended_at, outcome, stage, code, detail)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (notification_id, n) do nothing
        """,
        claimed.id,
        claimed.attempts,
        started_at,
        ended_at,
        outcome,
        stage,
        code,
        detail,
    )


async def settle(
    conn: Connection,
    claimed: Claimed,
    state: NotificationState,
    *,
    now: datetime,
    not_before: datetime | None = None,
    error: str | None = None,
) -> bool:
    """End a claim in a state. False where the lease was lost: another sender decides now."""
    done = await conn.fetchval(
        """
        update notification set state = $3, lease_token = null, lease_until = null,
            sent_at = case when $3 = 'sent' then $4::timestamptz end,
            not_before = coalesce($5, not_before), error = $6
        where id = $1 and lease_token = $2 returning id
        """,
        claimed.id,
        claimed.token,
        state,
        now,
        not_before,
        error,
    )
    return done is not None


_MESSAGE = """
    select n.id, n.incident_id, n.purpose, n.cycle, n.urgency, b.name as brand, r.name as rule, i.alert_count,
        i.opened_at, al.reason, c.id as contact_id, c.name as contact_name, c.email, c.language as contact_language,
        c.enabled, m.id as mention_id, v.version, m.brand_id, m.source_id, m.story_id, m.site, m.url, m.author_name,
        v.title, v.text, v.rating_value, v.rating_scale, v.deleted, m.said_at, m.first_seen_at, a.model, a.language,
        a.negative, a.neutral, a.positive, a.anger, a.anger_level, a.angry, a.because
    from notification n
    join incident i on i.id = n.incident_id
    join brand b on b.id = i.brand_id
    join rule r on r.id = i.rule_id
    join contact c on c.id = n.contact_id
    join alert al on al.id = n.alert_id
    join mention m on m.id = al.mention_id
    join mention_version v on v.mention_id = m.id and v.version = al.version
    join analysis a on a.mention_id = m.id and a.version = al.version and a.model = al.model
    where n.id = $1
"""


def _judged(row: asyncpg.Record) -> JudgedMention:
    value, scale, because = row["rating_value"], row["rating_scale"], row["because"]
    heads = ("language", "negative", "neutral", "positive", "anger", "anger_level", "angry", "model")
    return JudgedMention(
        id=MentionId(row["mention_id"]),
        version=row["version"],
        brand_id=BrandId(row["brand_id"]),
        source_id=SourceId(row["source_id"]),
        story_id=StoryId(row["story_id"]),
        site=row["site"],
        url=row["url"],
        author_name=row["author_name"],
        title=row["title"],
        text=whole_text(row["title"], row["text"]),
        said_at=row["said_at"],
        first_seen_at=row["first_seen_at"],
        rating=None if value is None else Rating(value=value, scale=scale),
        deleted=row["deleted"],
        analysis=Analysis(
            **{head: row[head] for head in heads},
            because=None if because is None else tuple(Because(**span) for span in because),
        ),
    )


async def message(conn: Connection, notification_id: NotificationId, *, public_url: str) -> Message | None:
    """Return everything the notification's channel needs."""
    row = await conn.fetchrow(_MESSAGE, notification_id)
    if row is None:
        return None
    return Message(
        notification_id=NotificationId(row["id"]),
        contact=Contact(
            id=ContactId(row["contact_id"]),
            name=row["contact_name"],
            email=row["email"],
            language=row["contact_language"],
            enabled=row["enabled"],
        ),
        incident_id=IncidentId(row["incident_id"]),
        incident_url=f"{public_url}/incidents/{row['incident_id']}",
        brand=row["brand"],
        rule=row["rule"],
        urgency=Urgency(row["urgency"]),
        purpose=Purpose(row["purpose"]),
        cycle=row["cycle"],
        reason=Reason(code=row["reason"]["code"], values=row["reason"]["values"]),
        alert_count=row["alert_count"],
        opened_at=row["opened_at"],
        mention=_judged(row),
    )


_ENTRY = """
    select n.id, n.incident_id, b.name as brand, r.name as rule, c.name as contact, c.email, c.language, n.purpose,
        n.urgency, n.state, n.attempts, n.not_before, n.created_at, n.sent_at, n.error
    from notification n
    join incident i on i.id = n.incident_id
    join brand b on b.id = i.brand_id
    join rule r on r.id = i.rule_id
    join contact c on c.id = n.contact_id
"""


def _entry(row: asyncpg.Record) -> OutboxEntry:
    return OutboxEntry(
        **{
            **row,
            "purpose": Purpose(row["purpose"]),
            "urgency": Urgency(row["urgency"]),
            "state": NotificationState(row["state"]),
        }
    )


async def newest(
    conn: Connection,
    *,
    state: NotificationState | None = None,
    incident_id: IncidentId | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[OutboxEntry]:
    """Return the outbox, last owed first, behind a (created_at, id)."""
    rows = await conn.fetch(
        _ENTRY
        + """
        where ($1::text is null or n.state = $1) and ($2::bigint is null or n.incident_id = $2)
            and ($3::timestamptz is null or (n.created_at, n.id) < ($3, $4))
        order by n.created_at desc, n.id desc limit $5
        """,
        state,
        incident_id,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_entry(row) for row in rows]


async def get(conn: Connection, notification_id: NotificationId) -> OutboxEntry | None:
    """Return one notification."""
    row = await conn.fetchrow(_ENTRY + " where n.id = $1", notification_id)
    return None if row is None else _entry(row)


async def attempts(conn: Connection, notification_id: NotificationId) -> list[Attempt]:
    """Return the conversations about a notification, in order."""
    rows = await conn.fetch(
        """
        select n, started_at, ended_at, outcome, stage, code, detail
        from delivery_attempt where notification_id = $1 order by n
        """,
        notification_id,
    )
    return [Attempt(**row) for row in rows]


async def waiting(conn: Connection) -> dict[NotificationState, int]:
    """Return how many notifications are in each state."""
    rows = await conn.fetch("select state, count(*) as n from notification group by state")
    return {NotificationState(row["state"]): row["n"] for row in rows}


async def try_again(conn: Connection, notification_id: NotificationId, *, now: datetime) -> bool:
    """Put a notification that was given up back into the outbox. False where it was not given up."""
    done = await conn.fetchval(
        """
        update notification set state = 'pending', not_before = $2, error = null
        where id = $1 and state = 'failed' returning id
        """,
        notification_id,
        now,
    )
    if done is not None:
        await events.tell(conn, EventKind.NOTIFICATION, [notification_id])
    return done is not None
