"""Canaries: complaints of our own that show whether the way from the analyser to the mail server is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NewType
from uuid import uuid4

import asyncpg

from alerts.types import ContactId, NotificationId, Reason
from analysis.types import Analysis
from service.store import events
from service.store.events import EventKind
from service.store.pool import Connection

CanaryId = NewType("CanaryId", int)


@dataclass(frozen=True, kw_only=True, slots=True)
class Canary:
    """One of them, and how far it has come."""

    id: CanaryId
    posted_at: datetime
    #: None: the analyser has not seen it.
    judged: bool
    #: None: it is not in the outbox, as it waits to be judged or no rule found it angry.
    notification_id: NotificationId | None
    #: When the mail server took it; None: it has not.
    accepted_at: datetime | None
    #: Why it did not, as far as is known.
    error: str | None

    @property
    def under_way(self) -> bool:
        """Whether it may still arrive."""
        return self.accepted_at is None and (not self.judged or self.notification_id is not None)

    @property
    def took(self) -> timedelta | None:
        """How long it was under way; None: it has not arrived."""
        return None if self.accepted_at is None else self.accepted_at - self.posted_at


_CANARY = """
    select k.id, k.posted_at, k.verdict is not null as judged, k.notification_id, n.sent_at as accepted_at, n.error
    from canary k left join notification n on n.id = k.notification_id
"""


def _canary(row: asyncpg.Record) -> Canary:
    return Canary(**row)


async def newest(conn: Connection) -> Canary | None:
    """Return the last one."""
    row = await conn.fetchrow(_CANARY + " order by k.id desc limit 1")
    return None if row is None else _canary(row)


async def last_arrived(conn: Connection) -> Canary | None:
    """Return the last one that the mail server took."""
    row = await conn.fetchrow(_CANARY + " where n.sent_at is not null order by k.id desc limit 1")
    return None if row is None else _canary(row)


async def get(conn: Connection, canary_id: CanaryId) -> Canary | None:
    """Return one."""
    row = await conn.fetchrow(_CANARY + " where k.id = $1", canary_id)
    return None if row is None else _canary(row)


async def post(conn: Connection, contact_id: ContactId, *, now: datetime) -> CanaryId:
    """Let one go."""
    made = await conn.fetchval(
        "insert into canary (contact_id, posted_at) values ($1, $2) returning id", contact_id, now
    )
    return CanaryId(made)


async def lock(conn: Connection) -> None:
    """Let one transaction at a time decide whether one is due."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('canary', 0))")


async def unjudged(conn: Connection) -> CanaryId | None:
    """Return the one that waits for the analyser longest."""
    known = await conn.fetchval("select id from canary where verdict is null order by id limit 1")
    return None if known is None else CanaryId(known)


async def judged(
    conn: Connection, canary_id: CanaryId, found: Analysis, reason: Reason | None, *, now: datetime
) -> None:
    """Keep what the analyser and the rule said, unless that was done; one with a reason goes into the outbox."""
    ours = await conn.fetchval(
        "update canary set verdict = $2 where id = $1 and verdict is null returning id", canary_id, _kept(found)
    )
    if ours is None or reason is None:
        return
    made = NotificationId(uuid4())
    await conn.execute(
        """
        insert into notification (id, contact_id, purpose, cycle, seq, reason, urgency, state, not_before, created_at)
        select $2, contact_id, 'canary', 1, id, 'canary', 'high', 'pending', $3, $3 from canary where id = $1
        """,
        canary_id,
        made,
        now,
    )
    await conn.execute(
        "update canary set notification_id = $2, reason = $3 where id = $1",
        canary_id,
        made,
        {"code": reason.code, "values": dict(reason.values)},
    )
    await events.tell(conn, EventKind.NOTIFICATION, [made])


def _kept(found: Analysis) -> Mapping[str, Any]:
    names = ("language", "negative", "neutral", "positive", "anger", "anger_level", "angry", "model")
    return {name: getattr(found, name) for name in names}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the e-mail of one tells."""

    posted_at: datetime
    verdict: Analysis
    reason: Reason


async def told(conn: Connection, notification_id: NotificationId) -> Told | None:
    """Return what an e-mail tells."""
    row = await conn.fetchrow(
        "select posted_at, verdict, reason from canary where notification_id = $1", notification_id
    )
    if row is None:
        return None
    reason = Reason(code=row["reason"]["code"], values=row["reason"]["values"])
    return Told(posted_at=row["posted_at"], verdict=Analysis(**row["verdict"]), reason=reason)


async def forget_before(conn: Connection, before: datetime) -> None:
    """Forget those that were let go before, with their e-mails."""
    await conn.execute(
        """
        with gone as (delete from canary where posted_at < $1 returning notification_id)
        delete from notification n using gone where n.id = gone.notification_id
        """,
        before,
    )
