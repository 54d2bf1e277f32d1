"""Who may come in: API keys, one-time sign-in links and sessions. Secrets are kept as SHA-256 only."""

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import asyncpg

from alerts.types import BrandId
from service.store import events
from service.store.events import EventKind
from service.store.pool import Connection
from service.store.secret import digest_of

LINK_LIFE = timedelta(hours=24)
SESSION_IDLE = timedelta(days=7)
SESSION_LIFE = timedelta(days=30)
#: Last use is written at most this often: a busy key must not write on every request.
_USE_WRITTEN_EVERY = timedelta(minutes=1)
#: A rotated key's former secret lives on so long, for its users to change over.
ROTATION = timedelta(hours=24)
_MOST_AGENT = 300


class Scope(StrEnum):
    """What a key may do. `admin` may do everything."""

    READ = "read"
    WRITE = "write"
    RESPOND = "respond"
    ADMIN = "admin"


class Role(StrEnum):
    """What a person may do."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    ANALYST = "analyst"
    ADMIN = "admin"

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes that come with it."""
        return _SCOPES[self]


_SCOPES = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.RESPONDER: frozenset({Scope.READ, Scope.RESPOND}),
    Role.ANALYST: frozenset({Scope.READ, Scope.RESPOND, Scope.WRITE}),
    Role.ADMIN: frozenset(Scope),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A key as shown in lists; its secret is known to its owner only."""

    id: str
    name: str
    scopes: frozenset[Scope]
    #: None: all.
    brands: frozenset[BrandId] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    #: Until when the secret of before the last rotation is taken too.
    former_until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A signed-in browser."""

    id: int
    user_id: int
    user: str
    role: Role
    #: None: all.
    brands: frozenset[BrandId] | None
    #: The one its user chose; None: the browser's.
    language: str | None
    csrf_token: str
    #: Whether they came by the provider of identities, which sees to second factors itself.
    by_provider: bool
    has_second_factor: bool

    def owes_second_factor(self, *, admins_need_one: bool) -> bool:
        """Whether nothing but its user's own account is open to it, until they have set up a second factor."""
        is_safe = self.has_second_factor or self.by_provider
        return admins_need_one and self.role is Role.ADMIN and not is_safe

    def may(self, scope: Scope) -> bool:
        """Whether its user may do what this scope allows."""
        return scope in self.role.scopes


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionLine:
    """A session as lists show it."""

    id: int
    user_id: int
    user: str
    created_at: datetime
    last_seen_at: datetime
    address: str | None
    agent: str | None


def bounds_of(brands: Collection[int] | None) -> frozenset[BrandId] | None:
    """Return which brands a row is bound to; None: to none."""
    return None if brands is None else frozenset(BrandId(one) for one in brands)


def _key(row: asyncpg.Record) -> ApiKey:
    known = {name: row[name] for name in ApiKey.__dataclass_fields__ if name not in ("scopes", "brands")}
    scopes = frozenset(Scope(scope) for scope in row["scopes"])
    return ApiKey(**known, scopes=scopes, brands=bounds_of(row["brands"]))


async def add_key(
    conn: Connection,
    *,
    name: str,
    scopes: Collection[Scope],
    now: datetime,
    expires_at: datetime | None = None,
    brands: Collection[BrandId] | None = None,
) -> str:
    """Return a new key, `earshot_<id>_<secret>`; it cannot be shown again."""
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    await conn.execute(
        """
        insert into api_key (id, name, secret_sha256, scopes, created_at, expires_at, brands)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        key_id,
        name,
        digest_of(secret),
        sorted(scopes),
        now,
        expires_at,
        None if brands is None else sorted(brands),
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
        select id, name, scopes, brands, created_at, expires_at, revoked_at, last_used_at, former_until,
            secret_sha256, case when former_until > $2 then former_sha256 end as former_sha256
        from api_key where id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
        """,
        key_id,
        now,
    )
    if row is None or not _is_secret(row, digest_of(secret)):
        return None
    if row["last_used_at"] is None or row["last_used_at"] < now - _USE_WRITTEN_EVERY:
        await conn.execute("update api_key set last_used_at = $2 where id = $1", key_id, now)
    return _key(row)


