"""The second factor of users who sign in by a password, and sign-ins that wait for its code."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.store.pool import Connection
from service.store.secret import digest_of

#: So long a sign-in waits for the code.
PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Factor:
    """A user's second factor."""

    #: Sealed (`service/sealing.py`).
    secret: bytes
    created_at: datetime
    recovery_codes_left: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Paused:
    """Somebody whose password was right."""

    user_id: int
    user: str


async def of(conn: Connection, user_id: int) -> Factor | None:
    """Return a user's second factor; None where they have none."""
    row = await conn.fetchrow(
        """
        select f.secret, f.created_at, (select count(*) from recovery_code c
            where c.user_id = f.user_id and c.used_at is null) as recovery_codes_left
        from second_factor f where f.user_id = $1
        """,
        user_id,
    )
    return None if row is None else Factor(**row)


async def add(
    conn: Connection, user_id: int, *, secret: bytes, step: int, recovery_codes: Collection[str], now: datetime
) -> bool:
    """Keep a second factor whose first code was right, with its recovery codes. False where there is one already."""
    added = await conn.fetchval(
        """
        insert into second_factor (user_id, secret, created_at, last_step) values ($1, $2, $3, $4)
        on conflict (user_id) do nothing returning true
        """,
        user_id,
        secret,
        now,
        step,
    )
    if added:
        await conn.execute(
            "insert into recovery_code (code_sha256, user_id) select unnest($2::bytea[]), $1",
            user_id,
            [digest_of(code) for code in recovery_codes],
        )
    return bool(added)


async def remove(conn: Connection, user_id: int) -> bool:
    """Take a user's second factor away, with its recovery codes; sign-ins that wait for it begin again. False where
    there is none."""
    await conn.execute("delete from sign_in_pause where user_id = $1", user_id)
    return bool(await conn.fetchval("delete from second_factor where user_id = $1 returning true", user_id))


async def take_step(conn: Connection, user_id: int, step: int) -> bool:
    """Use up the code of a step, and every older one. False where that was done before, in whatever process."""
    return bool(
        await conn.fetchval(
            "update second_factor set last_step = $2 where user_id = $1 and last_step < $2 returning true",
            user_id,
            step,
        )
    )


async def take_recovery_code(conn: Connection, user_id: int, code: str, *, now: datetime) -> bool:
    """Use up a recovery code. False for one that is unknown or used."""
    return bool(
        await conn.fetchval(
            """
            update recovery_code set used_at = $3 where user_id = $1 and code_sha256 = $2 and used_at is null
            returning true
            """,
            user_id,
            digest_of(code),
            now,
        )
    )


async def pause(conn: Connection, user_id: int, *, now: datetime) -> str:
    """Return the token of a sign-in that waits for the code, for a browser to keep."""
    token = secrets.token_urlsafe(32)
    await conn.execute(
        "insert into sign_in_pause (token_sha256, user_id, expires_at) values ($1, $2, $3)",
        digest_of(token),
        user_id,
        now + PAUSE,
    )
    return token


async def paused(conn: Connection, token: str, *, now: datetime) -> Paused | None:
    """Return whose sign-in waits; None where none does, or no longer."""
    row = await conn.fetchrow(
        """
        select p.user_id, u.name as "user" from sign_in_pause p join app_user u on u.id = p.user_id
        where p.token_sha256 = $1 and p.expires_at > $2 and u.disabled_at is null
        """,
        digest_of(token),
        now,
    )
    return None if row is None else Paused(**row)


async def resume(conn: Connection, token: str, *, now: datetime) -> bool:
    """End a pause, once. False where it had ended."""
    ended = await conn.fetchval(
        "delete from sign_in_pause where token_sha256 = $1 returning expires_at > $2", digest_of(token), now
    )
    return bool(ended)


async def forget_expired(conn: Connection, *, now: datetime) -> None:
    """Drop sign-ins that waited too long."""
    await conn.execute("delete from sign_in_pause where expires_at <= $1", now)
