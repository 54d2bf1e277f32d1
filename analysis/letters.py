"""Texts as arrays of code points: normalised position by position, so every verdict can point back at the original."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.script import script_table

CodePoints = NDArray[np.uint32]
Positions = NDArray[np.int32]

#: Above the last table row (emoji, rare Han) nothing is folded.
_TABLE_SIZE = 0x20000
#: Where cases, widths and compatibility forms live; the rest of the table stands for itself.
_FOLDED = ((0, 0x3400), (0xA640, 0xAC00), (0xD800, 0xE000), (0xF900, 0x10000), (0x1D400, 0x1D800), (0x1F100, 0x1F200))
_DROPPED = 0
_SPACE = 0x20
#: Stand-ins from the private use area, so no text can forge the letters of a real word.
_LINK = 0xE000
_NAME = 0xE001
#: A row of one character says no more at thirty than at three, and floods must not outvote words.
_LONGEST_RUN = 3

_LINKS = re.compile(r"(?:https?://|www\.)[^\s<>\"\u3000-\u9fff\u0e00-\u0e7f]+", re.IGNORECASE)
_NAMES = re.compile(r"(?<![\w.])@[\w.]{2,40}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Letters:
    """Several texts in one row, each with a space before and behind."""

    points: CodePoints
    #: Which text a position belongs to, ascending.
    owner: Positions
    #: Where the position was in its own text; the spaces added carry the nearest place.
    origin: Positions


def code_points(text: str) -> CodePoints:
    """Return the code points of any string, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _normal(point: int, simplify: dict[int, int]) -> int:
    """Return the code point a character counts as; 0 drops it."""
    character = chr(point)
    category = unicodedata.category(character)
    if character.isspace() or category in ("Cc", "Zs", "Zl", "Zp"):
        return _SPACE
    if category in ("Cf", "Cs") or 0x300 <= point <= 0x36F or 0xFE00 <= point <= 0xFE0F:
        return _DROPPED
    folded = unicodedata.normalize("NFKC", character).casefold()
    single = ord(folded) if len(folded) == 1 else point
    return simplify.get(single, single)


@cache
def _normal_table() -> CodePoints:
    """Return what each of the first 131,072 code points counts as: NFKC, lower case, Simplified."""
    simplify = script_table().simplify
    table = np.arange(_TABLE_SIZE, dtype=np.uint32)
    for first, last in _FOLDED:
        for point in range(first, last):
            table[point] = _normal(point, simplify)
    for traditional, simplified in simplify.items():
        if traditional < _TABLE_SIZE:
            table[traditional] = simplified
    return table


def normalised(points: CodePoints) -> CodePoints:
    """Return the points folded one by one; 0 where a character says nothing."""
    small = np.minimum(points, np.uint32(_TABLE_SIZE - 1))
    return np.where(points < _TABLE_SIZE, _normal_table()[small], points)


def _masked(text: str) -> CodePoints:
    """Return the normalised code points, links and @names as one stand-in each."""
    points = normalised(code_points(text))
    if "://" in text or "www." in text or "@" in text:
        for pattern, stand_in in ((_LINKS, _LINK), (_NAMES, _NAME)):
            for match in pattern.finditer(text):
                points[match.start() : match.end()] = _DROPPED
                points[match.start()] = stand_in
    return points


def _kept(points: CodePoints, owner: Positions) -> NDArray[np.intp]:
    """Return the positions left without dropped characters, runs of spaces and long rows of one character."""
    places = np.flatnonzero(points)
    for longest, spaces_only in ((1, True), (_LONGEST_RUN, False)):
        left, texts = points[places], owner[places]
        again = np.zeros(len(left), dtype=bool)
        again[longest:] = (left[longest:] == left[:-longest]) & (texts[longest:] == texts[:-longest])
        for distance in range(1, longest):
            again[longest:] &= left[longest:] == left[longest - distance : -distance]
        places = places[~(again & ((left == _SPACE) | (not spaces_only)))]
    return places


def letters(texts: Sequence[str]) -> Letters:
    """Return the texts in one row, cleaned for counting n-grams."""
    space = np.full(1, _SPACE, dtype=np.uint32)
    parts = [part for text in texts for part in (space, _masked(text), space)]
    lengths = np.array([len(text) + 2 for text in texts], dtype=np.int32)
    points = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint32)
    owner = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    starts = np.cumsum(lengths) - lengths
    last = np.repeat(np.maximum(lengths - 3, 0), lengths)
    origin = np.clip(np.arange(len(points), dtype=np.int32) - np.repeat(starts, lengths) - 1, 0, last)
    places = _kept(points, owner)
    return Letters(points=points[places], owner=owner[places], origin=origin[places].astype(np.int32))
