"""The words and phrases of a text.

Chinese and Thai have no spaces: BudouX (Apache-2.0), small models for phrases, cuts them; Traditional is cut as its
Simplified folding, which keeps every position. Two neighbours together are a term too, so that what a model cuts apart
(行動 電源) is found.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import budoux

from analysis.script import simplified

#: Distinct terms kept of one text.
MOST_TERMS = 48
#: Read of one text.
_MOST_CHARS = 2_000
_LONGEST_TERM = 24
_LINKS = re.compile(r"(?:https?://|www\.)\S+|(?<![\w.])[@＠][\w.]{2,40}", re.IGNORECASE)
_THAI, _HAN = r"\u0e00-\u0e7f", r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
#: A run of one way of writing: Thai, Chinese, or words between spaces.
_RUNS = re.compile(rf"([{_THAI}]+)|([{_HAN}]+)|([^\W\d_{_THAI}{_HAN}][\w'’&+-]*)|(\s+)|(.)", re.DOTALL)
#: What has no meaning of its own in Thai: marks and ๆ.
_THAI_MARKS = re.compile(r"^[\u0e2f\u0e30-\u0e3a\u0e45-\u0e4f]+|ๆ+$")


@cache
def _stop_words() -> frozenset[str]:
    """Return words that say nothing alone, in every language together, Chinese in Simplified."""
    lines = Path(__file__).with_name("stop_words.txt").read_text("utf-8").splitlines()
    return frozenset(simplified(word) for line in lines if not line.startswith("#") for word in line.split())


@cache
def _thai_parser() -> budoux.Parser:
    return budoux.load_default_thai_parser()


@cache
def _chinese_parser() -> budoux.Parser:
    return budoux.load_default_simplified_chinese_parser()


def terms(text: str) -> tuple[str, ...]:
    """Return the text's distinct terms in order, lower case and in its own script, at most `MOST_TERMS`."""
    found: dict[str, None] = {}
    before = ""
    # NFKC takes ำ apart, which nobody writes so.
    folded = unicodedata.normalize("NFKC", _LINKS.sub("\n", text[:_MOST_CHARS])).casefold().replace("\u0e4d\u0e32", "ำ")
    for word in _words(folded):
        if not _says_something(word):
            before = ""
            continue
        for term in (word, before and _joined(before, word)):
            if term and len(term) <= _LONGEST_TERM and _is_term(term):
                found.setdefault(term)
        before = word
        if len(found) >= MOST_TERMS:
            break
    return tuple(found)[:MOST_TERMS]


def _words(text: str) -> Iterator[str]:
    """Yield the words in order, and "" wherever a sign parts what stands around it, as a space does in Chinese and
    Thai."""
    spaced = False
    for match in _RUNS.finditer(text):
        thai, chinese, word, space, _ = match.groups()
        if space and "\n" not in space:
            spaced = True
            continue
        if spaced and not (word and word.isascii()):
            yield ""
        spaced = False
        if thai:
            yield from (_THAI_MARKS.sub("", piece) for piece in _thai_parser().parse(thai))
        elif chinese:
            start = 0
            for piece in _chinese_parser().parse(simplified(chinese)):
                yield chinese[start : start + len(piece)]
                start += len(piece)
        elif word:
            yield word.replace("’", "'").strip("'-&+")
        else:
            yield ""


def _joined(before: str, word: str) -> str:
    """Return two neighbours as one term; words of an alphabet keep their space."""
    return f"{before} {word}" if word[0].isascii() and before[-1].isascii() else before + word


def _says_something(word: str) -> bool:
    return bool(word) and simplified(word) not in _stop_words()


def _is_term(term: str) -> bool:
    """Whether a term is long enough to mean something alone."""
    if "\u0e00" <= term[0] <= "\u0e7f":
        return len(term) >= 3
    return len(term) >= 2
