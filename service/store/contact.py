"""Contacts: whom to tell, and who is told by which rule."""

from collections.abc import Sequence
from datetime import datetime, time

import asyncpg

from alerts.types import Contact, ContactId, DigestKind, DigestWish, QuietHours, RuleId, Urgency
from service.store.pool import Connection

#: The columns of a contact, as `of_row` reads them.
COLUMNS = """
    c.id as contact_id, c.name as contact_name, c.email, c.language as contact_language, c.enabled, c.verified_at,
    c.zone, c.quiet_from, c.quiet_to, c.quiet_for, c.digest, c.digest_at, c.digest_always,
    c.bounced_at is not null as bounced
"""

#: Whether a rule `r` tells a contact `c`: by its policy as it is now, else as one of its contacts, else as everybody.
TOLD_BY_RULE = """
    case when r.policy_id is null then
        exists (select from rule_contact t where t.rule_id = r.id and t.contact_id = c.id)
        or not exists (select from rule_contact t where t.rule_id = r.id)
    else exists (
        select from policy_version v
        left join policy_target t on t.version_id = v.id
        left join schedule_member m on m.schedule_id = t.schedule_id
        where v.id = (select max(n.id) from policy_version n where n.policy_id = r.policy_id)
            and c.id in (v.last_resort, t.contact_id, m.contact_id)
    ) end
"""


def of_row(row: asyncpg.Record) -> Contact:
    """Return the contact that `COLUMNS` hold."""
    quiet = None
    if row["quiet_from"] is not None:
        urgencies = frozenset(Urgency(urgency) for urgency in row["quiet_for"])
        quiet = QuietHours(starts=row["quiet_from"], ends=row["quiet_to"], urgencies=urgencies)
    return Contact(
        id=ContactId(row["contact_id"]),
        name=row["contact_name"],
        email=row["email"],
        language=row["contact_language"],
        enabled=row["enabled"],
        verified=row["verified_at"] is not None,
        zone=row["zone"],
        quiet=quiet,
        bounced=row["bounced"],
        digest=DigestWish(
            kinds=frozenset(DigestKind(kind) for kind in row["digest"]),
            at=row["digest_at"],
            always=row["digest_always"],
        ),
    )


async def every(conn: Connection, *, demo: bool | None = None) -> list[Contact]:
    """Return all contacts, or only the demo's, or all but those; by name."""
    rows = await conn.fetch(
        f"select {COLUMNS} from contact c where $1::bool is null or demo = $1 order by name",  # noqa: S608  # ours
        demo,
    )
    return [of_row(row) for row in rows]


async def get(conn: Connection, contact_id: ContactId) -> Contact | None:
    """Return one contact."""
    row = await conn.fetchrow(f"select {COLUMNS} from contact c where id = $1", contact_id)  # noqa: S608  # ours
    return None if row is None else of_row(row)


async def named(conn: Connection, name: str) -> Contact | None:
    """Return the contact of this name."""
    row = await conn.fetchrow(f"select {COLUMNS} from contact c where name = $1", name)  # noqa: S608  # ours
    return None if row is None else of_row(row)


async def of_rules(conn: Connection, rule_ids: Sequence[RuleId]) -> dict[RuleId, list[Contact]]:
    """Return the contacts each rule tells; of a rule that names none, everybody."""
    rows = await conn.fetch(
        f"""
        select r.id as rule_id, {COLUMNS}
        from unnest($1::bigint[]) as r (id)
        join contact c on exists (select from rule_contact t where t.rule_id = r.id and t.contact_id = c.id)
            or not exists (select from rule_contact t where t.rule_id = r.id)
        order by r.id, c.id
        """,  # noqa: S608  # ours
        list(rule_ids),
    )
    found: dict[RuleId, list[Contact]] = {rule_id: [] for rule_id in rule_ids}
    for row in rows:
        found[RuleId(row["rule_id"])].append(of_row(row))
    return found


async def put(
    conn: Connection,
    *,
    name: str,
    email: str,
    language: str,
    enabled: bool,
    zone: str | None = None,
    quiet: QuietHours | None = None,
    digest: DigestWish | None = None,
    verified: bool = True,
    now: datetime,
    demo: bool = False,
) -> ContactId:
    """Make the contact of this name be so. `verified`: the operator answers for it. That mail came back is forgotten
    with the address."""
    return ContactId(
        await conn.fetchval(
            """
            insert into contact (name, email, language, enabled, zone, quiet_from, quiet_to, quiet_for, verified_at,
                demo, created_at, digest, digest_at, digest_always)
            values ($1, $2, $3, $4, $5, $6, $7, $8, case when $9 then $11::timestamptz end, $10, $11, $12, $13, $14)
            on conflict (name) do update set
                email = excluded.email, language = excluded.language, enabled = excluded.enabled,
                zone = excluded.zone, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,
                quiet_for = excluded.quiet_for, digest = excluded.digest, digest_at = excluded.digest_at,
                digest_always = excluded.digest_always,
                verified_at = coalesce(
                    case when contact.email = excluded.email then contact.verified_at end, excluded.verified_at),
                bounced_at = case when contact.email = excluded.email then contact.bounced_at end,
                bounce = case when contact.email = excluded.email then contact.bounce end
            returning id
            """,
            name,
            email,
            language,
            enabled,
            zone,
            *_quiet(quiet),
            verified,
            demo,
            now,
            *_digest(digest or DigestWish()),
        )
    )


async def change(conn: Connection, wanted: Contact) -> None:
    """Make a contact be so; another address than before must be verified anew."""
    await conn.execute(
        """
        update contact set name = $2, email = $3, language = $4, enabled = $5, zone = $6, quiet_from = $7,
            quiet_to = $8, quiet_for = $9, digest = $10, digest_at = $11, digest_always = $12,
            verified_at = case when email = $3 then verified_at end,
            bounced_at = case when email = $3 then bounced_at end, bounce = case when email = $3 then bounce end
        where id = $1
        """,
        wanted.id,
        wanted.name,
        wanted.email,
        wanted.language,
        wanted.enabled,
        wanted.zone,
        *_quiet(wanted.quiet),
        *_digest(wanted.digest),
    )


def _digest(wish: DigestWish) -> tuple[list[DigestKind], time, bool]:
    """Return the three columns of a wish for digests."""
    return sorted(wish.kinds), wish.at, wish.always


def _quiet(quiet: QuietHours | None) -> tuple[time | None, time | None, list[Urgency]]:
    """Return the three columns of quiet hours."""
    if quiet is None:
        return None, None, [Urgency.NORMAL]
    return quiet.starts, quiet.ends, sorted(quiet.urgencies)


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
