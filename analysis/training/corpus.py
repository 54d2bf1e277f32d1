"""What the model is trained on: rows of the corpus folder, our own labels, our own sentences, each with its weight."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.training.written import Kind, sentences

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
    "tw_newstitle_emotion": 0.0,
}
#: How much a source's anger label counts; 0 where not named. News headlines name what angers readers, offence is not
#: anger at a brand, and projected subtitles are noise.
_ANGER_WEIGHT = {
    "goemotions": 1.0,
    "tweeteval_emotion": 1.0,
    "xed_en": 0.3,
    "simplifyweibo_5_moods": 0.3,
    "smp2020_ewect": 1.0,
    "nlpcc2013_emotion": 1.0,
}
#: A praised or neutral customer text is calm, though nobody said so.
_CALM_WEIGHT = 0.15
_LABEL_WEIGHT = 4.0
#: Of a pattern of ours.
_WRITTEN_WEIGHT = 6.0
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
    #: Labelled by us: a customer's text with the anger level of the annotation guide.
    labelled: bool = False
    #: Which tenth it falls in; the last is kept for calibration.
    fold: int = 0


def _fold(name: str) -> int:
    """Return a text's tenth, the same in every run."""
    return sum(ord(character) * (place + 7) for place, character in enumerate(name)) % 10


def rows(corpus: Path, language: str, part: str) -> Iterator[Mapping[str, object]]:
    """Yield the raw rows of one file."""
    with gzip.open(corpus / "data" / f"{language}.{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def our_labels() -> dict[str, int]:
    """Return the anger level we gave each text, by its id in the corpus."""
    labels: dict[str, int] = {}
    for path in sorted(_LABELS.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            labels[row["id"]] = row["anger_level"]
    return labels


def _example(row: Mapping[str, object], language: str, labels: Mapping[str, int]) -> Example:
    """Return a row as an example."""
    name, source = str(row["id"]), str(row["source"])
    sentiment = _SENTIMENTS.get(str(row.get("sentiment")))
    level = labels.get(name)
    angry, anger_weight = None, 0.0
    if level is not None:
        angry, anger_weight = level == 2, _LABEL_WEIGHT
    elif row.get("anger") is not None and _ANGER_WEIGHT.get(source):
        angry, anger_weight = row["anger"] == 1, _ANGER_WEIGHT[source]
    elif sentiment is not None and sentiment > 0:
        angry, anger_weight = False, _CALM_WEIGHT
    return Example(
        id=name,
        language=language,
        text=str(row["text"]),
        source=source,
        sentiment=sentiment,
        sentiment_weight=_SENTIMENT_WEIGHT.get(source, 1.0) if sentiment is not None else 0.0,
        angry=angry,
        anger_weight=anger_weight,
        labelled=level is not None,
        fold=_fold(name),
    )


def _written() -> Iterator[Example]:
    """Yield our own sentences; a pattern weighs the same however many subjects fill it."""
    for index, sentence in enumerate(sentences()):
        weight = _WRITTEN_WEIGHT / sentence.siblings
        yield Example(
            id=f"written-{index}",
            language="zh-Hans" if sentence.language == "zh" else sentence.language,
            text=sentence.text,
            source="written",
            sentiment=_SENTIMENT_OF[sentence.kind],
            sentiment_weight=weight,
            angry=sentence.kind is Kind.FURY,
            anger_weight=weight,
            # Calibration is by other people's words alone.
            fold=index % (CALIBRATION_FOLD - 1),
        )


def examples(corpus: Path, licences: frozenset[str] = LICENCES) -> Iterator[Example]:
    """Yield everything to train on: the train files' rows under the licences that carry a usable label, and our own
    sentences. Traditional and Simplified need no conversion: the letters are folded to one before they are counted."""
    labels = our_labels()
    for language in LANGUAGES:
        for row in rows(corpus, language, "train"):
            if row["lic"] in licences:
                example = _example(row, language, labels)
                if example.sentiment_weight or example.anger_weight:
                    yield example
    yield from _written()
