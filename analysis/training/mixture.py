"""What the encoder learns from: which texts, how often each comes, and what is known of them.

Every language has both classes of anger or none: a head that only ever sees calm Thai learns Thai, not calm.
"""

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.heads import CAUSES, HEADS, KINDS, PURPOSES, SENTIMENTS, STAGES
from analysis.labels import LabelledText
from analysis.script import traditional
from analysis.training.corpus import LANGUAGES, LICENCES, our_labels, rows
from analysis.training.network import COLUMNS, TOXIC
from analysis.training.readings import Part, Reading, first_readings, part_of, written_texts
from analysis.training.written import Kind, sentences

#: At most so many texts of a source in one epoch; all where not named. Zero: projected labels.
_CAP = {
    "goemotions": 16_000,
    "xed_en": 0,
    "tweeteval_offensive": 4_000,
    "online_shopping_10_cats": 16_000,
    "zhang_restaurant_aste": 8_000,
    "cold": 7_000,
    "simplifyweibo_5_moods": 4_000,
    "xed_zh_cn": 0,
    "xed_zh_tw": 0,
    "xed_th": 0,
    "tw_newstitle_emotion": 2_500,
    "thai_children_stories": 800,
}
_SENTIMENT_WEIGHT = {"simplifyweibo_5_moods": 0.3, "thai_children_stories": 0.3, "online_shopping_10_cats": 0.7}
#: General talk has anger, though not at brands.
_ANGER_WEIGHT = {"goemotions": 0.3, "tweeteval_emotion": 0.4, "simplifyweibo_5_moods": 0.1}
#: A text that praises is calm, though nobody said so.
_CALM_WEIGHT = 0.1
#: Plain talk, as neutral for want of better.
_PLAIN = {("cold", "0"): 0.15, ("tw_newstitle_emotion", "DON'T CARE"): 0.3}
_SENTIMENTS = {"neg": 0, "neu": 1, "pos": 2}
_KIND_OF_COMPLAINT = 0.5
#: Offence is not anger at a brand, but near it.
_TOXIC_WEIGHT = 0.7
#: How often a text that we labelled comes in an epoch, and one of our own patterns.
LABELLED_TIMES = 4
#: The source of those that we wrote in full.
WRITTEN = "written in full"
_LEVEL_TIMES = 2
_PATTERN_TIMES = 6
_WRITTEN = {
    Kind.NEUTRAL: ("neutral", 0, None),
    Kind.PRAISE: ("positive", 0, "praise"),
    Kind.COMPLAINT: ("negative", 1, "complaint"),
    Kind.FURY: ("negative", 2, None),
}
_TRADITIONAL_SHARE = 0.5
_EMOJI = {0: "😡🤬😤👎🙄😠💢", 1: "🤔🙏👀📍", 2: "😍👍❤️🥰💯✨😋"}
_EMOJI_SHARE = 0.04
_WIDTH_SHARE = 0.02
_LONG_SHARE = 0.04
_STRETCHED = re.compile(r"[!！?？~～啊吧喔耶呀了มากๆ]$")
_FULL_WIDTH = {ord(narrow): ord(wide) for narrow, wide in zip("!?,:;()", "！？，：；（）", strict=True)}

Row = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """A text, and per column the answer and what it weighs; nothing known weighs nothing."""

    id: str
    language: str
    text: str
    source: str
    truth: Row
    weight: Row
    #: How often it comes in an epoch.
    times: int = 1
    #: A teacher's raw scores, where one has read it.
    scores: Row | None = None
    #: What its embedding should be, where known.
    meaning: Row | None = None


class _Answers:
    """Fills a row of truths and weights."""

    def __init__(self) -> None:
        self.truth = np.zeros(COLUMNS, np.float32)
        self.weight = np.zeros(COLUMNS, np.float32)

    def say(self, head: str, values: object, weight: float = 1.0) -> None:
        """Note that of a head these values hold and the others do not."""
        columns = HEADS[head].columns
        chosen = values if isinstance(values, list | tuple) else [values]
        self.truth[columns] = [value in chosen for value in HEADS[head].values]
        self.weight[columns] = weight

    def say_level(self, level: int, weight: float = 1.0) -> None:
        """Note the level of anger."""
        self.say("level", str(level), weight)
        self.say("angry", ["angry"] if level == 2 else [], weight)


