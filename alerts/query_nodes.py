"""What a query is made of, once it is parsed."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Field(StrEnum):
    """What `field:value` may ask for."""

    TITLE = "title"
    TEXT = "text"
    AUTHOR = "author"
    SITE = "site"
    SOURCE = "source"
    URL = "url"
    LANGUAGE = "language"
    LABEL = "label"
    RATING = "rating"


#: Where words without a field are looked for.
SAID = (Field.TITLE, Field.TEXT)


class Comparison(StrEnum):
    """How a rating is compared."""

    LESS = "<"
    AT_MOST = "<="
    EQUAL = "="
    AT_LEAST = ">="
    MORE = ">"


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word or phrase."""

    #: As it was written, without quotation marks.
    written: str
    folded: str
    #: Whether a word that only begins so will do.
    prefix: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """Two things with at most so many words between them, in either order."""

    left: "Node"
    right: "Node"
    within: int


@dataclass(frozen=True, kw_only=True, slots=True)
class All:
    """Every part must match."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Either:
    """One part must match."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Without:
    """The part must not match."""

    part: "Node"


@dataclass(frozen=True, kw_only=True, slots=True)
class Within:
    """The part must match in one field."""

    field: Field
    part: "Node"


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """The language must be this tag, or a more special one of it."""

    tag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """The verdict must be this one."""

    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """The rating, as if given out of five, must compare so."""

    comparison: Comparison
    value: float


Node = Word | Near | All | Either | Without | Within | Language | Labelled | Rated


def anchors(node: Node) -> frozenset[str] | None:
    """Return folded words one of which must stand in title or text of whatever matches, the fewest and longest;
    None where something may match without any."""
    match node:
        case Word(folded=folded):
            return frozenset({folded})
        case Near(left=left, right=right):
            return _best(anchors(left), anchors(right))
        case All(parts=parts):
            return _best(*map(anchors, parts))
        case Either(parts=parts):
            found = [anchors(part) for part in parts]
            known = [one for one in found if one is not None]
            return frozenset().union(*known) if len(known) == len(found) else None
        case Within(field=Field.TITLE | Field.TEXT, part=part):
            return anchors(part)
        case _:
            return None


def _best(*found: frozenset[str] | None) -> frozenset[str] | None:
    """Return the words that are least likely to be met by chance: the longest, of them the fewest."""
    known = [one for one in found if one]
    return max(known, key=lambda words: (min(map(len, words)), -len(words)), default=None)


def is_anchored(node: Node) -> bool:
    """Whether something definite must be there: a word, or a field with a value; not only things that must not."""
    match node:
        case All(parts=parts):
            return any(map(is_anchored, parts))
        case Either(parts=parts):
            return all(map(is_anchored, parts))
        case Without():
            return False
        case _:
            return True


def sought(node: Node) -> Iterator[str]:
    """Yield the words that are looked for, as they were written."""
    match node:
        case Word(written=written):
            yield written
        case Near(left=left, right=right):
            yield from sought(left)
            yield from sought(right)
        case All(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from sought(part)
        case Within(part=part):
            yield from sought(part)
        case _:
            return
