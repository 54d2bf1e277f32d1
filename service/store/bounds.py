"""Bounds: who may see only some brands. Postgres keeps them, by the policies of its tables, under every query there is.

A bounded connection acts as the role `earshot_bounded`, which passes no policy by, and which was granted the tables
that are named here and no others: a table that nobody thought about is closed to it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from alerts.types import BrandId
from service.store.pool import Connection, Pool, StoreError

ROLE = "earshot_bounded"


class BoundsError(StoreError):
    """Bounds cannot be kept by this Postgres; the message says what to do."""


async def prepare(conn: Connection) -> None:
    """Make the role and grant it what it may touch. Where Postgres does not let us, nobody bounded gets in."""
    if not await conn.fetchval("select exists (select from pg_roles where rolname = $1)", ROLE):
        try:
            await conn.execute("create role earshot_bounded nologin")
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            pass  # another Earshot of this server was faster
        except asyncpg.InsufficientPrivilegeError:
            return
    if not await conn.fetchval("select pg_has_role(current_user, $1, 'set')", ROLE):
        try:
            await conn.execute("grant earshot_bounded to current_user")
        except asyncpg.InsufficientPrivilegeError:
            return
    await conn.execute(_GRANTS)


#: What it may read and write, row by row as the policies say; and what it may read that has none: staff, the program's
#: own state, and words' places, which lead nowhere but to mentions.
_GRANTS = """
    grant usage on schema public to earshot_bounded;
    grant select, insert, update, delete on
        alert, analysis, brand, brand_change, correction, idempotency_key, incident, incident_event, inlet, mention,
        mention_past, notification, rule, rule_check, rule_contact, silence, source, story, story_band, term_day,
        trend_cause, trend_hour, tryout
        to earshot_bounded;
    grant select on
        analysis_todo, calendar_feed, component, contact, delivery_attempt, duty_shift, fetch_log, listening,
        mention_search, mention_version, policy, policy_step, policy_target, policy_version, push, quarantine, schedule,
        schedule_layer, schedule_member, schedule_override, schema_version, search_todo, spend, stream, websub
        to earshot_bounded;
    grant delete, update (wanted) on quarantine to earshot_bounded;
    grant insert, update, delete on schedule_override to earshot_bounded;
"""


async def are_kept(conn: Connection) -> bool:
    """Whether this Postgres can keep bounds for us."""
    return bool(
        await conn.fetchval(
            "select coalesce((select pg_has_role(current_user, oid, 'set') from pg_roles where rolname = $1), false)",
            ROLE,
        )
    )


async def bind(conn: Connection, brands: frozenset[BrandId] | None) -> None:
    """Let a connection see only some brands until it goes back to its pool; None: all. Raises BoundsError."""
    if brands is None:
        return
    try:
        await conn.execute("set role earshot_bounded")
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
        raise BoundsError(
            f"Postgres has no role {ROLE} for us, so that nobody bound to brands gets in; let its administrator say "
            f"`create role {ROLE}` and grant it to Earshot's user, then run `earshot migrate`"
        ) from error
    await conn.execute("select set_config('earshot.brands', $1, false)", f"{{{','.join(map(str, sorted(brands)))}}}")


async def lift(conn: Connection) -> None:
    """Let a connection see everything again, for a step whose right was checked before."""
    await conn.execute("reset role")
    await conn.execute("select set_config('earshot.brands', '', false)")


@asynccontextmanager
async def acquired(pool: Pool, brands: frozenset[BrandId] | None) -> AsyncIterator[Connection]:
    """Give a connection that sees only some brands; None: all. Raises BoundsError."""
    async with pool.acquire() as conn:
        await bind(conn, brands)
        yield conn