def _of_reading(one: Reading) -> _Answers:
    """Return what a careful reader found."""
    answers = _Answers()
    answers.say("sentiment", SENTIMENTS[SENTIMENTS.index(one.sentiment)])
    answers.say_level(one.anger)
    answers.say("kind", KINDS[KINDS.index(one.kind)])
    answers.say("churn", ["churn"] if one.churn else [])
    answers.say("recommend", ["recommend"] if one.recommend else [])
    answers.say("stage", STAGES[STAGES.index(one.stage)])
    answers.say("severity", str(one.severity))
    answers.say("purpose", PURPOSES[PURPOSES.index(one.purpose)])
    answers.say("causes", [CAUSES[CAUSES.index(cause)] for cause in one.causes])
    return answers


def _of_source(row: Mapping[str, object]) -> _Answers:
    """Return what a source says of its text."""
    answers = _Answers()
    source = str(row["source"])
    sentiment = _SENTIMENTS.get(str(row.get("sentiment")))
    plain = _PLAIN.get((source, str(row.get("label"))))
    if plain is not None:
        answers.say("sentiment", "neutral", plain)
    elif sentiment is not None:
        answers.say("sentiment", SENTIMENTS[sentiment], _SENTIMENT_WEIGHT.get(source, 1.0))
    if row.get("complaint") == 1:
        answers.say("kind", "complaint", _KIND_OF_COMPLAINT)
        if sentiment is None:
            answers.say("sentiment", "negative")
    known = _ANGER_WEIGHT.get(source, 0.0)
    if known and row.get("anger") is not None:
        answers.say("angry", ["angry"] if row["anger"] == 1 else [], known)
    elif sentiment == 2:
        answers.say_level(0, _CALM_WEIGHT)
    if row.get("toxic") is not None:
        answers.truth[TOXIC], answers.weight[TOXIC] = float(row["toxic"] == 1), _TOXIC_WEIGHT
    if row.get("churn") is not None:
        answers.say("churn", ["churn"] if row["churn"] == 1 else [])
    return answers


def _corpus(corpus: Path, language: str, licences: frozenset[str], *, full: bool) -> Iterator[Lesson]:
    """Yield a language's lessons; with `full`, labels of our own are used too. Texts held back for judging or kept for
    calibration are left out."""
    first = first_readings(language)
    levels = our_labels()
    for row in rows(corpus, language, "train"):
        name, source = str(row["id"]), str(row["source"])
        part, labelled = part_of(name), name in first or name in levels
        if row["lic"] not in licences or part is Part.CALIBRATION or (labelled and part is Part.HELD_BACK):
            continue
        answers, times = _of_source(row), 1
        if full and name in first:
            answers, times = _of_reading(first[name]), LABELLED_TIMES
        elif full and name in levels:
            answers.say_level(levels[name].level)
            times = _LEVEL_TIMES
        if answers.weight.any() and (times > 1 or _CAP.get(source) != 0):
            yield Lesson(
                id=name,
                language=language,
                text=str(row["text"]),
                source=source,
                truth=answers.truth,
                weight=answers.weight,
                times=times,
            )


def _written(chance: random.Random) -> Iterator[Lesson]:
    """Yield our own patterns, each with some of its subjects."""
    for number, sentence in enumerate(sentences()):
        if chance.random() * sentence.siblings >= _PATTERN_TIMES:
            continue
        sentiment, level, sort = _WRITTEN[sentence.kind]
        answers = _Answers()
        answers.say("sentiment", sentiment)
        answers.say_level(level)
        if sort is not None:
            answers.say("kind", sort)
        yield Lesson(
            id=f"written-{number}",
            language="zh-Hans" if sentence.language == "zh" else sentence.language,
            text=sentence.text,
            source="written",
            truth=answers.truth,
            weight=answers.weight,
            times=_PATTERN_TIMES if sentence.siblings == 1 else 1,
        )


def written_in_full() -> Iterator[Lesson]:
    """Yield the customers' texts that we wrote, but for those that calibrate."""
    for language in LANGUAGES:
        for one in written_texts(language):
            if one.part is Part.LEARN:
                answers = _of_reading(one.reading)
                yield Lesson(
                    id=one.reading.id,
                    language=language,
                    text=one.text,
                    source=WRITTEN,
                    truth=answers.truth,
                    weight=answers.weight,
                    times=LABELLED_TIMES,
                )


def corrected(one: LabelledText, number: int) -> Lesson:
    """Return a customer's correction as a lesson that comes as often as our own labels."""
    answers = _Answers()
    if one.sentiment is not None:
        answers.say("sentiment", str(one.sentiment))
    if one.angry is not None:
        answers.say("angry", ["angry"] if one.angry else [])
    if one.angry:
        answers.say_level(2)
    return Lesson(
        id=f"correction-{number}",
        language=one.language,
        text=one.text,
        source="correction",
        truth=answers.truth,
        weight=answers.weight,
        times=LABELLED_TIMES,
    )


