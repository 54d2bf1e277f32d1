"""Where clauses end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.clauses import clauses


def parts(text: str) -> list[str]:
    """Return the clauses of a text as strings."""
    return [text[part.start : part.end] for part in clauses(text, 0, len(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("環境不錯，但是店員很兇！再見", ["環境不錯，", "但是店員很兇！", "再見"]),
        ("味道好 服务差", ["味道好", "服务差"]),
        ("อาหารอร่อย แต่ช้ามาก", ["อาหารอร่อย", "แต่ช้ามาก"]),
        ("Good food, bad staff. Never again!", ["Good food,", "bad staff.", "Never again!"]),
        ("It cost 1,200.50 euros; too much", ["It cost 1,200.50 euros;", "too much"]),
        ("Good food but bad staff", ["Good food", "but bad staff"]),
        ("東西好吃但是服務差", ["東西好吃", "但是服務差"]),
        ("不但好吃而且便宜", ["不但好吃而且便宜"]),
        ("ของดีแต่ส่งช้า", ["ของดี", "แต่ส่งช้า"]),
        ("รอตั้งแต่เช้า", ["รอตั้งแต่เช้า"]),
        ("", []),
        ("  \n ", []),
    ],
)
def test_a_clause_ends_at_a_sign_or_where_the_language_puts_a_space(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


def test_a_long_stretch_is_cut_at_spaces() -> None:
    found = parts("word " * 60)

    assert all(len(part) <= 80 for part in found)
    assert all(not part.startswith("ord") for part in found)


@given(st.text())
def test_clauses_are_ordered_apart_and_inside(text: str) -> None:
    found = clauses(text, 0, len(text))

    assert all(0 <= part.start < part.end <= len(text) for part in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert "".join(text[part.start : part.end] for part in found).split() == text.split() or found
