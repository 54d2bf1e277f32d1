"""The matcher of all brands, remembered until a brand changes."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from alerts.brands import BrandTerms, WatchedBrand, query_of
from alerts.matching import BrandMatcher
from alerts.query import Found, explain
from alerts.query_match import FoldedPost
from alerts.types import BrandId
from service.store import brand, mention
from service.store.mention import MentionFilter, StoredMention, post_of
from service.store.pool import Connection

#: By the brands' revision, which is random: databases cannot be taken for one another. And by who asks: somebody bound
#: to brands sees only theirs.
_known: dict[tuple[UUID, str | None], BrandMatcher] = {}
_MOST_KNOWN = 4


async def current(conn: Connection) -> BrandMatcher:
    """Return the matcher of the brands there are."""
    row = await conn.fetchrow("select revision, seen_brands()::text as bounds from brand_change")
    if row is None:
        raise LookupError("the revision of the brands is not there")
    known = (row["revision"], row["bounds"])
    if known not in _known:
        watched = [WatchedBrand(id=one.id, terms=one.terms) for one in await brand.every(conn)]
        built = await asyncio.to_thread(BrandMatcher, watched)
        while len(_known) >= _MOST_KNOWN:
            del _known[next(iter(_known))]
        _known[known] = built
    return _known[known]


@dataclass(frozen=True, kw_only=True, slots=True)
class Why:
    """Why a mention is about its brand."""

    #: Everything its source says is.
    whole_source: bool
    #: What the brand's query of today finds in it; None where it finds it no more.
    found: tuple[Found, ...] | None


async def why(conn: Connection, stored: StoredMention) -> Why:
    """Return why a mention is about its brand, by the brand's query of today."""
    matcher = await current(conn)
    whole_source: bool = await conn.fetchval(
        "select brand_id is not null and not match from source where id = $1", stored.source_id
    )
    return Why(whole_source=whole_source, found=matcher.explain(stored.brand_id, post_of(stored, masked=True)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What terms would find among the latest mentions."""

    looked_at: int
    #: The latest first, with the words that say so.
    matches: tuple[tuple[StoredMention, tuple[Found, ...]], ...]
    #: How many of those that were looked at are of each brand.
    looked_at_of: Mapping[BrandId, int]

    def without(self, brand_id: BrandId) -> "Preview":
        """Return what would be found among the mentions of the other brands."""
        looked_at_of = {key: n for key, n in self.looked_at_of.items() if key != brand_id}
        return Preview(
            looked_at=sum(looked_at_of.values()),
            matches=tuple(one for one in self.matches if one[0].brand_id != brand_id),
            looked_at_of=looked_at_of,
        )


async def preview(conn: Connection, terms: BrandTerms, *, among: MentionFilter, limit: int) -> Preview:
    """Return which of the latest of these mentions terms would find. The terms are checked before."""
    query = query_of(terms)
    latest = await mention.newest(conn, among, limit=limit)
    asked = [(one, explain(query, FoldedPost(post_of(one, masked=True)))) for one in latest]
    return Preview(
        looked_at=len(latest),
        matches=tuple((stored, found) for stored, found in asked if found is not None),
        looked_at_of=Counter(one.brand_id for one in latest),
    )