def lessons(corpus: Path, *, licences: frozenset[str] = LICENCES, full: bool = True, seed: int = 0) -> list[Lesson]:
    """Return everything the encoder may learn from, each text once."""
    found = [lesson for language in LANGUAGES for lesson in _corpus(corpus, language, licences, full=full)]
    ours = written_in_full() if full else ()
    return [*found, *ours, *_written(random.Random(seed))]  # noqa: S311  # a choice to learn from is no secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Diet:
    """How much of what an epoch has."""

    #: Share of the texts that only their source labelled.
    general: float = 1.0
    #: How many times as often as usual those come that we read in full,
    labelled: int = 1
    #: and those that we wrote in full, which are clearer than life.
    written: int = 1
    #: How many texts in which anger hides in praise come with each angry text we know.
    hidden: float = 0.0


def _sure(lesson: Lesson, sentiment: int, *, angry: bool) -> bool:
    """Return whether a text certainly is of a sentiment, and angry or not."""
    place = HEADS["sentiment"].start + sentiment
    known = lesson.weight[place] >= 1 and lesson.weight[HEADS["angry"].start] >= (1 if angry else 0)
    return bool(known and lesson.truth[place] and bool(lesson.truth[HEADS["angry"].start]) == angry)


def _hidden(all_lessons: list[Lesson], chance: random.Random, share: float) -> Iterator[Lesson]:
    """Yield texts of praise with an angry one before or after: angry, whatever one makes of the rest."""
    by_language = defaultdict(list)
    for lesson in all_lessons:
        if _sure(lesson, 2, angry=False):
            by_language[lesson.language].append(lesson)
    for lesson in all_lessons:
        praised = by_language[lesson.language]
        if not praised or not _sure(lesson, 0, angry=True) or chance.random() >= share:
            continue
        parts = [lesson.text, chance.choice(praised).text]
        chance.shuffle(parts)
        answers = _Answers()
        answers.say_level(2, 0.7)
        yield Lesson(
            id=f"{lesson.id}-hidden",
            language=lesson.language,
            text=" ".join(parts),
            source="hidden",
            truth=answers.truth,
            weight=answers.weight,
        )


def epoch(all_lessons: list[Lesson], chance: random.Random, diet: Diet) -> list[Lesson]:
    """Return the lessons of one epoch in a random order: what is left out is drawn anew each time."""
    by_source = defaultdict(list)
    chosen: list[Lesson] = []
    for lesson in all_lessons:
        if lesson.times == LABELLED_TIMES:
            chosen.extend([lesson] * lesson.times * (diet.written if lesson.source == WRITTEN else diet.labelled))
        elif lesson.times > 1 or lesson.source == "written":
            chosen.extend([lesson] * lesson.times)
        else:
            by_source[lesson.source].append(lesson)
    for source, found in by_source.items():
        most = min(len(found), _CAP.get(source, len(found)))
        chosen.extend(chance.sample(found, round(most * diet.general)))
    chosen.extend(_hidden(all_lessons, chance, diet.hidden))
    chance.shuffle(chosen)
    return chosen


def drawn(all_lessons: list[Lesson], share: float) -> list[Lesson]:
    """Return each lesson of our own, and a share of those an epoch has of each source; nearly the same ones when more
    texts have been labelled since."""
    by_source = defaultdict(list)
    for lesson in sorted(all_lessons, key=lambda one: hashlib.sha256(one.id.encode()).digest()):
        by_source["" if lesson.times > 1 or lesson.source == "written" else lesson.source].append(lesson)
    chosen = by_source.pop("", [])
    for source, found in by_source.items():
        chosen += found[: round(min(len(found), _CAP.get(source, len(found))) * share)]
    return chosen


def varied(lesson: Lesson, chance: random.Random) -> str:
    """Return a lesson's text as somebody else might have typed it, its meaning the same."""
    text = lesson.text
    if lesson.language == "zh-Hans" and chance.random() < _TRADITIONAL_SHARE:
        text = traditional(text)
    if chance.random() < _WIDTH_SHARE:
        text = text.translate(_FULL_WIDTH)
    if chance.random() < _LONG_SHARE and _STRETCHED.search(text):
        text += text[-1] * chance.randint(1, 4)
    sentiment = lesson.truth[HEADS["sentiment"].columns]
    if chance.random() < _EMOJI_SHARE and lesson.weight[0] >= 1:
        text += chance.choice(_EMOJI[int(sentiment.argmax())]) * chance.randint(1, 3)
    return text
