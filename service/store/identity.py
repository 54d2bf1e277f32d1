"""Users whom a provider of identities vouches for, and sign-ins that it is to finish."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.store.pool import Connection
from service.store.secret import digest_of

#: So long somebody may be at the provider's page.
PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """What only we and the provider know of a sign-in."""

    nonce: str
    verifier: str


async def begin(conn: Connection, *, state: str, nonce: str, verifier: str, now: datetime) -> None:
    """Remember a sign-in until somebody comes back with its state."""
    await conn.execute(
        "insert into provider_sign_in (state_sha256, nonce, verifier, expires_at) values ($1, $2, $3, $4)",
        digest_of(state),
        nonce,
        verifier,
        now + PATIENCE,
    )


async def take(conn: Connection, state: str, *, now: datetime) -> Begun | None:
    """Return the sign-in of a state, once; None where it was taken, is too old or was never begun."""
    row = await conn.fetchrow(
        "delete from provider_sign_in where state_sha256 = $1 returning nonce, verifier, expires_at > $2 as is_good",
        digest_of(state),
        now,
    )
    return Begun(nonce=row["nonce"], verifier=row["verifier"]) if row is not None and row["is_good"] else None


async def user_of(conn: Connection, issuer: str, subject: str) -> int | None:
    """Return the user whom the issuer knows by a subject."""
    found: int | None = await conn.fetchval(
        "select user_id from user_identity where issuer = $1 and subject = $2", issuer, subject
    )
    return found


async def link(conn: Connection, user_id: int, *, issuer: str, subject: str, now: datetime) -> None:
    """Let the issuer vouch for a user from now on."""
    await conn.execute(
        "insert into user_identity (issuer, subject, user_id, created_at) values ($1, $2, $3, $4)",
        issuer,
        subject,
        user_id,
        now,
    )


async def forget_expired(conn: Connection, *, now: datetime) -> None:
    """Drop sign-ins that nobody came back from."""
    await conn.execute("delete from provider_sign_in where expires_at <= $1", now)
