"""Scores of an analyser on labelled texts."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import metrics
from analysis.errors import LabelError
from analysis.evaluate import evaluate, table
from analysis.labels import labelled_texts
from analysis.types import Analysis, Sentiment
from tests import make


class Echo:
    """Judges a text by what it says of itself: `negative 0.9`."""

    model = "echo@1"

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        return [self._analysis(*text.split()) for text in texts]

    def _analysis(self, label: str, anger: str) -> Analysis:
        shares = {name: 0.8 if name == label else 0.1 for name in ("negative", "neutral", "positive")}
        return make.analysis(**shares, anger=float(anger), angry=float(anger) >= 0.5)


def lines(*rows: Mapping[str, object]) -> list[bytes]:
    """Return rows as lines of JSON."""
    return [json.dumps(row).encode() for row in rows]


def test_a_perfect_analyser_scores_one_and_each_language_stands_alone() -> None:
    rows = lines(
        {"text": "negative 0.9", "sentiment": "neg", "anger": 1, "lang": "th"},
        {"text": "positive 0.1", "sentiment": "positive", "anger": 0, "lang": "th"},
        {"text": "neutral 0.1", "sentiment": "pos", "lang": "en"},
    )

    found = evaluate(labelled_texts(rows), Echo())

    assert list(found.languages) == ["en", "th"]
    thai, english = found.languages["th"], found.languages["en"]
    assert thai.sentiment is not None
    assert thai.anger is not None
    assert (thai.sentiment.accuracy, thai.sentiment.macro_f1) == (1, 1)
    assert (thai.anger.auc, thai.anger.average_precision, thai.anger.f1) == (1, 1, 1)
    assert thai.sentiment.calibration_error.value == pytest.approx(0.2)
    assert english.sentiment is not None
    assert english.sentiment.accuracy == 0
    assert english.anger is None
    assert json.loads(json.dumps(found.as_dict()))["languages"]["th"]["n"] == 2


def test_level_two_alone_counts_as_angry() -> None:
    rows = lines(*({"text": "negative 0.9", "anger_level": level} for level in (0, 1, 2)))

    assert [row.angry for row in labelled_texts(rows)] == [False, False, True]


def test_the_table_names_every_language_and_shows_a_dash_where_nothing_is_defined() -> None:
    rows = lines({"text": "negative 0.2", "sentiment": "neg", "anger": 0, "lang": "zh-Hant"})

    shown = table(evaluate(labelled_texts(rows), Echo()))

    assert "model echo@1" in shown
    assert "zh-Hant  1      0    -" in shown


def test_nothing_to_score_is_said() -> None:
    assert "no labelled text" in table(evaluate([], Echo()))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "line 2: not JSON"),
        (b"[1]", "line 2: not a JSON object"),
        (b'{"sentiment": "neg"}', "line 2: no string `text`"),
        (b'{"text": "a", "sentiment": "bad"}', "line 2: sentiment is 'bad'; write one of: neg, neu, pos"),
        (b'{"text": "a", "anger": 3}', "line 2: anger is 3; write a whole number from 0 to 1"),
        (b'{"text": "a", "anger_level": "high"}', "line 2: anger_level is 'high'"),
        (b'{"text": "a", "lang": 7}', "line 2: lang is 7; write a tag"),
        (b'{"text": "\xff"}', "line 2: not UTF-8; save the file as UTF-8"),
        (b"[" * 100_000, "line 2: not JSON"),
    ],
)
def test_a_bad_line_is_named_with_its_remedy(line: bytes, said: str) -> None:
    with pytest.raises(LabelError, match=said.replace("(", r"\(")) as caught:
        list(labelled_texts([b'{"text": "a"}', line]))

    assert caught.value.line == 2


def test_blank_lines_are_passed_over() -> None:
    assert len(list(labelled_texts([b"\n", b'{"text": "a", "sentiment": "neu"}\n', b"  "]))) == 1


def test_sentiments_are_read_in_both_spellings() -> None:
    rows = labelled_texts(lines({"text": "", "sentiment": "neg"}, {"text": "", "sentiment": "Negative"}))

    assert [row.sentiment for row in rows] == [Sentiment.NEGATIVE] * 2


flags = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30)


@given(flags)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[bool, int]]) -> None:
    truth = np.array([flag for flag, _ in pairs])
    scores = np.array([float(score) for _, score in pairs])
    wins = [(a > b) + (a == b) / 2 for a in scores[truth] for b in scores[~truth]]

    found = metrics.auc(truth, scores)

    assert found == (pytest.approx(sum(wins) / len(wins)) if wins else None)


def test_average_precision_is_the_mean_precision_at_each_hit() -> None:
    truth = np.array([True, False, True, False])

    assert metrics.average_precision(truth, np.array([0.9, 0.8, 0.7, 0.1])) == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.average_precision(truth, np.full(4, 0.5)) == pytest.approx(0.5)


def test_calibration_error_is_the_gap_between_confidence_and_truth() -> None:
    found = metrics.calibration_error(np.array([True, True, True, False]), np.full(4, 0.95))

    assert found.value == pytest.approx(0.2)
    assert found.low <= found.value <= found.high
