"""The matcher of all brands, remembered until a brand changes."""

import asyncio
from uuid import UUID

from alerts.brands import WatchedBrand
from alerts.matching import BrandMatcher
from service.store import brand
from service.store.pool import Connection

#: By the brands' revision, which is random: databases cannot be taken for one another.
_known: dict[UUID, BrandMatcher] = {}
_MOST_KNOWN = 4


async def current(conn: Connection) -> BrandMatcher:
    """Return the matcher of the brands there are."""
    revision: UUID = await conn.fetchval("select revision from brand_change")
    if revision not in _known:
        watched = [WatchedBrand(id=one.id, terms=one.terms) for one in await brand.every(conn)]
        built = await asyncio.to_thread(BrandMatcher, watched)
        while len(_known) >= _MOST_KNOWN:
            del _known[next(iter(_known))]
        _known[revision] = built
    return _known[revision]
