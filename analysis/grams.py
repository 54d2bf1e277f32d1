"""Hashed n-grams of characters and words, counted for many texts at once without a Python loop per gram."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.letters import Letters

Hashes = NDArray[np.uint32]
Mask = NDArray[np.bool_]

_STEP = np.uint32(0x01000193)
_MIX = np.uint32(0x9E3779B1)
_WORD_SEED = 101
_WORDS_SEED = 202

#: Orders of n-grams by how a script packs meaning into characters.
_HAN_ORDERS = frozenset((1, 2, 3, 4))
_THAI_ORDERS = frozenset((2, 3, 4, 5, 6))
_SPACED_ORDERS = frozenset((3, 4, 5))
_SIGN_ORDERS = frozenset((1, 2, 3))
_LONGEST = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Grams:
    """One kind of gram in a row of letters."""

    #: Bucket of each gram.
    bucket: NDArray[np.int32]
    #: Index of the letter each gram starts at.
    start: NDArray[np.intp]
    #: Letters covered, for spreading a weight over them.
    length: int


def _scrambled(values: Hashes) -> Hashes:
    """Return the values with every bit depending on every other."""
    mixed = (values ^ (values >> np.uint32(15))) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return mixed ^ (mixed >> np.uint32(16))


def _bucket(hashes: Hashes, seed: int, bits: int) -> NDArray[np.int32]:
    """Return the bucket of each hash, one family per seed."""
    mixed = _scrambled(hashes + np.uint32((seed * 0x27D4EB2F) & 0xFFFFFFFF))
    return (mixed >> np.uint32(32 - bits)).astype(np.int32)


def _between(points: NDArray[np.uint32], *ranges: tuple[int, int]) -> Mask:
    """Return where a code point lies in one of the ranges, ends included."""
    inside = np.zeros(len(points), dtype=bool)
    for first, last in ranges:
        inside |= (points >= first) & (points <= last)
    return inside


@dataclass(frozen=True, kw_only=True, slots=True)
class Scripts:
    """Which way of writing each letter belongs to; signs are everything that is neither letter nor space."""

    han: Mask
    thai: Mask
    sign: Mask

    def wanted(self, order: int) -> Mask:
        """Return where a gram of this order may start."""
        other = ~(self.han | self.thai | self.sign)
        kinds = (
            (self.han, _HAN_ORDERS),
            (self.thai, _THAI_ORDERS),
            (self.sign, _SIGN_ORDERS),
            (other, _SPACED_ORDERS),
        )
        chosen = np.zeros(len(self.han), dtype=bool)
        for mask, orders in kinds:
            if order in orders:
                chosen |= mask
        return chosen


@cache
def _sign_table() -> Mask:
    """Return which of the first 65,536 code points are neither letters, marks, digits nor spaces."""
    table = np.zeros(0x10000, dtype=bool)
    for first, last in ((0x21, 0x300), (0x2000, 0x3400), (0xE000, 0x10000)):
        table[first:last] = [not (chr(p).isalnum() or chr(p).isspace()) for p in range(first, last)]
    return table


def scripts(points: NDArray[np.uint32]) -> Scripts:
    """Return the way of writing of each letter."""
    han = _between(points, (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0x20000, 0x3FFFF))
    thai = _between(points, (0x0E01, 0x0EFF), (0x1780, 0x17FF))
    sign = _sign_table()[np.minimum(points, 0xFFFF)] | _between(points, (0x1F000, 0x1FFFF))
    return Scripts(han=han, thai=thai, sign=sign)


def _character_grams(row: Letters, bits: int) -> Iterator[Grams]:
    """Yield the grams of 1 to 6 characters, each within one text."""
    kinds = scripts(row.points)
    letter = _scrambled(row.points * _MIX)
    rolling = np.zeros(len(letter), dtype=np.uint32)
    for order in range(1, min(_LONGEST, len(letter)) + 1):
        reach = len(letter) - order + 1
        rolling = rolling[:reach] * _STEP + letter[order - 1 :]
        whole = row.owner[:reach] == row.owner[order - 1 :]
        start = np.flatnonzero(kinds.wanted(order)[:reach] & whole)
        yield Grams(bucket=_bucket(rolling[start], order, bits), start=start, length=order)


def _word_borders(row: Letters) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where words start and end (one past), where spaces or signs part them; Han and Thai have none."""
    kinds = scripts(row.points)
    inside = ~(kinds.han | kinds.thai | kinds.sign | (row.points == 0x20))
    same_text = row.owner[1:] == row.owner[:-1]
    joined = inside[1:] & inside[:-1] & same_text
    start = np.flatnonzero(inside & ~np.append(False, joined)[: len(inside)])
    end = np.flatnonzero(inside & ~np.append(joined, False)[: len(inside)]) + 1
    return start, end


def _word_grams(row: Letters, bits: int) -> Iterator[Grams]:
    """Yield single words and pairs of neighbours."""
    start, end = _word_borders(row)
    if len(start) == 0:
        return
    # The sum of scrambled letters weighted by their place in the word is the same wherever the word stands.
    reach = np.diff(np.append(np.append(0, end), len(row.points)))
    place = np.arange(len(row.points), dtype=np.uint32) - np.repeat(np.append(start, 0).astype(np.uint32), reach)
    weighted = _scrambled(row.points * _MIX + place * np.uint32(0x9E3779B9))
    total = np.append(np.uint32(0), np.cumsum(weighted, dtype=np.uint32))
    word = _scrambled(total[end] - total[start])
    yield Grams(bucket=_bucket(word, _WORD_SEED, bits), start=start, length=1)
    near = (row.owner[start[1:]] == row.owner[start[:-1]]) & (start[1:] - end[:-1] <= 2)
    pair = (word[:-1] * _STEP + word[1:])[near]
    yield Grams(bucket=_bucket(pair, _WORDS_SEED, bits), start=start[:-1][near], length=1)


def grams(row: Letters, bits: int) -> Iterator[Grams]:
    """Yield every kind of gram of the row, hashed to 2**bits buckets."""
    yield from _character_grams(row, bits)
    yield from _word_grams(row, bits)


def distinct_grams(row: Letters, bits: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (text, bucket) of every gram a text has, once each, sorted by text, then bucket."""
    keys = [(row.owner[kind.start].astype(np.int64) << bits) | kind.bucket for kind in grams(row, bits)]
    sorted_keys = np.sort(np.concatenate(keys)) if keys else np.zeros(0, dtype=np.int64)
    # Ten times as fast as np.unique, which hashes them.
    distinct = sorted_keys[np.append(True, sorted_keys[1:] != sorted_keys[:-1])[: len(sorted_keys)]]
    return (distinct >> bits).astype(np.intp), (distinct & ((1 << bits) - 1)).astype(np.intp)
