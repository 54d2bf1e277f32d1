"""Tries sources that somebody wants to add: one poll, a look at what came, and nothing stored of it but that look.

claim (lease, token) | collect, outside any transaction | keep the look
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from alerts.matching import post_of
from collectors import registry
from collectors.api import masked
from collectors.errors import CollectError
from collectors.kept_secrets import with_secrets
from collectors.types import Collected, Egress, Mention, Source
from service.store import brand_match, clock, tryout
from service.store.pool import Connection, Pool
from service.store.tryout import Draft, Tryout

log = logging.getLogger(__name__)

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
    error, collected = await _tried(wanted, egress, allow_private=allow_private, now=now)
    async with pool.acquire() as conn, conn.transaction():
        found = None if collected is None else _look(collected, await _kept(conn, wanted.draft, collected.mentions))
        await tryout.finish(conn, wanted.id, token, error=error, found=found, now=await clock.now(conn))
    return True


async def _tried(
    wanted: Tryout, egress: Egress, *, allow_private: bool, now: datetime
) -> tuple[str | None, Collected | None]:
    """Return why nothing came, or what came."""
    draft = wanted.draft
    place = Source(kind=draft.kind, settings=draft.settings, allow_private=draft.allow_private or allow_private)
    try:
        place = with_secrets(place)
        collected = await registry.collector(place.kind).collect(place, egress=egress, now=now)
    except CollectError as error:
        return str(error), None
    except Exception as error:  # who tries a source waits for an answer
        log.exception("source not tried")
        return masked(place, f"{type(error).__name__}: {error}"), None
    return None, collected


async def _kept(conn: Connection, draft: Draft, mentions: Sequence[Mention]) -> list[bool]:
    """Return which of the mentions the source would keep: those about a brand, where it does not keep everything."""
    if draft.brand_id is not None and not draft.match:
        return [True] * len(mentions)
    matcher, posts = await brand_match.current(conn), [post_of(one, draft.name) for one in mentions]
    if draft.brand_id is None:
        return [bool(matcher.about(post)) for post in posts]
    return [matcher.is_about(draft.brand_id, post) for post in posts]


def _look(collected: Collected, kept: Sequence[bool]) -> Mapping[str, Any]:
    """Return what a person needs to see whether that is the right place."""
    return {
        "seen": collected.seen,
        "unmatched": kept.count(False),
        "mentions": [
            {**_shown(one), "kept": keep} for one, keep in list(zip(collected.mentions, kept, strict=True))[:_SHOWN]
        ],
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
