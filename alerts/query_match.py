"""Finds the words of a query in one post."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from alerts.folding import Folded, fold, fold_traced, is_spaced, is_thai_mark
from alerts.query_nodes import (
    All,
    Comparison,
    Either,
    Field,
    Labelled,
    Language,
    Near,
    Node,
    Rated,
    Within,
    Without,
    Word,
)

#: Of each word in each field so many places are looked at: a megabyte of one word must not take a minute.
MOST_PLACES = 200
#: A spaced word or a Chinese character counts so much, a Thai letter one: Thai words have about four.
_WORD = 4
_COMPARE: dict[Comparison, Callable[[float, float], bool]] = {
    Comparison.LESS: lambda given, value: given < value,
    Comparison.AT_MOST: lambda given, value: given <= value,
    Comparison.EQUAL: lambda given, value: abs(given - value) < 0.05,
    Comparison.AT_LEAST: lambda given, value: given >= value,
    Comparison.MORE: lambda given, value: given > value,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """What queries may ask about one post, as it was seen."""

    title: str = ""
    text: str = ""
    #: Id and name of the author, where known.
    authors: tuple[str, ...] = ()
    site: str = ""
    source: str = ""
    url: str = ""
    language: str | None = None
    label: str | None = None
    #: As if given out of five.
    rating: float | None = None

    def values(self, field: Field) -> tuple[str, ...]:
        """Return the words of a field."""
        words = {
            Field.TITLE: (self.title,),
            Field.TEXT: (self.text,),
            Field.AUTHOR: self.authors,
            Field.SITE: (self.site,),
            Field.SOURCE: (self.source,),
            Field.URL: (self.url,),
        }
        return words.get(field, ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One word of a query at one place: folded characters of one value of a field."""

    field: Field
    value: int
    start: int
    end: int
    word: Word


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A stretch of one value of a field that matched, and the hits in it."""

    field: Field
    value: int
    start: int
    end: int
    words: tuple[Hit, ...]


class FoldedPost:
    """One post while queries are asked about it: its words are folded once, for all of them."""

    def __init__(self, seen: Post) -> None:
        self.seen = seen
        self._folded: dict[Field, tuple[str, ...]] = {}
        self._units: dict[tuple[Field, int], list[int]] = {}
        self._traced: dict[tuple[Field, int], Folded] = {}

    def folded(self, field: Field) -> tuple[str, ...]:
        """Return the folded words of a field."""
        if field not in self._folded:
            self._folded[field] = tuple(map(fold, self.seen.values(field)))
        return self._folded[field]

    def units(self, field: Field, value: int) -> list[int]:
        """Return before each folded character, and at the end, how much stands before it (see `_WORD`)."""
        key = (field, value)
        if key not in self._units:
            self._units[key] = list(accumulate(_weights(self.folded(field)[value]), initial=0))
        return self._units[key]

    def words_at(self, field: Field, start: int, end: int, *, value: int) -> tuple[int, int, str]:
        """Return where folded characters stand in the words as seen, and how these read."""
        key = (field, value)
        text = self.seen.values(field)[value]
        if key not in self._traced:
            self._traced[key] = fold_traced(text)
        begin, stop = self._traced[key].origin(start, end)
        return begin, stop, text[begin:stop]


def _weights(folded: str) -> Iterator[int]:
    spaced = False
    for character in folded:
        if is_spaced(character):
            yield 0 if spaced else _WORD
            spaced = True
            continue
        spaced = False
        if not character.isalnum():
            yield 0
        else:
            yield 1 if _is_southeast_asian(character) else _WORD


def _is_southeast_asian(character: str) -> bool:
    """Whether a letter is Thai, Lao, Burmese or Khmer: these part no words, and a word has several letters."""
    return "\u0e00" <= character <= "\u0eff" or "\u1000" <= character <= "\u109f" or "\u1780" <= character <= "\u17ff"


def occurrences(folded: str, word: Word) -> Iterator[tuple[int, int]]:
    """Yield where a word stands: a Latin word as a whole word, a Thai one not torn from its marks."""
    width, count = len(word.folded), 0
    at = folded.find(word.folded)
    while at >= 0 and count < MOST_PLACES:
        end = at + width
        if _begins_word(folded, at) and (word.prefix or _ends_word(folded, end)):
            count += 1
            while word.prefix and end < len(folded) and _goes_on(folded, end):
                end += 1
            yield at, end
        at = folded.find(word.folded, at + 1)


def _begins_word(folded: str, at: int) -> bool:
    return at == 0 or not (is_spaced(folded[at]) and is_spaced(folded[at - 1]))


def _ends_word(folded: str, end: int) -> bool:
    return end == len(folded) or not _goes_on(folded, end)


def _goes_on(folded: str, end: int) -> bool:
    """Whether the word before this place goes on here."""
    return is_thai_mark(folded[end]) or (is_spaced(folded[end]) and is_spaced(folded[end - 1]))


def holds(node: Node, post: FoldedPost, fields: Sequence[Field]) -> bool:
    """Whether a node matches; looks no further than that needs."""
    match node:
        case Word():
            found = any(True for field in fields for folded in post.folded(field) for _ in occurrences(folded, node))
        case Near():
            found = bool(_near(node, post, fields))
        case All(parts=parts):
            found = all(holds(part, post, fields) for part in parts)
        case Either(parts=parts):
            found = any(holds(part, post, fields) for part in parts)
        case Without(part=part):
            found = not holds(part, post, fields)
        case Within(field=field, part=part):
            found = holds(part, post, (field,))
        case Language() | Labelled() | Rated():
            found = _is_so(node, post.seen)
    return found


def places(node: Node, post: FoldedPost, fields: Sequence[Field]) -> list[Stretch] | None:
    """Return where a node matches; [] where it matches without words, None where it does not."""
    match node:
        case Word():
            found: list[Stretch] | None = _hits(node, post, fields) or None
        case Near():
            found = _near(node, post, fields) or None
        case All(parts=parts):
            found = _all(parts, post, fields)
        case Either(parts=parts):
            matching = [one for part in parts if (one := places(part, post, fields)) is not None]
            found = [stretch for one in matching for stretch in one] if matching else None
        case Without(part=part):
            found = None if holds(part, post, fields) else []
        case Within(field=field, part=part):
            found = places(part, post, (field,))
        case Language() | Labelled() | Rated():
            found = [] if _is_so(node, post.seen) else None
    return found


def _is_so(fact: Language | Labelled | Rated, post: Post) -> bool:
    match fact:
        case Language(tag=tag):
            known = (post.language or "").lower()
            return known == tag or known.startswith(f"{tag}-")
        case Labelled(label=label):
            return post.label == label
        case Rated(comparison=comparison, value=value):
            return post.rating is not None and _COMPARE[comparison](post.rating, value)


def _all(parts: Sequence[Node], post: FoldedPost, fields: Sequence[Field]) -> list[Stretch] | None:
    stretches: list[Stretch] = []
    for part in parts:
        one = places(part, post, fields)
        if one is None:
            return None
        stretches += one
    return stretches


def _hits(word: Word, post: FoldedPost, fields: Sequence[Field]) -> list[Stretch]:
    return [
        Stretch(
            field=field,
            value=value,
            start=start,
            end=end,
            words=(Hit(field=field, value=value, start=start, end=end, word=word),),
        )
        for field in fields
        for value, folded in enumerate(post.folded(field))
        for start, end in occurrences(folded, word)
    ]


def _near(node: Near, post: FoldedPost, fields: Sequence[Field]) -> list[Stretch]:
    """Return every pair close enough, as the stretch from one to the other."""
    left = places(node.left, post, fields)
    right = places(node.right, post, fields) if left else None
    pairs: dict[tuple[Field, int, int, int], Stretch] = {}
    for one in left or ():
        for other in right or ():
            if (one.field, one.value) == (other.field, other.value) and _is_near(one, other, node.within, post):
                start, end = min(one.start, other.start), max(one.end, other.end)
                pairs.setdefault(
                    (one.field, one.value, start, end),
                    Stretch(field=one.field, value=one.value, start=start, end=end, words=one.words + other.words),
                )
    return list(pairs.values())[:MOST_PLACES]


def _is_near(one: Stretch, other: Stretch, within: int, post: FoldedPost) -> bool:
    first, second = sorted((one, other), key=lambda stretch: (stretch.start, stretch.end))
    if second.start < first.end:
        return False
    units = post.units(one.field, one.value)
    return units[second.start] - units[first.end] <= within * _WORD
