"""From which probability on a text is called angry."""

import numpy as np
from numpy.typing import NDArray

_CUTS = np.linspace(0.05, 0.85, 81)
#: Finding the angry counts so many times as much as being right about them.
_RECALL_COUNTS = 1.2
#: The share of angry texts for which cuts are made; labelled texts have more in some languages and fewer in others.
_USUAL = 0.15

Floats = NDArray[np.float64]


def best_cut(share: Floats, truth: NDArray[np.bool_], weight: Floats) -> float:
    """Return the probability from which calling texts angry agrees best with the labels, were
    the angry as many as usual."""
    beta = _RECALL_COUNTS**2
    calm, known = weight[~truth].sum(), weight[truth].sum()
    weight = np.where(truth, weight * _USUAL / (1 - _USUAL) * calm / known, weight)

    def score(cut: float) -> float:
        flagged = share >= cut
        right, missed = (weight * (truth & flagged)).sum(), (weight * (truth & ~flagged)).sum()
        return float((1 + beta) * right / ((1 + beta) * right + beta * missed + (weight * (~truth & flagged)).sum()))

    return float(max(_CUTS, key=score))
