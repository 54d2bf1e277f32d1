"""The mention's own words, with those marked that the verdict was read from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.text import body, shortened
from analysis.types import Because

#: More is read at the place itself.
MOST = 1500
#: How much is shown before the first marked words when the beginning must be left out.
_LEAD = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of words, marked or not."""

    text: str
    marked: bool


def pieces(text: str, because: Sequence[Because], *, most: int = MOST) -> tuple[Piece, ...]:
    """Return the words in order, safe to show, at most about so many characters around the first marked ones."""
    spans = _merged(_places(text, because))
    start = _beginning(text, spans, most)
    end = min(len(text), start + most)
    shown = [("…", False)] if start else []
    at = start
    for left, right in spans:
        if left >= end:
            break
        if right > at:
            shown += [(text[at : max(at, left)], False), (text[max(at, left) : min(right, end)], True)]
            at = min(right, end)
    shown += [(text[at:end], False), ("…" if end < len(text) else "", False)]
    return tuple(Piece(text=clean, marked=marked) for words, marked in shown if (clean := body(words)))


def decisive(because: Sequence[Because], most: int = 5) -> tuple[str, ...]:
    """Return the marked words as a list, each once and on one line."""
    texts = (shortened(" ".join(body(span.text).split()), 120) for span in because)
    return tuple(dict.fromkeys(text for text in texts if text))[:most]


def lines(title: Sequence[Piece], words: Sequence[Piece]) -> tuple[str, ...]:
    """Return title and words for plain text, line by line, with no empty line at either end or two in a row."""
    parts = ("".join(piece.text for piece in part).strip() for part in (title, words))
    rows = [row.rstrip() for row in "\n\n".join(part for part in parts if part).split("\n")]
    return tuple(row for before, row in zip(["", *rows], rows, strict=False) if row or before)


def _places(text: str, because: Sequence[Because]) -> Iterator[tuple[int, int]]:
    """Yield where each span is. Offsets may count from a title judged with the text: then the words are looked for."""
    for span in because:
        if span.text and text[span.start : span.end] == span.text:
            yield span.start, span.end
        elif span.text and (found := text.find(span.text)) >= 0:
            yield found, found + len(span.text)


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for left, right in sorted(spans):
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
        else:
            merged.append((left, right))
    return merged


def _beginning(text: str, spans: list[tuple[int, int]], most: int) -> int:
    """Return where to begin so that the first marked words are seen."""
    lead = min(_LEAD, most // 4)
    if not spans or spans[0][0] < most - lead or len(text) <= most:
        return 0
    return spans[0][0] - lead
