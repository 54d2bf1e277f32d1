"""Proves the audit log piece by piece: what is new every minute, all of it every day."""

import logging
from datetime import timedelta

from service.store import audit, clock, component
from service.store.audit import Proof
from service.store.pool import Pool

log = logging.getLogger(__name__)

#: A changed row is found within this time, however long the log is.
ANEW_EVERY = timedelta(days=1)
#: Rows whose seals one transaction computes.
_PIECE = 20_000


async def prove_log(pool: Pool, *, anew_every: timedelta = ANEW_EVERY, piece: int = _PIECE) -> Proof:
    """Look the audit log through to its end, from the first row where that was long ago, and say how it is."""
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        await audit.begin_proof(conn, every=anew_every, now=now)
        more = True
        while more:
            async with conn.transaction():
                more = await audit.prove_some(conn, most=piece, now=now)
        proof = await audit.proof(conn)
        assert proof is not None  # noqa: S101  # its end was just come to
        detail = "" if proof.broken_at is None else f"row {proof.broken_at} is not what was written, or follows none"
        await component.beat(conn, "audit", now=now, healthy=proof.broken_at is None, detail=detail)
    if proof.broken_at is not None:
        log.error("the audit log was changed", extra={"row": proof.broken_at})
    return proof
