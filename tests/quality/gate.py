"""What the quality gate measures: an analyser's scores on the dev files and on our own hard sentences."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pytest

from analysis.evaluate import Evaluation, evaluate
from analysis.labels import LabelledText, labelled_texts
from analysis.registry import DEFAULT
from analysis.training.corpus import rows
from analysis.training.readings import Part, first_readings, part_of
from analysis.types import Analyser, Analysis, Sentiment

FOLDER = Path(__file__).parent
#: What ships as default, and its light alternative; the encoder alone is a part of the first.
GATED = (DEFAULT, "ngram")
LANGUAGES = ("zh-Hant", "zh-Hans", "th", "en")


class Majority:
    """The trivial peer: every text gets the commonest label of its language, and nothing is angry."""

    model = "majority@1"

    def __init__(self, rows: Iterable[LabelledText]) -> None:
        rows = list(rows)
        counts: dict[str, Counter[Sentiment]] = {}
        for row in rows:
            if row.sentiment is not None:
                counts.setdefault(row.language, Counter())[row.sentiment] += 1
        self._of_text = {row.text: counts[row.language].most_common(1)[0][0] for row in rows if row.language in counts}

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return the same verdict for every text of a language."""
        return [self._verdict(self._of_text[text]) for text in texts]

    def _verdict(self, label: Sentiment) -> Analysis:
        return Analysis(
            language="und",
            negative=float(label is Sentiment.NEGATIVE),
            neutral=float(label is Sentiment.NEUTRAL),
            positive=float(label is Sentiment.POSITIVE),
            anger=0.0,
            anger_level=0,
            angry=False,
            model=self.model,
        )


def hard_rows() -> list[LabelledText]:
    """Return our own sentences."""
    return list(labelled_texts((FOLDER / "hard.jsonl").read_bytes().splitlines()))


def corpus_folder() -> Path:
    """Return the corpus, or skip the test."""
    folder = os.environ.get("EARSHOT_CORPUS")
    if not folder or not (Path(folder) / "data").is_dir():
        pytest.skip("EARSHOT_CORPUS names no folder with data/: the labelled dev files are not here")
    return Path(folder)


def raw_dev_rows(language: str) -> Iterator[Mapping[str, object]]:
    """Yield the rows of one dev file; labels projected onto subtitles are noise and left out."""
    return (row for row in rows(corpus_folder(), language, "dev") if not str(row["source"]).startswith("xed_"))


#: One dev text in so many is enough to notice a fall, and leaves the gate quick.
_EVERY = 6


def dev_rows() -> list[LabelledText]:
    """Return a fixed part of the dev files' texts that carry a label."""
    lines = (
        json.dumps(row).encode() for language in LANGUAGES for row in islice(raw_dev_rows(language), 0, None, _EVERY)
    )
    return [row for row in labelled_texts(lines) if row.sentiment is not None or row.angry is not None]


def customer_rows() -> list[LabelledText]:
    """Return the customers' texts that we labelled and no model of ours has seen."""
    found = []
    for language in LANGUAGES:
        read = first_readings(language)
        for row in rows(corpus_folder(), language, "train"):
            reading = read.get(str(row["id"]))
            if reading is not None and part_of(reading.id) is Part.HELD_BACK:
                sentiment = Sentiment(reading.sentiment)
                angry = reading.anger == 2
                found.append(LabelledText(text=str(row["text"]), language=language, sentiment=sentiment, angry=angry))
    return found


def measured(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """Return the numbers the floors are about, by language."""
    found: dict[str, dict[str, float]] = {}
    for language, scores in evaluation.languages.items():
        numbers: dict[str, float | None] = {}
        if scores.sentiment:
            numbers |= {"accuracy": scores.sentiment.accuracy, "macro_f1": scores.sentiment.macro_f1}
        if scores.anger:
            anger = scores.anger
            numbers |= {"anger_auc": anger.auc, "anger_precision": anger.precision, "anger_recall": anger.recall}
        found[language] = {name: number for name, number in numbers.items() if number is not None}
    return found


def _stored(analyser: Analyser) -> Mapping[str, Any]:
    """Return what is written down for an analyser, by its name without the version."""
    name = analyser.model.split("@")[0]
    stored = json.loads((FOLDER / "floors.json").read_text("utf-8"))
    assert name in stored, f"{name} has no floors: python -m tests.quality.floors"
    return cast("Mapping[str, Any]", stored[name])


def floors(analyser: Analyser, files: str) -> Mapping[str, Mapping[str, float]]:
    """Return the floors of an analyser on `hard`, `dev` or `customers`."""
    return cast("Mapping[str, Mapping[str, float]]", _stored(analyser)[files])


def most_alarms(analyser: Analyser) -> int:
    """Return how many calm hard sentences may count as angry."""
    return int(_stored(analyser)["alarms"])


def event_floors() -> Mapping[str, float]:
    """Return the floors of the encoder's embeddings."""
    stored = json.loads((FOLDER / "floors.json").read_text("utf-8"))
    return cast("Mapping[str, float]", stored["encoder"]["events"])


def below(evaluation: Evaluation, floor: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return what lies under its floor, as words."""
    found = measured(evaluation)
    return [
        f"{language} {name}: {found[language].get(name)} < {least}"
        for language, numbers in floor.items()
        for name, least in numbers.items()
        if found[language].get(name, 0.0) < least
    ]


def side_by_side(rows: list[LabelledText], judge: Analyser) -> tuple[Evaluation, Evaluation]:
    """Return the scores of an analyser and of the trivial peer."""
    return evaluate(rows, judge), evaluate(rows, Majority(rows))
