"""Labelled texts that taught nothing, and an analyser's verdicts on them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.labels import labelled_texts
from analysis.registry import ANALYSERS, analyser
from analysis.training.corpus import LANGUAGES, rows
from analysis.training.readings import Part, Reading, first_readings, part_of
from analysis.types import Analyser, Analysis

_SEED = 20261125
_BATCH = 64
#: Dev texts of a language that are judged.
_MOST = 800
_SENTIMENT_OF = {"neg": "negative", "neu": "neutral", "pos": "positive"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """A labelled text; None where nobody said."""

    text: str
    language: str
    source: str
    sentiment: str | None
    angry: bool | None
    reading: Reading | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Labelled texts with an analyser's verdicts."""

    truths: Sequence[Truth]
    verdicts: Sequence[Analysis]

    def where(self, chosen: Callable[[Truth], bool]) -> "Found":
        """Return those of some texts."""
        pairs = [pair for pair in zip(self.truths, self.verdicts, strict=True) if chosen(pair[0])]
        return Found(truths=[truth for truth, _ in pairs], verdicts=[verdict for _, verdict in pairs])


def customers(corpus: Path) -> list[Truth]:
    """Return the customers' texts with full labels that taught nothing."""
    found = []
    for language in LANGUAGES:
        read = first_readings(language)
        for row in rows(corpus, language, "train"):
            one = read.get(str(row["id"]))
            if one is not None and part_of(one.id) is Part.HELD_BACK:
                found.append(
                    Truth(
                        text=str(row["text"]),
                        language=language,
                        source=str(row["source"]),
                        sentiment=one.sentiment,
                        angry=one.anger == 2,
                        reading=one,
                    )
                )
    return found


def dev(corpus: Path) -> list[Truth]:
    """Return a fixed draw of the dev files' labelled texts, projected labels left out."""
    found = []
    for language in LANGUAGES:
        known = [row for row in rows(corpus, language, "dev") if not str(row["source"]).startswith("xed_")]
        known = [row for row in known if row.get("sentiment") or row.get("anger") is not None]
        random.Random(_SEED).shuffle(known)  # noqa: S311  # a draw is no secret
        found += [
            Truth(
                text=str(row["text"]),
                language=language,
                source=str(row["source"]),
                sentiment=_SENTIMENT_OF.get(str(row.get("sentiment"))),
                angry=None if row.get("anger") is None else row["anger"] == 1,
            )
            for row in known[:_MOST]
        ]
    return found


def hard(path: Path) -> list[Truth]:
    """Return the project's own hard sentences."""
    return [
        Truth(
            text=row.text,
            language=row.language,
            source="hard",
            sentiment=None if row.sentiment is None else str(row.sentiment),
            angry=row.angry,
        )
        for row in labelled_texts(path.read_bytes().splitlines())
    ]


def verdicts(judge: Analyser, texts: Sequence[str]) -> list[Analysis]:
    """Return an analyser's verdicts, a batch at a time."""
    batches = (texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH))
    return [one for batch in batches for one in judge.analyse(batch)]


def judged(truths: Sequence[Truth]) -> dict[str, Found]:
    """Return the texts with the verdicts of all that ships, by the analyser's name."""
    texts = [truth.text for truth in truths]
    return {name: Found(truths=truths, verdicts=verdicts(analyser(name), texts)) for name in sorted(ANALYSERS)}
