"""Digests: who wants one, which were made, and what they tell of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from alerts.digest import Period
from alerts.types import Activity, BrandId, Contact, ContactId, DigestKind, JudgedMention, NotificationId
from service.store import contact, events, judged
from service.store.events import EventKind
from service.store.judged import Span
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One digest that was owed."""

    notification_id: NotificationId
    contact: Contact
    period: Period
    #: Whose midnights the period lies between.
    zone: str


async def wanting(conn: Connection) -> list[Contact]:
    """Return who wants digests and may be told."""
    rows = await conn.fetch(
        f"""
        select {contact.COLUMNS} from contact c
        where digest <> '{{}}' and enabled and verified_at is not null and bounced_at is null order by id
        """  # noqa: S608  # ours
    )
    return [contact.of_row(row) for row in rows]


async def brands_of(conn: Connection, contact_id: ContactId) -> list[tuple[BrandId, str]]:
    """Return the brands that a contact hears of by some rule, with their names; all where no rule tells the contact."""
    rows = await conn.fetch(
        f"""
        with telling as (
            select r.brand_id from rule r, contact c where c.id = $1 and r.mode <> 'off' and {contact.TOLD_BY_RULE}
        )
        select id, name from brand b
        where not exists (select from telling)
            or exists (select from telling where brand_id is null or brand_id = b.id)
        order by name, id
        """,  # noqa: S608  # ours
        contact_id,
    )
    return [(BrandId(row["id"]), row["name"]) for row in rows]


async def is_made(conn: Connection, contact_id: ContactId, period: Period) -> bool:
    """Whether a period's digest was owed already, or found to be empty."""
    made: bool = await conn.fetchval(
        "select exists (select from digest_run where contact_id = $1 and kind = $2 and starts = $3)",
        contact_id,
        period.kind,
        period.starts,
    )
    return made


async def make(
    conn: Connection, contact_id: ContactId, period: Period, *, zone: str, empty: bool, now: datetime
) -> NotificationId | None:
    """Put a period's digest into the outbox, or note that it is empty; None where there is nothing to send, or another
    worker was first. The caller holds a transaction."""
    first = await conn.fetchval(
        """
        insert into digest_run (contact_id, kind, starts, zone, since, until) values ($1, $2, $3, $4, $5, $6)
        on conflict do nothing returning contact_id
        """,
        contact_id,
        period.kind,
        period.starts,
        zone,
        period.since,
        period.until,
    )
    if first is None or empty:
        return None
    made = NotificationId(uuid4())
    await conn.execute(
        """
        insert into notification (id, contact_id, purpose, cycle, seq, reason, urgency, state, not_before, created_at)
        values ($1, $2, 'digest', 1, 0, $3, 'normal', 'pending', $4, $4)
        """,
        made,
        contact_id,
        period.kind,
        now,
    )
    await conn.execute(
        "update digest_run set notification_id = $4 where contact_id = $1 and kind = $2 and starts = $3",
        contact_id,
        period.kind,
        period.starts,
        made,
    )
    await events.tell(conn, EventKind.NOTIFICATION, [made])
    return made


async def of_notification(conn: Connection, notification_id: NotificationId) -> Run | None:
    """Return the digest that a notification stands for."""
    row = await conn.fetchrow(
        f"""
        select d.kind, d.starts, d.zone as digest_zone, d.since, d.until, {contact.COLUMNS}
        from digest_run d join contact c on c.id = d.contact_id where d.notification_id = $1
        """,  # noqa: S608  # ours
        notification_id,
    )
    if row is None:
        return None
    period = Period(kind=DigestKind(row["kind"]), starts=row["starts"], since=row["since"], until=row["until"])
    return Run(notification_id=notification_id, contact=contact.of_row(row), period=period, zone=row["digest_zone"])


async def activity(
    conn: Connection, brand_id: BrandId, *, since: datetime, until: datetime, recommends_from: float
) -> Activity:
    """Return what was done and achieved. An author counts as recovered who complained within the 90 days before, and
    whose last mention of the stretch is positive."""
    row = await conn.fetchrow(
        """
        select (
            select count(*) from incident
            where brand_id = $1 and resolution = 'answered' and resolved_at >= $2 and resolved_at < $3
        ) as answered, (
            select count(*) from (
                select distinct on (m.source_id, m.author_id) m.source_id, m.author_id, m.label, m.said_at
                from mention m
                where m.brand_id = $1 and m.said_at >= $2 and m.said_at < $3 and m.counted and m.author_id is not null
                    and m.label is not null
                order by m.source_id, m.author_id, m.said_at desc, m.id desc
            ) last
            where last.label = 'positive' and exists (
                select from mention e
                where e.brand_id = $1 and e.source_id = last.source_id and e.author_id = last.author_id
                    and e.said_at >= $2::timestamptz - interval '90 days' and e.said_at < last.said_at
                    and e.label = 'negative' and e.counted
            )
        ) as recovered, (
            select count(*) from mention m
            where m.brand_id = $1 and m.said_at >= $2 and m.said_at < $3 and m.counted and exists (
                select from analysis a
                where a.mention_id = m.id and a.version = m.version and a.recommend >= $4
            )
        ) as recommending
        """,
        brand_id,
        since,
        until,
        recommends_from,
    )
    return Activity(**dict(row or {}))


async def angry(conn: Connection, span: Span, *, limit: int) -> Sequence[JudgedMention]:
    """Return the angry mentions that count, the angriest first."""
    rows = await conn.fetch(
        judged.CURRENT
        + """
        where m.brand_id = $1 and m.said_at >= $2 and m.said_at < $3 and m.angry and m.counted
            and m.analysed_at is not null and m.story_id is not null
        order by m.anger desc, m.said_at desc, m.id limit $4
        """,
        span.brand_id,
        span.since,
        span.until,
        limit,
    )
    return [judged.judged_of(row) for row in rows]
