"""Rules: what to flag."""

from collections.abc import Mapping
from datetime import datetime

import asyncpg

from alerts.types import BrandId, Rule, RuleId, RuleKind, RuleMode, Urgency
from service.store.pool import Connection


def _rule(row: asyncpg.Record) -> Rule:
    return Rule(
        id=RuleId(row["id"]),
        brand_id=None if row["brand_id"] is None else BrandId(row["brand_id"]),
        kind=RuleKind(row["kind"]),
        name=row["name"],
        settings=row["settings"],
        mode=RuleMode(row["mode"]),
        urgency=Urgency(row["urgency"]),
    )


async def every(conn: Connection) -> list[Rule]:
    """Return all rules by name."""
    rows = await conn.fetch("select id, brand_id, kind, name, settings, mode, urgency from rule order by name")
    return [_rule(row) for row in rows]


async def of_brand(conn: Connection, brand_id: BrandId) -> list[Rule]:
    """Return the rules, not off, that watch this brand."""
    rows = await conn.fetch(
        """
        select id, brand_id, kind, name, settings, mode, urgency from rule
        where mode <> 'off' and (brand_id is null or brand_id = $1) order by id
        """,
        brand_id,
    )
    return [_rule(row) for row in rows]


async def put(
    conn: Connection,
    *,
    brand_id: BrandId | None,
    kind: RuleKind,
    name: str,
    settings: Mapping[str, float | str],
    mode: RuleMode,
    urgency: Urgency,
    now: datetime,
) -> RuleId:
    """Make the rule of this name be so."""
    return RuleId(
        await conn.fetchval(
            """
            insert into rule (brand_id, kind, name, settings, mode, urgency, created_at)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (name) do update set brand_id = excluded.brand_id, kind = excluded.kind,
                settings = excluded.settings, mode = excluded.mode, urgency = excluded.urgency
            returning id
            """,
            brand_id,
            kind,
            name,
            dict(settings),
            mode,
            urgency,
            now,
        )
    )


async def remove(conn: Connection, rule_id: RuleId) -> None:
    """Remove a rule with its alerts and incidents."""
    await conn.execute("delete from rule where id = $1", rule_id)
