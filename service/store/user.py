"""People: what each may do, and how each signs in."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from alerts.types import BrandId
from service.store import access
from service.store.access import Role
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Somebody who may sign in."""

    id: int
    name: str
    role: Role
    #: None: all.
    brands: frozenset[BrandId] | None
    has_password: bool
    has_second_factor: bool
    created_at: datetime
    disabled_at: datetime | None
    last_seen_at: datetime | None


class LastAdmin(Exception):
    """Nobody would be left who may let people in."""


class NameTaken(Exception):
    """Somebody else has this name."""


def _user(row: asyncpg.Record) -> User:
    known = {name: row[name] for name in User.__dataclass_fields__ if name not in ("role", "brands")}
    return User(**known, role=Role(row["role"]), brands=access.bounds_of(row["brands"]))


async def every(conn: Connection) -> list[User]:
    """Return all users, by name."""
    rows = await conn.fetch(
        """
        select u.id, u.name, u.role, u.brands, u.password_hash is not null as has_password,
            exists (select from second_factor f where f.user_id = u.id) as has_second_factor, u.created_at,
            u.disabled_at, (select max(w.last_seen_at) from web_session w where w.user_id = u.id) as last_seen_at
        from app_user u order by u.name
        """
    )
    return [_user(row) for row in rows]


async def get(conn: Connection, user_id: int) -> User | None:
    """Return one user."""
    return next((one for one in await every(conn) if one.id == user_id), None)


async def named(conn: Connection, name: str) -> User | None:
    """Return the user of this name."""
    return next((one for one in await every(conn) if one.name == name), None)


async def add(
    conn: Connection, *, name: str, role: Role, brands: Collection[BrandId] | None = None, now: datetime
) -> User:
    """Return a new user. Raises NameTaken."""
    added = await conn.fetchval(
        """
        insert into app_user (name, role, brands, created_at) values ($1, $2, $3, $4)
        on conflict (name) do nothing returning id
        """,
        name,
        role,
        None if brands is None else sorted(brands),
        now,
    )
    if added is None:
        raise NameTaken(name)
    found = await get(conn, added)
    if found is None:
        raise LookupError(f"user {added} went")
    return found


async def hold(conn: Connection) -> None:
    """Let nobody else change people until the transaction ends: what is read of them from here on stays so."""
    await conn.execute("lock table app_user in share row exclusive mode")


async def change(
    conn: Connection, user_id: int, *, role: Role, brands: Collection[BrandId] | None, enabled: bool, now: datetime
) -> None:
    """Say what a user may do from now on; their open streams end, and for a disabled one everything does. In the
    caller's transaction. Raises LastAdmin."""
    # Two administrators who go at once do not each count on the other.
    await hold(conn)
    admins = await conn.fetch("select id from app_user where role = 'admin' and disabled_at is null")
    await conn.execute(
        """
        update app_user set role = $2, brands = $3,
            disabled_at = case when $4 then null else coalesce(disabled_at, $5) end
        where id = $1
        """,
        user_id,
        role,
        None if brands is None else sorted(brands),
        enabled,
        now,
    )
    if [row["id"] for row in admins] == [user_id] and not (role is Role.ADMIN and enabled):
        raise LastAdmin
    # A session knows its bounds from when its stream began.
    await access.end_sessions(conn, user_id)


async def set_password(conn: Connection, user_id: int, password_hash: str, *, but: int | None = None) -> None:
    """Keep a new password's hash and end the user's sessions, perhaps but for the one they are in."""
    await conn.execute("update app_user set password_hash = $2 where id = $1", user_id, password_hash)
    await access.end_sessions(conn, user_id, but=but)


async def set_language(conn: Connection, user_id: int, language: str | None) -> None:
    """Keep the language a user reads; None: the browser's."""
    await conn.execute("update app_user set language = $2 where id = $1", user_id, language)


async def password_of(conn: Connection, name: str) -> tuple[int, str | None] | None:
    """Return the id and the password's hash of an enabled user; None for nobody."""
    row = await conn.fetchrow("select id, password_hash from app_user where name = $1 and disabled_at is null", name)
    return None if row is None else (row["id"], row["password_hash"])
