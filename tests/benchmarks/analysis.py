"""`make bench-analysis`: the analyser beside what others would use, on the same texts in the same minutes.

Ours and the 12-layer network judge 800 texts five times in turn, with two threads each; the network one text at a time
through `transformers.pipeline`, as its users call it. snownlp, VADER and pythainlp judge the texts of their languages.
Macro-F1 of sentiment is on dev texts that none of ours learnt from, where EARSHOT_CORPUS has them; pythainlp's
classifier learns from 500 of the train file.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

import numpy as np

from analysis import metrics
from analysis.labels import LabelledText
from analysis.registry import analyser
from analysis.training.corpus import rows
from analysis.types import Analyser, Sentiment
from tests.benchmarks import peers
from tests.benchmarks.budget import Line, table
from tests.quality import gate

_TEXTS, _RUNS, _THREADS = 800, 5, 2
_LEAST = 20.0
_BATCH = 200
_SCORED, _TAUGHT = 500, 500
_ORDER = list(Sentiment)

Judge = Callable[[Sequence[str]], list[Sentiment]]


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """Who judges, and what."""

    name: str
    languages: Sequence[str]
    judge: Judge


def _has_corpus() -> bool:
    return (Path(os.environ.get("EARSHOT_CORPUS", "/nowhere")) / "data").is_dir()


def _dev(language: str) -> list[LabelledText]:
    """Return a fixed draw of a language's labelled dev texts; our own sentences without the corpus."""
    found = gate.dev_rows() if _has_corpus() else gate.hard_rows()
    labelled = [row for row in found if row.language == language and row.sentiment is not None]
    return Random(7).sample(labelled, min(_SCORED, len(labelled)))


def _ours(judge: Analyser) -> Judge:
    """Return the analyser on two threads."""

    def judged(texts: Sequence[str]) -> list[Sentiment]:
        batches = [texts[first : first + _BATCH] for first in range(0, len(texts), _BATCH)]
        with ThreadPoolExecutor(_THREADS) as pool:
            return [one.label for found in pool.map(judge.analyse, batches) for one in found]

    return judged


def _one_by_one(peer: peers.Peer) -> Judge:
    """Return a peer that takes a text at a time."""
    return lambda texts: [peer(text) for text in texts]


def _thai_lessons() -> list[tuple[str, Sentiment]]:
    """Return labelled Thai texts for the peer that learns."""
    labels = {"neg": Sentiment.NEGATIVE, "neu": Sentiment.NEUTRAL, "pos": Sentiment.POSITIVE}
    found = (
        (str(row["text"]), labels[str(row["sentiment"])])
        for row in rows(gate.corpus_folder(), "th", "train")
        if row.get("sentiment") in labels
    )
    return list(islice(found, 0, _TAUGHT * 20, 20))


def _entrants(folder: Path) -> Iterator[Entrant]:
    """Yield ours, the network, and the others."""
    yield Entrant(name="earshot", languages=gate.LANGUAGES, judge=_ours(analyser()))
    peers.write_teacher(folder)
    network = _one_by_one(peers.teacher(folder, _THREADS))
    yield Entrant(name="transformers, 12 layers", languages=gate.LANGUAGES, judge=network)
    yield Entrant(name="earshot, ngram", languages=gate.LANGUAGES, judge=_ours(analyser("ngram")))
    yield Entrant(name="snownlp", languages=("zh-Hant", "zh-Hans"), judge=_one_by_one(peers.snownlp()))
    yield Entrant(name="VADER", languages=("en",), judge=_one_by_one(peers.vader()))
    if _has_corpus():
        taught = _one_by_one(peers.pythainlp(_thai_lessons()))
        yield Entrant(name="pythainlp, GzipModel", languages=("th",), judge=taught)


def _rate(entrant: Entrant, texts: Sequence[str]) -> float:
    """Return how many texts a second it judges, once."""
    started = time.perf_counter()
    entrant.judge(texts)
    return len(texts) / (time.perf_counter() - started)


def _macro_f1(entrant: Entrant, language: str, labelled: Sequence[LabelledText]) -> str:
    """Return how well it tells sentiments apart, as words."""
    if language not in entrant.languages or entrant.name.startswith("transformers"):
        return "-"
    guess = entrant.judge([row.text for row in labelled])
    truth = [_ORDER.index(row.sentiment) for row in labelled if row.sentiment is not None]
    return f"{metrics.macro_f1(np.array(truth), np.array([_ORDER.index(one) for one in guess])):.2f}"


def _rates(entrants: Sequence[Entrant], texts: dict[str, list[str]]) -> list[float]:
    """Return each one's median rate; all judge in turn, so that a busy minute is everybody's."""
    asked = [[text for language in one.languages for text in texts[language]] for one in entrants]
    for entrant, own in zip(entrants, asked, strict=True):
        entrant.judge(own[:20])
    runs = [[_rate(one, own) for one, own in zip(entrants, asked, strict=True)] for _ in range(_RUNS)]
    return [median(rates) for rates in zip(*runs, strict=True)]


def measured() -> tuple[str, Line]:
    """Return what everybody does as a table, and the line of the budget."""
    labelled = {language: _dev(language) for language in gate.LANGUAGES}
    share = _TEXTS // len(gate.LANGUAGES)
    texts = {language: [row.text for row in own[:share]] for language, own in labelled.items()}
    with tempfile.TemporaryDirectory() as folder:
        entrants = list(_entrants(Path(folder)))
        rates = _rates(entrants, texts)
        found = [["", "texts/s", "of ours", *(f"F1 {language}" for language in gate.LANGUAGES)]]
        for entrant, rate in zip(entrants, rates, strict=True):
            scores = [_macro_f1(entrant, language, labelled[language]) for language in gate.LANGUAGES]
            found.append([entrant.name, f"{rate:.0f}", f"1/{rates[0] / rate:.1f}", *scores])
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in found]
    ratio = rates[0] / rates[1]
    line = Line(
        what="analysis against transformers.pipeline, 12 layers, one text at a time",
        budget=f"≥ {_LEAST:.0f}×",
        measured=f"{ratio:.1f}×",
        holds=ratio >= _LEAST,
    )
    return "\n".join(shown), line


if __name__ == "__main__":
    shown, line = measured()
    print(f"{shown}\n\n{table([line])}")
    sys.exit(0 if line.holds else 1)
