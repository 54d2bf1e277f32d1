"""Which language a text is in, told as well as before; README.md says how others do."""

import pytest

from analysis.language import language
from tests.quality import gate

#: What is missing is Chinese and Thai in Latin letters, which is told to be English or another language.
HARD = {"zh-Hant": 0.995, "zh-Hans": 0.985, "th": 0.96, "en": 0.995}
DEV = {"zh-Hant": 0.985, "zh-Hans": 0.995, "th": 0.99, "en": 0.995}
SHORT = {"zh-Hant": 0.91, "zh-Hans": 0.985, "th": 0.96, "en": 0.96}
_SHORT = range(2, 13)


def told(texts: list[str], tag: str) -> float:
    """Return the share of texts told to be in a language."""
    return sum(language(text) == tag for text in texts) / len(texts)


@pytest.mark.parametrize("tag", gate.LANGUAGES)
def test_hard_sentences_are_of_their_language(tag: str) -> None:
    texts = [row.text for row in gate.hard_rows() if row.language == tag]
    worded = [text for text in texts if any(letter.isalpha() for letter in text)]

    assert told(worded, tag) >= HARD[tag]


@pytest.mark.corpus
@pytest.mark.parametrize("tag", gate.LANGUAGES)
def test_dev_texts_are_of_their_language(tag: str) -> None:
    texts = [str(row["text"]) for row in gate.raw_dev_rows(tag)]

    assert told(texts, tag) >= DEV[tag]


@pytest.mark.corpus
@pytest.mark.parametrize("tag", gate.LANGUAGES)
def test_texts_of_a_word_or_two_are_of_their_language(tag: str) -> None:
    texts = [str(row["text"]) for row in gate.raw_dev_rows(tag)]

    assert told([text for text in texts if len(text.strip()) in _SHORT], tag) >= SHORT[tag]


@pytest.mark.parametrize("text", ["", "😡😡", "555", "https://example.org/a", "...", "@brand", "\u200b\ufe0f"])
def test_what_has_no_words_has_no_language(text: str) -> None:
    assert language(text) == "und"
