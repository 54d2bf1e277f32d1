"""Cuts folded words into grams, so that an index finds the texts that may match a query.

A word of a script with spaces is one gram. Chinese, which has words of one and two characters, is cut into pairs, Thai
into threes, each run to its end: the beginning of a gram finds what is shorter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from alerts.folding import is_spaced, is_thai_mark
from alerts.query_nodes import All, Either, Field, Near, Node, Within, Word

#: Nobody looks for what stands behind so many characters of one text.
MOST_CHARACTERS = 100_000
_LONGEST = 40


class _Script(Enum):
    SPACED = auto()
    PAIRS = auto()
    THREES = auto()


_WIDTH = {_Script.PAIRS: 2, _Script.THREES: 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gram:
    """A gram that a text must have, or only begin one with."""

    text: str
    begins: bool = False


#: What a text must have to match: all of each inner group, of one group at least.
Needed = tuple[tuple[Gram, ...], ...]
_MOST_GROUPS = 600


def _script(character: str) -> _Script | None:
    if is_spaced(character):
        return _Script.SPACED
    if "\u0e00" <= character <= "\u0eff" or "\u1000" <= character <= "\u109f" or "\u1780" <= character <= "\u17ff":
        return _Script.THREES if character.isalnum() or is_thai_mark(character) else None
    return _Script.PAIRS if character.isalnum() else None


def _runs(folded: str) -> Iterator[tuple[_Script, str, int]]:
    """Yield the longest stretches of one script, with where each ends."""
    start, current = 0, None
    for at, character in enumerate(folded):
        script = _script(character)
        if script is not current:
            if current is not None:
                yield current, folded[start:at], at
            start, current = at, script
    if current is not None:
        yield current, folded[start:], len(folded)


def grams(folded: str) -> set[str]:
    """Return the grams of a folded text."""
    found: set[str] = set()
    for script, run, _ in _runs(folded[:MOST_CHARACTERS]):
        if script is _Script.SPACED:
            found.add(run[:_LONGEST])
        else:
            width = _WIDTH[script]
            found.update(run[at : at + width] for at in range(len(run)))
    return found


def _of_word(word: Word) -> tuple[Gram, ...]:
    needed: list[Gram] = []
    for script, run, end in _runs(word.folded):
        if script is _Script.SPACED:
            is_cut = len(run) > _LONGEST
            needed.append(Gram(text=run[:_LONGEST], begins=word.prefix and end == len(word.folded) and not is_cut))
        elif len(run) < (width := _WIDTH[script]):
            needed.append(Gram(text=run, begins=True))
        else:
            needed += [Gram(text=run[at : at + width]) for at in range(len(run) - width + 1)]
    return tuple(dict.fromkeys(needed))


def needed(node: Node) -> Needed | None:
    """Return what every text that matches has at least; None where that cannot be said."""
    match node:
        case Word():
            return (grams_of,) if (grams_of := _of_word(node)) else None
        case Near(left=left, right=right):
            return _both(needed(left), needed(right))
        case All(parts=parts):
            together: Needed | None = None
            for part in parts:
                together = _both(together, needed(part))
            return together
        case Either(parts=parts):
            found = [needed(part) for part in parts]
            known = [group for one in found if one is not None for group in one]
            return tuple(known) if found and all(one is not None for one in found) else None
        case Within(field=Field.TITLE | Field.TEXT, part=part):
            return needed(part)
        case _:
            return None


def _both(one: Needed | None, other: Needed | None) -> Needed | None:
    if one is None or other is None:
        return one or other
    if len(one) * len(other) > _MOST_GROUPS:
        # The one that asks for more grams finds fewer texts.
        return max(one, other, key=lambda groups: min(map(len, groups)))
    return tuple(tuple(dict.fromkeys(first + second)) for first in one for second in other)
