"""How well an analyser reads labelled texts, per language. Pure: texts in, scores out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice

import numpy as np

from analysis import metrics
from analysis.labels import LabelledText
from analysis.types import Analyser, Analysis, Sentiment

_BATCH = 64
_ORDER = (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE)


@dataclass(frozen=True, kw_only=True, slots=True)
class SentimentScores:
    """Over the texts that carry a sentiment label."""

    n: int
    accuracy: float
    #: Mean over the classes the labels have.
    macro_f1: float
    #: Of the probability of the label chosen.
    calibration_error: metrics.Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class AngerScores:
    """Over the texts that carry an anger label; F1, precision and recall are of `angry`. None: not defined there."""

    n: int
    positives: int
    auc: float | None
    average_precision: float | None
    f1: float
    precision: float | None
    recall: float | None
    calibration_error: metrics.Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """One language's scores; None where no text carries that label."""

    n: int
    sentiment: SentimentScores | None
    anger: AngerScores | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """The scores of one model, by the language the labels name, in alphabetical order."""

    model: str
    languages: dict[str, Scores]

    def as_dict(self) -> dict[str, object]:
        """Return the evaluation as plain values for JSON."""
        return asdict(self)


@dataclass(kw_only=True, slots=True)
class _Judged:
    """What is kept of the texts of one language: numbers, never the texts."""

    n: int = 0
    sentiments: list[tuple[int, int, float]]
    angers: list[tuple[bool, bool, float]]

    def add(self, row: LabelledText, analysis: Analysis) -> None:
        """Note one text's labels beside its verdict."""
        self.n += 1
        if row.sentiment is not None:
            confidence = max(analysis.negative, analysis.neutral, analysis.positive)
            self.sentiments.append((_ORDER.index(row.sentiment), _ORDER.index(analysis.label), confidence))
        if row.angry is not None:
            self.angers.append((row.angry, analysis.angry, analysis.anger))

    def scores(self) -> Scores:
        """Return the scores of what was noted."""
        return Scores(n=self.n, sentiment=_sentiment_scores(self.sentiments), anger=_anger_scores(self.angers))


def _sentiment_scores(judged: list[tuple[int, int, float]]) -> SentimentScores | None:
    """Return the scores of (truth, guess, confidence)."""
    if not judged:
        return None
    truth, guess = (np.array([row[place] for row in judged], dtype=np.intp) for place in (0, 1))
    confidence = np.array([row[2] for row in judged])
    return SentimentScores(
        n=len(judged),
        accuracy=metrics.accuracy(truth, guess),
        macro_f1=metrics.macro_f1(truth, guess),
        calibration_error=metrics.calibration_error(truth == guess, confidence),
    )


def _anger_scores(judged: list[tuple[bool, bool, float]]) -> AngerScores | None:
    """Return the scores of (truth, flagged, probability)."""
    if not judged:
        return None
    truth, guess = (np.array([row[place] for row in judged], dtype=bool) for place in (0, 1))
    probability = np.array([row[2] for row in judged])
    return AngerScores(
        n=len(judged),
        positives=int(truth.sum()),
        auc=metrics.auc(truth, probability),
        average_precision=metrics.average_precision(truth, probability),
        f1=metrics.f1(truth, guess),
        precision=metrics.precision(truth, guess),
        recall=metrics.recall(truth, guess),
        calibration_error=metrics.calibration_error(truth, probability),
    )


def _batches(rows: Iterable[LabelledText]) -> Iterator[list[LabelledText]]:
    """Yield the rows in batches the analyser takes."""
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def evaluate(rows: Iterable[LabelledText], analyser: Analyser) -> Evaluation:
    """Return the analyser's scores by language. Reads `rows` once and keeps no text. Raises what `rows` raises."""
    judged: dict[str, _Judged] = defaultdict(lambda: _Judged(sentiments=[], angers=[]))
    for batch in _batches(rows):
        for row, analysis in zip(batch, analyser.analyse([row.text for row in batch]), strict=True):
            judged[row.language].add(row, analysis)
    return Evaluation(model=analyser.model, languages={tag: judged[tag].scores() for tag in sorted(judged)})


def _shown(value: float | None) -> str:
    """Return a share as three decimals, a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def _error_shown(error: metrics.Interval) -> str:
    """Return an estimate with its interval."""
    return f"{error.value:.3f} [{error.low:.3f}, {error.high:.3f}]"


def _sentiment_row(tag: str, scores: SentimentScores) -> list[str]:
    """Return the cells of one language's line about sentiment."""
    error = _error_shown(scores.calibration_error)
    return [tag, str(scores.n), _shown(scores.accuracy), _shown(scores.macro_f1), error]


def _anger_row(tag: str, scores: AngerScores) -> list[str]:
    """Return the cells of one language's line about anger."""
    shares = (scores.auc, scores.average_precision, scores.f1, scores.precision, scores.recall)
    return [tag, str(scores.n), str(scores.positives), *map(_shown, shares), _error_shown(scores.calibration_error)]


def _aligned(rows: list[list[str]]) -> str:
    """Return rows of cells as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    )
    return "\n".join("  ".join(line).rstrip() for line in lines)


def table(evaluation: Evaluation) -> str:
    """Return the evaluation as text for a terminal."""
    sentiment = [["sentiment", "n", "accuracy", "macro-F1", "calibration error"]]
    anger = [["anger", "n", "angry", "AUC", "AP", "F1", "precision", "recall", "calibration error"]]
    for tag, scores in evaluation.languages.items():
        sentiment += [_sentiment_row(tag, scores.sentiment)] if scores.sentiment else []
        anger += [_anger_row(tag, scores.anger)] if scores.anger else []
    parts = [_aligned(rows) for rows in (sentiment, anger) if len(rows) > 1]
    return "\n\n".join([f"model {evaluation.model}", *(parts or ["no labelled text"])])
