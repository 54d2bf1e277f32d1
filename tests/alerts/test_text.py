"""Any text becomes harmless where it is going."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import text

#: Everything a post may hold, with more of what breaks things.
HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            list(
                "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\x00\x08\x7f\ud800\udfff\u202e\u2066\u200f\ufeff\u200d=?<>\"'&,;:@"
            )
        ),
    ),
    max_size=200,
)
LINE_ENDS = set("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")


@given(HOSTILE, st.integers(1, 80))
def test_a_line_is_one_short_line_that_any_encoding_takes(words: str, most: int) -> None:
    made = text.line(words, most)

    made.encode("utf-8")
    assert len(made) <= most
    assert not LINE_ENDS & set(made)
    assert not [char for char in made if unicodedata.category(char) in ("Cc", "Cs")]
    assert not set("\u202e\u2066\u200f") & set(made)
    assert "=?" not in made


@given(HOSTILE)
def test_a_body_keeps_its_lines_and_loses_what_breaks_it(words: str) -> None:
    made = text.body(words)

    made.encode("utf-8")
    assert not (LINE_ENDS - {"\n"} | set("\x00\x08\x7f\u202e")) & set(made)
    assert text.body(made) == made


@given(st.text(st.characters(categories=["L", "N"]), max_size=100))
def test_ordinary_words_stay_as_they_are(words: str) -> None:
    assert text.body(words) == words


@pytest.mark.parametrize(
    ("words", "most", "cut"),
    [
        ("never again", 20, "never again"),
        ("never again", 7, "never…"),
        # Thai: a tone mark goes with its consonant.
        ("ไม่พอใจ", 3, "ไ…"),
        ("a👩‍👩‍👧", 4, "a…"),
        ("ok👍🏽!", 4, "ok…"),
    ],
)
def test_a_cut_falls_between_characters_as_people_see_them(words: str, most: int, cut: str) -> None:
    assert text.shortened(words, most) == cut


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://forum.example/post?id=7&a=b#c", "https://forum.example/post?id=7&a=b#c"),
        ("http://forum.example:8080/", "http://forum.example:8080/"),
        ("https://論壇.example/貼文 1", "https://xn--ypsv87i.example/%E8%B2%BC%E6%96%87%201"),
        ("https://forum.example/%E8%B2%BC", "https://forum.example/%E8%B2%BC"),
        ("http://[::1]/x", "http://[::1]/x"),
        ("javascript:alert(1)", None),
        ("JavaScript://x.example/%0aalert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("//forum.example/x", None),
        ("/relative", None),
        ("https://bank.example@evil.example/", None),
        ("https://", None),
        ("http://[", None),
        ("https://forum.example:99999/", None),
        ("https://forum.example/\u202egpj.exe", None),
        (f"https://forum.example/{'a' * 3000}", None),
        ("", None),
        (None, None),
    ],
)
def test_only_addresses_of_pages_are_links(url: str | None, safe: str | None) -> None:
    assert text.link(url) == safe


@given(HOSTILE.map(lambda rest: f"https://forum.example/{rest}") | HOSTILE)
def test_a_link_is_ascii_without_what_ends_an_attribute(url: str) -> None:
    made = text.link(url)

    if made is not None:
        assert made.isascii()
        assert made.startswith(("http://", "https://"))
        assert not set('"<>\\ \t\r\n') & set(made)


@pytest.mark.parametrize(
    ("tag", "known"), [("zh-Hant", True), ("th", True), ("und", False), ('"x', False), ("", False)]
)
def test_only_a_language_tag_is_one(tag: str, known: bool) -> None:
    assert text.is_tag(tag) is known
