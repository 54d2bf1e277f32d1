"""Reads CSV and JSON Lines files into mentions, row by row, however big they are.

Encoding, delimiter and columns are found by looking; a row that cannot be read is quarantined with its line and its
reason, and its siblings go on. A reading can go on after any row.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import Literal

from collectors import charsets
from collectors.csv_rows import CsvRows
from collectors.dates import zone_named
from collectors.errors import SettingError
from collectors.file_lines import Line, Lines, raw
from collectors.file_rows import Columns, columns_of, day_first, field_of, mention_of, tells_row
from collectors.types import Mention, Quarantined

Kind = Literal["csv", "jsonl"]

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
    #: For times without an offset.
    zone: tzinfo = UTC
    #: Mentions read so far that have no date, and those that have one nobody understands.
    undated: int = 0
    unreadable_dates: int = 0

    def __iter__(self) -> Iterator[Row]:
        """Yield every row after `after`. Raises SettingError where the file cannot be read on."""
        self.undated = self.unreadable_dates = 0
        rows = self._csv_rows if self.kind == "csv" else self._json_rows
        try:
            with Lines(self.path, self.encoding) as lines:
                yield from rows(lines)
                self.bytes_read = lines.bytes_taken()
        except OSError as error:
            raise SettingError("file", f"{self.path} cannot be read: {error.strerror or error}") from error

    def _csv_rows(self, lines: Lines) -> Iterator[Row]:
        columns = self.columns or Columns(column_of={})
        rows = CsvRows(lines, delimiter=self.delimiter)
        header = next(rows).values
        rows.width = len(header)
        rows.tells_row = lambda values: tells_row(dict(zip(header, values, strict=False)), columns)
        for number, row in enumerate(rows, start=1):
            if number <= self.after:
                continue
            self.bytes_read = lines.bytes_taken()
            reason = row.fault or _shape_fault(row.values, header)
            values = dict(zip(header, row.values, strict=False))
            fields = {field: values.get(column, "") for field, column in columns.column_of.items()}
            item = self._item(fields, columns, row.lines, reason)
            yield Row(number=number, line=row.lines[0].number, item=item)

    def _json_rows(self, lines: Lines) -> Iterator[Row]:
        columns = self.columns or Columns(column_of={})
        number = 0
        for line in lines:
            if not line.text.strip() and not line.fault:
                continue
            number += 1
            if number <= self.after:
                continue
            self.bytes_read = lines.bytes_taken()
            fields, reason = ({}, line.fault) if line.fault else _json_fields(line.text, self.mapping)
            yield Row(number=number, line=line.number, item=self._item(fields, columns, [line], reason))

    def _item(
        self, fields: Mapping[str, str], columns: Columns, lines: Sequence[Line], reason: str | None
    ) -> Mention | Quarantined:
        if reason is None:
            try:
                mention = mention_of(fields, columns=columns, site=self.site, now=self.now)
            except ValueError as error:
                reason = str(error)
            else:
                self._count_date(mention, fields.get("published_at", ""))
                return mention
        return Quarantined(raw=raw(lines), reason=reason)

    def _count_date(self, mention: Mention, given: str) -> None:
        if mention.published_at is None and given.strip():
            self.unreadable_dates += 1
        elif mention.published_at is None:
            self.undated += 1


def read(
    path: Path,
    *,
    now: datetime,
    kind: Kind | None = None,
    mapping: Mapping[str, str] | None = None,
    site: str = "",
    after: int = 0,
    zone: str = "",
) -> Reading:
    """Return a reading of the file, its columns found. `kind` is told by the name where not given; `mapping` names
    columns (or JSON keys) and their fields; `zone` (IANA; UTC where empty) is for times without an offset. Raises
    SettingError, naming what is wrong and the remedy."""
    mapping = mapping or {}
    known_zone = zone_named(zone)
    kind = kind or _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise SettingError("kind", f"{path.name} does not tell what it is; say --kind csv or --kind jsonl")
    try:
        size, encoding = path.stat().st_size, _encoding(path)
    except OSError as error:
        raise SettingError("file", f"{path} cannot be read: {error.strerror or error}") from error
    reading = Reading(
        path=path,
        kind=kind,
        encoding=encoding,
        size=size,
        site=site,
        now=now,
        mapping=mapping,
        after=after,
        zone=known_zone,
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
    with Lines(reading.path, reading.encoding) as lines:
        first = next((line.text for line in lines if line.text.strip()), "")
    reading.delimiter = _delimiter(first)
    with Lines(reading.path, reading.encoding) as lines:
        rows = CsvRows(lines, delimiter=reading.delimiter)
        header = next(rows, None)
        if header is None or not header.values:
            raise SettingError("file", f"{reading.path.name} has no header line")
        names = header.values
        columns = replace(columns_of(names, reading.mapping), zone=reading.zone)
        rows.width = len(names)
        rows.tells_row = lambda values: tells_row(dict(zip(names, values, strict=False)), columns)
        at = names.index(columns.column_of["published_at"]) if "published_at" in columns.column_of else -1
        dates = [row.values[at] for row in islice(rows, _SAMPLE_ROWS) if 0 <= at < len(row.values)]
    reading.columns = replace(columns, day_first=day_first(dates))
    return reading


def _with_json_columns(reading: Reading) -> Reading:
    """Check the mapping, and learn how dates are written."""
    targets = {target.partition("/")[0] for target in reading.mapping.values()}
    # The names are the file's affair, line by line; only the fields can be checked ahead.
    columns = columns_of([*reading.mapping, *({"text"} - targets)], reading.mapping)
    with Lines(reading.path, reading.encoding) as lines:
        sample = [_json_fields(line.text, reading.mapping)[0] for line in islice(lines, _SAMPLE_ROWS)]
    dates = [fields.get("published_at", "") for fields in sample]
    reading.columns = replace(columns, day_first=day_first(dates), zone=reading.zone)
    return reading


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
    # The shape `earshot fetch` prints: author and rating are objects.
    if isinstance(value, dict) and key == "author":
        for part in ("id", "name", "url"):
            _take(fields, f"author_{part}", value.get(part), mapping)
        return
    target = field_of(key, mapping)
    if target is None or value is None or (target in fields and key not in mapping):
        return
    if isinstance(value, dict) and target == "rating":
        fields[target] = _rating(value)
    elif isinstance(value, dict | list | bool):
        # Nothing to be read, but a date was given: it is counted as one that is not understood.
        if target == "published_at":
            fields[target] = str(value)[:100]
    else:
        fields[target] = str(value)


def _rating(rating: Mapping[str, object]) -> str:
    """Return a rating's value and scale as one text, or nothing. Numbers may be written as texts."""
    value, most = rating.get("value"), _number(rating.get("scale"))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    given = str(value).strip()
    return given if not given or most is None or "/" in given else f"{given}/{most:g}"


def _number(value: object) -> float | None:
    """Return a number above zero, also one written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 < number < math.inf else None
