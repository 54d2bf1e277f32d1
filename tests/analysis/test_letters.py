"""Letters, grams and windows: what is counted, and where it stood."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.grams import distinct_grams, grams
from analysis.letters import letters
from analysis.script import script_evidence, simplified, traditional
from analysis.windows import LENGTH, slabs, windows


def shown(text: str) -> str:
    """Return the letters of a text as a string."""
    return "".join(map(chr, letters([text]).points))


def buckets(text: str) -> set[int]:
    """Return the grams of a text."""
    return set(distinct_grams(letters([text]), 20)[1].tolist())


def test_case_width_script_and_invisible_characters_are_folded() -> None:
    assert shown("ＡＢＣ Ｄéf") == " abc déf "
    assert shown("這間\u200b店") == shown("这间店")


def test_floods_of_one_character_are_cut_to_three() -> None:
    assert shown("soooooo bad!!!!!!!!") == " sooo bad!!! "


def test_links_and_names_are_one_letter_each() -> None:
    assert len(shown("see https://example.com/a?b=c @somebody")) == len(" see ? ? ")
    assert buckets("x https://a.example") == buckets("x https://b.example")


def test_every_letter_knows_where_it_stood() -> None:
    text = "A\u200b\u200b好  b"
    row = letters(["first", text])
    mine = row.owner == 1

    assert [text[place] for place in row.origin[mine][1:-1]] == ["A", "好", " ", "b"]


def test_grams_do_not_cross_from_text_to_text() -> None:
    apart = [set(distinct_grams(letters([text]), 20)[1].tolist()) for text in ("bad food", "好吃")]
    owner, bucket = distinct_grams(letters(["bad food", "好吃"]), 20)

    assert [set(bucket[owner == index].tolist()) for index in (0, 1)] == apart


def test_a_gram_is_counted_once_a_text() -> None:
    owner, bucket = distinct_grams(letters(["bad bad bad bad"]), 20)

    assert len(bucket) == len(set(bucket.tolist()))
    assert set(owner.tolist()) == {0}


def test_a_word_has_its_gram_wherever_it_stands() -> None:
    first, second = (list(grams(letters([text]), 20))[-2] for text in ("terrible", "it was terrible"))

    assert first.bucket[-1] == second.bucket[-1]


def test_windows_cover_every_letter_and_overlap() -> None:
    row = letters(["short", "x" * 5, "".join(map(str, range(400)))])

    cut, parents = windows(row)

    assert parents.tolist()[:2] == [0, 1]
    assert max(np.bincount(cut.owner)) <= LENGTH
    long = row.owner == 2
    assert set(row.origin[long].tolist()) == set(cut.origin[parents[cut.owner] == 2].tolist())


def test_a_word_at_the_end_of_a_window_is_not_joined_to_the_next() -> None:
    text = "ab" * 400
    cut, parents = windows(letters([text]))

    owner, _ = distinct_grams(cut, 20)

    assert set(owner.tolist()) == set(range(len(parents)))


def test_very_long_texts_are_read_in_overlapping_slabs() -> None:
    parts = slabs(["", "x" * 450_000])

    assert [part.text for part in parts] == [0, 1, 1, 1]
    assert parts[-1].end == 450_000
    assert all(later.start < earlier.end for earlier, later in pairwise(parts[1:]))


@given(st.lists(st.text(alphabet=st.characters(), max_size=500), max_size=5))
def test_any_texts_become_windows(texts: list[str]) -> None:
    cut, parents = windows(letters(texts))

    assert set(parents.tolist()) == set(range(len(texts)))
    assert set(cut.owner.tolist()) == set(range(len(parents)))


def test_scripts_are_folded_and_told_apart() -> None:
    assert simplified("這間麵店") == "这间面店"
    assert traditional("这间店") == "這間店"
    assert script_evidence("這间好") == (1, 1)


@given(st.text())
def test_folding_keeps_every_place(text: str) -> None:
    assert len(simplified(text)) == len(traditional(text)) == len(text)
