"""The query language: what matches, why, and what a mistake is told."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import query
from alerts.errors import QueryError
from alerts.query_match import FoldedPost, Post
from alerts.query_nodes import Field, anchors


def asks(text: str, post: Post | str) -> bool:
    return query.matches(query.parse(text), FoldedPost(post if isinstance(post, Post) else Post(text=post)))


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("refund", "I want a REFUND!"),
        ("服務很差", "這家店服务很差，不推薦"),
        ("服务很差", "服務 很差"),
        ("臺灣", "台湾製造"),
        ("บริการแย่", "ร้านนี้บริการแย่มากค่ะ"),
        ("บริการเเย่", "บริการแย่"),
        ("iphone", "買iPhone很划算"),
        ("iphone", "ซื้อiPhoneมา"),
        ("ＮＯＯＤＬＥ", "noodle"),
        ("cafe", "Café"),
        ("lantern", "lantern's tea"),
        ("don’t", "I don't"),
        ("soup slow", "slow, cold soup"),
        ("soup AND slow", "slow, cold soup"),
        ("soup OR rice", "rice"),
        ("soup OR rice slow", "soup"),
        ("(soup OR rice) slow", "slow rice"),
        ("（soup　ＯＲ　rice） slow", "slow rice"),
        ("soup -spoon", "soup"),
        ("soup NOT (spoon OR fork)", "soup"),
        ('"very slow"', "very \n slow soup"),
        ("「very slow」", "very slow soup"),
        ("refund*", "three refunds"),
        ("退*", "退費"),
        ("soup NEAR/2 cold", "cold and salty soup"),
        ("服務 NEAR/3 差", "服務態度很差"),
        ("服務 NEAR/1 slow", "服務 very slow"),
        ("(服務 OR บริการ) NEAR/2 slow", "บริการ is so slow"),
        ("cold NEAR/1 soup NEAR/1 again", "cold soup yet again"),
        (r"\AND \(x\)", "(x) and"),
        ('"AND"', "and"),
        ("10:30", "at 10:30"),
        ("🤬", "bad 🤬🤬"),
        ("wi-fi", "the Wi‑Fi"),
        ("C++", "I like C++."),
    ],
)
def test_finds(asked: str, text: str) -> None:
    assert asks(asked, text)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("tea", "a great team in a steamer"),
        ("art", "start"),
        ("phone", "iphone"),
        ("phone", "phone2"),
        ("แย", "แย่"),
        ("soup -spoon", "soup spoon"),
        ("soup OR rice slow", "slow"),
        ('"very slow"', "very, very; slow"),
        ("refund*", "prerefund"),
        ("soup NEAR/1 cold", "cold and salty soup"),
        ("服務 NEAR/2 差", "服務態度很差"),
        ("soup NEAR/5 soup", "soup"),
        ("服務很差", "服務好\n很差"),
        ("退費", "不退\n費用"),
    ],
)
def test_does_not_find(asked: str, text: str) -> None:
    assert not asks(asked, text)


POST = Post(
    title="Cold soup",
    text="湯很冷",
    authors=("u-77", "Hungry Cat"),
    site="forum.example",
    source="Tea forum",
    url="https://forum.example/t/9-soup",
    language="zh-Hant",
    label="negative",
    rating=2.0,
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("title:soup", True),
        ("title:湯", False),
        ("text:湯", True),
        ("title:(cold NEAR/1 soup)", True),
        ('author:"hungry cat"', True),
        ("author:u-77", True),
        ("-author:cat", False),
        ("site:forum", True),
        ("site:for", False),
        ("source:tea", True),
        ("url:soup", True),
        ("language:zh", True),
        ("language:zh-hant", True),
        ("language:zh-Hans", False),
        ("label:negative", True),
        ("label:positive", False),
        ("rating:<=2", True),
        ("rating:2", True),
        ("rating:>2", False),
        ("ｒａｔｉｎｇ：＜３", True),
        ("soup rating:>=2 -label:positive", True),
    ],
)
def test_fields(asked: str, found: bool) -> None:
    assert asks(asked, POST) is found


@pytest.mark.parametrize(
    ("asked", "position", "remedy"),
    [
        ("", 0, "write one"),
        ("(soup", 0, "add )"),
        ("soup)", 4, "remove it"),
        ("soup ()", 5, "write words"),
        ('soup "cold', 5, "add one"),
        ("soup OR", 7, "write a word"),
        ("soup OR OR rice", 8, "between two words"),
        ("AND soup", 0, "write one before it"),
        ("NEAR/3 soup", 0, "write one before it"),
        ("soup NEAR cold", 5, "NEAR/5"),
        ("soup NEAR/1000 cold", 5, "0 to 100"),
        ("soup NEAR/3 -cold", 12, "title:(a NEAR/5 b)"),
        ("price:3", 0, "quotation marks"),
        ("https://forum.example", 0, "quotation marks"),
        ("soup rating:many", 12, "rating:<=2"),
        ("label:bad", 6, "label:negative"),
        ("so*up", 2, r"\*"),
        ("* soup", 0, r"\*"),
        ("a*", 0, "two letters"),
        ("soup \\", 5, "backslash"),
        ("soup \u200b\u200b", 5, "letters"),
        ("x" * 4001, 4000, "shorten"),
        ("(" * 40 + "x" + ")" * 40, 25, "flatter"),
        ("x " * 600, 1000, "fewer"),
        ("title:rating:3", 0, "words only"),
    ],
)
def test_a_mistake_names_its_place_and_the_remedy(asked: str, position: int, remedy: str) -> None:
    with pytest.raises(QueryError) as caught:
        query.parse(asked)

    assert caught.value.position == position
    assert remedy in str(caught.value)


def test_what_is_not_known_at_the_door_is_refused_there() -> None:
    with pytest.raises(QueryError, match="not known when something comes in"):
        query.parse("soup label:negative", fields=query.AT_THE_DOOR)


@pytest.mark.parametrize(
    ("asked", "anchored"),
    [("soup", True), ("-soup", False), ("soup OR -rice", False), ("site:ptt -x", True), ("-a -b", False)],
)
def test_a_query_of_exclusions_alone_has_nothing_definite(asked: str, anchored: bool) -> None:
    assert query.parse(asked).is_anchored is anchored


def test_an_explanation_shows_the_words_as_they_were_seen() -> None:
    post = Post(title="Ｃold s\u200boup", text="湯很冷，服 務 差")
    found = query.explain(query.parse('cold soup "服务差" -hot'), FoldedPost(post))

    assert found is not None
    assert [(one.field, one.text, one.word) for one in found] == [
        (Field.TEXT, "服 務 差", "服务差"),
        (Field.TITLE, "Ｃold", "cold"),
        (Field.TITLE, "s\u200boup", "soup"),
    ]


def test_near_explains_only_the_places_that_are_near() -> None:
    found = query.explain(
        query.parse("cold NEAR/1 soup"), FoldedPost(Post(text="cold day, then rain. cold soup and more soup"))
    )

    assert found is not None
    assert [(one.start, one.text) for one in found] == [(21, "cold"), (26, "soup")]


#: Words and how many each counts for NEAR, in quarters: whole words of three scripts.
WEIGHTS = {"tea": 4, "soup": 4, "服務": 8, "差": 4, "แย่": 2, "นาน": 3}
_WORDS = st.sampled_from(sorted(WEIGHTS))
_TREES = st.recursive(
    _WORDS,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["AND", "OR"]), inner, inner),
        st.tuples(st.just("NOT"), inner),
        st.tuples(st.just("NEAR"), _WORDS, _WORDS, st.integers(0, 4)),
    ),
    max_leaves=8,
)
Tree = str | tuple[str, ...] | tuple[object, ...]


def _written(tree: Tree) -> str:
    match tree:
        case str():
            return tree
        case ("NOT", part):
            return f"-({_written(part)})"  # type: ignore[arg-type]  # a tree
        case ("NEAR", left, right, within):
            return f"{left} NEAR/{within} {right}"
        case (operator, left, right):
            return f"({_written(left)} {operator} {_written(right)})"  # type: ignore[arg-type]  # trees
    raise AssertionError(tree)


def _holds(tree: Tree, words: list[str]) -> bool:
    """Evaluate naively over a list of words."""
    match tree:
        case str():
            return tree in words
        case ("NOT", part):
            return not _holds(part, words)  # type: ignore[arg-type]  # a tree
        case ("AND", left, right):
            return _holds(left, words) and _holds(right, words)  # type: ignore[arg-type]  # trees
        case ("OR", left, right):
            return _holds(left, words) or _holds(right, words)  # type: ignore[arg-type]  # trees
        case ("NEAR", left, right, int(within)):
            return any(
                {words[i], words[j]} == {left, right} and sum(WEIGHTS[w] for w in words[i + 1 : j]) <= within * 4
                for i, j in product(range(len(words)), repeat=2)
                if i < j
            )
    raise AssertionError(tree)


@given(tree=_TREES, words=st.lists(_WORDS, max_size=10))
def test_matching_agrees_with_a_naive_evaluator(tree: Tree, words: list[str]) -> None:
    assert asks(_written(tree), " ".join(words)) is _holds(tree, words)


@given(tree=_TREES, words=st.lists(_WORDS, max_size=8), title=st.lists(_WORDS, max_size=3))
def test_explained_spans_hold_the_words(tree: Tree, words: list[str], title: list[str]) -> None:
    post = Post(title=" ".join(title), text="\u3000".join(words).upper())
    found = query.explain(query.parse(_written(tree)), FoldedPost(post))
    for one in found or ():
        (seen,) = post.values(one.field)

        assert seen[one.start : one.end] == one.text
        assert one.text.lower() == one.word


@given(tree=_TREES, words=st.lists(_WORDS, max_size=8))
def test_whatever_matches_holds_an_anchor(tree: Tree, words: list[str]) -> None:
    asked = query.parse(_written(tree))
    post = FoldedPost(Post(text=" ".join(words)))
    held = anchors(asked.root)
    if query.matches(asked, post) and held is not None:
        assert any(anchor in folded for anchor in held for folded in post.folded(Field.TEXT))


@given(text=st.one_of(st.text(max_size=80), st.text(st.sampled_from('ab"()-:*\\ /3ANDORTE（）「'), max_size=40)))
def test_any_text_is_a_query_or_a_mistake_with_its_place(text: str) -> None:
    position, remedy = 0, "; say nothing"
    try:
        asked = query.parse(text)
    except QueryError as error:
        position, remedy = error.position, error.detail
    else:
        query.matches(asked, FoldedPost(Post(text="soup")))

    assert 0 <= position <= len(text)
    assert ";" in remedy or "," in remedy


def test_a_megabyte_of_one_word_is_answered() -> None:
    post = FoldedPost(Post(text="tea " * 250_000))

    assert query.matches(query.parse("tea NEAR/3 tea NEAR/3 tea"), post)