def _is_secret(row: asyncpg.Record, digest: bytes) -> bool:
    """Whether a key's row has this secret, now or of before its rotation; takes as long either way."""
    is_current = hmac.compare_digest(row["secret_sha256"], digest)
    is_former = hmac.compare_digest(row["former_sha256"] or b"", digest)
    return is_current or is_former


async def keys(conn: Connection) -> list[ApiKey]:
    """Return all keys, newest first."""
    rows = await conn.fetch(
        """
        select id, name, scopes, brands, created_at, expires_at, revoked_at, last_used_at, former_until
        from api_key order by created_at desc, id
        """
    )
    return [_key(row) for row in rows]


async def rotate_key(conn: Connection, key_id: str, *, now: datetime, former_for: timedelta = ROTATION) -> str | None:
    """Return the key with a new secret; the one before lives on for a while. None where there is no live key of this
    id."""
    secret = secrets.token_hex(32)
    done = await conn.fetchval(
        """
        update api_key set former_sha256 = secret_sha256, former_until = $3, secret_sha256 = $2
        where id = $1 and revoked_at is null and (expires_at is null or expires_at > $4) returning id
        """,
        key_id,
        digest_of(secret),
        now + former_for,
        now,
    )
    return None if done is None else f"earshot_{key_id}_{secret}"


async def revoke_key(conn: Connection, key_id: str, *, now: datetime) -> bool:
    """End a key now, and its open streams. False where there is no live key of this id."""
    done = await conn.fetchval(
        "update api_key set revoked_at = $2 where id = $1 and revoked_at is null returning id", key_id, now
    )
    if done is not None:
        await events.tell(conn, EventKind.ACCESS, [f"key:{key_id}"])
    return done is not None


class UserDisabled(Exception):
    """This user does not come in any more."""


async def add_sign_in_link(conn: Connection, *, user: str, now: datetime) -> str:
    """Return the token of a new one-time link for a user, made as an administrator if new. Raises UserDisabled."""
    token = secrets.token_urlsafe(32)
    await conn.execute(
        "insert into app_user (name, role, created_at) values ($1, 'admin', $2) on conflict (name) do nothing",
        user,
        now,
    )
    made = await conn.fetchval(
        """
        insert into sign_in_link (token_sha256, user_id, created_at, expires_at)
        select $1, id, $3, $4 from app_user where name = $2 and disabled_at is null returning user_id
        """,
        digest_of(token),
        user,
        now,
        now + LINK_LIFE,
    )
    if made is None:
        raise UserDisabled(user)
    return token


async def link_is_good(conn: Connection, token: str, *, now: datetime) -> bool:
    """Whether the link would sign in now; does not use it up (scanners open links)."""
    return bool(
        await conn.fetchval(
            """
            select exists (select from sign_in_link l join app_user u on u.id = l.user_id
                where l.token_sha256 = $1 and l.used_at is null and l.expires_at > $2 and u.disabled_at is null)
            """,
            digest_of(token),
            now,
        )
    )


async def sign_in(
    conn: Connection, token: str, *, now: datetime, address: str | None = None, agent: str | None = None
) -> str | None:
    """Use a link up and return the token of a new session; None where the link is spent, late or unknown."""
    user_id = await conn.fetchval(
        """
        update sign_in_link l set used_at = $2 from app_user u
        where l.token_sha256 = $1 and l.used_at is null and l.expires_at > $2
            and u.id = l.user_id and u.disabled_at is null
        returning l.user_id
        """,
        digest_of(token),
        now,
    )
    return None if user_id is None else await open_session(conn, user_id, now=now, address=address, agent=agent)


async def open_session(
    conn: Connection,
    user_id: int,
    *,
    now: datetime,
    address: str | None = None,
    agent: str | None = None,
    by_provider: bool = False,
) -> str:
    """Return the token of a new session, for a browser to keep."""
    session = secrets.token_urlsafe(32)
    await conn.execute(
        """
        insert into web_session
            (token_sha256, user_id, csrf_token, created_at, last_seen_at, expires_at, address, agent, by_provider)
        values ($1, $2, $3, $4, $4, $5, $6, $7, $8)
        """,
        digest_of(session),
        user_id,
        secrets.token_urlsafe(24),
        now,
        now + SESSION_LIFE,
        address,
        None if agent is None else agent[:_MOST_AGENT],
        by_provider,
    )
    return session


