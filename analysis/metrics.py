"""Scores of a classifier in numpy: F1, ROC AUC, average precision and calibration error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Labels = NDArray[np.intp]
Flags = NDArray[np.bool_]

_BINS = 10
_RESAMPLES = 200
_SEED = 20260305


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """An estimate with the middle 95 % of its bootstrap resamples."""

    value: float
    low: float
    high: float


def accuracy(truth: Labels, guess: Labels) -> float:
    """Return the share of right guesses."""
    return float((truth == guess).mean())


def f1(truth: Flags, guess: Flags) -> float:
    """Return the harmonic mean of precision and recall; 0 where nothing was found."""
    both, either = int((truth & guess).sum()), int(truth.sum()) + int(guess.sum())
    return 2 * both / either if either else 0.0


def macro_f1(truth: Labels, guess: Labels) -> float:
    """Return the mean F1 of the classes the truth has."""
    return float(np.mean([f1(truth == label, guess == label) for label in np.unique(truth)]))


def precision(truth: Flags, guess: Flags) -> float | None:
    """Return the share of flagged texts that deserve it; None where none is flagged."""
    return float(truth[guess].mean()) if guess.any() else None


def recall(truth: Flags, guess: Flags) -> float | None:
    """Return the share of true texts that were flagged; None where there are none."""
    return float(guess[truth].mean()) if truth.any() else None


def _ranks(scores: Numbers) -> Numbers:
    """Return each score's rank from 1, ties sharing their mean."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def auc(truth: Flags, scores: Numbers) -> float | None:
    """Return the chance that a true text scores above a false one; None where one kind is missing."""
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if positives == 0 or negatives == 0:
        return None
    above = float(_ranks(scores)[truth].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def average_precision(truth: Flags, scores: Numbers) -> float | None:
    """Return the area under the precision-recall steps; None where no text is true."""
    if not truth.any():
        return None
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(truth[order])
    # Equal scores are taken together, as no threshold can part them.
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    precisions = found[ends] / (ends + 1)
    return float((np.diff(np.append(0, found[ends])) * precisions).sum() / found[-1])


def _calibration_error(right: Numbers, confidence: Numbers) -> float:
    """Return the mean distance between confidence and what came true, over bins of equal width weighted by size."""
    bins = np.minimum((confidence * _BINS).astype(np.intp), _BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(right))


def calibration_error(right: Flags, confidence: Numbers) -> Interval:
    """Return the expected calibration error of the confidence in what came true, with its bootstrap interval."""
    came_true = right.astype(np.float64)
    random = np.random.default_rng(_SEED)
    draws = (random.integers(0, len(came_true), len(came_true)) for _ in range(_RESAMPLES))
    resampled = [_calibration_error(came_true[draw], confidence[draw]) for draw in draws]
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Interval(value=_calibration_error(came_true, confidence), low=float(low), high=float(high))
