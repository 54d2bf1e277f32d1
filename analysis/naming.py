"""What a text says beside the names of what it is about: these stand in every post, whatever it tells."""

import re
from collections.abc import Collection
from functools import lru_cache

from analysis.script import simplified


def without(text: str, names: Collection[str]) -> str:
    """Return the text less the names, in either script of Chinese and any case; as it is where nothing is left."""
    pattern = _pattern(tuple(sorted(names)))
    if pattern is None:
        return text
    kept, end = [], 0
    # Folding keeps every position.
    for found in pattern.finditer(simplified(text)):
        kept.append(text[end : found.start()])
        end = found.end()
    rest = "".join((*kept, text[end:]))
    return rest if rest.strip() else text


@lru_cache(maxsize=256)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return what finds any of the names, the longest first."""
    folded = sorted({simplified(name.strip()) for name in names if name.strip()}, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, folded)), re.IGNORECASE) if folded else None