async def session_of(conn: Connection, token: str, *, now: datetime) -> Session | None:
    """Return the live session of a browser's token, and note that it was seen."""
    row = await conn.fetchrow(
        """
        select w.id, u.id as user_id, u.name as "user", u.role, u.brands, u.language, w.csrf_token, w.last_seen_at,
            w.by_provider, exists (select from second_factor f where f.user_id = u.id) as has_second_factor
        from web_session w join app_user u on u.id = w.user_id
        where w.token_sha256 = $1 and w.expires_at > $2 and w.last_seen_at > $3 and u.disabled_at is null
        """,
        digest_of(token),
        now,
        now - SESSION_IDLE,
    )
    if row is None:
        return None
    if row["last_seen_at"] < now - _USE_WRITTEN_EVERY:
        await conn.execute("update web_session set last_seen_at = $2 where token_sha256 = $1", digest_of(token), now)
    known = {name: row[name] for name in Session.__dataclass_fields__ if name not in ("role", "brands")}
    return Session(**known, role=Role(row["role"]), brands=bounds_of(row["brands"]))


async def sessions(conn: Connection, *, now: datetime, user_id: int | None = None) -> list[SessionLine]:
    """Return the live sessions, of all or of one user, the last seen first."""
    rows = await conn.fetch(
        """
        select w.id, w.user_id, u.name as "user", w.created_at, w.last_seen_at, w.address, w.agent
        from web_session w join app_user u on u.id = w.user_id
        where w.expires_at > $1 and w.last_seen_at > $2 and ($3::bigint is null or w.user_id = $3)
        order by w.last_seen_at desc, w.id desc
        """,
        now,
        now - SESSION_IDLE,
        user_id,
    )
    return [SessionLine(**row) for row in rows]


async def renew_session(conn: Connection, session_id: int) -> str:
    """Return a new token for a session: whoever knew the one before is out."""
    token = secrets.token_urlsafe(32)
    await conn.execute("update web_session set token_sha256 = $2 where id = $1", session_id, digest_of(token))
    return token


async def sign_out(conn: Connection, token: str) -> None:
    """End the session of a browser's token."""
    ended = await conn.fetchval("delete from web_session where token_sha256 = $1 returning id", digest_of(token))
    if ended is not None:
        await events.tell(conn, EventKind.ACCESS, [f"session:{ended}"])


async def end_session(conn: Connection, session_id: int, *, user_id: int | None = None) -> bool:
    """End a session, of anybody or of one user, and its open streams. False where there is none."""
    ended = await conn.fetchval(
        "delete from web_session where id = $1 and ($2::bigint is null or user_id = $2) returning id",
        session_id,
        user_id,
    )
    if ended is not None:
        await events.tell(conn, EventKind.ACCESS, [f"session:{ended}"])
    return ended is not None


async def end_sessions(conn: Connection, user_id: int, *, but: int | None = None) -> None:
    """End a user's sessions, those that wait for a code too, and spend their links; perhaps but for the session they
    are in."""
    rows = await conn.fetch(
        "delete from web_session where user_id = $1 and id is distinct from $2 returning id", user_id, but
    )
    await conn.execute("delete from sign_in_link where user_id = $1 and used_at is null", user_id)
    await conn.execute("delete from sign_in_pause where user_id = $1", user_id)
    await events.tell(conn, EventKind.ACCESS, [f"session:{row['id']}" for row in rows])


async def forget_expired(conn: Connection, *, now: datetime) -> None:
    """Drop spent links and ended sessions."""
    await conn.execute("delete from sign_in_link where expires_at < $1 or used_at < $1 - interval '1 day'", now)
    await conn.execute("delete from web_session where expires_at < $1 or last_seen_at < $2", now, now - SESSION_IDLE)


async def is_new(conn: Connection) -> bool:
    """Whether nobody was given a key yet: the first start prints one."""
    return not await conn.fetchval("select exists (select from api_key)")
