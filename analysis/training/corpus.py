"""What the model is trained on: rows of the corpus folder, our own labels, our own sentences, each with its weight."""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.labels import LabelledText
from analysis.training.readings import Part, Reading, first_readings, part_of, written_texts
from analysis.training.written import Kind, sentences
from analysis.types import Sentiment

LANGUAGES = ("zh-Hant", "zh-Hans", "th", "en")
#: What may go into weights that ship.
LICENCES = frozenset(("open", "copyleft", "unclear"))
_LABELS = Path(__file__).with_name("labels")
_SENTIMENTS = {"neg": 0, "neu": 1, "pos": 2}

#: How much a source's sentiment counts; 1 where not named. Projected labels and mojibake count for nothing.
_SENTIMENT_WEIGHT = {
    "online_shopping_10_cats": 0.6,
    "simplifyweibo_5_moods": 0.3,
    "xed_th": 0.0,
    "xed_zh_tw": 0.0,
    "xed_zh_cn": 0.0,
    "thai_children_stories": 0.3,
}
#: Plain talk, as neutral for want of better: Chinese posts without offence, headlines that left readers cold.
_PLAIN = {("cold", "0"): 0.2, ("tw_newstitle_emotion", "DON'T CARE"): 0.2, ("tw_newstitle_emotion", "SURPRISE"): 0.2}
#: How much a source's anger label counts; 0 where not named. News headlines name what angers readers, offence is not
#: anger at a brand, and projected subtitles are noise.
_ANGER_WEIGHT = {
    "goemotions": 0.4,
    "tweeteval_emotion": 1.0,
    "xed_en": 0.1,
    "simplifyweibo_5_moods": 0.1,
    "smp2020_ewect": 1.0,
    "nlpcc2013_emotion": 1.0,
}
#: A praised or neutral customer text is calm, though nobody said so.
_CALM_WEIGHT = 0.15
_LABEL_WEIGHT = 12.0
_READING_WEIGHT = 3.0
#: Who complains is negative.
_COMPLAINT_WEIGHT = 1.0
#: Of a pattern of ours, whatever fills it: modest beside real opinions, strong where nobody else labelled anger.
_WRITTEN_SENTIMENT = 6.0
_WRITTEN_ANGER = 12.0
_SENTIMENT_OF = {Kind.NEUTRAL: 1, Kind.PRAISE: 2, Kind.COMPLAINT: 0, Kind.FURY: 0}
#: The tenth of the train files kept aside for calibration.
CALIBRATION_FOLD = 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A text with what is known of it; a label nobody gave is None and weighs nothing."""

    id: str
    language: str
    text: str
    source: str
    sentiment: int | None = None
    sentiment_weight: float = 0.0
    angry: bool | None = None
    anger_weight: float = 0.0
    #: False where the licence forbids it: then the text only calibrates.
    learn: bool = True
    #: A customer's text that we read ourselves: what calibration trusts.
    sampled: bool = False
    #: Which tenth it falls in; the last is kept for calibration.
    fold: int = 0


def _fold(name: str) -> int:
    """Return a text's tenth, the same in every run."""
    return sum(ord(character) * (place + 7) for place, character in enumerate(name)) % 10


