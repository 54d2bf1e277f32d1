"""The light analyser: a linear model over hashed n-grams, in numpy alone. A few megabytes, thousands of texts a second.

Every sum is of whole numbers, so a text's verdict does not depend on what is judged beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.clauses import clauses, heaviest
from analysis.grams import distinct_grams, grams
from analysis.language import language
from analysis.letters import Letters, letters
from analysis.types import Analyser, Analysis, Because
from analysis.weights import Tuning, Weights, load
from analysis.windows import Slab, close_windows, slabs, windows

_FOLDER = Path(__file__).with_name("model")
#: Code points judged in one go; bounds memory.
_CHUNK = 100_000
_NEGATIVE, _NEUTRAL, _POSITIVE, _ANGER = range(4)
#: From this probability a negative text is displeased even where another label is likelier.
_DISPLEASED = 0.5

Scores = NDArray[np.float64]


def raw_scores(weights: Weights, row: Letters, owners: int) -> Scores:
    """Return one row of column scores per owner: the mean of its known grams' weights times the root of their number.
    An owner without known grams has NaN."""
    owner, bucket = distinct_grams(row, weights.bits)
    seen = weights.known[bucket]
    owner, bucket = owner[seen], bucket[seen]
    counts = np.bincount(owner, minlength=owners)
    scores = np.full((owners, weights.table.shape[1]), np.nan)
    present = np.flatnonzero(counts)
    if len(present):
        starts = np.searchsorted(owner, present)
        sums = np.add.reduceat(weights.table[bucket].astype(np.int32), starts, axis=0)
        scores[present] = sums * weights.scales / np.sqrt(counts[present])[:, None] + weights.intercepts
    return scores


@dataclass(frozen=True, kw_only=True, slots=True)
class _Window:
    """One window's verdict."""

    sentiment: tuple[float, float, float]
    anger: float
    #: Letters, for weighing sentiments against each other.
    weight: int
    #: Where in the text its letters stand.
    start: int
    end: int


#: A text that says nothing has no attitude.
_SILENT = _Window(sentiment=(0.0, 1.0, 0.0), anger=0.0, weight=1, start=0, end=0)


def probabilities(scores: Scores, tuning: Tuning) -> tuple[tuple[float, float, float], float]:
    """Return the three probabilities of sentiment and the one of anger, from one row of scores."""
    logits = scores[:_ANGER] * tuning.sharpness + np.array(tuning.offsets)
    exponents = np.exp(logits - logits.max())
    negative, neutral, positive = (exponents / exponents.sum()).tolist()
    margin = float(logits[_NEGATIVE] - np.logaddexp(logits[_NEUTRAL], logits[_POSITIVE]))
    odds = float(scores[_ANGER]) * tuning.anger_slope + margin * tuning.negative_slope + tuning.anger_offset
    return (negative, neutral, positive), float(1 / (1 + np.exp(-odds)))


def _chunks(parts: Sequence[Slab]) -> Iterator[list[Slab]]:
    """Yield neighbouring parts of at most a chunk of code points together; one part may be larger."""
    chunk: list[Slab] = []
    size = 0
    for part in parts:
        length = part.end - part.start
        if chunk and size + length > _CHUNK:
            yield chunk
            chunk, size = [], 0
        chunk.append(part)
        size += length
    if chunk:
        yield chunk


