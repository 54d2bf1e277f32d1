"""Which brands a post is about: thousands of brands in one pass over its words.

One automaton (Aho-Corasick) over the folded words that a match needs gives the few brands in question; only their
queries are asked. What is left in a text by copying counts for nothing.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from alerts import brands
from alerts.brands import WatchedBrand
from alerts.errors import BrandError
from alerts.query import Found, Query, explain, matches
from alerts.query_match import FoldedPost, Post
from alerts.query_nodes import Field, anchors
from alerts.residue import masked
from alerts.types import BrandId
from collectors.types import Author, Mention

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """A mention and one brand that it is about."""

    brand_id: BrandId
    mention: Mention
    #: The brand itself says it.
    own: bool


def post_of(mention: Mention, source: str) -> Post:
    """Return what queries may ask about a mention that comes in; the residue of copying is hidden."""
    rating = mention.rating
    return Post(
        title=masked(mention.title),
        text=masked(mention.text),
        authors=tuple(one for one in (mention.author.id, mention.author.name) if one),
        site=mention.site,
        source=source,
        url=mention.url or "",
        language=mention.language,
        rating=None if rating is None else rating.value / rating.scale * 5,
    )


class BrandMatcher:
    """Knows what every brand is looked for by. A brand whose query cannot be read is found by nothing, and said so."""

    def __init__(self, watched: Iterable[WatchedBrand]) -> None:
        self._queries: dict[BrandId, Query] = {}
        self._accounts: dict[BrandId, frozenset[str]] = {}
        self._unanchored: list[BrandId] = []
        in_question: defaultdict[str, list[BrandId]] = defaultdict(list)
        for brand in watched:
            try:
                query, accounts = brands.query_of(brand.terms), brands.own_accounts_of(brand.terms)
            except BrandError as error:
                log.error("brand cannot be looked for", extra={"brand": brand.id, "reason": str(error)})  # noqa: TRY400
                continue
            self._queries[brand.id] = query
            self._accounts[brand.id] = accounts
            for word in (needed := anchors(query.root)) or ():
                in_question[word].append(brand.id)
            if needed is None:
                self._unanchored.append(brand.id)
        self._brands = list(in_question.values())
        self._automaton = AhoCorasick(list(in_question)) if in_question else None

    def about(self, post: Post) -> list[BrandId]:
        """Return the brands a post is about, in order."""
        folded = FoldedPost(post)
        candidates = set(self._unanchored)
        if self._automaton is not None:
            words = "\n".join(part for field in (Field.TITLE, Field.TEXT) for part in folded.folded(field))
            met = {index for index, _, _ in self._automaton.find_matches_as_indexes(words, overlapping=True)}
            candidates.update(brand_id for index in met for brand_id in self._brands[index])
        return sorted(brand_id for brand_id in candidates if matches(self._queries[brand_id], folded))

    def is_about(self, brand_id: BrandId, post: Post) -> bool:
        """Whether a post is about one brand."""
        query = self._queries.get(brand_id)
        return query is not None and matches(query, FoldedPost(post))

    def explain(self, brand_id: BrandId, post: Post) -> tuple[Found, ...] | None:
        """Return the words by which a post is about a brand; None where it is not."""
        query = self._queries.get(brand_id)
        return None if query is None else explain(query, FoldedPost(post))

    def is_own(self, brand_id: BrandId, mention: Mention) -> bool:
        """Whether the brand itself says it."""
        return self.speaks_for(brand_id, mention.author, mention.site)

    def speaks_for(self, brand_id: BrandId, author: Author, site: str) -> bool:
        """Whether an author, or all of a site, is the brand itself."""
        accounts = self._accounts.get(brand_id)
        if not accounts:
            return False
        return any(brands.account(one) in accounts for one in (author.id, author.name, author.url, site) if one)

    def owned(self, brand_id: BrandId, mentions: Sequence[Mention]) -> list[About]:
        """Return mentions of a source that is about one brand."""
        return [About(brand_id=brand_id, mention=one, own=self.is_own(brand_id, one)) for one in mentions]
