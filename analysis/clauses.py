"""Where a text's clauses lie, and which of them carried a verdict."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.types import Because

#: Ends of clauses in Chinese and English; a dot or comma between digits is part of a number.
_BORDER = re.compile(r"[。！？!?；;，、…\n\r]+|(?<!\d)[.,:]+|[.,:]+(?!\d)|[:—~～]+|\s[-–]\s")
#: Ends of sentences; Thai has none but lines.
_SENTENCE_END = re.compile(r"[。！？!?；;…\n\r]+|\.+(?=\s)")
#: Words that turn against what was said before them; not those that only look so (不但, 但願, ตั้งแต่, แต่ละ, แต่งงาน).
_CONTRAST = re.compile(
    r"(?<=\s)(?:but|however|although|though|whereas)(?=[\s,])|(?<![不非])但(?![凡願愿])|可是"
    r"|(?<![再好受說说])不[過过](?![去來来])|然而|[卻却](?!步)"
    r"|(?<!ตั้ง)แต่(?!ละ|ง|ก่อน|แรก|ต้น|เช้า|เดิม|ไหน)",
    re.IGNORECASE,
)
#: Thai parts clauses by spaces, and Chinese posts often do.
_SPACE = re.compile(
    r"(?<=[\u0e00-\u0e7f\u3400-\u9fff])[ \u3000]+(?=\S)|[ \u3000]+(?=[\u0e01-\u0e2e\u0e40-\u0e44\u3400-\u9fff])"
)
#: Longer clauses are cut at a space, or anywhere in writing without spaces.
_LONGEST = 80
_AT_MOST = 3
#: A clause is named beside the best one if it weighs at least this share of it.
_WORTH_NAMING = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """A part of a text, in code points."""

    start: int
    end: int


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return an overlong stretch in pieces, cut at the last space that fits."""
    pieces = []
    while end - start > _LONGEST:
        space = text.rfind(" ", start + 1, start + _LONGEST)
        cut = space + 1 if space > start else start + _LONGEST
        pieces.append((start, cut))
        start = cut
    return [*pieces, (start, end)]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the stretch without the spaces around it."""
    shown = text[start:end]
    return start + len(shown) - len(shown.lstrip()), end - (len(shown) - len(shown.rstrip()))


def clauses(text: str, start: int, end: int) -> list[Clause]:
    """Return the clauses of text[start:end], signs at their ends included, in order."""
    ends = {match.end() for pattern in (_BORDER, _SPACE) for match in pattern.finditer(text, start, end)}
    ends |= {match.start() for match in _CONTRAST.finditer(text, start, end)}
    borders = [start, *sorted(ends - {start, end}), end]
    cut = [_trimmed(text, *piece) for first, last in pairwise(borders) for piece in _pieces(text, first, last)]
    return [Clause(start=first, end=last) for first, last in cut if last > first]


def sentences(text: str) -> list[Clause]:
    """Return the sentences of a text, signs at their ends included, in order."""
    borders = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
    cut = [_trimmed(text, first, last) for first, last in pairwise(borders)]
    return [Clause(start=first, end=last) for first, last in cut if last > first]


def contrasts(text: str) -> bool:
    """Return whether a text turns against itself: food good, but …"""
    return any(text[: match.start()].strip() for match in _CONTRAST.finditer(text))


def _joined(text: str, chosen: Sequence[Clause]) -> tuple[Because, ...]:
    """Return the clauses as spans, neighbours as one."""
    spans: list[tuple[int, int]] = []
    for part in chosen:
        if spans and not text[spans[-1][1] : part.start].strip():
            spans[-1] = (spans[-1][0], part.end)
        else:
            spans.append((part.start, part.end))
    return tuple(Because(start=first, end=last, text=text[first:last]) for first, last in spans)


def heaviest(
    text: str, parts: Sequence[Clause], weight: NDArray[np.float64], origin: NDArray[np.int32]
) -> tuple[Because, ...]:
    """Return up to three clauses that weigh most, in reading order. `weight` is what each letter adds to the verdict,
    `origin` where in the text it stands."""
    if not parts:
        return ()
    starts = np.array([part.start for part in parts])
    place = np.clip(np.searchsorted(starts, origin, side="right") - 1, 0, None)
    sums = np.bincount(place, weights=weight, minlength=len(parts))
    best = float(sums.max())
    order = np.argsort(-sums, kind="stable")[: _AT_MOST if best > 0 else 1]
    return _joined(text, [parts[index] for index in sorted(order) if sums[index] >= best * _WORTH_NAMING or best <= 0])
