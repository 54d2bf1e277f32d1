"""Times and words as they come in an address."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from service.api.parameters import Moment, Words

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
WORDS: TypeAdapter[str] = TypeAdapter(Words)


@pytest.mark.parametrize(
    "given_text",
    [
        "2026-03-05T12:00:00Z",
        "2026-03-05T12:00Z",
        "2026-03-05T20:00:00+08:00",
        "2026-03-05T20:00:00 08:00",
        "2026-03-05T20:00 08:00",
        "2026-03-05T20:00:00.000+0800",
        "2026-03-05 20:00:00+08:00",
        "20260305T120000Z",
    ],
)
def test_one_moment_has_many_spellings(given_text: str) -> None:
    assert MOMENT.validate_python(given_text) == datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "odd", ["2026-03-05T12:00:00", "2026-03-05", "12:00Z", "", 1772712000, None, "9999-12-31T23:59:59-14:00"]
)
def test_what_is_no_moment_says_what_would_be(odd: object) -> None:
    with pytest.raises(ValidationError, match=r"2026-03-05T12:00:00|between the years"):
        MOMENT.validate_python(odd)


@given(text=st.text())
def test_any_text_is_a_moment_or_an_error(text: str) -> None:
    try:
        at = MOMENT.validate_python(text)
    except ValidationError:
        return
    assert at.utcoffset() is not None


@given(text=st.text() | st.sampled_from(["\0", "a\ud800", "\udfff"]))
def test_words_can_be_stored_or_are_refused(text: str) -> None:
    try:
        words = WORDS.validate_python(text)
    except ValidationError:
        assert "\0" in text or any("\ud800" <= c <= "\udfff" for c in text)
    else:
        assert b"\0" not in words.encode()
