"""Cuts folded words into grams, so that an index finds the texts that may match a query.

A word of a script with spaces is one gram. Chinese, which has words of one and two characters, is cut into pairs, Thai
into threes, each run to its end: the beginning of a gram finds what is shorter.
"""

import re
from dataclasses import dataclass

from alerts.query_nodes import All, Either, Field, Near, Node, Within, Word

#: Nobody looks for what stands behind so many characters of one text.
MOST_CHARACTERS = 100_000
_LONGEST = 40


_SOUTHEAST_ASIAN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
#: Runs of threes, of spaced letters (as `is_spaced` says), of pairs.
_RUNS = re.compile(
    f"([{_SOUTHEAST_ASIAN}]+)"
    r"|([^\W_\u0e00-\u1dff\u2000-\U0010ffff]+)"
    rf"|([^\W_\u0000-\u0dff{_SOUTHEAST_ASIAN}\u1e00-\u1fff]+)"
)
_THREES, _SPACED, _PAIRS = 1, 2, 3
_WIDTH = {_PAIRS: 2, _THREES: 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gram:
    """A gram that a text must have, or only begin one with."""

    text: str
    begins: bool = False


#: What a text must have to match: all of each inner group, of one group at least.
Needed = tuple[tuple[Gram, ...], ...]
_MOST_GROUPS = 600


def grams(folded: str) -> set[str]:
    """Return the grams of a folded text."""
    found: set[str] = set()
    for match in _RUNS.finditer(folded[:MOST_CHARACTERS]):
        run = match[0]
        if match.lastindex == _SPACED:
            found.add(run[:_LONGEST])
        else:
            width = _WIDTH[match.lastindex or _PAIRS]
            found.update([run[at : at + width] for at in range(len(run))])
    return found


def _of_word(word: Word) -> tuple[Gram, ...]:
    found: list[Gram] = []
    for match in _RUNS.finditer(word.folded):
        run = match[0]
        if match.lastindex == _SPACED:
            goes_on = word.prefix and match.end() == len(word.folded) and len(run) <= _LONGEST
            found.append(Gram(text=run[:_LONGEST], begins=goes_on))
        elif len(run) < (width := _WIDTH[match.lastindex or _PAIRS]):
            found.append(Gram(text=run, begins=True))
        else:
            found += [Gram(text=run[at : at + width]) for at in range(len(run) - width + 1)]
    return tuple(dict.fromkeys(found))


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
