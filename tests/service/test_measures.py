"""What is computed from counts, against values worked out by hand or taken from the sources."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.measures import differs, doubling_time, ratio, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_newcombe(part: int, whole: int, low: float, high: float) -> None:
    found_low, found_high = wilson(part, whole)
    assert found_low == pytest.approx(low, abs=5e-5)
    assert found_high == pytest.approx(high, abs=5e-5)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_an_interval_holds_its_share(part: int, whole: int) -> None:
    part = min(part, whole)
    low, high = wilson(part, whole)
    assert low is not None
    assert high is not None
    assert 0 <= low <= part / whole <= high
    assert high <= 1


def test_nothing_has_no_interval_and_no_ratio() -> None:
    assert wilson(0, 0) == (None, None)
    assert ratio(1, 0) is None


def test_volumes_double_in() -> None:
    six = timedelta(hours=6)
    assert doubling_time(10, 20, six) == pytest.approx(6)
    assert doubling_time(10, 40, six) == pytest.approx(3)
    assert doubling_time(10, 15, six) == pytest.approx(10.2571, abs=1e-4)
    assert doubling_time(0, 20, six) is None
    assert doubling_time(20, 20, six) is None
    assert doubling_time(20, 10, six) is None


def test_shares_differ_as_newcombe_worked_out() -> None:
    # 56 of 70 against 48 of 80: the difference of 0.2 lies between 0.0524 and 0.3339.
    assert differs((56, 70), (48, 80)) == 1
    assert differs((48, 80), (56, 70)) == -1
    assert differs((9, 10), (3, 10)) == 1
    assert differs((5, 56), (0, 29)) == 0
    assert differs((0, 0), (2, 7)) == 0
