"""Traditional and Simplified Chinese: folding character by character, and which of the two a text shows.

The table beside this module comes from OpenCC's dictionaries (Apache-2.0) by analysis/training/script_table.py.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptTable:
    """What is known about single characters."""

    #: Traditional and variant forms to Simplified; many to one.
    simplify: dict[int, int]
    #: Simplified to the form most usual in Taiwan; characters written both ways stay.
    restore: dict[int, int]
    only_traditional: frozenset[str]
    only_simplified: frozenset[str]


def _pairs(line: str) -> dict[int, int]:
    """Return a translation table from a line of character pairs."""
    return {ord(line[i]): ord(line[i + 1]) for i in range(0, len(line) - 1, 2)}


@cache
def script_table() -> ScriptTable:
    """Return the table, read once."""
    lines = (Path(__file__).with_name("script_table.txt")).read_text("utf-8").split("\n")
    return ScriptTable(
        simplify=_pairs(lines[0]),
        restore=_pairs(lines[1]),
        only_traditional=frozenset(lines[2]),
        only_simplified=frozenset(lines[3]),
    )


def simplified(text: str) -> str:
    """Return the text with every Traditional character in its Simplified form; same length. For comparing."""
    return text.translate(script_table().simplify)


def traditional(text: str) -> str:
    """Return the text with Simplified characters in their usual Taiwanese form; same length. For comparing:
    characters that stand for several (后, 里, 发) are not told apart by their words."""
    return text.translate(script_table().restore)


def script_evidence(text: str) -> tuple[int, int]:
    """Return how many characters only Traditional, and how many only Simplified Chinese writes."""
    table = script_table()
    shown = (
        sum(text.count(character) for character in set(text) & only)
        for only in (table.only_traditional, table.only_simplified)
    )
    return next(shown), next(shown)
