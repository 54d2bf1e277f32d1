"""Sentences written for this project, one pattern a line in written/LANGUAGE.KIND.txt; nothing there is from a corpus.

`{}` in a pattern is filled with every subject of the language. `zh` stands for both Chinese: letters are folded to one
before they are counted. Why: Chinese review sets have no neutral class, so a model trained on them alone hears a
complaint in «When do you close?»; and no corpus has angry customers in Thai or Traditional Chinese.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_FOLDER = Path(__file__).with_name("written")


class Kind(StrEnum):
    """What a pattern expresses, whatever fills it."""

    NEUTRAL = "neutral"
    PRAISE = "praise"
    #: Displeased without heat: anger level 1.
    COMPLAINT = "complaint"
    #: Anger level 2.
    FURY = "fury"


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A sentence of ours."""

    language: str
    kind: Kind
    text: str
    #: How many sentences its pattern makes.
    siblings: int


def _lines(name: str) -> list[str]:
    """Return a file's lines."""
    return [line for line in (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines() if line.strip()]


def sentences() -> Iterator[Written]:
    """Yield every pattern with every subject of its language."""
    for path in sorted(_FOLDER.glob("*.*.txt")):
        language, kind = path.stem.split(".")
        if kind == "subjects":
            continue
        subjects = _lines(f"{language}.subjects")
        for pattern in _lines(path.stem):
            made = [pattern.format(subject) for subject in subjects] if "{}" in pattern else [pattern]
            for text in made:
                yield Written(language=language, kind=Kind(kind), text=text, siblings=len(made))