class NgramAnalyser:
    """The `ngram` analyser."""

    def __init__(self, weights: Weights) -> None:
        self.model = weights.name
        self._weights = weights

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order; see `Analyser`."""
        languages = [language(text) for text in texts]
        judged: list[list[_Window]] = [[] for _ in texts]
        for chunk in _chunks(slabs(texts)):
            self._judge(texts, languages, chunk, judged)
        return [
            self._analysis(text, tag, found or [_SILENT], because)
            for text, tag, found in zip(texts, languages, judged, strict=True)
        ]

    def _judge(
        self, texts: Sequence[str], languages: Sequence[str], chunk: Sequence[Slab], judged: list[list[_Window]]
    ) -> None:
        """Add the windows of a chunk to what is judged of their texts."""
        row = letters([texts[part.text][part.start : part.end] for part in chunk])
        tunings = [self._weights.tuning(languages[part.text]) for part in chunk]
        for index, window in self._windows(*windows(row), tunings, chunk):
            judged[chunk[index].text].append(window)
        close = close_windows(row)
        if close is not None:
            for index, window in self._windows(*close, tunings, chunk):
                # One sentence among many says little about the whole text's sentiment.
                judged[chunk[index].text].append(replace(window, weight=0))

    def _windows(
        self, row: Letters, parents: NDArray[np.intp], tunings: Sequence[Tuning], chunk: Sequence[Slab]
    ) -> Iterator[tuple[int, _Window]]:
        """Yield each window that says something with the index of its part in the chunk."""
        scores = raw_scores(self._weights, row, len(parents))
        borders = np.searchsorted(row.owner, np.arange(len(parents) + 1))
        for index in np.flatnonzero(~np.isnan(scores[:, 0])):
            parent = int(parents[index])
            first, last = int(borders[index]), int(borders[index + 1])
            sentiment, anger = probabilities(scores[index], tunings[parent])
            yield (
                parent,
                _Window(
                    sentiment=sentiment,
                    anger=anger,
                    weight=last - first,
                    start=chunk[parent].start + int(row.origin[first]),
                    end=chunk[parent].start + int(row.origin[last - 1]) + 1,
                ),
            )

    def _analysis(self, text: str, tag: str, found: Sequence[_Window], because: bool) -> Analysis:
        """Return the verdict on a text from those on its windows: the mean of sentiments, the most of anger."""
        total = sum(window.weight for window in found)
        shares = [window.weight / total for window in found]
        negative, neutral, positive = (
            sum(share * window.sentiment[column] for share, window in zip(shares, found, strict=True))
            for column in range(3)
        )
        angriest = max(found, key=lambda window: window.anger)
        threshold = self._weights.tuning(tag).threshold
        angry = angriest.anger >= threshold
        displeased = negative > max(neutral, positive) or negative >= _DISPLEASED or angriest.anger >= threshold / 2
        analysis = Analysis(
            language=tag,
            negative=negative,
            neutral=neutral,
            positive=positive,
            anger=angriest.anger,
            anger_level=2 if angry else int(displeased),
            angry=angry,
            model=self.model,
        )
        if not (angry or because):
            return analysis
        return self._with_spans(analysis, text, found, angriest)

    def _with_spans(self, analysis: Analysis, text: str, found: Sequence[_Window], angriest: _Window) -> Analysis:
        """Return the analysis with the clauses it was read from: those of the anger, or else of the label."""
        column = _ANGER if analysis.angry else ("negative", "neutral", "positive").index(analysis.label)
        window = angriest if analysis.angry else max(found, key=lambda one: one.sentiment[column] * one.weight)
        return replace(analysis, because=self._because(text, window, column))

    def _because(self, text: str, window: _Window, column: int) -> tuple[Because, ...]:
        """Return the clauses of a window that add most to a column."""
        row = letters([text[window.start : window.end]])
        weight = self._letter_weights(row, column)
        return heaviest(text, clauses(text, window.start, window.end), weight, row.origin + np.int32(window.start))

    def _letter_weights(self, row: Letters, column: int) -> Scores:
        """Return what each letter adds to a column, the weight of every gram spread over its letters; a sentiment is
        weighed against the mean of the three."""
        spread = np.zeros(len(row.points) + 1)
        for kind in grams(row, self._weights.bits):
            rows = self._weights.table[kind.bucket] * self._weights.scales
            worth = rows[:, column] - (0 if column == _ANGER else rows[:, :_ANGER].mean(axis=1))
            np.add.at(spread, kind.start, worth / kind.length)
            np.add.at(spread, kind.start + kind.length, -worth / kind.length)
        return np.cumsum(spread)[:-1]


@cache
def shipped() -> Analyser:
    """Return the analyser with the weights beside this module, read once. Raises ModelError."""
    return NgramAnalyser(load(_FOLDER))
