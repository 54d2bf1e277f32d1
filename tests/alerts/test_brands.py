"""What a brand is looked for by."""

from typing import Any

import pytest

from alerts import brands, query
from alerts.brands import BrandTerms
from alerts.errors import BrandError
from alerts.query_match import FoldedPost, Post


def _is_about(terms: BrandTerms, text: str) -> bool:
    return query.matches(brands.query_of(terms), FoldedPost(Post(text=text)))


def test_without_a_query_the_name_and_the_aliases_are_looked_for_in_every_script() -> None:
    tea = BrandTerms(name="Lantern Tea", aliases=("燈籠茶", "ชาโคม"))
    found = [_is_about(tea, text) for text in ("LANTERN TEA rocks", "灯笼茶很贵", "ชอบชาโคมมาก", "a lantern, tea")]

    assert found == [True, True, True, False]


def test_with_a_query_the_name_alone_is_not_enough() -> None:
    tea = BrandTerms(name="Lantern", query="lantern NEAR/3 tea", aliases=("燈籠茶",))
    found = [_is_about(tea, text) for text in ("a lantern", "lantern milk tea", "燈籠茶")]

    assert found == [False, True, True]


def test_a_common_word_needs_its_context() -> None:
    apple = BrandTerms(name="Apple", aliases=("蘋果",), context=("iPhone", "手機"))
    found = [_is_about(apple, text) for text in ("蘋果很甜", "蘋果手機很貴", "my apple iPhone")]

    assert found == [False, True, True]


def test_an_excluded_word_decides() -> None:
    tea = BrandTerms(name="Lantern", query="lantern*", exclude=("festival", "元宵"))

    assert _is_about(tea, "lanterns here")
    assert not _is_about(tea, "Lanterns at the festival")


@pytest.mark.parametrize(
    ("given", "field", "remedy"),
    [
        ({"query": "(tea"}, "query", "bracket"),
        ({"query": "-tea"}, "query", "add a word"),
        ({"query": "tea label:negative"}, "query", "not known"),
        ({"aliases": ("!!",)}, "aliases", "correct or remove"),
        ({"context": ("x" * 201,)}, "context", "correct or remove"),
        ({"exclude": tuple(str(n) for n in range(301))}, "exclude", "300"),
        ({"own_accounts": tuple(str(n) for n in range(301))}, "own_accounts", "300"),
        ({"own_accounts": ("@",)}, "own_accounts", "correct or remove"),
    ],
)
def test_a_mistake_names_its_field(given: dict[str, Any], field: str, remedy: str) -> None:
    with pytest.raises(BrandError, match=remedy) as caught:
        brands.check(BrandTerms(name="Tea", **given))

    assert caught.value.field == field
