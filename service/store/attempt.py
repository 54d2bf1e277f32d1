"""Tries to sign in: how many an account and an address have left."""

from datetime import datetime, timedelta

from service.store.pool import Connection

SPAN = timedelta(minutes=15)
MOST_OF_ACCOUNT, MOST_OF_ADDRESS = 10, 50


async def take(conn: Connection, *, account: str, address: str, now: datetime) -> bool:
    """Count a try before its password is looked at, so that a thousand at once are a thousand. False: too many."""
    since = now - SPAN
    await conn.execute("insert into sign_in_attempt (at, account, address) values ($1, $2, $3)", now, account, address)
    of_account = await conn.fetchval(
        "select count(*) from sign_in_attempt where account = $1 and at > $2", account, since
    )
    of_address = await conn.fetchval(
        "select count(*) from sign_in_attempt where address = $1 and at > $2", address, since
    )
    return bool(of_account <= MOST_OF_ACCOUNT and of_address <= MOST_OF_ADDRESS)


async def forgive(conn: Connection, *, account: str, address: str) -> None:
    """Forget the tries of somebody who came in from there."""
    await conn.execute("delete from sign_in_attempt where account = $1 and address = $2", account, address)


async def forget_before(conn: Connection, at: datetime) -> None:
    """Drop tries that no longer count."""
    await conn.execute("delete from sign_in_attempt where at < $1", at)
