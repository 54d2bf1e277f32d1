"""Near-duplicate stories: which posts say the same thing, by MinHash over what is left of a text when its dress is off.

The normal form has no case, width, script (Traditional = Simplified), links, @names, spaces or signs, and no retweet
prefix; shingles are 3 characters where one starts in Han, 6 elsewhere, so no word borders are needed.

Rule for short texts: below `_FEWEST` shingles a share of them is chance, so the whole normal form counts as the only
shingle: "垃圾", "垃圾!!" and "垃圾" again are one story, "垃圾" and "拉圾" two. A text without letters has no
signature, and belongs to no story but its own.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.grams import scripts
from analysis.letters import letters

#: 64 numbers of 32 bits, each the smallest of one hash over all shingles.
Signature = tuple[int, ...]

HASHES = 64
_BANDS = 16
_HAN_LENGTH = 3
_OTHER_LENGTH = 6
_FEWEST = 6
#: Shingles of more letters than this say nothing new about whether two posts are copies.
_MOST_LETTERS = 200_000
_CHUNK = 4096
_STEP = np.uint64(0x9E3779B97F4A7C15)
_STAND_INS = (0xE000, 0xE001)
#: One changed character of a 20-character post leaves 15 of 21 shingles (0.71); unrelated posts of one brand stay
#: below 0.2. The estimate from 64 hashes has a standard error of 0.06, so 0.6 is two errors from the one and six
#: from the other. tests/quality measures both.
SAME = 0.6

_RETWEET = re.compile(r"^\s*(?:(?:rt|via|repost|转发|轉發|แชร์จาก)\s*@[\w.]{1,40}\s*[::]?\s*)+", re.IGNORECASE)

Points = NDArray[np.uint32]
Words64 = NDArray[np.uint64]


def _scrambled(values: Words64) -> Words64:
    """Return the values with every bit depending on every other (the finaliser of splitmix64)."""
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@cache
def _salts() -> Words64:
    """Return one number per hash; they are part of the stored signatures and must never change."""
    return _scrambled(np.arange(1, HASHES + 1, dtype=np.uint64) * _STEP)


def _normal_form(text: str) -> Points:
    """Return the code points that carry what is said."""
    points = letters([_RETWEET.sub("", text)]).points
    bare = ~scripts(points).sign & (points != 0x20)
    for stand_in in _STAND_INS:
        bare &= points != stand_in
    said: Points = points[bare][:_MOST_LETTERS]
    return said


def _hash_of_all(points: Points) -> Words64:
    """Return one hash of the whole row."""
    return np.frombuffer(hashlib.blake2b(points.tobytes(), digest_size=8).digest(), dtype=np.uint64)


def _shingles(points: Points) -> Words64:
    """Return the distinct hashes of the shingles; of the whole text where there are too few."""
    han = scripts(points).han
    letter = _scrambled(points.astype(np.uint64) * _STEP)
    found: list[Words64] = []
    for length, wanted in ((_HAN_LENGTH, han), (_OTHER_LENGTH, ~han)):
        reach = len(points) - length + 1
        if reach > 0:
            rolling = np.zeros(reach, dtype=np.uint64)
            for offset in range(length):
                rolling = rolling * _STEP + letter[offset : offset + reach]
            found.append(rolling[wanted[:reach]])
    distinct = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.uint64)
    return distinct if len(distinct) >= _FEWEST else _hash_of_all(points)


def signature(text: str) -> Signature | None:
    """Return 64 numbers below 2**32 that alike texts share; None for a text without letters."""
    points = _normal_form(text)
    if len(points) == 0:
        return None
    shingles = _shingles(points)
    least = np.full(HASHES, np.iinfo(np.uint32).max, dtype=np.uint64)
    for start in range(0, len(shingles), _CHUNK):
        hashed = _scrambled(shingles[start : start + _CHUNK, None] ^ _salts()[None, :]) >> np.uint64(32)
        least = np.minimum(least, hashed.min(axis=0))
    return tuple(least.tolist())


def bands(signature: Signature) -> list[int]:
    """Return 16 signed 64-bit numbers in a fixed order; texts alike by 0.7 share one in its place 98 times of 100."""
    rows = len(signature) // _BANDS
    packed = np.array(signature, dtype="<u8").reshape(_BANDS, rows)
    digests = (hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in packed)
    return [int.from_bytes(digest, "big", signed=True) for digest in digests]


def similarity(a: Sequence[int], b: Sequence[int]) -> float:
    """Return the estimated share of shingles two texts have in common, 0 to 1."""
    if len(a) != len(b) or not a:
        return 0.0
    return sum(x == y for x, y in zip(a, b, strict=True)) / len(a)


def same_story(a: Sequence[int], b: Sequence[int]) -> bool:
    """Return whether two signatures belong to one story."""
    return similarity(a, b) >= SAME