def rows(corpus: Path, language: str, part: str) -> Iterator[Mapping[str, object]]:
    """Yield the raw rows of one file."""
    with gzip.open(corpus / "data" / f"{language}.{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The anger level we gave a text."""

    level: int
    #: Drawn at random, not picked because a model found it angry.
    sampled: bool


def our_labels() -> dict[str, Label]:
    """Return our labels by the texts' ids in the corpus."""
    labels: dict[str, Label] = {}
    for path in sorted(_LABELS.glob("*.jsonl")):
        for row in map(json.loads, path.read_text("utf-8").splitlines()):
            labels[row["id"]] = Label(level=row["anger_level"], sampled=row["round"] == 1)
    return labels


def _sentiment(row: Mapping[str, object], reading: Reading | None) -> tuple[int | None, float]:
    """Return a row's sentiment and what it weighs."""
    source = str(row["source"])
    plain = _PLAIN.get((source, str(row.get("label"))))
    if reading is not None:
        return _SENTIMENTS[reading.sentiment[:3]], _READING_WEIGHT
    if plain is not None:
        return 1, plain
    if row.get("complaint") == 1 and "sentiment" not in row:
        return 0, _COMPLAINT_WEIGHT
    sentiment = _SENTIMENTS.get(str(row.get("sentiment")))
    return sentiment, 0.0 if sentiment is None else _SENTIMENT_WEIGHT.get(source, 1.0)


def _anger(row: Mapping[str, object], reading: Reading | None, label: Label | None) -> tuple[bool | None, float]:
    """Return whether a row is angry and what that weighs."""
    known = _ANGER_WEIGHT.get(str(row["source"]))
    if reading is not None:
        return reading.anger == 2, _LABEL_WEIGHT
    if label is not None:
        return label.level == 2, _LABEL_WEIGHT
    if known is not None and row.get("anger") is not None:
        return row["anger"] == 1, known
    if row.get("sentiment") in ("neu", "pos"):
        return False, _CALM_WEIGHT
    return None, 0.0


def _example(
    row: Mapping[str, object], language: str, reading: Reading | None, label: Label | None, licences: frozenset[str]
) -> Example:
    """Return a row as an example."""
    sentiment, sentiment_weight = _sentiment(row, reading)
    angry, anger_weight = _anger(row, reading, label)
    name = str(row["id"])
    calibrates = reading is not None and part_of(name) is Part.CALIBRATION
    return Example(
        id=name,
        language=language,
        text=str(row["text"]),
        source=str(row["source"]),
        sentiment=sentiment,
        sentiment_weight=sentiment_weight,
        angry=angry,
        anger_weight=anger_weight,
        learn=row["lic"] in licences,
        sampled=reading is not None or (label is not None and label.sampled),
        fold=CALIBRATION_FOLD if calibrates else _fold(name),
    )


def _written() -> Iterator[Example]:
    """Yield our own sentences; a pattern weighs the same however many subjects fill it."""
    for index, sentence in enumerate(sentences()):
        yield Example(
            id=f"written-{index}",
            language="zh-Hans" if sentence.language == "zh" else sentence.language,
            text=sentence.text,
            source="written",
            sentiment=_SENTIMENT_OF[sentence.kind],
            sentiment_weight=_WRITTEN_SENTIMENT / sentence.siblings,
            angry=sentence.kind is Kind.FURY,
            anger_weight=_WRITTEN_ANGER / sentence.siblings,
            # Calibration is by other people's words alone.
            fold=index % (CALIBRATION_FOLD - 1),
        )


def _written_in_full() -> Iterator[Example]:
    """Yield the customers' texts that we wrote; a part of them calibrates."""
    for language in LANGUAGES:
        for one in written_texts(language):
            name = one.reading.id
            yield Example(
                id=name,
                language=language,
                text=one.text,
                source="written in full",
                sentiment=_SENTIMENTS[one.reading.sentiment[:3]],
                sentiment_weight=_READING_WEIGHT,
                angry=one.reading.anger == 2,
                anger_weight=_LABEL_WEIGHT,
                fold=CALIBRATION_FOLD if one.part is Part.CALIBRATION else _fold(name) % CALIBRATION_FOLD,
            )


def held_back(name: str, reading: Reading | None) -> bool:
    """Return whether a text is kept for judging, whoever labelled it."""
    return reading is not None and part_of(name) is Part.HELD_BACK


def examples(corpus: Path, licences: frozenset[str] = LICENCES) -> Iterator[Example]:
    """Yield what is known of the train files but for what is held back, and our own sentences. Texts under other
    licences come where we read them, to calibrate. The two Chinese need no conversion: letters are folded."""
    labels = our_labels()
    for language in LANGUAGES:
        read = first_readings(language)
        for row in rows(corpus, language, "train"):
            name = str(row["id"])
            if held_back(name, read.get(name)):
                continue
            example = _example(row, language, read.get(name), labels.get(name), licences)
            if (example.learn and (example.sentiment_weight or example.anger_weight)) or example.sampled:
                yield example
    yield from _written_in_full()
    yield from _written()


def dev_rows(corpus: Path) -> Iterable[LabelledText]:
    """Yield the dev files' labelled texts, projected labels left out."""
    names = {"neg": Sentiment.NEGATIVE, "neu": Sentiment.NEUTRAL, "pos": Sentiment.POSITIVE}
    for language in LANGUAGES:
        for row in rows(corpus, language, "dev"):
            if str(row["source"]).startswith("xed_"):
                continue
            anger = row.get("anger")
            yield LabelledText(
                text=str(row["text"]),
                language=language,
                sentiment=names.get(str(row.get("sentiment"))),
                angry=None if anger is None else anger == 1,
            )
