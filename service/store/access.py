"""Who may come in: API keys, users, one-time sign-in links and sessions. Secrets are kept as SHA-256 only."""

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

import asyncpg

from service.store.pool import Connection

LINK_LIFE = timedelta(hours=24)
SESSION_IDLE = timedelta(days=7)
SESSION_LIFE = timedelta(days=30)
#: Last use is written at most this often: a busy key must not write on every request.
_USE_WRITTEN_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    """What a key may do. `admin` may do everything."""

    READ = "read"
    WRITE = "write"
    RESPOND = "respond"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A key as shown in lists; its secret is known to its owner only."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def may(self, scope: Scope) -> bool:
        """Whether the key has this scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A signed-in browser."""

    user: str
    role: str
    csrf_token: str


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _key(row: asyncpg.Record) -> ApiKey:
    known = {name: row[name] for name in ApiKey.__dataclass_fields__ if name != "scopes"}
    return ApiKey(**known, scopes=frozenset(Scope(scope) for scope in row["scopes"]))


async def add_key(
    conn: Connection, *, name: str, scopes: Collection[Scope], now: datetime, expires_at: datetime | None = None
) -> str:
    """Return a new key, `earshot_<id>_<secret>`; it cannot be shown again."""
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    await conn.execute(
        """
        insert into api_key (id, name, secret_sha256, scopes, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        key_id,
        name,
        _digest(secret),
        sorted(scopes),
        now,
        expires_at,
    )
    return f"earshot_{key_id}_{secret}"


async def key_of(conn: Connection, presented: str, *, now: datetime) -> ApiKey | None:
    """Return the live key that was presented; None for any other string."""
    prefix, _, rest = presented.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != "earshot" or not (key_id.isalnum() and key_id.isascii()) or len(presented) > 200:
        return None
    row = await conn.fetchrow(
        """
        select id, name, scopes, created_at, expires_at, revoked_at, last_used_at, secret_sha256 from api_key
        where id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
        """,
        key_id,
        now,
    )
    if row is None or not hmac.compare_digest(row["secret_sha256"], _digest(secret)):
        return None
    if row["last_used_at"] is None or row["last_used_at"] < now - _USE_WRITTEN_EVERY:
        await conn.execute("update api_key set last_used_at = $2 where id = $1", key_id, now)
    return _key(row)


async def keys(conn: Connection) -> list[ApiKey]:
    """Return all keys, newest first."""
    rows = await conn.fetch(
        """
        select id, name, scopes, created_at, expires_at, revoked_at, last_used_at
        from api_key order by created_at desc, id
        """
    )
    return [_key(row) for row in rows]


async def revoke_key(conn: Connection, key_id: str, *, now: datetime) -> bool:
    """End a key now. False where there is no live key of this id."""
    done = await conn.fetchval(
        "update api_key set revoked_at = $2 where id = $1 and revoked_at is null returning id", key_id, now
    )
    return done is not None


async def add_sign_in_link(conn: Connection, *, user: str, now: datetime) -> str:
    """Return the token of a new one-time link for a user, made if new."""
    token = secrets.token_urlsafe(32)
    await conn.execute(
        "insert into app_user (name, role, created_at) values ($1, 'admin', $2) on conflict (name) do nothing",
        user,
        now,
    )
    await conn.execute(
        """
        insert into sign_in_link (token_sha256, user_id, created_at, expires_at)
        select $1, id, $3, $4 from app_user where name = $2
        """,
        _digest(token),
        user,
        now,
        now + LINK_LIFE,
    )
    return token


async def link_is_good(conn: Connection, token: str, *, now: datetime) -> bool:
    """Whether the link would sign in now; does not use it up (scanners open links)."""
    return bool(
        await conn.fetchval(
            "select exists (select from sign_in_link where token_sha256 = $1 and used_at is null and expires_at > $2)",
            _digest(token),
            now,
        )
    )


async def sign_in(conn: Connection, token: str, *, now: datetime) -> str | None:
    """Use a link up and return the token of a new session; None where the link is spent, late or unknown."""
    user_id = await conn.fetchval(
        """
        update sign_in_link set used_at = $2
        where token_sha256 = $1 and used_at is null and expires_at > $2 returning user_id
        """,
        _digest(token),
        now,
    )
    if user_id is None:
        return None
    session = secrets.token_urlsafe(32)
    await conn.execute(
        """
        insert into web_session (token_sha256, user_id, csrf_token, created_at, last_seen_at, expires_at)
        values ($1, $2, $3, $4, $4, $5)
        """,
        _digest(session),
        user_id,
        secrets.token_urlsafe(24),
        now,
        now + SESSION_LIFE,
    )
    return session


async def session_of(conn: Connection, token: str, *, now: datetime) -> Session | None:
    """Return the live session of a browser's token, and note that it was seen."""
    row = await conn.fetchrow(
        """
        select u.name as "user", u.role, w.csrf_token, w.last_seen_at from web_session w
        join app_user u on u.id = w.user_id
        where w.token_sha256 = $1 and w.expires_at > $2 and w.last_seen_at > $3
        """,
        _digest(token),
        now,
        now - SESSION_IDLE,
    )
    if row is None:
        return None
    if row["last_seen_at"] < now - _USE_WRITTEN_EVERY:
        await conn.execute("update web_session set last_seen_at = $2 where token_sha256 = $1", _digest(token), now)
    return Session(user=row["user"], role=row["role"], csrf_token=row["csrf_token"])


async def sign_out(conn: Connection, token: str) -> None:
    """End a session."""
    await conn.execute("delete from web_session where token_sha256 = $1", _digest(token))


async def forget_expired(conn: Connection, *, now: datetime) -> None:
    """Drop spent links and ended sessions."""
    await conn.execute("delete from sign_in_link where expires_at < $1 or used_at < $1 - interval '1 day'", now)
    await conn.execute("delete from web_session where expires_at < $1 or last_seen_at < $2", now, now - SESSION_IDLE)


async def is_new(conn: Connection) -> bool:
    """Whether nobody was given a key yet: the first start prints one."""
    return not await conn.fetchval("select exists (select from api_key)")
