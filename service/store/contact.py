"""Contacts: whom to tell, and who is told by which rule."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from alerts.types import Contact, ContactId, RuleId
from service.store.pool import Connection


def _contact(row: asyncpg.Record) -> Contact:
    return Contact(
        id=ContactId(row["id"]),
        name=row["name"],
        email=row["email"],
        language=row["language"],
        enabled=row["enabled"],
    )


async def every(conn: Connection, *, demo: bool | None = None) -> list[Contact]:
    """Return all contacts, or only the demo's, or all but those; by name."""
    rows = await conn.fetch(
        "select id, name, email, language, enabled from contact where $1::bool is null or demo = $1 order by name", demo
    )
    return [_contact(row) for row in rows]


async def of_rules(conn: Connection, rule_ids: Sequence[RuleId]) -> dict[RuleId, list[Contact]]:
    """Return the contacts each rule tells; of a rule that names none, everybody."""
    rows = await conn.fetch(
        """
        select r.id as rule_id, c.id, c.name, c.email, c.language, c.enabled
        from unnest($1::bigint[]) as r (id)
        join contact c on exists (select from rule_contact t where t.rule_id = r.id and t.contact_id = c.id)
            or not exists (select from rule_contact t where t.rule_id = r.id)
        order by r.id, c.id
        """,
        list(rule_ids),
    )
    found: dict[RuleId, list[Contact]] = {rule_id: [] for rule_id in rule_ids}
    for row in rows:
        found[RuleId(row["rule_id"])].append(_contact(row))
    return found


async def put(
    conn: Connection, *, name: str, email: str, language: str, enabled: bool, now: datetime, demo: bool = False
) -> ContactId:
    """Make the contact of this name be so; that mail came back is forgotten with the address."""
    return ContactId(
        await conn.fetchval(
            """
            insert into contact (name, email, language, enabled, demo, created_at) values ($1, $2, $3, $4, $5, $6)
            on conflict (name) do update set
                email = excluded.email, language = excluded.language, enabled = excluded.enabled,
                bounced_at = case when contact.email = excluded.email then contact.bounced_at end,
                bounce = case when contact.email = excluded.email then contact.bounce end
            returning id
            """,
            name,
            email,
            language,
            enabled,
            demo,
            now,
        )
    )


async def remove(conn: Connection, contact_id: ContactId) -> None:
    """Remove a contact and what it was told."""
    await conn.execute("delete from contact where id = $1", contact_id)


async def tie(conn: Connection, rule_id: RuleId, contact_ids: Sequence[ContactId]) -> None:
    """Make these the contacts the rule names."""
    await conn.execute("delete from rule_contact where rule_id = $1 and contact_id <> all($2)", rule_id, contact_ids)
    await conn.execute(
        "insert into rule_contact (rule_id, contact_id) select $1, unnest($2::bigint[]) on conflict do nothing",
        rule_id,
        list(contact_ids),
    )


async def tied(conn: Connection, rule_id: RuleId) -> list[ContactId]:
    """Return the contacts the rule names."""
    rows = await conn.fetch("select contact_id from rule_contact where rule_id = $1 order by contact_id", rule_id)
    return [ContactId(row["contact_id"]) for row in rows]
