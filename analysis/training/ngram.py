"""Trains the n-gram model. Reproducible; needs about 4 GB of memory and six minutes.

`python -m analysis.training.ngram --corpus FOLDER` makes it alone and prints its scores on the dev files.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from analysis.evaluate import evaluate, table
from analysis.grams import distinct_grams
from analysis.letters import letters
from analysis.ngram import NgramAnalyser
from analysis.training.corpus import CALIBRATION_FOLD, LANGUAGES, LICENCES, Example, dev_rows, examples
from analysis.weights import COLUMNS, Tuning, Weights, save
from analysis.windows import windows

_NAME = "ngram@3"
_MODEL = Path(__file__).parents[1] / "model"
_BITS = 22
#: A gram seen in fewer texts says nothing; the most frequent ones are kept up to this many.
_FEWEST_TEXTS = 3
_MOST_GRAMS = 1_500_000
_FOLDS = 3
_BATCH = 2_000
_SENTIMENT_C = 3.0
_ANGER_C = 3.0
#: What held-out general talk and held-out calm customers weigh in the calibration of anger, beside a labelled customer.
_GENERAL_WEIGHT = 0.1
_CALM_WEIGHT = 0.1
#: Between these the cut follows the labels: too few to be believed further, and half a customer's fury must be heard.
_LOWEST_CUT, _HIGHEST_CUT = 0.25, 0.4

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]

#: Human anger labels on general talk.
_GENERAL = frozenset(("goemotions", "tweeteval_emotion"))
_CUT_ELSEWHERE = 0.8
#: Neutral for want of better: good to learn from, not to calibrate by.
_MADE_PLAIN = frozenset(("cold", "tw_newstitle_emotion", "written"))


class Features(Protocol):
    """What is used of a scipy sparse matrix, which carries no types."""

    shape: tuple[int, int]
    nnz: int

    def __getitem__(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Features": ...

    def __matmul__(self, columns: NDArray[np.float32]) -> Floats: ...


def log(words: str) -> None:
    """Say what is going on."""
    sys.stderr.write(words + "\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """Windows of texts as rows of the grams they have."""

    owner: NDArray[np.intp]
    bucket: NDArray[np.intp]
    #: Which example each row comes from.
    parent: NDArray[np.intp]


def counted(texts: Sequence[str]) -> Counted:
    """Return the grams of every window of the texts."""
    owners, buckets, parents, height = [], [], [], 0
    for first in range(0, len(texts), _BATCH):
        row, parent = windows(letters(texts[first : first + _BATCH]))
        owner, bucket = distinct_grams(row, _BITS)
        owners.append((owner + height).astype(np.int32))
        buckets.append(bucket.astype(np.int32))
        parents.append(parent + first)
        height += len(parent)
    return Counted(owner=np.concatenate(owners), bucket=np.concatenate(buckets), parent=np.concatenate(parents))


def known_buckets(found: Counted) -> NDArray[np.bool_]:
    """Return the buckets worth a weight."""
    texts = np.bincount(found.bucket, minlength=1 << _BITS)
    enough = max(_FEWEST_TEXTS, int(np.sort(texts)[-_MOST_GRAMS]) + 1)
    return texts >= enough


def matrix(found: Counted, known: NDArray[np.bool_]) -> Features:
    """Return one row per window: each known gram it has weighs one over the root of their number."""
    seen = known[found.bucket]
    owner, column = found.owner[seen], (np.cumsum(known) - 1)[found.bucket[seen]]
    counts = np.bincount(owner, minlength=len(found.parent))
    values = (1 / np.sqrt(np.maximum(counts, 1)))[owner].astype(np.float32)
    ends = np.append(0, np.cumsum(counts))
    shape = (len(found.parent), int(known.sum()))
    made: Features = sparse.csr_matrix((values, column.astype(np.int32), ends), shape=shape)
    return made


def fitted(features: Features, truth: Labels, weight: Floats, strength: float) -> tuple[Floats, Floats]:
    """Return (columns × grams, intercepts) of a logistic regression on the rows that weigh something."""
    used = np.flatnonzero(weight)
    model = LogisticRegression(C=strength, max_iter=200, tol=1e-6, solver="lbfgs")
    model.fit(features[used], truth[used], sample_weight=weight[used])
    return model.coef_.astype(np.float64), model.intercept_.astype(np.float64)


def balanced(groups: Iterable[tuple[str, int]], weight: Floats) -> Floats:
    """Return the weights scaled so that rare classes and small languages count more: by the root of their share."""
    names, index = np.unique([f"{language} {label}" for language, label in groups], return_inverse=True)
    totals = np.maximum(np.bincount(index, weights=weight, minlength=len(names)), 1)
    scaled: Floats = weight * np.sqrt(totals.mean() / totals)[index]
    return scaled


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """Everything the fits need, one entry per window."""

    examples: Sequence[Example]
    features: Features
    #: The window's share of its text.
    share: Floats
    fold: NDArray[np.intp]

    def sentiment(self) -> tuple[Labels, Floats]:
        """Return labels and weights."""
        labels = np.array([-1 if one.sentiment is None else one.sentiment for one in self.examples])
        weight = np.array([one.sentiment_weight * one.learn for one in self.examples]) * self.share
        return labels, balanced([(_kind(one), label) for one, label in zip(self.examples, labels, strict=True)], weight)

    def anger(self) -> tuple[Labels, Floats]:
        """Return labels and weights."""
        labels = np.array([int(bool(one.angry)) for one in self.examples])
        weight = np.array([one.anger_weight * one.learn for one in self.examples]) * self.share
        return labels, balanced([(_kind(one), label) for one, label in zip(self.examples, labels, strict=True)], weight)


def _kind(example: Example) -> str:
    """Return the language as the letters show it: both Chinese are one."""
    return example.language[:2]


def material(everything: Sequence[Example], found: Counted, known: NDArray[np.bool_]) -> Material:
    """Return the windows of the examples as features, with what is known of each."""
    each = np.bincount(found.parent)
    chosen = [everything[index] for index in found.parent]
    return Material(
        examples=chosen,
        features=matrix(found, known),
        share=1 / each[found.parent],
        fold=np.array([one.fold for one in chosen]),
    )


def raw(features: Features, coefficients: Floats, intercepts: Floats) -> Floats:
    """Return the scores of rows."""
    return np.asarray(features @ coefficients.T.astype(np.float32) + intercepts, dtype=np.float64)


def out_of_fold_anger(data: Material) -> Floats:
    """Return an anger score per row: for rows we labelled, by a model that did not see them; NaN for the others that
    took part in training."""
    labels, weight = data.anger()
    scores = np.full(len(labels), np.nan)
    ours = np.array([one.sampled for one in data.examples])
    held = data.fold == CALIBRATION_FOLD
    for fold in range(_FOLDS):
        out = ours & (data.fold % _FOLDS == fold)
        coefficients, intercepts = fitted(data.features, labels, np.where(out | held, 0, weight), _ANGER_C)
        scores[out] = raw(data.features[out], coefficients, intercepts)[:, 0]
        rest = held & ~ours
        scores[rest] = raw(data.features[rest], coefficients, intercepts)[:, 0]
        log(f"anger, fold {fold + 1} of {_FOLDS}")
    return scores


def sentiment_tuning(scores: Floats, truth: Labels, weight: Floats) -> tuple[float, tuple[float, float, float]]:
    """Return the sharpness and offsets under which held-out labels are likeliest, each class counted by the root of its
    share: how rare neutral is in the train files says nothing about a customer's stream."""
    totals = np.bincount(truth, weights=weight, minlength=3)
    evened = weight * np.sqrt(totals.mean() / totals)[truth]

    def loss(values: Floats) -> float:
        logits = scores * np.exp(values[0]) + values[1:]
        likely = logits[np.arange(len(truth)), truth] - np.logaddexp.reduce(logits, axis=1)
        return float(-(evened * likely).sum() / evened.sum() + 1e-3 * (values**2).sum())

    best = minimize(loss, np.zeros(4), method="L-BFGS-B").x
    return float(np.exp(best[0])), (float(best[1]), float(best[2]), float(best[3]))


