"""From raw scores to probabilities one can rely on: per language, on texts the encoder was not taught on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.encoder import EncoderAnalyser
from analysis.encoder_files import EncoderTuning
from analysis.encoder_scores import anger_score, sigmoid
from analysis.heads import CAUSES, HEADS, SENTIMENTS
from analysis.training.corpus import LANGUAGES, LICENCES, our_labels, rows
from analysis.training.cuts import as_usual, best_cut
from analysis.training.readings import Part, first_readings, part_of, written_texts

#: Of a source, at most so many texts calibrate sentiment.
_MOST = 300
_PROJECTED = ("xed_", "simplifyweibo", "thai_children")
_SENTIMENTS = {"neg": 0, "neu": 1, "pos": 2}
#: Pulls a language with few labels towards no change, or towards all languages' tuning.
_PULL = 2.0
_THRESHOLDS = np.linspace(0.2, 0.8, 25)
_NEARLY = 0.02

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """A text that calibrates; -1 and None where a label is not known."""

    language: str
    text: str
    sentiment: int = -1
    level: int = -1
    causes: tuple[str, ...] | None = None


def _texts(corpus: Path, language: str) -> list[_Known]:
    """Return a language's texts that were kept aside, ours too, and those whose licence kept them out of learning."""
    first, levels = first_readings(language), our_labels()
    taken: defaultdict[str, int] = defaultdict(int)
    found = []
    for row in rows(corpus, language, "train"):
        name, source, part = str(row["id"]), str(row["source"]), part_of(str(row["id"]))
        labelled = name in first or name in levels
        fresh = part is Part.CALIBRATION or (row["lic"] not in LICENCES and part is Part.LEARN and labelled)
        if not fresh or source.startswith(_PROJECTED):
            continue
        if not labelled:
            taken[source] += 1
        if labelled or taken[source] <= _MOST:
            reading = first.get(name)
            level = reading.anger if reading else levels[name].level if labelled else -1
            sentiment = _SENTIMENTS.get(str(row.get("sentiment")), -1)
            found.append(
                _Known(
                    language=language,
                    text=str(row["text"]),
                    sentiment=SENTIMENTS.index(reading.sentiment) if reading else sentiment,
                    level=level,
                    causes=reading.causes if reading else None,
                )
            )
    return found + [
        _Known(
            language=language,
            text=one.text,
            sentiment=SENTIMENTS.index(one.reading.sentiment),
            level=one.reading.anger,
            causes=one.reading.causes,
        )
        for one in written_texts(language)
        if one.part is Part.CALIBRATION
    ]


def _sentiment_tuning(scores: Array, truth: NDArray[np.intp]) -> tuple[float, tuple[float, float, float]]:
    """Return sharpness and offsets that make the truth likeliest."""

    def loss(parameters: Array) -> float:
        logits = scores * np.exp(parameters[0]) + np.append(parameters[1:], -parameters[1:].sum())
        shares = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return float(-shares[np.arange(len(truth)), truth].sum() + _PULL * (parameters**2).sum())

    best = minimize(loss, np.zeros(3)).x
    return float(np.exp(best[0])), (float(best[1]), float(best[2]), float(-best[1] - best[2]))


def _anger_tuning(score: Array, angry: NDArray[np.bool_], weight: Array, start: Array) -> Array:
    """Return slope and offset that make the truth likeliest, held near `start`."""

    def loss(parameters: Array) -> float:
        odds = score * parameters[0] + parameters[1]
        unlikely = (weight * np.logaddexp(0, np.where(angry, -odds, odds))).sum()
        return float(unlikely + _PULL * ((parameters - start) ** 2).sum())

    return np.asarray(minimize(loss, start).x)


def _rounded(tuning: tuple[float, tuple[float, float, float]], anger: Array, threshold: float) -> EncoderTuning:
    """Return a tuning with as many digits as mean something."""
    sharpness, offsets = tuning
    negative, neutral, positive = (round(offset, 4) for offset in offsets)
    return EncoderTuning(
        sharpness=round(sharpness, 4),
        offsets=(negative, neutral, positive),
        anger_slope=round(float(anger[0]), 4),
        anger_offset=round(float(anger[1]), 4),
        threshold=round(threshold, 4),
    )


def _one(scores: Array, known: Sequence[_Known], start: Array) -> EncoderTuning:
    """Return the tuning of one language, or of all together."""
    sentiment = np.array([one.sentiment for one in known])
    level = np.array([one.level for one in known])
    shares = _sentiment_tuning(scores[sentiment >= 0, HEADS["sentiment"].columns], sentiment[sentiment >= 0])
    read = level >= 0
    angry = level[read] == 2
    weight = as_usual(angry, np.ones(len(angry)))
    anger = _anger_tuning(anger_score(scores[read]), angry, weight, start)
    share = sigmoid(anger_score(scores[read]) * anger[0] + anger[1])
    return _rounded(shares, anger, best_cut(share, angry, np.ones(len(angry))))


def _cause_threshold(scores: Array, known: Sequence[_Known]) -> float:
    """Return the lowest probability from which naming causes agrees with the readings as well as from any, but for two
    hundredths; every language counts the same. A cause too many is easier passed over than one that is missing."""
    read = [index for index, one in enumerate(known) if one.causes is not None]
    truth = np.array([[cause in (known[index].causes or ()) for cause in CAUSES] for index in read])
    shares = sigmoid(scores[read, HEADS["causes"].columns])
    spoken = np.array([known[index].language for index in read])

    def agreed(threshold: float) -> float:
        named = shares >= threshold
        each = [
            2 * (truth & named)[spoken == tag].sum() / (truth[spoken == tag].sum() + named[spoken == tag].sum())
            for tag in np.unique(spoken)
        ]
        return float(np.mean(each))

    found = {round(float(threshold), 4): agreed(threshold) for threshold in _THRESHOLDS}
    return min(threshold for threshold, score in found.items() if score >= max(found.values()) - _NEARLY)


def tunings(analyser: EncoderAnalyser, corpus: Path) -> tuple[dict[str, EncoderTuning], float]:
    """Return each language's tuning, and "" for all others; and the threshold of causes."""
    known = [one for language in LANGUAGES for one in _texts(corpus, language)]
    scores = analyser.first_scores([one.text for one in known])
    start = np.array([1.0, 0.0])
    common = _one(scores, known, start)
    start = np.array([common.anger_slope, common.anger_offset])
    found = {"": common}
    for language in LANGUAGES:
        chosen = [index for index, one in enumerate(known) if one.language == language]
        found[language] = _one(scores[chosen], [known[index] for index in chosen], start)
        level = np.array([known[index].level for index in chosen])
        print(language, len(chosen), "levels", [(level == value).sum() for value in range(3)], found[language])  # noqa: T201
    return found, _cause_threshold(scores, known)
