"""The query language: parse once, match texts, explain a match.

Words are looked for in title and text, however they were written (`folding.py`). Latin words are whole words; Chinese
and Thai, which part no words, are found anywhere. `README.md` shows the language to its users.
"""

from collections.abc import Collection
from dataclasses import dataclass

from alerts.query_match import FoldedPost, Hit, holds, places
from alerts.query_nodes import SAID, Field, Node, is_anchored, sought
from alerts.query_parser import parse_nodes

#: What is known of an item when it comes in: no verdict yet.
AT_THE_DOOR = tuple(field for field in Field if field is not Field.LABEL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A query that can be asked."""

    text: str
    root: Node

    @property
    def is_anchored(self) -> bool:
        """Whether something definite must be there; else it matches almost everything."""
        return is_anchored(self.root)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Words that made a query match. Offsets count code points of the field as it was seen."""

    field: Field
    start: int
    end: int
    text: str
    #: The query's word that they are.
    word: str


def parse(text: str, *, fields: Collection[Field] = tuple(Field)) -> Query:
    """Return the query a text says. Raises QueryError."""
    return Query(text=text, root=parse_nodes(text, fields))


def matches(query: Query, post: FoldedPost) -> bool:
    """Whether a query matches."""
    return holds(query.root, post, SAID)


def hits(query: Query, post: FoldedPost) -> frozenset[Hit] | None:
    """Return where the words stand that made the query match, in folded characters; None where it does not match."""
    stretches = places(query.root, post, SAID)
    return None if stretches is None else frozenset(hit for stretch in stretches for hit in stretch.words)


def explain(query: Query, post: FoldedPost) -> tuple[Found, ...] | None:
    """Return the words that made the query match, in order; () where only facts did. None where it does not match."""
    found = hits(query, post)
    if found is None:
        return None
    return tuple(
        Found(field=hit.field, start=start, end=end, text=seen, word=hit.word.written)
        for hit in sorted(found, key=lambda one: (one.field, one.start, one.end, one.word.written))
        for start, end, seen in [post.words_at(hit.field, hit.start, hit.end, value=hit.value)]
    )


def words_of(query: Query) -> frozenset[str]:
    """Return the words a query looks for, as they were written; not those it excludes."""
    return frozenset(sought(query.root))
