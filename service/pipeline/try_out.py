"""Tries sources that somebody wants to add: one poll, a look at what came, and nothing stored of it but that look.

claim (lease, token) | collect, outside any transaction | keep the look
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from collectors import registry
from collectors.errors import CollectError
from collectors.kept_secrets import with_secrets
from collectors.types import Collected, Egress, Mention, Source
from service.store import clock, tryout
from service.store.pool import Pool
from service.store.tryout import Tryout

#: Longer than one poll may take.
LEASE = timedelta(minutes=5)
_SHOWN, _MOST_CHARACTERS = 5, 400


async def try_due(pool: Pool, egress: Egress, *, allow_private: bool) -> bool:
    """Try one draft; False where none waits."""
    token = uuid4()
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        wanted = await tryout.claim(conn, now=now, lease=LEASE, token=token)
    if wanted is None:
        return False
    error, found = await _tried(wanted, egress, allow_private=allow_private, now=now)
    async with pool.acquire() as conn, conn.transaction():
        await tryout.finish(conn, wanted.id, token, error=error, found=found, now=await clock.now(conn))
    return True


async def _tried(
    wanted: Tryout, egress: Egress, *, allow_private: bool, now: datetime
) -> tuple[str | None, Mapping[str, Any] | None]:
    """Return why nothing came, or what came."""
    draft = wanted.draft
    place = Source(kind=draft.kind, settings=draft.settings, allow_private=draft.allow_private or allow_private)
    try:
        collected = await registry.collector(draft.kind).collect(with_secrets(place), egress=egress, now=now)
    except CollectError as error:
        return str(error), None
    return None, _look(collected)


def _look(collected: Collected) -> Mapping[str, Any]:
    """Return what a person needs to see whether that is the right place."""
    return {
        "seen": collected.seen,
        "mentions": [_shown(one) for one in collected.mentions[:_SHOWN]],
        "quarantined": len(collected.quarantined),
        "warning": collected.warning,
    }


def _shown(mention: Mention) -> Mapping[str, Any]:
    return {
        "site": mention.site,
        "author": mention.author.name,
        "title": mention.title[:_MOST_CHARACTERS],
        "text": mention.text[:_MOST_CHARACTERS],
        "url": mention.url,
        "language": mention.language,
        "published_at": mention.published_at.isoformat() if mention.published_at else None,
    }
