"""Whatever a query matches, its grams find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import query
from alerts.folding import fold
from alerts.query_grams import Needed, grams, needed
from alerts.query_match import FoldedPost, Post


def _may_match(wanted: Needed | None, text: str) -> bool:
    """Ask an index in the naive way."""
    held = grams(fold(text))
    return wanted is None or any(
        all(any(one.startswith(gram.text) if gram.begins else one == gram.text for one in held) for gram in group)
        for group in wanted
    )


@pytest.mark.parametrize(
    ("asked", "text", "expected"),
    [
        ("服務很差", "這家服务很差啊", True),
        ("服務很差", "服務好，態度很差", False),
        ("差", "很差", True),
        ("บริการแย่", "ร้านนี้บริการแย่มาก", True),
        ("บริการแย่", "บริการดี แย่จัง", False),
        ("tea", "steam", False),
        ("ref*", "refund", True),
        ("-tea", "soup", True),
    ],
)
def test_grams_tell_texts_apart(asked: str, text: str, expected: bool) -> None:
    assert _may_match(needed(query.parse(asked).root), text) is expected


_WORDS = st.sampled_from(
    ["tea", "teapot", "服務", "很差", "差", "台湾", "แย่", "บริการ", "น้ำ", "iphone手機", "c++", "🍜", "가나", "x" * 60]
)
_QUERIES = st.recursive(
    st.one_of(_WORDS, _WORDS.map(lambda word: f'"{word} tea"'), st.sampled_from(["te*", "บริ*", "服*", "xxxxxx*"])),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda one: f"({' '.join(one)})"),
        inner.map(lambda one: f"-({one})"),
        st.tuples(_WORDS, _WORDS).map(lambda one: f"({one[0]} NEAR/3 {one[1]})"),
    ),
    max_leaves=5,
)


@given(asked=_QUERIES, words=st.lists(_WORDS, max_size=6), glue=st.sampled_from(["", " ", "，", "\n"]))
def test_nothing_that_matches_is_passed_over(asked: str, words: list[str], glue: str) -> None:
    parsed = query.parse(asked)
    text = glue.join(words)
    if query.matches(parsed, FoldedPost(Post(text=text))):
        assert _may_match(needed(parsed.root), text)


def test_a_query_of_many_words_stays_small() -> None:
    many = " OR ".join(f"w{n}" for n in range(200))
    wanted = needed(query.parse(f"({many}) ({many}) ({many[:50]})").root)

    assert wanted is not None
    assert len(wanted) <= 600
