"""From texts to the numbers of their pieces, in windows the encoder can take in one go."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.windows import evenly, slabs

#: Pieces in a window, its two ends not counted; what the network is taught on, with some room.
LENGTH = 126
#: A longer text is looked at more closely, lest an insult drown in what is around it.
CLOSE_LENGTH = 62
_STEP = 46
#: A text with more windows is judged by so many, evenly spread, its first and last among them. About a quarter of a
#: megabyte is read in full.
_AT_MOST = 2_048
_BEGIN, _END = 0, 2
#: What is dropped (invisible, or a variant mark), what becomes one space, and runs that become four.
_NOISE = re.compile(
    r"(?P<gone>[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\ud800-\udfff\x00-\x08\x0e-\x1f\x7f]+)"
    r"|(?P<space>\s{2,})|(?P<run>(?P<one>\S)(?P=one){4,})"
)
_RUN = 4


class _Encoding(Protocol):
    ids: list[int]
    offsets: list[tuple[int, int]]


class PieceTokenizer(Protocol):
    """What is used of a tokenizer."""

    def encode(self, sequence: str, *, add_special_tokens: bool) -> _Encoding:
        """Return a text's pieces and where they stand."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Some neighbouring pieces of a text, in code points from `start` to `end`."""

    #: Which text.
    text: int
    start: int
    end: int
    ids: tuple[int, ...]


def cleaned(text: str) -> tuple[str, NDArray[np.int32]]:
    """Return the text without what nobody sees and with floods shortened, and where each of its letters stood."""
    parts: list[str] = []
    places: list[NDArray[np.int32]] = []
    last = 0
    for match in _NOISE.finditer(text):
        keep = 0 if match["gone"] else 1 if match["space"] else _RUN
        parts += [text[last : match.start()], " " if match["space"] else match.group()[:keep]]
        places.append(np.arange(last, match.start() + keep, dtype=np.int32))
        last = match.end()
    places.append(np.arange(last, len(text), dtype=np.int32))
    return "".join([*parts, text[last:]]), np.concatenate(places)


def _cuts(pieces: int) -> list[int]:
    """Return where the close windows of so many pieces begin."""
    return [*range(0, pieces - CLOSE_LENGTH, _STEP), pieces - CLOSE_LENGTH]


def _of_slab(tokenizer: PieceTokenizer, text: str, index: int, first: int, last: int) -> list[Window]:
    """Return the windows of a part of a text; none where nothing is said."""
    shown, places = cleaned(text[first:last])
    encoding = tokenizer.encode(shown, add_special_tokens=False)
    ids, offsets = encoding.ids, encoding.offsets
    # A lone control character, say, is shown and has no pieces.
    if not shown.strip() or not ids:
        return []
    found = []
    short = len(ids) <= LENGTH
    for start in [0] if short else _cuts(len(ids)):
        end = len(ids) if short else start + CLOSE_LENGTH
        begin, until = offsets[start][0], max(offsets[end - 1][1], offsets[start][0] + 1)
        window = Window(
            text=index,
            start=first + int(places[min(begin, len(places) - 1)]),
            end=first + int(places[min(until, len(places)) - 1]) + 1,
            ids=(_BEGIN, *ids[start:end], _END),
        )
        found.append(window)
    return found


def windows(tokenizer: PieceTokenizer, texts: Sequence[str]) -> list[list[Window]]:
    """Return each text's windows, in order; none for a text that says nothing."""
    found: list[list[Window]] = [[] for _ in texts]
    for part in slabs(texts):
        found[part.text] += _of_slab(tokenizer, texts[part.text], part.text, part.start, part.end)
    return [evenly(own, _AT_MOST) for own in found]
