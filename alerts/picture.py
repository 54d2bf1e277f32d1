"""A small picture of the last hours for an e-mail: bars on nothing, so that it is read on white and on black. Pure.

Words and numbers stand beside it in the e-mail itself, where they are translated, scaled and read aloud. Drawn row by
row into a PNG of four colours: a few milliseconds and kilobytes, and no library that could be missing.
"""

import struct
import zlib
from collections.abc import Sequence

from alerts.types import Counts

WIDTH, HEIGHT = 1080, 200
#: What `Content-Type` says of it.
SUBTYPE = "png"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Nothing, the ground, what is not angry, what is.
_PALETTE = ((0, 0, 0), (138, 148, 166), (122, 143, 179), (222, 62, 50))
_NOTHING, _GROUND, _CALM, _ANGRY = range(4)
_GROUND_HEIGHT = 3
#: How much of its place a bar leaves empty.
_GAP = 0.24
#: A bar that stands for something is seen.
_LEAST = 4


def png(hours: Sequence[Counts]) -> bytes:
    """Return a picture of how much was said in each hour, in order, and how much of it was angry."""
    rows = _rows(hours)
    raw = b"".join(b"\0" + row for row in rows)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(part for colour in _PALETTE for part in colour)),
            _chunk(b"tRNS", b"\0"),
            _chunk(b"IDAT", zlib.compress(raw, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _rows(hours: Sequence[Counts]) -> list[bytes]:
    most = max((one.total for one in hours), default=0)
    room = HEIGHT - _GROUND_HEIGHT
    heights = [(_height(one.total, most, room), _height(min(one.angry, one.total), most, room)) for one in hours]
    place = WIDTH / max(len(hours), 1)
    rows = []
    for above in range(room, 0, -1):
        row = bytearray(WIDTH)
        for at, (total, angry) in enumerate(heights):
            if total >= above:
                left, right = round((at + _GAP / 2) * place), round((at + 1 - _GAP / 2) * place)
                row[left:right] = bytes([_ANGRY if angry >= above else _CALM]) * (right - left)
        rows.append(bytes(row))
    return rows + [bytes([_GROUND]) * WIDTH] * _GROUND_HEIGHT


def _height(count: int, most: int, room: int) -> int:
    return 0 if count <= 0 else max(_LEAST, round(count / most * room))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
