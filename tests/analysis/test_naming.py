"""The names of what a text is about are left out of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.naming import without

NAMES = ("Lantern", "Lantern Tea", "燈籠茶")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("LANTERN TEA is filthy", " is filthy"),
        ("灯笼茶太脏了，燈籠茶太髒了", "太脏了，太髒了"),
        ("ชาไข่มุก Lantern Tea แย่มาก", "ชาไข่มุก  แย่มาก"),
        ("nobody is named", "nobody is named"),
        ("Lantern Tea", "Lantern Tea"),
    ],
)
def test_what_is_said_beside_the_names_stays(text: str, rest: str) -> None:
    assert without(text, NAMES) == rest


def test_without_names_a_text_is_as_it_is() -> None:
    assert without("anything", ()) == without("anything", ("", " ")) == "anything"


@given(st.text(), st.lists(st.text(max_size=4), max_size=4))
def test_any_names_leave_a_text_no_longer(text: str, names: list[str]) -> None:
    assert len(without(text, names)) <= len(text)
