"""Reads CSV and JSON Lines files into mentions, row by row, however big they are.

Encoding, delimiter and columns are found by looking; a row that cannot be read is quarantined with its line and its
reason, and its siblings go on. A reading can go on after any row.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from collectors import charsets
from collectors.errors import SettingError
from collectors.feed_items import MAX_RAW_BYTES
from collectors.file_rows import Columns, columns_of, day_first, field_of, mention_of
from collectors.types import Mention, Quarantined

Kind = Literal["csv", "jsonl"]

#: A line longer than this is quarantined; a quoted text may run over many lines, but not further than this.
MAX_ROW_CHARS = 1_000_000
_SAMPLE_BYTES = 262_144
_SAMPLE_ROWS = 500
_SUFFIXES: Mapping[str, Kind] = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of a file."""

    #: Counts rows from 1, without the header; give the last one done to go on after it.
    number: int
    #: Where the row begins, counting lines from 1.
    line: int
    item: Mention | Quarantined


@dataclass(kw_only=True)
class Reading:
    """A file being read: iterate over it for its rows."""

    path: Path
    kind: Kind
    encoding: str
    #: Bytes of the file.
    size: int
    site: str
    now: datetime
    mapping: Mapping[str, str]
    #: Rows before this one are passed over without being read.
    after: int = 0
    #: Bytes taken from the file so far, for a progress bar; a block ahead of the rows.
    bytes_read: int = 0
    columns: Columns | None = None
    delimiter: str = ","

    def __iter__(self) -> Iterator[Row]:
        """Yield every row after `after`. Raises SettingError where the file cannot be read on."""
        rows = self._csv_rows if self.kind == "csv" else self._json_rows
        try:
            with _Lines(self) as lines:
                yield from rows(lines)
        except OSError as error:
            raise SettingError("file", f"{self.path} cannot be read: {error.strerror or error}") from error

    def _csv_rows(self, lines: "_Lines") -> Iterator[Row]:
        columns = self.columns or Columns(column_of={})
        reader = csv.reader(lines, delimiter=self.delimiter)
        header = next(reader)
        for number, (line, found) in enumerate(_survived(reader, lines), start=1):
            if number <= self.after:
                continue
            reason = found if isinstance(found, str) else lines.fault or _shape_fault(found, header)
            values = {} if isinstance(found, str) else dict(zip(header, found, strict=False))
            fields = {field: values.get(column, "") for field, column in columns.column_of.items()}
            yield Row(number=number, line=line, item=self._item(fields, columns, lines.raw(), reason))

    def _json_rows(self, lines: "_Lines") -> Iterator[Row]:
        columns = self.columns or Columns(column_of={})
        number = 0
        for text in lines:
            if not text.strip() and not lines.fault:
                lines.begin_row()
                continue
            number += 1
            if number > self.after:
                fields, reason = _json_fields(text, self.mapping)
                item = self._item(fields, columns, lines.raw(), lines.fault or reason)
                yield Row(number=number, line=lines.row_line, item=item)
            lines.begin_row()

    def _item(
        self, fields: Mapping[str, str], columns: Columns, raw: bytes, reason: str | None
    ) -> Mention | Quarantined:
        if reason is None:
            try:
                return mention_of(fields, columns=columns, site=self.site, now=self.now)
            except ValueError as error:
                reason = str(error)
        return Quarantined(raw=raw, reason=reason)


def read(
    path: Path,
    *,
    now: datetime,
    kind: Kind | None = None,
    mapping: Mapping[str, str] | None = None,
    site: str = "",
    after: int = 0,
) -> Reading:
    """Return a reading of the file, its columns found. `kind` is told by the name where not given; `mapping` names
    columns (or JSON keys) and their fields. Raises SettingError, naming what is wrong and the remedy."""
    mapping = mapping or {}
    kind = kind or _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise SettingError("kind", f"{path.name} does not tell what it is; say --kind csv or --kind jsonl")
    try:
        size, encoding = path.stat().st_size, _encoding(path)
    except OSError as error:
        raise SettingError("file", f"{path} cannot be read: {error.strerror or error}") from error
    reading = Reading(
        path=path, kind=kind, encoding=encoding, size=size, site=site, now=now, mapping=mapping, after=after
    )
    return _with_csv_columns(reading) if kind == "csv" else _with_json_columns(reading)


def _encoding(path: Path) -> str:
    """Return the file's encoding by its mark, else by the first quarter megabyte that is more than ASCII."""
    sample = bytearray()
    with path.open("rb") as file:
        head = file.read(65_536)
        for mark, encoding in _BOMS.items():
            if head.startswith(mark):
                return encoding
        while head and len(sample) < _SAMPLE_BYTES:
            if not head.isascii() or b"\x00" in head:
                sample += head
            head = file.read(65_536)
    return charsets.guess(bytes(sample))


