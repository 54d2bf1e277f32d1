"""Long texts in overlapping windows, so that a page of praise cannot hide one insult, and memory stays small."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.letters import Letters

#: Letters in a window: about what people write in one breath, and what the model is trained on.
LENGTH = 200
_STEP = 150

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


def windows(row: Letters) -> tuple[Letters, NDArray[np.intp]]:
    """Return the row cut into windows, each the owner of its letters, and which owner of `row` each window comes from.

    Every owner up to the last one with letters gets at least one window, in order.
    """
    owners = int(row.owner[-1]) + 1 if len(row.owner) else 0
    ends = np.searchsorted(row.owner, np.arange(owners), side="right")
    starts = np.append(0, ends[:-1]) if owners else ends
    if (ends - starts <= LENGTH).all():
        return row, np.arange(owners)
    pieces = [
        (owner, first, min(first + LENGTH, int(end)))
        for owner, (start, end) in enumerate(zip(starts, ends, strict=True))
        for first in range(int(start), max(int(start) + 1, int(end) - (LENGTH - _STEP)), _STEP)
    ]
    places = np.concatenate([np.arange(first, end) for _, first, end in pieces])
    lengths = np.array([end - first for _, first, end in pieces])
    window = np.repeat(np.arange(len(pieces), dtype=np.int32), lengths)
    cut = Letters(points=row.points[places], owner=window, origin=row.origin[places])
    return cut, np.array([owner for owner, _, _ in pieces], dtype=np.intp)
