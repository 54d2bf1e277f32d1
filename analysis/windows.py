"""Long texts in overlapping windows, so that a page of praise cannot hide one insult, and memory stays small."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.letters import Letters

T = TypeVar("T")

#: Letters in a window: about what people write in one breath, and what the model is trained on.
LENGTH = 200
STEP = 150
#: Letters in a close look, for one angry sentence among many others.
CLOSE_LENGTH = 60
CLOSE_STEP = 30

#: A text longer than this is read in slabs, which overlap by more than a window's worth of ordinary letters.
_SLAB = 200_000
_SLAB_STEP = _SLAB - 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Slab:
    """A part of a text, in code points."""

    #: Which text.
    text: int
    start: int
    end: int


def slabs(texts: Sequence[str]) -> list[Slab]:
    """Return the parts to read the texts in, in order: the whole text unless it is very long."""
    return [
        Slab(text=index, start=start, end=min(start + _SLAB, len(text)))
        for index, text in enumerate(texts)
        for start in range(0, max(1, len(text) - (_SLAB - _SLAB_STEP)), _SLAB_STEP)
    ]


def evenly(found: Sequence[T], at_most: int) -> list[T]:
    """Return the windows, or so many of them evenly spread, the first and the last among them."""
    if len(found) <= at_most:
        return list(found)
    return [found[place] for place in np.linspace(0, len(found) - 1, at_most).astype(int)]


def _borders(row: Letters) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each owner's letters start and end."""
    owners = int(row.owner[-1]) + 1 if len(row.owner) else 0
    ends = np.searchsorted(row.owner, np.arange(owners), side="right")
    return np.append(0, ends[:-1]) if owners else ends, ends


def _cut(row: Letters, pieces: Sequence[tuple[int, int, int]]) -> tuple[Letters, NDArray[np.intp]]:
    """Return the pieces (owner, first, end) of the row as windows, and the owner of each."""
    places = np.concatenate([np.arange(first, end) for _, first, end in pieces])
    lengths = np.array([end - first for _, first, end in pieces])
    window = np.repeat(np.arange(len(pieces), dtype=np.int32), lengths)
    cut = Letters(points=row.points[places], owner=window, origin=row.origin[places])
    return cut, np.array([owner for owner, _, _ in pieces], dtype=np.intp)


def _pieces(owner: int, start: int, end: int, length: int, step: int) -> list[tuple[int, int, int]]:
    """Return (owner, first, end) of overlapping pieces of one owner's letters."""
    firsts = range(start, max(start + 1, end - (length - step)), step)
    return [(owner, first, min(first + length, end)) for first in firsts]


def windows(row: Letters) -> tuple[Letters, NDArray[np.intp]]:
    """Return the row cut into windows, each the owner of its letters, and which owner of `row` each window comes from.

    Every owner up to the last one with letters gets at least one window, in order.
    """
    starts, ends = _borders(row)
    if (ends - starts <= LENGTH).all():
        return row, np.arange(len(ends))
    borders = zip(starts.tolist(), ends.tolist(), strict=True)
    return _cut(
        row, [piece for owner, (start, end) in enumerate(borders) for piece in _pieces(owner, start, end, LENGTH, STEP)]
    )


def close_windows(row: Letters) -> tuple[Letters, NDArray[np.intp]] | None:
    """Return short windows of the owners that need more than one window, as `windows` does; None where none does."""
    starts, ends = _borders(row)
    pieces = [
        piece
        for owner in np.flatnonzero(ends - starts > LENGTH).tolist()
        for piece in _pieces(owner, int(starts[owner]), int(ends[owner]), CLOSE_LENGTH, CLOSE_STEP)
    ]
    return _cut(row, pieces) if pieces else None
