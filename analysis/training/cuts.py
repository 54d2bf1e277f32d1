"""What probabilities of anger mean, and from which on a text is called angry."""

import numpy as np
from numpy.typing import NDArray

_CUTS = np.linspace(0.05, 0.85, 81)
#: Finding the angry counts so many times as much as being right about them: whom nobody answers is lost, whom somebody
#: answers for nothing is not.
_RECALL_COUNTS = 2.0
_RESAMPLES = 100
_SEED = 0
#: How many texts about a brand are angry, more or less. As they were picked, labelled texts have 43 in a hundred in
#: English and 2 in Chinese from Taiwan, and their calm texts are harder than most.
_USUAL = 0.15

Floats = NDArray[np.float64]


def as_usual(truth: NDArray[np.bool_], weight: Floats) -> Floats:
    """Return the weights under which the angry are half way (in odds) between as many as were picked and as usual; all
    together weigh the same."""
    total, angry = weight.sum(), weight[truth].sum()
    usual = np.where(truth, weight * _USUAL / angry, weight * (1 - _USUAL) / (total - angry))
    half: Floats = np.sqrt(weight * usual)
    half *= total / half.sum()
    return half


def _cut(share: Floats, truth: NDArray[np.bool_], weight: Floats) -> float:
    """Return the probability from which calling texts angry agrees best with the labels."""
    beta = _RECALL_COUNTS**2

    def score(cut: float) -> float:
        flagged = share >= cut
        right, missed = (weight * (truth & flagged)).sum(), (weight * (truth & ~flagged)).sum()
        return float((1 + beta) * right / ((1 + beta) * right + beta * missed + (weight * (~truth & flagged)).sum()))

    return float(max(_CUTS, key=score))


def best_cut(share: Floats, truth: NDArray[np.bool_], weight: Floats) -> float:
    """Return the mean, over resamples, of the probability from which calling texts angry agrees best with the labels:
    among few angry texts one would decide."""
    weight = as_usual(truth, weight)
    chance = np.random.default_rng(_SEED)
    drawn = [chance.integers(0, len(share), len(share)) for _ in range(_RESAMPLES)]
    cuts = [_cut(share[places], truth[places], weight[places]) for places in drawn if truth[places].any()]
    return float(np.mean(cuts))
