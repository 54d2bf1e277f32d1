"""Owes digests: whoever looks, and however late, each contact gets each period's once.

contacts that want one | the last period that is over by their clock | not made yet | empty? | outbox
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from alerts import quiet
from alerts.digest import Period, latest
from alerts.types import Contact
from service import reports
from service.pipeline.apart import apart
from service.store import clock, digest
from service.store.pool import Connection, Pool


async def owe_digests(pool: Pool, *, usual: ZoneInfo) -> int:
    """Put the digests that are due into the outbox; return how many. Safe to run twice, late, or in several workers at
    a time."""
    made = 0
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        for one in await digest.wanting(conn):
            for kind in sorted(one.digest.kinds):
                async with apart(conn, "a digest cannot be owed", contact=one.id, kind=kind):
                    zone = quiet.zone_of(one, usual)
                    made += await _owe(conn, one, latest(kind, at=one.digest.at, zone=zone, now=now), zone, now=now)
    return made


async def _owe(conn: Connection, one: Contact, period: Period, zone: ZoneInfo, *, now: datetime) -> bool:
    if await digest.is_made(conn, one.id, period):
        return False
    brands = await digest.brands_of(conn, one.id)
    empty = not one.digest.always and await reports.is_empty(conn, period, brands, zone=zone)
    return await digest.make(conn, one.id, period, zone=zone.key, empty=empty, now=now) is not None
