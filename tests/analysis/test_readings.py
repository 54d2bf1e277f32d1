"""Our full labels are whole, and readers' agreement is measured as Cohen did."""

from collections import Counter

import pytest

from analysis.heads import CAUSES, KINDS, PURPOSES, SENTIMENTS, STAGES
from analysis.training.readings import Part, agreement, first_readings, kappa, part_of, readings, written_texts

LANGUAGES = ("zh-Hant", "zh-Hans", "th", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reading_uses_the_words_of_the_heads(language: str) -> None:
    found = list(readings(language))

    assert {one.sentiment for one in found} <= set(SENTIMENTS)
    assert {one.kind for one in found} <= set(KINDS)
    assert {one.stage for one in found} <= set(STAGES)
    assert {one.purpose for one in found} <= set(PURPOSES)
    assert {cause for one in found for cause in one.causes} <= set(CAUSES)
    assert {one.anger for one in found} == {0, 1, 2}
    assert {one.severity for one in found} <= {0, 1, 2}


@pytest.mark.parametrize(("language", "least"), [("zh-Hant", 2_500), ("zh-Hans", 1_500), ("th", 2_500), ("en", 1_500)])
def test_no_text_is_read_twice_under_one_number(language: str, least: int) -> None:
    counts = Counter((one.id, one.reading) for one in readings(language))

    assert set(counts.values()) == {1}
    assert len(first_readings(language)) >= least


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readings_agree_on_what_alerts_are_made_of(language: str) -> None:
    texts, agreed = agreement(language)

    assert texts >= 500
    assert min(agreed[field] for field in ("sentiment", "anger", "anger = 2", "kind", "churn")) >= 0.6


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_written_for_the_project_are_labelled_like_others_and_none_is_held_back(language: str) -> None:
    found = [one.reading for one in written_texts(language)]

    assert {one.sentiment for one in found} <= set(SENTIMENTS)
    assert {one.kind for one in found} <= set(KINDS)
    assert {one.stage for one in found} <= set(STAGES)
    assert {one.purpose for one in found} <= set(PURPOSES)
    assert {cause for one in found for cause in one.causes} <= set(CAUSES)
    assert {(one.anger, one.severity) for one in found} <= {(level, harm) for level in range(3) for harm in range(3)}
    assert {one.part for one in written_texts(language)} <= {Part.CALIBRATION, Part.LEARN}


def test_kappa_is_that_of_the_textbook() -> None:
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15

    assert kappa(first, second) == pytest.approx(0.4)
    assert kappa(first, first) == 1
    assert kappa(["yes"] * 3, ["yes"] * 3) == 1


def test_a_third_of_texts_is_held_back_and_stays_so() -> None:
    parts = Counter(part_of(f"text-{number}") for number in range(3_000))

    assert parts[Part.HELD_BACK] == pytest.approx(1_000, abs=100)
    assert parts[Part.CALIBRATION] == pytest.approx(400, abs=80)
    assert part_of("wisesight-train-76") is part_of("wisesight-train-76")
