"""Which of all that a stream says a source wants to hear."""

import re
import unicodedata
from functools import lru_cache

_MOST_WORDS = 200


@lru_cache(maxsize=200)
def pattern_of(setting: str) -> re.Pattern[str] | None:
    """Return what finds any of the words of a setting, parted by commas; None where it names none.

    Latin words are found whole, Chinese and Thai ones anywhere, for nothing parts these from their neighbours.
    """
    words = [folded(word.strip()) for word in setting.split(",") if word.strip()][:_MOST_WORDS]
    if not words:
        return None
    # Every part is a plain text: the pattern takes time by the length of what it is shown, and no more.
    return re.compile("|".join(_whole(word) for word in sorted(words, key=len, reverse=True)))


def folded(text: str) -> str:
    """Return the text without differences of width and case."""
    return unicodedata.normalize("NFKC", text).casefold()


def _whole(word: str) -> str:
    before = r"(?<![a-z0-9_])" if re.match(r"[a-z0-9_]", word) else ""
    after = r"(?![a-z0-9_])" if re.search(r"[a-z0-9_]\Z", word) else ""
    return f"{before}{re.escape(word)}{after}"
