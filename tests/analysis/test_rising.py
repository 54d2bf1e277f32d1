"""Which terms rise, against numbers worked out by hand."""

from math import log, sqrt

import pytest

from analysis.rising import rising


def test_the_score_is_the_log_odds_with_a_prior() -> None:
    (one,) = rising({"refund": 20}, {"refund": 10}, texts_now=100, texts_before=400)
    prior = 10 * 30 / 500
    odds = log((20 + prior) / (80 + 10 - prior)) - log((10 + prior) / (390 + 10 - prior))
    assert one.z == pytest.approx(odds / sqrt(1 / (20 + prior) + 1 / (10 + prior)))
    assert (one.count, one.before) == (20, 10)


def test_what_is_as_common_as_ever_or_rarer_does_not_rise() -> None:
    assert rising({"service": 10}, {"service": 40}, texts_now=100, texts_before=400) == []
    assert rising({"service": 5}, {"service": 80}, texts_now=100, texts_before=400) == []


def test_one_text_is_chance() -> None:
    assert rising({"typo": 1}, {}, texts_now=100, texts_before=400) == []


def test_a_part_that_lives_in_a_longer_term_is_left_out() -> None:
    found = rising({"行動": 10, "電源": 11, "行動電源": 10, "爆炸": 6}, {}, texts_now=50, texts_before=400)
    assert [one.term for one in found] == ["行動電源", "爆炸"]


def test_without_a_history_the_commonest_come_first() -> None:
    found = rising({"refund": 9, "noodles": 3}, {}, texts_now=10, texts_before=0)
    assert [one.term for one in found] == ["refund", "noodles"]
