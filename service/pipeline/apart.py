"""Keeps what goes wrong with one from stopping those behind it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.store.pool import UNREACHABLE, Connection

log = logging.getLogger(__name__)


@asynccontextmanager
async def apart(conn: Connection, event: str, **fields: object) -> AsyncIterator[None]:
    """Run one of many within a transaction, or a savepoint of one: whatever goes wrong is logged as this event, undone,
    and the others go on. A lost database concerns all, and is raised."""
    try:
        async with conn.transaction():
            yield
    except UNREACHABLE:
        raise
    except Exception:  # whatever it is, it is this one's alone
        log.exception(event, extra=fields)
