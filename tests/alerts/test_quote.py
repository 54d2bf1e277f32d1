"""The mention's words are kept, and the deciding ones marked."""

from hypothesis import given
from hypothesis import strategies as st

from alerts.quote import MOST, Piece, decisive, lines, pieces
from analysis.types import Because


def span(text: str, words: str, *, shift: int = 0) -> Because:
    start = text.index(words) + shift
    return Because(start=start, end=start + len(words), text=words)


def marked(text: str, because: list[Because]) -> list[str]:
    return [piece.text for piece in pieces(text, because) if piece.marked]


def test_spans_are_marked_where_they_are() -> None:
    text = "no, no and no"

    made = pieces(text, [Because(start=4, end=6, text="no")])

    assert made == (
        Piece(text="no, ", marked=False),
        Piece(text="no", marked=True),
        Piece(text=" and no", marked=False),
    )


def test_spans_that_count_a_title_are_found_by_their_words() -> None:
    text = "什麼態度！根本把客人當白痴"

    assert marked(text, [span(text, "什麼態度！", shift=9)]) == ["什麼態度！"]


def test_spans_of_another_text_mark_nothing() -> None:
    assert marked("calm words", [Because(start=50, end=60, text="angry word")]) == []


def test_overlapping_spans_are_one_mark() -> None:
    text = "you lied to me"

    assert marked(text, [span(text, "lied to"), span(text, "you lied")]) == ["you lied to"]


def test_a_long_text_is_cut_so_that_the_first_marked_words_are_seen() -> None:
    text = "mild. " * 1000 + "You lied to me. " + "mild. " * 1000

    made = pieces(text, [span(text, "You lied to me.")])

    assert [piece.text for piece in made if piece.marked] == ["You lied to me."]
    assert made[0].text == made[-1].text == "…"
    assert sum(len(piece.text) for piece in made) <= MOST + 2


@given(
    st.text(max_size=300),
    st.lists(st.builds(Because, start=st.integers(-5, 400), end=st.integers(-5, 400), text=st.text(max_size=5))),
)
def test_any_spans_leave_the_words_whole(text: str, because: list[Because]) -> None:
    plain = "".join(piece.text for piece in pieces(text, []))

    assert "".join(piece.text for piece in pieces(text, because)) == plain


def test_lines_have_no_empty_ones_at_the_ends_or_two_in_a_row() -> None:
    title, words = pieces("Title", []), pieces("\n\n one \n\n\n\ntwo\n", [])

    assert lines(title, words) == ("Title", "", "one", "", "two")
    assert lines((), pieces("  \n ", [])) == ()


def test_deciding_words_are_listed_once_each_on_one_line() -> None:
    because = [Because(start=0, end=1, text=words) for words in ("a\nb", "a b", " ", "c")]

    assert decisive(because) == ("a b", "c")