def margin(scores: Floats, sharpness: float, offsets: tuple[float, float, float]) -> Floats:
    """Return how much negative outweighs the rest, in log odds."""
    logits = scores * sharpness + np.array(offsets)
    outweighs: Floats = logits[:, 0] - np.logaddexp(logits[:, 1], logits[:, 2])
    return outweighs


def anger_tuning(anger: Floats, negative: Floats, truth: Labels, weight: Floats) -> tuple[float, float, float]:
    """Return slopes of anger and of negative, and the offset, under which held-out labels are likeliest."""

    def loss(values: Floats) -> float:
        odds = anger * np.exp(values[0]) + negative * np.exp(values[1]) + values[2]
        likely = np.where(truth == 1, -np.logaddexp(0, -odds), -np.logaddexp(0, odds))
        return float(-(weight * likely).sum() / weight.sum() + 1e-3 * (values**2).sum())

    best = minimize(loss, np.array([0.0, -1.0, 0.0]), method="L-BFGS-B").x
    return float(np.exp(best[0])), float(np.exp(best[1])), float(best[2])


def threshold(probability: Floats, truth: Labels, weight: Floats) -> float:
    """Return the cut with the best F0.5 on held-out labels: a wrong alert costs more than a missing one."""
    best, cut = -1.0, 0.5
    for candidate in np.arange(_LOWEST_CUT, _HIGHEST_CUT + 0.001, 0.01):
        flagged = probability >= candidate
        right = float((weight * (truth == 1) * flagged).sum())
        score = 1.25 * right / max(float((weight * flagged).sum()) + 0.25 * float((weight * (truth == 1)).sum()), 1e-9)
        if score > best + 1e-9:
            best, cut = score, float(candidate)
    return round(cut, 2)


