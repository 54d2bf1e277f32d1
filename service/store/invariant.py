"""What must always hold, each a question with an empty answer: how a promise that was lost without an error is found.

The numbers I1 to I12 are those of the alert model's auditor. Every answer gives the ids of what breaks the
invariant at a moment.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts import escalation
from alerts.escalation import Weakness
from service.store import contact, policy, schedule
from service.store.pool import UNREACHABLE, Connection

log = logging.getLogger(__name__)

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
    FORGOTTEN = "incidents that somebody acknowledged and did nothing about for too long"
    AFTER_ACKNOWLEDGED = "incidents whose escalation went on although somebody had them"
    UNCOVERED = "policies or schedules by which nobody could be told within the next seven days"
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
    Invariant.FORGOTTEN: _AT_WORK,
    Invariant.UNCOVERED: "let somebody take over, or name a contact that is verified, on the page «On call»",
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


#: There is something to tell still, which erasure may take away, and somebody may be told: by its policy at least the
#: last resort, by its rule those it names, else everybody.
_CAN_BE_TOLD = """exists (select from alert a where a.incident_id = i.id) and exists (
    select from contact c
    where c.enabled and c.verified_at is not null and (i.policy_version_id is not null
        or exists (select from rule_contact t where t.rule_id = i.rule_id and t.contact_id = c.id)
        or not exists (select from rule_contact t where t.rule_id = i.rule_id)))"""
#: A silence holds, or did until a moment ago; or an open incident tells of it already. As `alerts.silence`.
_KEPT_QUIET = """(exists (
        select from silence s
        where s.starts_at <= (table moment) and s.ends_at > (table moment) - interval '5 minutes'
            and (s.brand_id is null or s.brand_id = i.brand_id) and (s.rule_id is null or s.rule_id = i.rule_id)
            and (s.source_id is null or not exists (
                select from alert a join mention m on m.id = a.mention_id
                where a.incident_id = i.id and m.source_id <> s.source_id)))
    or exists (
        select from incident_event e join incident cause on cause.id = (e.detail ->> 'incident')::bigint
        where e.incident_id = i.id and e.kind = 'suppressed' and e.at >= i.called_at and cause.status <> 'resolved'))"""
_QUERIES: dict[Invariant, str] = {
    # I1. Told is who has a message of this cycle, in whatever state. What is older than two days is no news.
    Invariant.UNTOLD: f"""
        select i.id::text from incident i
        where i.status = 'triggered'
            and greatest(i.last_alert_at, i.called_at) < (table moment) - interval '5 minutes'
            and greatest(i.last_alert_at, i.called_at) > (table moment) - interval '2 days'
            and not exists (select from notification n where n.incident_id = i.id and n.cycle = i.cycle)
            and {_CAN_BE_TOLD} and not {_KEPT_QUIET}
    """,  # noqa: S608  # ours
    # I1, of those that go by a policy: the wait of a level begins when its people are told, which is at once, and the
    # next level's turn comes at once where none of the words arrived. Behind the last step comes the last resort.
    Invariant.STALLED: f"""
        select i.id::text from incident i
        join policy_version v on v.id = i.policy_version_id
        cross join lateral (select count(*) as steps from policy_step where version_id = v.id) n
        left join policy_step s on s.version_id = v.id and s.position = i.level % nullif(n.steps, 0)
            and i.level < n.steps * (v.repeats + 1)
        cross join lateral (
            select min(w.created_at) as told_at, bool_and(coalesce(l.state, w.state) = 'failed') as failed
            from notification w left join notification l on l.id = w.bundled_into
            where w.incident_id = i.id and w.cycle = i.cycle
                and ((i.level = 0 and w.purpose = 'first') or (w.purpose = 'again' and w.seq = i.level))) word
        where i.status = 'triggered' and i.level_at > (table moment) - interval '9 days'
            and exists (select from notification o where o.incident_id = i.id and o.cycle = i.cycle)
            and case
                when word.told_at is null then i.level_at < (table moment) - interval '5 minutes'
                    and {_CAN_BE_TOLD} and not {_KEPT_QUIET}
                when s.wait is null then false
                when word.failed then greatest(word.told_at, (
                    select max(d.ended_at) from delivery_attempt d join notification w on w.id = d.notification_id
                    where w.incident_id = i.id)) < (table moment) - interval '5 minutes'
                else word.told_at + s.wait < (table moment) - interval '5 minutes' end
    """,  # noqa: S608  # ours
    # I2.
    Invariant.STUCK: """
        select id::text from notification
        where state = 'sending' and lease_until < (table moment) - interval '2 minutes'
        union all
        select d.id::text from webhook_delivery d join webhook w on w.id = d.webhook_id
        where d.state = 'sending' and d.lease_until < (table moment) - interval '2 minutes' and w.enabled
    """,
    # I3. What is due leaves within a moment; what is tried again has its next time in the future, and an hour in all.
    Invariant.LATE: """
        select n.id::text from notification n
        where n.state = 'pending' and (
            n.not_before < (table moment) - interval '5 minutes' * case n.urgency when 'normal' then 3 else 1 end
            or exists (
                select from delivery_attempt d
                where d.notification_id = n.id and d.started_at < (table moment) - interval '1 hour'))
        union all
        select d.id::text from webhook_delivery d join webhook w on w.id = d.webhook_id
        where d.state = 'pending' and d.not_before < (table moment) - interval '15 minutes' and w.enabled
    """,
    # I4.
    Invariant.TWICE_OPEN: """
        select min(id)::text from incident where status <> 'resolved'
        group by group_key having count(*) > 1
    """,
    # I5. A rule that only monitors says so on its alerts.
    Invariant.ALERT_ASTRAY: """
        select a.id::text from alert a join rule r on r.id = a.rule_id and r.mode = 'active'
        where a.incident_id is null and not a.monitored
            and a.at > (table moment) - interval '1 day' and a.at < (table moment) - interval '1 minute'
    """,
    # I6.
    Invariant.UNCOUNTED: "select id::text from fetch_not_conserved",
    # I7. A back-fill may wait; what was just said may not, nor may it wait nowhere. The newest are looked at: the key
    # is the only index that leads to them.
    Invariant.UNJUDGED: """
        select t.mention_id::text from analysis_todo t join mention m on m.id = t.mention_id
        where t.priority = 1 and m.first_seen_at < (table moment) - interval '5 minutes'
        union all
        select mention_id::text from analysis_dead
        union all
        select m.id::text from mention m
        where m.id > (select max(id) from mention) - 20000 and m.analysed_at is null and not m.erased
            and m.first_seen_at < (table moment) - interval '5 minutes'
            and not exists (select from analysis_todo t where t.mention_id = m.id)
            and not exists (select from analysis_dead t where t.mention_id = m.id)
    """,
    # I8. The next person's turn comes within a moment.
    Invariant.UNANSWERED_FAILURE: """
        select n.id::text from notification n join incident i on i.id = n.incident_id
        where n.state = 'failed' and i.status = 'triggered' and i.cycle = n.cycle and not exists (
            select from notification other
            where other.incident_id = i.id and other.cycle = i.cycle
                and other.state in ('pending', 'sending', 'sent', 'bundled')
        ) and not exists (
            select from delivery_attempt d
            where d.notification_id = n.id and d.ended_at > (table moment) - interval '1 minute'
        )
    """,
    # I9. The time after a reminder is a quarter of the whole, at most half an hour. Quiet hours and silences put a
    # reminder off, and the end with it.
    Invariant.FORGOTTEN: f"""
        select i.id::text from incident i
        join policy_version v on v.id = i.policy_version_id and v.ack_lapses
        cross join lateral (select coalesce(v.ack_timeout, case i.urgency
            when 'urgent' then interval '30 minutes' when 'high' then interval '2 hours' else interval '4 hours' end
            ) as span, coalesce(i.tended_at, i.acknowledged_at) as since) hold
        cross join lateral (
            select min(n.created_at) as at from notification n
            where n.incident_id = i.id and n.cycle = i.cycle and n.purpose = 'reminder' and n.created_at >= hold.since
        ) reminder
        where i.status = 'acknowledged' and {_CAN_BE_TOLD} and not {_KEPT_QUIET}
            and greatest(hold.since + hold.span, reminder.at + least(hold.span / 4, interval '30 minutes'))
                + case when reminder.at is null and exists (select from contact where quiet_from is not null)
                    then interval '1 day' else interval '5 minutes' end < (table moment)
    """,  # noqa: S608  # ours
    # I10. What begins another cycle stands between. An index leads to the lines of an incident, none to a time.
    Invariant.AFTER_ACKNOWLEDGED: """
        select e.incident_id::text from incident i join incident_event e on e.incident_id = i.id
        where i.level_at > (table moment) - interval '7 days'
            and e.kind = 'escalated' and e.at > (table moment) - interval '7 days' and (
            select before.kind from incident_event before
            where before.incident_id = e.incident_id and before.id < e.id and before.kind in (
                'opened', 'reopened', 'worsened', 'woke', 'lapsed', 'given_back', 'acknowledged', 'snoozed', 'resolved')
            order by before.id desc limit 1
        ) in ('acknowledged', 'snoozed', 'resolved')
    """,
    # I12. A stage that never ran is seen by who waits for the heartbeat.
    Invariant.LOOP_LATE: """
        select name from component
        where name in (
                'worker', 'worker.collect', 'worker.analyse', 'worker.alert', 'worker.deliver', 'worker.maintain')
            and beat_at < (table moment) - interval '2 minutes'
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
    """Return every invariant that does not hold, or that cannot be asked about: one must not hide the others."""
    found = []
    for invariant in Invariant:
        try:
            async with conn.transaction():
                broken = await _broken(conn, invariant, now=now)
        except UNREACHABLE:
            raise
        except Exception:
            log.exception("an invariant cannot be asked about", extra={"invariant": invariant.name})
            broken = _Broken(count=1, named=("cannot be asked about; see the log",))
        if broken.count:
            found.append(Breach(invariant=invariant, count=broken.count, ids=broken.named))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Broken:
    count: int
    named: tuple[str, ...]


async def _broken(conn: Connection, invariant: Invariant, *, now: datetime) -> _Broken:
    if invariant is Invariant.UNCOVERED:
        weak = await _weaknesses(conn, now=now)
        return _Broken(count=len(weak), named=tuple(dict.fromkeys(one.name for one in weak))[:_NAMED])
    rows = await conn.fetch(_ASKED.format(query=_QUERIES[invariant]), now)
    return _Broken(count=rows[0]["count"] if rows else 0, named=tuple(row["id"] for row in rows))


async def _weaknesses(conn: Connection, *, now: datetime) -> Sequence[Weakness]:
    """I11, of the policies that rules go by."""
    used = await policy.rules_by(conn)
    policies = [one for key, one in (await policy.every(conn)).items() if key in used]
    asked = {known for one in policies for step in one.steps for known in (*step.schedules, *step.whole_schedules)}
    schedules = [one for one in await schedule.every(conn, overrides_since=now) if one.id in asked]
    return escalation.weaknesses(policies, schedules, await contact.every(conn), now=now)