def _with_csv_columns(reading: Reading) -> Reading:
    with _Lines(reading) as lines:
        first = next(lines, "")
    reading.delimiter = _delimiter(first)
    with _Lines(reading) as lines:
        reader = csv.reader(lines, delimiter=reading.delimiter)
        try:
            header = next(reader)
        except (StopIteration, csv.Error):
            raise SettingError("file", f"{reading.path.name} has no header line") from None
        columns = columns_of(header, reading.mapping)
        at = header.index(columns.column_of["published_at"]) if "published_at" in columns.column_of else -1
        dates = [row[at] for row, _ in zip(_readable(reader), range(_SAMPLE_ROWS), strict=False) if 0 <= at < len(row)]
    reading.columns = replace(columns, day_first=day_first(dates))
    reading.bytes_read = 0
    return reading


def _with_json_columns(reading: Reading) -> Reading:
    """Check the mapping, and learn how dates are written."""
    targets = {target.partition("/")[0] for target in reading.mapping.values()}
    # The names are the file's affair, line by line; only the fields can be checked ahead.
    columns = columns_of([*reading.mapping, *({"text"} - targets)], reading.mapping)
    with _Lines(reading) as lines:
        sample = zip(range(_SAMPLE_ROWS), lines, strict=False)
        dates = [_json_fields(text, reading.mapping)[0].get("published_at", "") for _, text in sample]
    reading.columns = replace(columns, day_first=day_first(dates))
    reading.bytes_read = 0
    return reading


def _readable(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows that can be read."""
    while True:
        try:
            yield next(reader)
        except csv.Error:
            continue
        except StopIteration:
            return


def _survived(reader: Iterator[list[str]], lines: "_Lines") -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row that is not empty with its first line, or the reason it cannot be read."""
    while True:
        lines.begin_row()
        try:
            found: list[str] | str = next(reader)
        except csv.Error as error:
            found = f"not CSV: {error}"
        except StopIteration:
            return
        if found:
            yield lines.row_line, found


def _shape_fault(values: list[str], header: list[str]) -> str | None:
    """Return what is wrong with a row that has more values than there are columns."""
    extra = [value for value in values[len(header) :] if value.strip()]
    return f"the row has {len(values)} values for {len(header)} columns" if extra else None


def _delimiter(header: str) -> str:
    """Return the delimiter that occurs most in the header outside quotes; without any, one that texts never hold."""
    bare = "".join(header.split('"')[::2])
    likely = max(",;\t|", key=bare.count)
    return likely if likely in bare else "\x1f"


def _json_fields(text: str, mapping: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
    """Return the fields of a line and, where it is not an object that can be read, why."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, f"not JSON: {str(error)[:200]}"
    if not isinstance(found, dict):
        return {}, f"an object is wanted, not {type(found).__name__}"
    fields: dict[str, str] = {}
    for key, value in found.items():
        _take(fields, key, value, mapping)
    return fields, None


def _take(fields: dict[str, str], key: str, value: object, mapping: Mapping[str, str]) -> None:
    """Put one value of a JSON object where it belongs; a mapped key wins over a name that happens to be known."""
    if isinstance(value, dict):
        # The shape `earshot fetch` prints: author and rating are objects.
        if key == "author":
            for part in ("id", "name", "url"):
                _take(fields, f"author_{part}", value.get(part), mapping)
        elif key == "rating" and value.get("value") is not None:
            fields["rating"] = f"{value['value']}/{value.get('scale') or 5:g}"
        return
    target = field_of(key, mapping)
    if target is None or value is None or isinstance(value, list | bool) or (target in fields and key not in mapping):
        return
    fields[target] = str(value)


class _Lines:
    """The lines of a file as text, none longer than can be kept; remembers the row they belong to."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._file = reading.path.open("rb")
        self._text = io.TextIOWrapper(self._file, encoding=reading.encoding, errors="replace", newline="")
        self._line = 0
        self._kept: list[str] = []
        self._kept_chars = 0
        self.row_line = 1
        #: Why the row must not be believed.
        self.fault: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_ROW_CHARS)
        if not line:
            # Asked for more in the middle of a row: a quoted text runs on to the end of the file.
            self.fault = self.fault or ("a quotation mark is never closed" if self._kept else None)
            raise StopIteration
        self._line += 1
        if len(line) == MAX_ROW_CHARS and not line.endswith(("\n", "\r")):
            self.fault = f"the line is longer than {MAX_ROW_CHARS} characters"
            while (rest := self._text.readline(MAX_ROW_CHARS)) and not rest.endswith(("\n", "\r")):
                pass
            # Nothing of it is kept: a quote inside would swallow the lines that follow.
            self._keep(line)
            return " \n"
        self._keep(line)
        return line

    def _keep(self, line: str) -> None:
        if self._kept_chars < MAX_RAW_BYTES:
            self._kept.append(line[:MAX_RAW_BYTES])
            self._kept_chars += len(line)

    def begin_row(self) -> None:
        """Forget the row that was."""
        self.row_line, self.fault = self._line + 1, None
        self._reading.bytes_read = self._file.tell()
        self._kept.clear()
        self._kept_chars = 0

    def raw(self) -> bytes:
        """Return the row as it stands in the file, in UTF-8, as far as it is kept."""
        return "".join(self._kept).encode("utf-8", "replace")[:MAX_RAW_BYTES]
