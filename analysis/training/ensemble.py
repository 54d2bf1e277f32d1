"""Weighs the encoder and the n-grams: `python -m analysis.training.ensemble --corpus FOLDER`.

Slope and offsets are fitted (ridge-held logistic regression on the log odds) on the labelled texts kept for
calibration, the threshold is the best F1 there; the held-back third only judges, and its scores are printed.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis import metrics
from analysis.ensemble import FILE, EnsembleAnalyser, Tuning, log_odds
from analysis.registry import analyser
from analysis.training.corpus import LANGUAGES, rows
from analysis.training.readings import Part, first_readings, part_of
from analysis.types import Analyser, Analysis

WEIGHT = 0.6
#: Pulls a language's offset to the common one, as so many texts would.
_RIDGE = 4.0
_STEPS = 60
_BATCH = 64
_CUTS = np.linspace(0.2, 0.8, 61)

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Texts of one language with what a reader and both models found."""

    language: str
    texts: list[str]
    angry: NDArray[np.bool_]
    deep: list[Analysis]
    light: list[Analysis]


def _verdicts(judge: Analyser, texts: list[str]) -> list[Analysis]:
    return [one for start in range(0, len(texts), _BATCH) for one in judge.analyse(texts[start : start + _BATCH])]


def judged(corpus: Path, language: str, part: Part, deep: Analyser, light: Analyser) -> Judged:
    """Return the labelled texts of one part with both verdicts."""
    text = {str(row["id"]): str(row["text"]) for row in rows(corpus, language, "train")}
    read = [one for one in first_readings(language).values() if part_of(one.id) is part]
    texts = [text[one.id] for one in read]
    return Judged(
        language=language,
        texts=texts,
        angry=np.array([one.anger == 2 for one in read]),
        deep=_verdicts(deep, texts),
        light=_verdicts(light, texts),
    )


def _odds(part: Judged) -> Floats:
    pairs = zip(part.deep, part.light, strict=True)
    return np.array([WEIGHT * log_odds(d.anger) + (1 - WEIGHT) * log_odds(n.anger) for d, n in pairs])


def fitted(parts: list[Judged]) -> Tuning:
    """Return the tuning under which the labels are likeliest, with the threshold of the best F1."""
    odds = np.concatenate([_odds(part) for part in parts])
    truth = np.concatenate([part.angry for part in parts])
    which = np.repeat(np.arange(len(parts)), [len(part.texts) for part in parts])
    features = np.column_stack([odds, np.ones(len(odds)), np.eye(len(parts))[which]])
    penalty = np.diag([0.0, 0.0, *[_RIDGE] * len(parts)])
    weights = np.zeros(features.shape[1])
    weights[0] = 1.0
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (share - truth) + penalty @ weights
        curve = (features * (share * (1 - share))[:, None]).T @ features + penalty
        weights -= np.linalg.lstsq(curve, slope, rcond=None)[0]
    share = 1 / (1 + np.exp(-features @ weights))
    threshold = max(_CUTS, key=lambda cut: metrics.f1(truth, share >= cut))
    offsets = {part.language: float(weights[1] + own) for part, own in zip(parts, weights[2:], strict=True)}
    return Tuning(
        weight=WEIGHT,
        slope=float(weights[0]),
        offsets={**offsets, "rest": float(weights[1])},
        threshold=float(threshold),
    )


def _report(part: Judged, judge: EnsembleAnalyser) -> None:
    """Print how each of the three does on one language's held-back texts."""
    together = _verdicts(judge, part.texts)
    for name, found in (("encoder", part.deep), ("ngram", part.light), ("ensemble", together)):
        anger, flagged = np.array([one.anger for one in found]), np.array([one.angry for one in found])
        scores = {
            "AUC": metrics.auc(part.angry, anger),
            "AP": metrics.average_precision(part.angry, anger),
            "precision": metrics.precision(part.angry, flagged),
            "recall": metrics.recall(part.angry, flagged),
        }
        shown = "  ".join(f"{key} {'-' if value is None else format(value, '.3f')}" for key, value in scores.items())
        print(f"{part.language:8} {name:9} n {len(part.texts)} angry {int(part.angry.sum())}  {shown}")  # noqa: T201


def main() -> None:
    """Fit, write analysis/model/ensemble.json, and print the held-back scores."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    corpus: Path = parser.parse_args().corpus
    deep, light = analyser("encoder"), analyser("ngram")
    tuning = fitted([judged(corpus, language, Part.CALIBRATION, deep, light) for language in LANGUAGES])
    known = {
        "name": "ensemble@1",
        "weight": tuning.weight,
        "slope": round(tuning.slope, 4),
        "offsets": {tag: round(offset, 4) for tag, offset in tuning.offsets.items()},
        "threshold": round(tuning.threshold, 3),
    }
    FILE.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    together = EnsembleAnalyser(deep, light, tuning, model="ensemble@1")
    for language in LANGUAGES:
        _report(judged(corpus, language, Part.HELD_BACK, deep, light), together)


if __name__ == "__main__":
    main()
