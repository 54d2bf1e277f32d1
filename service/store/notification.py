"""The outbox: a notification is a promise, owed in the transaction of its verdict, kept by a sender with a lease."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from alerts.holding import Hold, lead
from alerts.types import (
    AlertId,
    Contact,
    ContactId,
    IncidentId,
    Listed,
    Message,
    NotificationId,
    NotificationState,
    Owed,
    Purpose,
    Reason,
    Told,
    Urgency,
)
from collectors.types import whole_text
from service.store import contact, events, judged
from service.store.events import EventKind
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A notification claimed for one sending. Fenced by its token."""

    id: NotificationId
    token: UUID
    #: None: it is about no incident.
    incident_id: IncidentId | None
    purpose: Purpose
    attempts: int
    #: Earlier claims that ended with a recorded attempt; the others ended with their sender.
    outcomes: int
    #: Somebody already works on the incident, or it is closed; what it asks is answered.
    overtaken: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxEntry:
    """A notification as the outbox shows it."""

    id: NotificationId
    #: With its brand and rule None where it is about no incident.
    incident_id: IncidentId | None
    brand: str | None
    rule: str | None
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


async def told(conn: Connection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, list[Told]]:
    """Return what contacts were, or are about to be, told about incidents. Lists count for what they list."""
    rows = await conn.fetch(
        """
        select n.incident_id, n.contact_id, n.purpose, n.cycle, n.seq, n.created_at as at, n.covers,
            coalesce(list.state, n.state) = 'failed' as failed
        from notification n left join notification list on list.id = n.bundled_into
        where n.incident_id = any($1) and n.purpose <> 'storm'
        """,
        list(incident_ids),
    )
    found: dict[IncidentId, list[Told]] = {incident_id: [] for incident_id in incident_ids}
    for row in rows:
        told = Told(
            contact_id=ContactId(row["contact_id"]),
            purpose=Purpose(row["purpose"]),
            cycle=row["cycle"],
            at=row["at"],
            covers=row["covers"],
            seq=row["seq"],
            failed=row["failed"],
        )
        found[IncidentId(row["incident_id"])].append(told)
    return found


