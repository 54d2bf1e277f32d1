"""What must always hold, each as a query that returns nothing: how a promise that was lost without an error is found.

The numbers I1 to I12 are those of the alert model's auditor. Every query gives the ids of what breaks the
invariant at a moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.store.pool import Connection

#: So many of those that break an invariant are named.
_NAMED = 5


class Invariant(StrEnum):
    """One thing that must hold, by what is wrong where it does not."""

    UNTOLD = "incidents that nobody was or will be told of"
    STALLED = "incidents whose next step of escalation is overdue"
    STUCK = "messages whose sender is gone"
    LATE = "messages that ought to have left"
    TWICE_OPEN = "groups with two open incidents"
    ALERT_ASTRAY = "alerts of no incident"
    UNCOUNTED = "polls whose counts do not add up"
    UNJUDGED = "mentions that wait for a verdict"
    UNANSWERED_FAILURE = "given-up messages about incidents that nobody else was told of"
    LOOP_LATE = "parts of the worker that stand still"
    SOURCE_LATE = "sources that ought to have been asked"

    @property
    def remedy(self) -> str:
        """What an operator does about it."""
        return _REMEDIES.get(self, "look into the worker's log and report it: this should not be")


_AT_WORK = "see that `earshot work` runs and what its log says"
_REMEDIES = {
    Invariant.STALLED: _AT_WORK,
    Invariant.STUCK: _AT_WORK,
    Invariant.LATE: "see that `earshot work` runs and that the mail server takes mail",
    Invariant.UNJUDGED: "see that `earshot work` runs and keeps up; what ended it every time is set aside",
    Invariant.UNANSWERED_FAILURE: "correct the contact and try the message again in the outbox",
    Invariant.LOOP_LATE: _AT_WORK,
    Invariant.SOURCE_LATE: _AT_WORK,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """An invariant that does not hold."""

    invariant: Invariant
    count: int
    #: The first of what breaks it.
    ids: tuple[str, ...]

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.ids) else ""
        return f"{self.count} {self.invariant} ({', '.join(self.ids)}{more})"


_QUERIES: dict[Invariant, str] = {
    # I1. Told is who has a message of this cycle, in whatever state; kept quiet says so on the timeline.
    Invariant.UNTOLD: """
        select i.id::text from incident i
        where i.status = 'triggered' and i.last_alert_at < (table moment) - interval '5 minutes'
            and exists (
                select from contact c
                where c.enabled and c.verified_at is not null and (i.policy_version_id is not null
                    or exists (select from rule_contact rc where rc.rule_id = i.rule_id and rc.contact_id = c.id))
            )
            and not exists (select from notification n where n.incident_id = i.id and n.cycle = i.cycle)
            and not exists (select from incident_event e where e.incident_id = i.id and e.kind = 'suppressed')
    """,
    # I1, of those that go by a policy: the wait of a level begins when its people are told.
    Invariant.STALLED: """
        select i.id::text from incident i
        join policy_version v on v.id = i.policy_version_id
        join lateral (select count(*) as steps from policy_step where version_id = v.id) n on true
        join policy_step s on s.version_id = v.id and s.position = i.level % nullif(n.steps, 0)
        where i.status = 'triggered' and i.level < n.steps * (v.repeats + 1)
            and s.wait + interval '5 minutes' < (table moment) - (
                select min(w.created_at) from notification w
                where w.incident_id = i.id and w.cycle = i.cycle
                    and ((i.level = 0 and w.purpose = 'first') or (w.purpose = 'again' and w.seq = i.level)))
    """,
    # I2.
    Invariant.STUCK: """
        select id::text from notification
        where state = 'sending' and lease_until < (table moment) - interval '2 minutes'
    """,
    # I3. What is tried again has its next time in the future; what is due leaves within a moment.
    Invariant.LATE: """
        select id::text from notification
        where state = 'pending'
            and not_before < (table moment) - interval '5 minutes' * case urgency when 'normal' then 3 else 1 end
    """,
    # I4.
    Invariant.TWICE_OPEN: """
        select min(id)::text from incident where status <> 'resolved'
        group by group_key having count(*) > 1
    """,
    # I5. A rule that only watches has no incidents; one that was switched on has, from its first alert on.
    Invariant.ALERT_ASTRAY: """
        select a.id::text from alert a
        where a.incident_id is null and exists (
            select from alert earlier
            where earlier.rule_id = a.rule_id and earlier.incident_id is not null and earlier.at <= a.at
        ) and exists (select from rule r where r.id = a.rule_id and r.mode = 'active')
            and a.at > (table moment) - interval '1 day' and a.at < (table moment) - interval '1 minute'
    """,
    # I6.
    Invariant.UNCOUNTED: "select id::text from fetch_not_conserved",
    # I7. A back-fill may wait; what was just said may not.
    Invariant.UNJUDGED: """
        select t.mention_id::text from analysis_todo t join mention m on m.id = t.mention_id
        where t.priority = 1 and m.first_seen_at < (table moment) - interval '5 minutes'
        union all
        select mention_id::text from analysis_dead
    """,
    # I8.
    Invariant.UNANSWERED_FAILURE: """
        select n.id::text from notification n join incident i on i.id = n.incident_id
        where n.state = 'failed' and i.status = 'triggered' and i.cycle = n.cycle and not exists (
            select from notification other
            where other.incident_id = i.id and other.cycle = i.cycle and other.state in ('pending', 'sending', 'sent')
        )
    """,
    # I12.
    Invariant.LOOP_LATE: """
        select name from component where name like 'worker.%' and beat_at < (table moment) - interval '2 minutes'
            and beat_at > (table moment) - interval '1 day'
    """,
    Invariant.SOURCE_LATE: """
        select id::text from source
        where enabled and next_due < (table moment) - greatest(interval '15 minutes', 3 * "interval")
    """,
}


_ASKED = f"""
    with moment as (select $1::timestamptz)
    select id, count(*) over () as count from ({{query}}) broken (id) limit {_NAMED}
"""  # noqa: S608  # ours


async def breaches(conn: Connection, *, now: datetime) -> Sequence[Breach]:
    """Return every invariant that does not hold."""
    found = []
    for invariant, query in _QUERIES.items():
        rows = await conn.fetch(_ASKED.format(query=query), now)
        if rows:
            found.append(Breach(invariant=invariant, count=rows[0]["count"], ids=tuple(row["id"] for row in rows)))
    return found
