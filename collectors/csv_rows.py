"""Rows of a CSV file out of its physical lines, so that a stray quotation mark costs its own line and no other.

A quoted text may run over lines. It is believed if it is closed within bounds, nothing but a delimiter follows, and the
lines it holds are not rows of this file by themselves; else the line that opens it is one bad row, and reading goes on
at the next line. Lines are looked at twice at most, and no more is held than one quoted text may have.
"""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from collectors.file_lines import Line

#: A quoted text over several lines is not believed to be longer; the csv module draws the same line.
MAX_QUOTED_CHARS = 131_072
_QUOTED = re.compile(r'[^"]*+(?:""[^"]*+)*+')
#: Below this many columns the words of a review have as many commas as a row, by chance.
_TELLING_WIDTH = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvRow:
    """One row as it stands in the file."""

    lines: Sequence[Line]
    values: list[str]
    #: Why the row cannot be read.
    fault: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Walked:
    """What one line leaves behind."""

    #: Where the quoted text begins that goes on in the next line; None where all is closed.
    opened_at: int | None = None
    #: Something other than a delimiter follows where the quoted text of the lines before is closed.
    stray: bool = False


class CsvRows:
    """The rows that are not empty. Once the header is known, set `width` and `tells_row`."""

    def __init__(self, lines: Iterator[Line], *, delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        #: Lines that were looked at and belong to rows to come.
        self._ahead: deque[Line] = deque()
        self.width: int | None = None
        #: Whether values look like a row by what its columns hold; None where no value tells.
        self.tells_row: Callable[[Sequence[str]], bool | None] = lambda _: None

    def __iter__(self) -> Iterator[CsvRow]:
        return self

    def __next__(self) -> CsvRow:
        while True:
            row = self._row(self._next_line())
            if row.values or row.fault:
                return row

    def _next_line(self) -> Line:
        return self._ahead.popleft() if self._ahead else next(self._lines)

    def _row(self, first: Line) -> CsvRow:
        if first.fault:
            return CsvRow(lines=[first], values=[], fault=first.fault)
        opened_at = self._walked(first.text).opened_at if '"' in first.text else None
        if opened_at is None:
            return self._parsed([first])
        lines, fault = self._quoted_lines(first)
        row = self._parsed(lines)
        fault = fault or self._disbelief(row, opened_at)
        if fault is None:
            return row
        self._ahead.extendleft(reversed(lines[1:]))
        return CsvRow(lines=[first], values=[], fault=f"a stray quotation mark in line {first.number}: {fault}")

    def _quoted_lines(self, first: Line) -> tuple[list[Line], str | None]:
        """Return the lines until all that is quoted is closed, and what is wrong with where it is."""
        lines, chars = [first], len(first.text)
        while chars <= MAX_QUOTED_CHARS:
            try:
                line = self._next_line()
            except StopIteration:
                return lines, "it is never closed"
            lines.append(line)
            chars += len(line.text)
            if line.fault:
                return lines, f"it is not closed before line {line.number}, which is too long"
            walked = self._walked(line.text, quoted=True)
            if walked.stray:
                return lines, f"the next one stands among the words of line {line.number}"
            if walked.opened_at is None:
                return lines, None
        return lines, f"it is not closed within {MAX_QUOTED_CHARS} characters"

    def _walked(self, text: str, *, quoted: bool = False) -> _Walked:
        """Return how the line ends, by the csv module's own grammar; `quoted` where it begins inside quotes."""
        at, end = 0, -1
        while True:
            begun_quoted = quoted or text.startswith('"', at)
            if begun_quoted:
                inside = _QUOTED.match(text, at if quoted else at + 1)
                closed_at = inside.end() if inside else len(text)
                if closed_at == len(text):
                    return _Walked(opened_at=at)
                end = text.find(self._delimiter, closed_at + 1)
                if quoted and text[closed_at + 1 : end if end >= 0 else None].strip():
                    return _Walked(stray=True)
                quoted = False
            else:
                end = text.find(self._delimiter, at)
            if end < 0:
                return _Walked()
            at = end + 1

    def _parsed(self, lines: Sequence[Line]) -> CsvRow:
        try:
            values = next(csv.reader([line.text for line in lines], delimiter=self._delimiter), [])
        except csv.Error as error:
            return CsvRow(lines=lines, values=[], fault=f"not CSV: {error}")
        return CsvRow(lines=lines, values=values)

    def _disbelief(self, row: CsvRow, opened_at: int) -> str | None:
        """Return why a row over several lines is rather as many rows, if it is."""
        if row.fault or self.width is None or self.width < 2:
            return row.fault
        first, *swallowed = row.lines
        bare = Line(number=first.number, text=first.text[:opened_at] + first.text[opened_at + 1 :])
        opening, *between, last = (self._parsed([line]).values for line in (bare, *swallowed))
        if len(row.values) != self.width and self.width in map(len, (opening, *between, last)):
            return f"with the lines it swallows the row has {len(row.values)} values for {self.width} columns"
        between = [values for values in between if values]
        rows = sum(map(self._looks_like_a_row, between))
        framed = self._looks_like_a_row(opening) and self._looks_like_a_row(last)
        if (framed and rows * 2 >= len(between)) or (len(between) >= 2 and rows == len(between)):
            return "the lines it swallows are rows by themselves"
        return None

    def _looks_like_a_row(self, values: Sequence[str]) -> bool:
        if self.width is None or len(values) != self.width:
            return False
        told = self.tells_row(values)
        return self.width >= _TELLING_WIDTH if told is None else told
