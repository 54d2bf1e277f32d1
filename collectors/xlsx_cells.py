"""The cells of a sheet as text, and the texts that they share."""

import re
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile

from collectors.errors import Refused
from collectors.text import MAX_BYTES
from collectors.xlsx_merges import place_of
from collectors.xlsx_xml import Attributes

#: Excel's own limits.
_MAX_COLUMNS = 16_384
_MAX_ROWS = 1_048_576
_MAX_TEXTS = 20_000_000
#: More of a cell than any field keeps, so that the cut is seen and marked further on.
_MAX_CHARS = MAX_BYTES + 1

# Format numbers that have no code in the file: dates and times of the western, Chinese and Thai Excel.
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59), *range(71, 82)})
# Parts of a format code that are words, escapes, colours, conditions, padding or powers of ten.
_NOT_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|e[+-]|general|g/通用格式', re.IGNORECASE)
_DATE_CODE = re.compile(r"[ymdhsb]", re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_COLUMN = re.compile(r"[A-Za-z]{1,3}")
_LAST_SERIAL = 2_958_466


def serial_zero(*, is_1904: bool) -> datetime:
    """Return day 0 of a workbook's dates. Excel believes in 29 February 1900, so that its 1900 begins a day early."""
    return datetime(1904, 1, 1, tzinfo=UTC) if is_1904 else datetime(1899, 12, 30, tzinfo=UTC)


def is_date_format(number: str, code: str | None) -> bool:
    """Say whether a number format shows a date or a time."""
    if code is None:
        return number.isascii() and number.isdigit() and int(number[:9]) in _DATE_FORMATS
    return bool(_DATE_CODE.search(_NOT_CODE.sub("", code)))


class SharedTexts:
    """The texts of a workbook, kept in a temporary file: there may be more than memory should hold."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115  # closed by close()
        self._ends = array("Q")
        self._mapped: mmap | None = None
        self._parts: list[str] = []
        self._chars = 0
        self._within_text = self._within_phonetic = False

    def close(self) -> None:
        """Give the file back."""
        if self._mapped is not None:
            self._mapped.close()
        self._file.close()

    def start(self, tag: str, _attributes: Attributes) -> None:
        """Note where a text begins."""
        if tag == "si":
            self._parts, self._chars = [], 0
        elif tag == "rPh":
            self._within_phonetic = True
        elif tag == "t":
            self._within_text = not self._within_phonetic

    def text(self, text: str) -> None:
        """Keep a piece of a text."""
        if self._within_text and self._chars < _MAX_CHARS:
            self._parts.append(text)
            self._chars += len(text)

    def end(self, tag: str) -> None:
        """Keep a text that is whole."""
        if tag == "t":
            self._within_text = False
        elif tag == "rPh":
            self._within_phonetic = False
        elif tag == "si":
            if len(self._ends) >= _MAX_TEXTS:
                raise Refused(f"the workbook has more than {_MAX_TEXTS} texts")
            self._file.write(unescaped("".join(self._parts)[:_MAX_CHARS]).encode("utf-8", "replace"))
            self._ends.append(self._file.tell())

    def __getitem__(self, place: int) -> str:
        """Return the text at a place; nothing where there is none."""
        if not 0 <= place < len(self._ends):
            return ""
        if self._mapped is None and self._ends[-1]:
            self._file.flush()
            self._mapped = mmap(self._file.fileno(), 0, access=ACCESS_READ)
        start, end = self._ends[place - 1] if place else 0, self._ends[place]
        return self._mapped[start:end].decode() if self._mapped is not None else ""


class Cells:
    """Takes a sheet's tags and gives its rows."""

    def __init__(self, *, texts: SharedTexts, dated: Sequence[bool], zero: datetime) -> None:
        self._texts = texts
        self._dated = dated
        self._zero = zero
        self._rows: list[tuple[int, list[str], frozenset[int]]] = []
        self._number = 0
        self._values: list[str] = []
        self._unknown: set[int] = set()
        self._has_formula = False
        self._column = -1
        self._type = ""
        self._style = 0
        self._parts: list[str] = []
        self._chars = 0
        self._reading = self._within_phonetic = False

    def taken(self) -> Iterator[tuple[int, list[str], frozenset[int]]]:
        """Return the rows that are whole and were not taken yet: number, values, columns whose formula has none."""
        rows, self._rows = self._rows, []
        return iter(rows)

    def start(self, tag: str, attributes: Attributes) -> None:
        """Note where a row, a cell or its value begins."""
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "v" or (tag == "t" and not self._within_phonetic):
            self._reading = True
        elif tag == "f":
            self._has_formula = True
        elif tag == "row":
            self._start_row(attributes.get("r", ""))
        elif tag == "rPh":
            self._within_phonetic = True

    def text(self, text: str) -> None:
        """Keep a piece of a value."""
        if self._reading and self._chars < _MAX_CHARS:
            self._parts.append(text)
            self._chars += len(text)

    def end(self, tag: str) -> None:
        """Keep a value, a cell or a row that is whole."""
        if tag in {"v", "t"}:
            self._reading = False
        elif tag == "c":
            self._end_cell()
        elif tag == "row":
            self._rows.append((self._number, self._values, frozenset(self._unknown)))
        elif tag == "rPh":
            self._within_phonetic = False

    def _start_row(self, given: str) -> None:
        self._number = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else self._number + 1
        if self._number > _MAX_ROWS:
            raise Refused(f"the sheet has a row {self._number}; the last there can be is {_MAX_ROWS}")
        self._values, self._column, self._unknown = [], -1, set()

    def _start_cell(self, attributes: Attributes) -> None:
        self._column = _column_of(attributes.get("r", ""), self._column + 1)
        self._type = attributes.get("t", "n")
        style = attributes.get("s", "0")
        self._style = int(style) if style.isascii() and style.isdigit() and len(style) < 9 else 0
        self._parts, self._chars, self._has_formula = [], 0, False

    def _end_cell(self) -> None:
        value = self._shown("".join(self._parts)[:_MAX_CHARS])
        if self._has_formula and not self._parts and self._type != "str":
            self._unknown.add(self._column)
        if value and self._column < _MAX_COLUMNS:
            self._values.extend([""] * (self._column + 1 - len(self._values)))
            self._values[self._column] = value

    def _shown(self, raw: str) -> str:
        """Return a cell's value as a person would read it."""
        match self._type:
            case "s":
                return self._texts[int(raw)] if raw.isascii() and raw.isdigit() and len(raw) < 10 else ""
            case "inlineStr" | "str":
                return unescaped(raw)
            case "b":
                return {"1": "TRUE", "0": "FALSE"}.get(raw.strip(), raw)
            # A formula that failed says nothing.
            case "e":
                return ""
            case "d":
                return raw
            case _:
                return self._number_shown(raw.strip())

    def _number_shown(self, raw: str) -> str:
        try:
            number = float(raw)
        except ValueError:
            return raw
        is_date = self._style < len(self._dated) and self._dated[self._style]
        if is_date and 1 <= number < _LAST_SERIAL:
            # Binary fractions of a day miss the second by a little.
            moment = self._zero + timedelta(days=number) + timedelta(milliseconds=500)
            return moment.replace(microsecond=0, tzinfo=None).isoformat()
        # Ids beyond 2**53 have lost digits already; those below must not become 1.2e+15.
        return str(int(number)) if number.is_integer() and abs(number) < 1e17 else raw


def unescaped(text: str) -> str:
    """Return a text with the characters that office programs write as _x000D_."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _column_of(reference: str, following: int) -> int:
    """Return the place of a cell such as AB12, from 0; the following one where it does not say."""
    letters = _COLUMN.match(reference)
    return place_of(letters[0]) if letters else following
