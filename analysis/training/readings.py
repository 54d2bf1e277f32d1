"""Our full labels: what careful readers found in texts of the train files, by the texts' ids, and what the texts say
that were written for this project; and how far two readings of the same texts agree."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

FOLDER = Path(__file__).with_name("labels") / "full"
_WRITTEN = Path(__file__).with_name("written") / "full"
_PARTS = 30
_HELD_BACK = 10
_CALIBRATION = 14
#: Of a hundred texts that we wrote, so many calibrate; all others teach.
_WRITTEN_CALIBRATION = 8


class Part(StrEnum):
    """What a labelled text is for; the same in every run."""

    HELD_BACK = "held back"
    CALIBRATION = "calibration"
    LEARN = "learn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One reader's labels of one text, in the words of analysis.heads."""

    id: str
    reading: int
    sentiment: str
    anger: int
    kind: str
    churn: bool
    recommend: bool
    stage: str
    severity: int
    causes: tuple[str, ...]
    purpose: str


def part_of(name: str) -> Part:
    """Return what a text with this id is for: a third is held back, two in fifteen calibrate."""
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % _PARTS
    if place < _HELD_BACK:
        return Part.HELD_BACK
    return Part.CALIBRATION if place < _CALIBRATION else Part.LEARN


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenText:
    """A customer's text that was written for this project, with all it says."""

    text: str
    part: Part
    reading: Reading


def _reading(row: Mapping[str, object]) -> Reading:
    """Return one line of a label file."""
    causes = row["causes"]
    if not isinstance(causes, list):
        raise TypeError(f"{row['id']}: causes are a list")
    return Reading(
        id=str(row["id"]),
        reading=int(str(row["reading"])),
        sentiment=str(row["sentiment"]),
        anger=int(str(row["anger"])),
        kind=str(row["kind"]),
        churn=bool(row["churn"]),
        recommend=bool(row["recommend"]),
        stage=str(row["stage"]),
        severity=int(str(row["severity"])),
        causes=tuple(map(str, causes)),
        purpose=str(row["purpose"]),
    )


def readings(language: str) -> Iterator[Reading]:
    """Yield a language's readings, first and second; none where there is no file."""
    path = FOLDER / f"{language}.jsonl"
    if path.exists():
        yield from (_reading(json.loads(line)) for line in path.read_text("utf-8").splitlines())


def first_readings(language: str) -> dict[str, Reading]:
    """Return each text's first reading by its id."""
    return {one.id: one for one in readings(language) if one.reading == 1}


def written_texts(language: str) -> Iterator[WrittenText]:
    """Yield the texts of a language that were written for this project; none where there is no file."""
    path = _WRITTEN / f"{language}.jsonl"
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        row = json.loads(line)
        digest = hashlib.sha256(row["text"].encode()).digest()
        calibrates = int.from_bytes(digest[:8]) % 100 < _WRITTEN_CALIBRATION
        name = f"written-full-{digest.hex()[:16]}"
        yield WrittenText(
            text=row["text"],
            part=Part.CALIBRATION if calibrates else Part.LEARN,
            reading=_reading({**row, "id": name, "reading": 1}),
        )


def kappa(first: Sequence[object], second: Sequence[object]) -> float:
    """Return Cohen's kappa of two lists of labels; 1 where both know one label only."""
    total = len(first)
    agreed = sum(one == other for one, other in zip(first, second, strict=True)) / total
    chance = sum(first.count(value) * second.count(value) for value in set(first)) / total**2
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


#: What is compared, beside each cause on its own.
_FIELDS: dict[str, Callable[[Reading], object]] = {
    "sentiment": lambda one: one.sentiment,
    "anger": lambda one: one.anger,
    "anger = 2": lambda one: one.anger == 2,
    "kind": lambda one: one.kind,
    "churn": lambda one: one.churn,
    "recommend": lambda one: one.recommend,
    "stage": lambda one: one.stage,
    "severity": lambda one: one.severity,
    "purpose": lambda one: one.purpose,
}


def agreement(language: str) -> tuple[int, dict[str, float]]:
    """Return how many texts have two readings, and kappa by field; of causes, over every text and cause together."""
    found = list(readings(language))
    second = {one.id: one for one in found if one.reading == 2}
    pairs = [(one, second[one.id]) for one in found if one.reading == 1 and one.id in second]
    if not pairs:
        return 0, {}
    scores = {
        name: kappa([of(one) for one, _ in pairs], [of(other) for _, other in pairs]) for name, of in _FIELDS.items()
    }
    causes = sorted({cause for pair in pairs for one in pair for cause in one.causes})
    scores["causes"] = kappa(
        [cause in one.causes for one, _ in pairs for cause in causes],
        [cause in other.causes for _, other in pairs for cause in causes],
    )
    return len(pairs), scores