def quantised(coefficients: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return (grams × columns) as signed bytes and what one step of each column is worth."""
    scales = np.maximum(np.quantile(np.abs(coefficients), 0.9999, axis=1), 1e-6) / 127
    steps = np.clip(np.rint(coefficients / scales[:, None]), -127, 127)
    return steps.T.astype(np.int8), scales


def _each(data: Material, of: Callable[[Example], bool]) -> NDArray[np.bool_]:
    """Return for which rows something holds."""
    return np.array([of(one) for one in data.examples])


def judging_weight(data: Material, tag: str) -> Floats:
    """Return what each row weighs in the calibration of a language's anger: the customers of that language that we read
    first, then held-out texts that are calm or from general talk."""
    held = (data.fold == CALIBRATION_FOLD) & _each(data, lambda one: _kind(one) == tag[:2])
    calm = _each(data, lambda one: one.anger_weight > 0 and not one.angry)
    rest = np.where(_each(data, lambda one: one.source in _GENERAL), _GENERAL_WEIGHT, np.where(calm, _CALM_WEIGHT, 0.0))
    ours = _each(data, lambda one: one.sampled and one.language == tag)
    weights: Floats = np.where(ours, 1.0, rest * held) * data.share
    return weights


def tuned(data: Material, tag: str, sentiment: Floats, anger: Floats) -> Tuning:
    """Return the tuning of one language from rows that taught nothing."""
    labels, _ = data.sentiment()
    angry, _ = data.anger()
    plain = np.array([one.sentiment_weight for one in data.examples]) * data.share
    apart = (data.fold == CALIBRATION_FOLD) | ~_each(data, lambda one: one.learn)
    held = apart & _each(data, lambda one: one.language == tag and one.source not in _MADE_PLAIN) & (plain > 0)
    sharpness, offsets = sentiment_tuning(sentiment[held], labels[held], plain[held])
    judging = judging_weight(data, tag)
    judged = (judging > 0) & ~np.isnan(anger)
    more = margin(sentiment[judged], sharpness, offsets)
    slope, negative_slope, offset = anger_tuning(anger[judged], more, angry[judged], judging[judged])
    probability = 1 / (1 + np.exp(-(anger[judged] * slope + more * negative_slope + offset)))
    cut = threshold(probability, angry[judged], judging[judged])
    flagged, read = probability >= cut, judging[judged] > _GENERAL_WEIGHT
    true = read & (angry[judged] == 1)
    log(f"{tag}: cut {cut}, {(true & flagged).sum()} right of {(read & flagged).sum()}, {true.sum()} angry")
    return Tuning(
        sharpness=sharpness,
        offsets=offsets,
        anger_slope=slope,
        negative_slope=negative_slope,
        anger_offset=offset,
        threshold=cut,
    )


def tunings(data: Material, sentiment: Floats, anger: Floats) -> dict[str, Tuning]:
    """Return the tuning of each language, and the English one with a strict cut for languages never trained on."""
    found = {tag: tuned(data, tag, sentiment, anger) for tag in LANGUAGES}
    return {**found, "": replace(found["en"], threshold=_CUT_ELSEWHERE)}


def trained(corpus: Path, licences: frozenset[str] = LICENCES) -> Weights:
    """Return the model trained on the corpus."""
    everything = list(examples(corpus, licences))
    log(f"{len(everything)} texts")
    found = counted([one.text for one in everything])
    known = known_buckets(found)
    data = material(everything, found, known)
    log(f"{data.features.shape[0]} windows, {data.features.shape[1]} grams, {data.features.nnz} values")
    held = data.fold == CALIBRATION_FOLD
    labels, weight = data.sentiment()
    columns, intercepts = fitted(data.features, labels, np.where(held, 0, weight), _SENTIMENT_C)
    log("sentiment")
    sentiment = raw(data.features, columns, intercepts)
    found_tunings = tunings(data, sentiment, out_of_fold_anger(data))
    angry, anger_weight = data.anger()
    anger_columns, anger_intercepts = fitted(data.features, angry, np.where(held, 0, anger_weight), _ANGER_C)
    steps, scales = quantised(np.vstack([columns, anger_columns]))
    full = np.zeros((1 << _BITS, COLUMNS), dtype=np.int8)
    full[known] = steps
    return Weights(
        name=_NAME,
        bits=_BITS,
        known=known,
        table=full,
        scales=scales,
        intercepts=np.append(intercepts, anger_intercepts),
        tunings=found_tunings,
    )


def model(corpus: Path, work: Path, _minutes: float) -> None:
    """Leave the model in the work folder."""
    save(trained(corpus), work / "model")


def main() -> None:
    """Train, write, and print the scores on the dev files."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="the folder that holds data/")
    parser.add_argument("--into", type=Path, default=_MODEL, help="where ngram.json and ngram.bin go")
    parser.add_argument("--also", default="", help="further licence classes, to measure what they would add")
    chosen = parser.parse_args()
    weights = trained(chosen.corpus, LICENCES | frozenset(filter(None, chosen.also.split(","))))
    chosen.into.mkdir(parents=True, exist_ok=True)
    save(weights, chosen.into)
    sys.stdout.write(table(evaluate(dev_rows(chosen.corpus), NgramAnalyser(weights))) + "\n")


if __name__ == "__main__":
    main()
