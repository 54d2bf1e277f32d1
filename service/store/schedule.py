"""Schedules: who takes turns, and who took a shift over."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from alerts.oncall import Layer, Override, OverrideId, Schedule, ScheduleId
from alerts.types import ContactId
from service.store.pool import Connection


async def every(conn: Connection, *, overrides_since: datetime) -> list[Schedule]:
    """Return all schedules by name, with the overrides that end after a time."""
    rows = await conn.fetch("select id, name, zone from schedule order by name")
    ids = [row["id"] for row in rows]
    layers = await _layers(conn, ids)
    overrides = await _overrides(conn, ids, overrides_since)
    return [
        Schedule(
            id=ScheduleId(row["id"]),
            name=row["name"],
            zone=row["zone"],
            layers=tuple(layers[row["id"]]),
            overrides=tuple(overrides[row["id"]]),
        )
        for row in rows
    ]


async def get(conn: Connection, schedule_id: ScheduleId, *, overrides_since: datetime) -> Schedule | None:
    """Return one schedule."""
    found = await every(conn, overrides_since=overrides_since)
    return next((one for one in found if one.id == schedule_id), None)


async def named(conn: Connection, name: str) -> ScheduleId | None:
    """Return the schedule of this name."""
    schedule_id = await conn.fetchval("select id from schedule where name = $1", name)
    return None if schedule_id is None else ScheduleId(schedule_id)


async def _layers(conn: Connection, schedule_ids: Sequence[int]) -> Mapping[int, list[Layer]]:
    rows = await conn.fetch(
        """
        select l.schedule_id, l.starts, l.ends, l.turn, l.weekdays, l.hours_from, l.hours_to,
            array(select m.contact_id from schedule_member m
                where m.schedule_id = l.schedule_id and m.position = l.position order by m.seat) as members
        from schedule_layer l where l.schedule_id = any($1) order by l.schedule_id, l.position
        """,
        list(schedule_ids),
    )
    found: dict[int, list[Layer]] = defaultdict(list)
    for row in rows:
        found[row["schedule_id"]].append(_layer(row))
    return found


def _layer(row: asyncpg.Record) -> Layer:
    return Layer(
        members=tuple(ContactId(one) for one in row["members"]),
        starts=row["starts"],
        ends=row["ends"],
        turn=row["turn"],
        weekdays=frozenset(row["weekdays"]),
        hours=None if row["hours_from"] is None else (row["hours_from"], row["hours_to"]),
    )


async def _overrides(conn: Connection, schedule_ids: Sequence[int], since: datetime) -> Mapping[int, list[Override]]:
    rows = await conn.fetch(
        """
        select schedule_id, id, contact_id, starts_at, ends_at, author from schedule_override
        where schedule_id = any($1) and ends_at > $2 order by id
        """,
        list(schedule_ids),
        since,
    )
    found: dict[int, list[Override]] = defaultdict(list)
    for row in rows:
        override = Override(
            id=OverrideId(row["id"]),
            contact_id=ContactId(row["contact_id"]),
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            author=row["author"],
        )
        found[row["schedule_id"]].append(override)
    return found


async def put(conn: Connection, *, name: str, zone: str, layers: Sequence[Layer], now: datetime) -> ScheduleId:
    """Make the schedule of this name be so; its overrides stay. In the caller's transaction."""
    schedule_id = await conn.fetchval(
        """
        insert into schedule (name, zone, created_at) values ($1, $2, $3)
        on conflict (name) do update set zone = excluded.zone returning id
        """,
        name,
        zone,
        now,
    )
    await _put_layers(conn, ScheduleId(schedule_id), layers)
    return ScheduleId(schedule_id)


async def change(conn: Connection, schedule_id: ScheduleId, *, name: str, zone: str, layers: Sequence[Layer]) -> None:
    """Make a schedule be so; its overrides stay. In the caller's transaction."""
    await conn.execute("update schedule set name = $2, zone = $3 where id = $1", schedule_id, name, zone)
    await _put_layers(conn, schedule_id, layers)


async def _put_layers(conn: Connection, schedule_id: ScheduleId, layers: Sequence[Layer]) -> None:
    await conn.execute("delete from schedule_layer where schedule_id = $1", schedule_id)
    await conn.executemany(
        """
        insert into schedule_layer (schedule_id, position, starts, ends, turn, weekdays, hours_from, hours_to)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (schedule_id, position, one.starts, one.ends, one.turn, sorted(one.weekdays), *(one.hours or (None, None)))
            for position, one in enumerate(layers)
        ],
    )
    await conn.executemany(
        "insert into schedule_member (schedule_id, position, seat, contact_id) values ($1, $2, $3, $4)",
        [
            (schedule_id, position, seat, member)
            for position, one in enumerate(layers)
            for seat, member in enumerate(one.members)
        ],
    )


async def remove(conn: Connection, schedule_id: ScheduleId) -> None:
    """Remove a schedule; steps that named it tell the last resort."""
    await conn.execute("delete from schedule where id = $1", schedule_id)


async def add_override(
    conn: Connection,
    schedule_id: ScheduleId,
    *,
    contact_id: ContactId,
    starts_at: datetime,
    ends_at: datetime,
    author: str,
    now: datetime,
) -> OverrideId:
    """Let somebody have it for a while; return the override."""
    return OverrideId(
        await conn.fetchval(
            """
            insert into schedule_override (schedule_id, contact_id, starts_at, ends_at, author, created_at)
            values ($1, $2, $3, $4, $5, $6) returning id
            """,
            schedule_id,
            contact_id,
            starts_at,
            ends_at,
            author,
            now,
        )
    )


async def end_override(conn: Connection, override_id: OverrideId, *, now: datetime) -> bool:
    """End an override now; one that has not begun is removed. What was stays. False: there is none that lasts."""
    removed = await conn.fetchval(
        "delete from schedule_override where id = $1 and starts_at >= $2 returning id",
        override_id,
        now,
    )
    if removed is not None:
        return True
    ended = await conn.fetchval(
        "update schedule_override set ends_at = $2 where id = $1 and starts_at < $2 and ends_at > $2 returning id",
        override_id,
        now,
    )
    return ended is not None