async def lock_contacts(conn: Connection, contact_ids: Sequence[ContactId]) -> None:
    """Let one transaction at a time owe to a contact: two would each find room for an e-mail."""
    await conn.fetch(
        """
        select pg_advisory_xact_lock(hashtextextended('contact', contact_id))
        from (select contact_id from unnest($1::bigint[]) contact_id order by 1) ordered
        """,
        sorted(contact_ids),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Recent:
    """How much one contact was told lately."""

    #: E-mails owed within the last hour.
    emails: int = 0
    #: When the last list leaves or left.
    last_list: datetime | None = None


async def recent(conn: Connection, contact_ids: Sequence[ContactId], *, since: datetime) -> dict[ContactId, Recent]:
    """Return how much contacts were told since."""
    rows = await conn.fetch(
        """
        select contact_id, count(*)::int as emails,
            max(not_before) filter (where purpose = 'storm' and covers is not null) as last_list
        from notification
        where contact_id = any($1) and state not in ('bundled', 'superseded')
            and greatest(created_at, case when purpose = 'storm' then not_before end) >= $2
        group by contact_id
        """,
        list(contact_ids),
        since,
    )
    found = {ContactId(row["contact_id"]): Recent(emails=row["emails"], last_list=row["last_list"]) for row in rows}
    return {contact_id: found.get(contact_id, Recent()) for contact_id in contact_ids}


async def owe(
    conn: Connection,
    owed: Sequence[Owed],
    *,
    alerts: Mapping[IncidentId, AlertId],
    urgencies: Mapping[IncidentId, Urgency],
    into: NotificationId | None = None,
    due: Mapping[IncidentId, datetime] | None = None,
    now: datetime,
) -> list[NotificationId]:
    """Put what is owed into the outbox, or into a list; what is there already stays. `due`: what may not leave at once.
    Return the new ones."""
    rows = await conn.fetch(
        """
        insert into notification (id, incident_id, contact_id, purpose, cycle, seq, reason, urgency, alert_id, state,
            not_before, created_at, bundled_into)
        select id, incident_id, contact_id, purpose, cycle, seq, reason, urgency, alert_id,
            case when $9::uuid is null then 'pending' else 'bundled' end, not_before, $10, $9
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::int[], $7::text[], $8::text[],
            $11::bigint[], $12::timestamptz[])
            as o (id, incident_id, contact_id, purpose, cycle, seq, reason, urgency, alert_id, not_before)
        on conflict on constraint notification_once do nothing returning id
        """,
        [uuid4() for _ in owed],
        [one.incident_id for one in owed],
        [one.contact_id for one in owed],
        [one.purpose for one in owed],
        [one.cycle for one in owed],
        [one.seq for one in owed],
        [one.reason for one in owed],
        [urgencies[one.incident_id] for one in owed],
        into,
        now,
        [alerts[one.incident_id] for one in owed],
        [(due or {}).get(one.incident_id, now) for one in owed],
    )
    return [NotificationId(row["id"]) for row in rows]


async def owe_trial(conn: Connection, contact_id: ContactId, *, now: datetime) -> bool:
    """Put an e-mail that shows whether mail arrives into the outbox. False where one waits there already, or the
    contact may not be told."""
    made = await conn.fetchval(
        """
        insert into notification (id, contact_id, purpose, cycle, seq, reason, urgency, state, not_before, created_at)
        select $1, c.id, 'trial', 1, 0, 'trial', 'high', 'pending', $3, $3
        from contact c where c.id = $2 and c.enabled and c.verified_at is not null
        on conflict (contact_id) where purpose = 'trial' and state in ('pending', 'sending') do nothing returning id
        """,
        uuid4(),
        contact_id,
        now,
    )
    if made is not None:
        await events.tell(conn, EventKind.NOTIFICATION, [NotificationId(made)])
    return made is not None


async def open_list(
    conn: Connection, first: Owed, *, alert_id: AlertId, urgency: Urgency, due: datetime, now: datetime
) -> NotificationId:
    """Return the contact's list that has not left yet, made if there is none. It carries the first alert's words, and
    is as urgent as the most urgent thing it lists."""
    list_id = await conn.fetchval(
        """
        insert into notification (id, incident_id, contact_id, purpose, cycle, seq, reason, urgency, alert_id, state,
            not_before, created_at)
        select $1, $2, $3, 'storm', $4, coalesce(max(seq), 0) + 1, 'storm', $5, $6, 'pending', $7, $8
        from notification where contact_id = $3 and purpose = 'storm'
        on conflict (contact_id) where purpose = 'storm' and covers is null do update set urgency = case
            when array_position(array['urgent', 'high', 'normal'], excluded.urgency)
                < array_position(array['urgent', 'high', 'normal'], notification.urgency)
            then excluded.urgency else notification.urgency end,
            not_before = least(notification.not_before, excluded.not_before)
        returning id
        """,
        uuid4(),
        first.incident_id,
        first.contact_id,
        first.cycle,
        urgency,
        alert_id,
        due,
        now,
    )
    return NotificationId(list_id)


async def claim(conn: Connection, *, now: datetime, lease: timedelta, token: UUID) -> Claimed | None:
    """Take the most urgent due notification; the attempt counts from here. One whose lease ran out is due again.
    What it tells of is settled at the first claim, so that every copy tells the same and the next one the rest."""
    row = await conn.fetchrow(
        """
        with due as (
            select id, incident_id from notification
            where (state = 'pending' and not_before <= $1) or (state = 'sending' and lease_until <= $1)
            order by array_position(array['urgent', 'high', 'normal'], urgency), not_before, attempts, id
            limit 1 for update skip locked
        ), listed as (
            update notification l set covers = i.alert_count
            from due, incident i where l.bundled_into = due.id and i.id = l.incident_id and l.covers is null
        )
        update notification n set state = 'sending', lease_until = $1 + $2::interval, lease_token = $3,
            attempts = attempts + 1, covers = coalesce(n.covers, i.alert_count)
        from due left join incident i on i.id = due.incident_id
        where n.id = due.id
        returning n.id, n.incident_id, n.purpose, n.attempts,
            case n.purpose when 'storm' then not exists (
                select from notification l join incident li on li.id = l.incident_id
                where l.bundled_into = n.id and li.status = 'triggered' and li.cycle = l.cycle
            )
            when 'verify' then exists (select from contact v where v.id = n.contact_id and v.verified_at is not null)
            when 'trial' then false
            when 'canary' then n.created_at < $1 - interval '1 hour'
            when 'notice' then not exists (
                select from webhook w where n.reason = 'webhook:' || w.id and w.disabled_why is not null
            )
            when 'reminder' then i.status <> 'acknowledged' or i.cycle <> n.cycle or i.tended_at > n.created_at
            when 'digest' then exists (select from contact v where v.id = n.contact_id and not v.enabled)
            else i.status <> 'triggered' or i.cycle <> n.cycle end as overtaken,
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
        incident_id=None if row["incident_id"] is None else IncidentId(row["incident_id"]),
        purpose=Purpose(row["purpose"]),
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


#: What one contact was told of an incident before this notification.
_TOLD_BEFORE = """
    coalesce((
        select max(e.covers) from notification e
        where e.incident_id = n.incident_id and e.contact_id = n.contact_id and e.purpose <> 'storm' and e.id <> n.id
            and (e.created_at, e.cycle, e.seq) < (n.created_at, n.cycle, n.seq)
    ), 0)
"""
_MESSAGE = f"""
    select n.id, n.incident_id, n.purpose, n.cycle, n.urgency, b.name as brand, r.name as rule, i.alert_count,
        i.opened_at, greatest(n.created_at - i.called_at, interval '0') as unanswered,
        n.reason = 'last_resort' as last_resort, al.reason, n.created_at, coalesce(i.acknowledged_by, '') as holder,
        (select v.ack_timeout from policy_version v where v.id = i.policy_version_id) as ack_timeout,
        coalesce(n.covers, i.alert_count) - {_TOLD_BEFORE} as new_count,
        {contact.COLUMNS}, {judged.COLUMNS}
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
"""  # noqa: S608  # both pieces are ours


async def recipient(conn: Connection, notification_id: NotificationId) -> Contact | None:
    """Return whom a notification is for."""
    row = await conn.fetchrow(
        f"select {contact.COLUMNS} from notification n join contact c on c.id = n.contact_id where n.id = $1",  # noqa: S608  # ours
        notification_id,
    )
    return None if row is None else contact.of_row(row)


async def message(conn: Connection, notification_id: NotificationId, *, public_url: str) -> Message | None:
    """Return everything the channel of a notification about an incident needs."""
    row = await conn.fetchrow(_MESSAGE, notification_id)
    if row is None:
        return None
    return Message(
        notification_id=NotificationId(row["id"]),
        contact=contact.of_row(row),
        incident_id=IncidentId(row["incident_id"]),
        incident_url=f"{public_url}/incidents/{row['incident_id']}",
        brand=row["brand"],
        rule=row["rule"],
        urgency=Urgency(row["urgency"]),
        purpose=Purpose(row["purpose"]),
        cycle=row["cycle"],
        reason=Reason(code=row["reason"]["code"], values=row["reason"]["values"]),
        alert_count=row["alert_count"],
        new_count=row["new_count"],
        opened_at=row["opened_at"],
        unanswered=row["unanswered"],
        last_resort=row["last_resort"],
        acknowledged_by=row["holder"],
        holds_until=_holds_until(row),
        listed=await _listed(conn, NotificationId(row["id"]), public_url) if row["purpose"] == Purpose.STORM else (),
        mention=judged.judged_of(row),
    )


def _holds_until(row: asyncpg.Record) -> datetime | None:
    """Return when others are told although somebody has the incident, of a reminder."""
    if row["purpose"] != Purpose.REMINDER:
        return None
    span = Hold(after=row["ack_timeout"]).span(Urgency(row["urgency"]))
    return None if span is None else row["created_at"] + lead(span)


_LISTED = f"""
    select n.incident_id, b.name as brand, r.name as rule, n.urgency, m.site, v.title, v.text,
        coalesce(n.covers, i.alert_count) - {_TOLD_BEFORE} as new_count
    from notification n
    join incident i on i.id = n.incident_id
    join brand b on b.id = i.brand_id
    join rule r on r.id = i.rule_id
    join alert al on al.id = n.alert_id
    join mention m on m.id = al.mention_id
    join mention_version v on v.mention_id = m.id and v.version = al.version
    where n.bundled_into = $1
    order by array_position(array['urgent', 'high', 'normal'], n.urgency), new_count desc, n.incident_id
"""  # noqa: S608  # the piece is above


async def _listed(conn: Connection, list_id: NotificationId, public_url: str) -> tuple[Listed, ...]:
    """Return what a list tells of, the most urgent first, then what most is said about."""
    rows = await conn.fetch(_LISTED, list_id)
    return tuple(
        Listed(
            incident_id=IncidentId(row["incident_id"]),
            incident_url=f"{public_url}/incidents/{row['incident_id']}",
            brand=row["brand"],
            rule=row["rule"],
            urgency=Urgency(row["urgency"]),
            site=row["site"],
            words=whole_text(row["title"], row["text"]),
            new_count=row["new_count"],
        )
        for row in rows
    )


_ENTRY = """
    select n.id, n.incident_id, b.name as brand, r.name as rule, c.name as contact, c.email, c.language, n.purpose,
        n.urgency, n.state, n.attempts, n.not_before, n.created_at, n.sent_at, n.error
    from notification n
    left join incident i on i.id = n.incident_id
    left join brand b on b.id = i.brand_id
    left join rule r on r.id = i.rule_id
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
    """Return the outbox without canaries, last owed first, behind a (created_at, id)."""
    rows = await conn.fetch(
        _ENTRY
        + """
        where n.purpose <> 'canary' and ($1::text is null or n.state = $1)
            and ($2::bigint is null or n.incident_id = $2)
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
    """Return how many notifications are in each state; canaries are nobody's."""
    rows = await conn.fetch("select state, count(*) as n from notification where purpose <> 'canary' group by state")
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
