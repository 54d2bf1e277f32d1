"""Escalation policies and their versions, which open incidents go by."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from alerts.escalation import Policy, Step
from alerts.holding import Hold
from alerts.oncall import ScheduleId
from alerts.types import ContactId, PolicyId, PolicyVersionId
from service.store.pool import Connection


async def every(conn: Connection) -> dict[PolicyId, Policy]:
    """Return the newest version of each policy, by name."""
    rows = await conn.fetch(
        """
        select p.id, v.id as version_id, p.name, v.repeats, v.last_resort, v.ack_lapses, v.ack_timeout
        from policy p
        join lateral (
            select id, repeats, last_resort, ack_lapses, ack_timeout
            from policy_version where policy_id = p.id order by id desc limit 1
        ) v on true
        order by p.name
        """
    )
    steps = await _steps(conn, [row["version_id"] for row in rows])
    return {PolicyId(row["id"]): _policy(row, steps) for row in rows}


async def get(conn: Connection, policy_id: PolicyId) -> Policy | None:
    """Return the newest version of a policy."""
    return (await every(conn)).get(policy_id)


async def named(conn: Connection, name: str) -> PolicyId | None:
    """Return the policy of this name."""
    policy_id = await conn.fetchval("select id from policy where name = $1", name)
    return None if policy_id is None else PolicyId(policy_id)


async def versions(conn: Connection, version_ids: Sequence[PolicyVersionId]) -> dict[PolicyVersionId, Policy]:
    """Return these versions."""
    rows = await conn.fetch(
        """
        select v.id as version_id, coalesce(p.name, '') as name, v.repeats, v.last_resort, v.ack_lapses,
            v.ack_timeout
        from policy_version v left join policy p on p.id = v.policy_id where v.id = any($1)
        """,
        list(version_ids),
    )
    steps = await _steps(conn, [row["version_id"] for row in rows])
    return {PolicyVersionId(row["version_id"]): _policy(row, steps) for row in rows}


def _policy(row: asyncpg.Record, steps: Mapping[int, list[Step]]) -> Policy:
    last_resort = row["last_resort"]
    return Policy(
        version_id=PolicyVersionId(row["version_id"]),
        name=row["name"],
        steps=tuple(steps[row["version_id"]]),
        repeats=row["repeats"],
        last_resort=None if last_resort is None else ContactId(last_resort),
        hold=Hold(ends=row["ack_lapses"], after=row["ack_timeout"]),
    )


async def _steps(conn: Connection, version_ids: Sequence[int]) -> Mapping[int, list[Step]]:
    rows = await conn.fetch(
        """
        select s.version_id, s.wait,
            array_agg(t.contact_id order by t.id) filter (where t.contact_id is not null) as contacts,
            array_agg(t.schedule_id order by t.id) filter (where t.schedule_id is not null and not t.whole)
                as schedules,
            array_agg(t.schedule_id order by t.id) filter (where t.whole) as whole_schedules
        from policy_step s left join policy_target t on t.version_id = s.version_id and t.position = s.position
        where s.version_id = any($1)
        group by s.version_id, s.position, s.wait order by s.version_id, s.position
        """,
        list(version_ids),
    )
    found: dict[int, list[Step]] = defaultdict(list)
    for row in rows:
        step = Step(
            contacts=tuple(ContactId(one) for one in row["contacts"] or ()),
            schedules=tuple(ScheduleId(one) for one in row["schedules"] or ()),
            whole_schedules=tuple(ScheduleId(one) for one in row["whole_schedules"] or ()),
            wait=row["wait"],
        )
        found[row["version_id"]].append(step)
    return found


async def put(
    conn: Connection,
    *,
    name: str,
    steps: Sequence[Step],
    repeats: int,
    last_resort: ContactId,
    hold: Hold,
    now: datetime,
) -> PolicyId:
    """Make the policy of this name be so. Incidents that are open go on by the version they opened with. In the
    caller's transaction."""
    policy_id = PolicyId(
        await conn.fetchval(
            """
            insert into policy (name, created_at) values ($1, $2)
            on conflict (name) do update set name = excluded.name returning id
            """,
            name,
            now,
        )
    )
    newest = await get(conn, policy_id)
    if newest is not None and (newest.steps, newest.repeats, newest.last_resort, newest.hold) == (
        tuple(steps),
        repeats,
        last_resort,
        hold,
    ):
        return policy_id
    version_id = await conn.fetchval(
        """
        insert into policy_version (policy_id, repeats, last_resort, ack_lapses, ack_timeout, created_at)
        values ($1, $2, $3, $4, $5, $6) returning id
        """,
        policy_id,
        repeats,
        last_resort,
        hold.ends,
        hold.after,
        now,
    )
    await _put_steps(conn, version_id, steps)
    await _forget_unused(conn)
    return policy_id


async def rename(conn: Connection, policy_id: PolicyId, name: str) -> None:
    """Give a policy another name."""
    await conn.execute("update policy set name = $2 where id = $1", policy_id, name)


async def _put_steps(conn: Connection, version_id: int, steps: Sequence[Step]) -> None:
    await conn.executemany(
        "insert into policy_step (version_id, position, wait) values ($1, $2, $3)",
        [(version_id, position, step.wait) for position, step in enumerate(steps)],
    )
    await conn.executemany(
        """
        insert into policy_target (version_id, position, contact_id, schedule_id, whole) values ($1, $2, $3, $4, $5)
        """,
        [(version_id, position, *target) for position, step in enumerate(steps) for target in _targets(step)],
    )


def _targets(step: Step) -> list[tuple[ContactId | None, ScheduleId | None, bool]]:
    return [
        *((one, None, False) for one in step.contacts),
        *((None, one, False) for one in step.schedules),
        *((None, one, True) for one in step.whole_schedules),
    ]


async def _forget_unused(conn: Connection) -> None:
    """Forget the versions that are not the newest of a policy and that no incident goes by."""
    await conn.execute(
        """
        delete from policy_version v
        where not exists (select from incident i where i.policy_version_id = v.id)
            and (v.policy_id is null
                or exists (select from policy_version n where n.policy_id = v.policy_id and n.id > v.id))
        """
    )


async def remove(conn: Connection, policy_id: PolicyId) -> None:
    """Remove a policy; rules that named it tell their contacts, open incidents go on by it."""
    await conn.execute("delete from policy where id = $1", policy_id)
    await _forget_unused(conn)


async def rules_by(conn: Connection) -> dict[PolicyId, list[str]]:
    """Return the names of the rules that go by each policy."""
    rows = await conn.fetch("select policy_id, name from rule where policy_id is not null order by name")
    found: dict[PolicyId, list[str]] = defaultdict(list)
    for row in rows:
        found[PolicyId(row["policy_id"])].append(row["name"])
    return found
