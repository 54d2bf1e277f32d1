"""The search box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store.search import MOST_TERMS, terms_of


def test_words_and_phrases_are_terms() -> None:
    assert [term[0] for term in terms_of('cold  "very  slow"\u3000soup cold')] == ["cold", "very slow", "soup"]


def test_a_term_has_every_way_of_writing_it() -> None:
    assert set(terms_of("態度")[0]) == {"態度", "态度"}
    assert set(terms_of("Ａｐｐ")[0]) == {"Ａｐｐ", "App"}


@given(query=st.text(max_size=200))
def test_any_query_has_terms_or_a_remedy(query: str) -> None:
    try:
        terms, remedy = terms_of(query), ""
    except ValueError as error:
        terms, remedy = (), str(error).partition(";")[2]

    assert bool(terms) != bool(remedy)
    assert len(terms) <= MOST_TERMS
    assert all(form for term in terms for form in term)


def test_an_open_quotation_mark_is_told() -> None:
    with pytest.raises(ValueError, match="close it"):
        terms_of('"very slow')
