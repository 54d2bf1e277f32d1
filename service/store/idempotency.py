"""Requests made under a caller's own key: what was answered, so that asking again changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What was answered to the first request under a key."""

    request_sha256: bytes
    answer: Any


async def hold(conn: Connection, caller: str, key: str) -> bool:
    """Keep others from this key until the transaction ends. False where another request under it is at work."""
    held: bool = await conn.fetchval(
        "select pg_try_advisory_xact_lock(hashtextextended($1 || chr(10) || $2, 0))", caller, key
    )
    return held


async def kept(conn: Connection, caller: str, key: str) -> Kept | None:
    """Return what was answered under the key."""
    row = await conn.fetchrow(
        "select request_sha256, answer from idempotency_key where caller = $1 and key = $2", caller, key
    )
    return None if row is None else Kept(request_sha256=row["request_sha256"], answer=row["answer"])


async def keep(
    conn: Connection, caller: str, key: str, *, request_sha256: bytes, answer: object, now: datetime
) -> None:
    """Keep an answer, in the transaction that did what was asked."""
    await conn.execute(
        "insert into idempotency_key (caller, key, request_sha256, answer, at) values ($1, $2, $3, $4, $5)",
        caller,
        key,
        request_sha256,
        answer,
        now,
    )


async def forget_before(conn: Connection, at: datetime) -> None:
    """Drop answers that nobody asks for again."""
    await conn.execute("delete from idempotency_key where at < $1", at)
