"""From the network's raw scores to probabilities, for many windows at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.encoder_files import EncoderTuning
from analysis.heads import HEADS

Scores = NDArray[np.float64]


def softmax(scores: Scores) -> Scores:
    """Return probabilities along the last axis."""
    exponents: Scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Scores = exponents / exponents.sum(axis=-1, keepdims=True)
    return shares


def sigmoid(scores: Scores) -> Scores:
    """Return the probability of each log odds."""
    shares: Scores = 1 / (1 + np.exp(-np.clip(scores, -60, 60)))
    return shares


def anger_score(rows: Scores) -> Scores:
    """Return one raw score of anger a row: the mean log odds of the flag and of level 2 against the milder ones."""
    level = rows[:, HEADS["level"].columns]
    against = np.logaddexp(level[:, 0], level[:, 1])
    score: Scores = (rows[:, HEADS["angry"].start] + level[:, 2] - against) / 2
    return score


@dataclass(frozen=True, kw_only=True, slots=True)
class Attitudes:
    """What windows say of anger, sentiment and causes: a row each."""

    anger: Scores
    #: Negative, neutral, positive.
    sentiment: Scores
    #: A column per cause.
    causes: Scores


def attitudes(rows: Scores, tunings: Sequence[EncoderTuning]) -> Attitudes:
    """Return the calibrated probabilities of rows, each by its own tuning."""
    slopes = np.array([(one.anger_slope, one.anger_offset, one.sharpness) for one in tunings]).reshape(-1, 3)
    offsets = np.array([one.offsets for one in tunings]).reshape(-1, 3)
    return Attitudes(
        anger=sigmoid(anger_score(rows) * slopes[:, 0] + slopes[:, 1]),
        sentiment=softmax(rows[:, HEADS["sentiment"].columns] * slopes[:, 2:] + offsets),
        causes=sigmoid(rows[:, HEADS["causes"].columns]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Particulars:
    """What windows say beyond that: a row each."""

    #: Level 1 or 2.
    displeased: Scores
    kind: Scores
    churn: Scores
    recommend: Scores
    stage: Scores
    severity: Scores
    purpose: Scores


def particulars(rows: Scores) -> Particulars:
    """Return the probabilities of rows."""

    def choice(head: str) -> Scores:
        return softmax(rows[:, HEADS[head].columns])

    severity = choice("severity")
    return Particulars(
        displeased=1 - choice("level")[:, 0],
        kind=choice("kind"),
        churn=sigmoid(rows[:, HEADS["churn"].start]),
        recommend=sigmoid(rows[:, HEADS["recommend"].start]),
        stage=choice("stage"),
        severity=severity[:, 1] / 2 + severity[:, 2],
        purpose=choice("purpose"),
    )
