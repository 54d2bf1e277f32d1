"""What merged cells hold: Excel keeps the value in the first of them, and a row below stands without it."""

import re
from collections.abc import Iterator
from typing import IO

_BLOCK = 262_144
#: More than a tag of a merged range takes.
_OVERLAP = 512
_MAX_MERGES = 100_000
_MERGED = re.compile(rb'mergeCell\s[^<>]{0,200}?\bref="\$?([A-Za-z]{1,3})\$?(\d{1,7}):\$?[A-Za-z]{1,3}\$?(\d{1,7})"')


class Merges:
    """Gives the rows of a sheet, taken in order, what the merged cells above hold for them."""

    def __init__(self, stream: IO[bytes]) -> None:
        #: Column and last row of what is merged over several rows, by its first row.
        self._begun_in: dict[int, list[tuple[int, int]]] = {}
        #: Value and last row, by column.
        self._held: dict[int, tuple[str, int]] = {}
        for letters, first, last in _ranges(stream):
            if last > first:
                self._begun_in.setdefault(first, []).append((place_of(letters), last))

    def filled(self, number: int, values: list[str]) -> list[str]:
        """Return a row's values, with those that it shares with a row above."""
        values = list(values)
        for column, (value, last) in list(self._held.items()):
            if number > last:
                del self._held[column]
            else:
                values.extend([""] * (column + 1 - len(values)))
                values[column] = values[column] or value
        for column, last in self._begun_in.get(number, ()):
            if column < len(values):
                self._held[column] = (values[column], last)
        return values


def _ranges(stream: IO[bytes]) -> Iterator[tuple[str, int, int]]:
    """Yield column, first and last row of each merged range. They stand behind all rows, so that the part is searched
    once before it is read."""
    found, rest = 0, b""
    while block := stream.read(_BLOCK):
        searched = rest + block
        end = 0
        for match in _MERGED.finditer(searched):
            end = match.end()
            found += 1
            if found > _MAX_MERGES:
                return
            yield match[1].decode(), int(match[2]), int(match[3])
        rest = searched[max(end, len(searched) - _OVERLAP) :]


def place_of(letters: str) -> int:
    """Return the place of a column such as AB, from 0."""
    place = 0
    for letter in letters.upper():
        place = place * 26 + ord(letter) - 64
    return place - 1
