"""The values of platforms' JSON, in the forms they come in."""

import pytest

from collectors.pages import identity, stars, words
from collectors.types import Rating


@pytest.mark.parametrize("number", [0, 2**53 + 1, 18_446_744_073_709_551_615, -1_001_234_567_890])
def test_a_number_is_kept_to_its_last_digit(number: int) -> None:
    assert identity(number) == str(number)


@pytest.mark.parametrize("value", [True, None, 1e16, 10**41, [], {}, float("inf")])
def test_what_names_nothing_is_no_id(value: object) -> None:
    assert words(value) == ""
    with pytest.raises(ValueError, match="no usable id"):
        identity(value)


@pytest.mark.parametrize("given", [4, 4.0, "4", "4.0"])
def test_stars_are_numbers_or_texts_of_numbers(given: object) -> None:
    assert stars(given) == Rating(value=4, scale=5)


@pytest.mark.parametrize("given", [9, "9", "many", True, [], -1])
def test_what_cannot_be_stars_is_refused(given: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        stars(given)
