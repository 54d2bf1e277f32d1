"""Marks stand on the words the verdict was read from."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.types import whole_text
from service.web.highlight import Piece, excerpt, marked_words

_SPANS = st.lists(
    st.fixed_dictionaries({"start": st.integers(-5, 60), "end": st.integers(-5, 60), "text": st.text(max_size=8)}),
    max_size=5,
)


def _joined(pieces: object) -> str:
    return "".join(piece.text for piece in pieces)  # type: ignore[attr-defined]  # pieces


@given(title=st.text(max_size=20), text=st.text(max_size=60), because=_SPANS)
def test_the_pieces_are_the_words_again(title: str, text: str, because: list[dict[str, int | str]]) -> None:
    words = marked_words(title, text, because)
    shown = [part for part in (_joined(words.title), _joined(words.text)) if part]

    assert "\n".join(shown).strip() == whole_text(title, text).strip()


@given(st.lists(st.builds(Piece, text=st.text(min_size=1, max_size=30), marked=st.booleans()), max_size=8))
def test_an_excerpt_is_short_and_shows_the_first_mark(whole: list[Piece]) -> None:
    shown = excerpt(whole, 40)
    marked = [piece for piece in whole if piece.marked]

    assert len(_joined(shown)) <= 42
    assert not marked or any(piece.marked for piece in shown)


def test_spans_count_over_title_and_text() -> None:
    words = marked_words("Never again", "They lied.", [{"start": 17, "end": 21, "text": "lied"}])

    assert [piece.text for piece in words.text if piece.marked] == ["lied"]
    assert not [piece for piece in words.title if piece.marked]


def test_a_span_over_the_border_marks_both() -> None:
    words = marked_words("so bad", "bad food", [{"start": 3, "end": 10, "text": "bad\nbad"}])

    assert [piece.text for piece in words.title if piece.marked] == ["bad"]
    assert [piece.text for piece in words.text if piece.marked] == ["bad"]


def test_a_title_that_begins_the_text_is_not_said_twice() -> None:
    words = marked_words("They lied", "They lied to me.", [{"start": 5, "end": 9, "text": "lied"}])

    assert words.title == []
    assert words.text == [Piece(text="They "), Piece(text="lied", marked=True), Piece(text=" to me.")]


def test_moved_words_are_found_again() -> None:
    words = marked_words("", "   They lied.", [{"start": 5, "end": 9, "text": "lied"}])

    assert [piece.text for piece in words.text if piece.marked] == ["lied"]


def test_a_thai_vowel_is_not_torn_from_its_letter() -> None:
    shown = excerpt([Piece(text="ที่" * 30)], 40)

    assert _joined(shown).rstrip("…")[-1] in "ท่"
