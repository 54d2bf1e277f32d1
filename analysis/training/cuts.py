"""From which probability on a text is called angry."""

import numpy as np
from numpy.typing import NDArray

_CUTS = np.linspace(0.15, 0.85, 71)
#: Finding the angry counts so many times as much as being right about them.
_RECALL_COUNTS = 1.2

Floats = NDArray[np.float64]


def best_cut(share: Floats, truth: NDArray[np.bool_], weight: Floats) -> float:
    """Return the probability from which calling texts angry agrees best with the labels."""
    beta = _RECALL_COUNTS**2

    def score(cut: float) -> float:
        flagged = share >= cut
        right, missed = (weight * (truth & flagged)).sum(), (weight * (truth & ~flagged)).sum()
        return float((1 + beta) * right / ((1 + beta) * right + beta * missed + (weight * (~truth & flagged)).sum()))

    return float(max(_CUTS, key=score))
