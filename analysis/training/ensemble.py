"""Weighs the encoder and the n-grams.

Slope and offsets are fitted (ridge-held logistic regression on the log odds) on labelled texts that taught neither of
them; thresholds are those of the best F there, recall counted more.
"""

import json
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.encoder import open_encoder
from analysis.ensemble import FEWEST, Tuning, log_odds
from analysis.heads import SENTIMENTS
from analysis.ngram import NgramAnalyser
from analysis.training.corpus import LANGUAGES, LICENCES, rows
from analysis.training.cuts import as_usual, best_cut
from analysis.training.judging import verdicts
from analysis.training.readings import Part, Reading, first_readings, part_of, written_texts
from analysis.types import Analyser
from analysis.weights import load

NAME = "ensemble@4"
#: Shares of the encoder that are tried.
_SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: Pulls a language's offset to the common one, as so many texts would.
_RIDGE = 4.0
_SHARPER = np.linspace(0.6, 2.2, 33)
_STEPS = 60
#: What a text of ours weighs beside a customer's own.
_WRITTEN_WEIGHT = 0.5

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """Labelled texts of one language."""

    language: str
    texts: list[str]
    angry: Flags
    #: What each counts in the calibration of anger,
    weight: Floats
    #: the place of its sentiment, and what it counts in that of sentiment.
    sentiment: NDArray[np.intp]
    plain: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Labelled texts with the log odds that the encoder and the n-grams give for anger."""

    known: Known
    deep: Floats
    light: Floats
    #: The logs of their shares of sentiment.
    deep_shares: Floats
    light_shares: Floats

    def odds(self, weight: float) -> Floats:
        """Return the log odds together, the encoder counting so much."""
        return weight * self.deep + (1 - weight) * self.light


def _known(language: str, found: list[tuple[str, Reading, float]]) -> Known:
    angry = np.array([reading.anger == 2 for _, reading, _ in found], dtype=bool)
    plain = np.array([weight for _, _, weight in found])
    return Known(
        language=language,
        texts=[text for text, _, _ in found],
        angry=angry,
        weight=as_usual(angry, plain),
        sentiment=np.array([SENTIMENTS.index(reading.sentiment) for _, reading, _ in found], dtype=np.intp),
        plain=plain,
    )


def calibrating(corpus: Path, language: str) -> Known:
    """Return the labelled texts that taught neither model and do not judge: those kept for it, and those whose licence
    kept them out of learning."""
    read = first_readings(language)
    found = []
    for row in rows(corpus, language, "train"):
        name = str(row["id"])
        fresh = part_of(name) is Part.CALIBRATION or (part_of(name) is Part.LEARN and row["lic"] not in LICENCES)
        if name in read and fresh:
            found.append((str(row["text"]), read[name], 1.0))
    ours = [one for one in written_texts(language) if one.part is Part.CALIBRATION]
    return _known(language, [*found, *((one.text, one.reading, _WRITTEN_WEIGHT) for one in ours)])


def judged(known: Known, deep: Analyser, light: Analyser) -> Judged:
    """Return the texts with what both models say."""
    found = [verdicts(judge, known.texts) for judge in (deep, light)]
    odds = [np.array([log_odds(one.anger) for one in said]) for said in found]
    shares = [np.array([(one.negative, one.neutral, one.positive) for one in said]) for said in found]
    logs = [np.log(np.maximum(share, FEWEST)) for share in shares]
    return Judged(known=known, deep=odds[0], light=odds[1], deep_shares=logs[0], light_shares=logs[1])


def _weights(parts: list[Judged], weight: float) -> tuple[float, Floats]:
    """Return slope, common offset and each language's own under which the labels are likeliest where the encoder counts
    so much, after how unlikely they are even then."""
    odds = np.concatenate([part.odds(weight) for part in parts])
    truth = np.concatenate([part.known.angry for part in parts])
    counts = np.concatenate([part.known.weight for part in parts])
    which = np.repeat(np.arange(len(parts)), [len(part.deep) for part in parts])
    features = np.column_stack([odds, np.ones(len(odds)), np.eye(len(parts))[which]])
    penalty = np.diag([0.0, 0.0, *[_RIDGE] * len(parts)])
    weights = np.zeros(features.shape[1])
    weights[0] = 1.0
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (counts * (share - truth)) + penalty @ weights
        curve = (features * (counts * share * (1 - share))[:, None]).T @ features + penalty
        weights -= np.linalg.lstsq(curve, slope, rcond=None)[0]
    told = features @ weights
    return float((counts * np.logaddexp(0, np.where(truth, -told, told))).sum() / counts.sum()), weights


def _sentiment(parts: list[Judged]) -> tuple[float, float]:
    """Return the encoder's share in sentiment and the sharpness under which the labels are likeliest."""
    deep = np.concatenate([part.deep_shares for part in parts])
    light = np.concatenate([part.light_shares for part in parts])
    truth = np.concatenate([part.known.sentiment for part in parts])
    # Each language counts the same.
    counts = np.concatenate([part.known.plain / part.known.plain.sum() for part in parts])

    def unlikely(weight: float, sharpness: float) -> float:
        told = sharpness * (weight * deep + (1 - weight) * light)
        return float((counts * (np.logaddexp.reduce(told, axis=1) - told[np.arange(len(truth)), truth])).sum())

    return min(product(_SHARES, _SHARPER.tolist()), key=lambda tried: unlikely(*tried))


def fitted(parts: list[Judged]) -> Tuning:
    """Return the tuning under which the labels are likeliest, with each language's best threshold."""
    tried = {weight: _weights(parts, weight) for weight in _SHARES}
    weight = min(tried, key=lambda one: tried[one][0])
    slope, common, *own = tried[weight][1].tolist()
    offsets = {part.known.language: common + more for part, more in zip(parts, own, strict=True)}
    offsets["rest"] = common
    shares = [1 / (1 + np.exp(-(slope * part.odds(weight) + offsets[part.known.language]))) for part in parts]
    known = [part.known for part in parts]
    thresholds = {one.language: best_cut(share, one.angry, one.plain) for one, share in zip(known, shares, strict=True)}
    thresholds["rest"] = best_cut(
        np.concatenate(shares),
        np.concatenate([one.angry for one in known]),
        np.concatenate([one.plain for one in known]),
    )
    sentiment_weight, sharpness = _sentiment(parts)
    sentiment = {"sentiment_weight": sentiment_weight, "sharpness": round(sharpness, 3)}
    return Tuning(weight=weight, **sentiment, slope=slope, offsets=offsets, thresholds=thresholds)


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {tag: round(value, 4) for tag, value in values.items()}


def model(corpus: Path, work: Path, _minutes: float) -> None:
    """Leave how the work folder's encoder and n-grams are weighed."""
    deep, light = open_encoder(work / "model"), NgramAnalyser(load(work / "model"))
    tuning = fitted([judged(calibrating(corpus, language), deep, light) for language in LANGUAGES])
    written = asdict(tuning) | {
        "offsets": _rounded(dict(tuning.offsets)),
        "thresholds": _rounded(dict(tuning.thresholds)),
    }
    content = json.dumps({"name": NAME, **written, "slope": round(tuning.slope, 4)}, indent=1)
    (work / "model" / "ensemble.json").write_text(content + "\n", "utf-8")
