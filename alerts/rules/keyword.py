"""Fires on mentions that a query, or a regular expression, finds. With both, both must find something.

Expressions are RE2: no look-around and no back-references, and in return no text can make one take long.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import re2

from alerts import query
from alerts.errors import QueryError, RuleError
from alerts.query_match import FoldedPost, Post
from alerts.rules import values
from alerts.rules.matching import matches
from alerts.types import Alert, JudgedMention, Reason, Rule

_MOST_QUERY = 4000
_MOST_PATTERN = 1000
#: Programs larger than this are refused by RE2 itself.
_MEMORY = 1 << 20
_SHOWN = 5


def check(rule: Rule, window: Sequence[JudgedMention]) -> list[Alert]:
    """Return an alert for each mention that is found, in order. Raises RuleError."""
    complain_of_nothing(rule.settings)
    asked, pattern = read_query(rule.settings, "query"), read_pattern(rule.settings, "pattern")
    return matches(rule, window, lambda mention: _reason(mention, asked, pattern))


def complain_of_nothing(settings: Mapping[str, values.Value]) -> None:
    """Raise RuleError where nothing is looked for."""
    if "query" not in settings and "pattern" not in settings:
        raise RuleError("query", 'is missing; write what to look for, such as "food poisoning" or 拉肚子, or a pattern')


def read_query(settings: Mapping[str, values.Value], field: str) -> query.Query | None:
    """Return the query, None where it is not set. Raises RuleError."""
    if field not in settings:
        return None
    text = str(settings[field])
    if len(text) > _MOST_QUERY:
        raise RuleError(field, f"has {len(text)} characters; write at most {_MOST_QUERY}, or make two rules of it")
    try:
        asked = _query(text)
    except QueryError as error:
        raise RuleError(field, str(error)) from error
    if not asked.is_anchored:
        raise RuleError(field, "matches almost everything; write a word that must be there beside what must not")
    return asked


def read_pattern(settings: Mapping[str, values.Value], field: str) -> Callable[[str], str | None] | None:
    """Return what finds the first match of the expression, None where it is not set. Raises RuleError."""
    if field not in settings:
        return None
    text = str(settings[field])
    if not text or len(text) > _MOST_PATTERN:
        raise RuleError(field, f"has {len(text)} characters; write between 1 and {_MOST_PATTERN}")
    return _pattern(text, field)


@lru_cache(maxsize=256)
def _query(text: str) -> query.Query:
    return query.parse(text)


@lru_cache(maxsize=256)
def _pattern(text: str, field: str) -> Callable[[str], str | None]:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.case_sensitive = False
    options.log_errors = False
    try:
        compiled = re2.compile(unicodedata.normalize("NFC", text), options)
    except (re2.error, UnicodeError) as error:
        raise RuleError(
            field, f"RE2 cannot use it: {_words(error)}; look-around and back-references do not exist there"
        ) from error
    if compiled.search("") is not None:
        raise RuleError(field, "matches a text without words; write an expression that needs a character")

    def first(words: str) -> str | None:
        found = compiled.search(words)
        return None if found is None else str(found.group(0))

    return first


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _reason(
    mention: JudgedMention, asked: query.Query | None, pattern: Callable[[str], str | None] | None
) -> Reason | None:
    words: list[str] = []
    if asked is not None:
        found = query.explain(asked, FoldedPost(_post(mention)))
        if found is None:
            return None
        words += [one.text for one in found]
    if pattern is not None:
        match = pattern(unicodedata.normalize("NFC", mention.text))
        if match is None:
            return None
        words.append(match)
    shown = list(dict.fromkeys(" ".join(word.split())[:80] for word in words))[:_SHOWN]
    return Reason(code="keyword", values={"words": " · ".join(shown)} if shown else {})


def _post(mention: JudgedMention) -> Post:
    """Return what queries ask about. The judged text begins with the title."""
    rating = mention.rating
    return Post(
        title=mention.title,
        text=mention.text,
        authors=tuple(one for one in (mention.author_id, mention.author_name) if one),
        site=mention.site,
        url=mention.url or "",
        language=mention.analysis.language,
        label=mention.analysis.label,
        rating=None if rating is None else rating.value * 5 / rating.scale,
    )
