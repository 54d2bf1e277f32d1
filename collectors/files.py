"""Reads CSV, JSON and Excel files into mentions, row by row, however big they are.

Encoding, delimiter, sheet and columns are found by looking; a row that cannot be read is quarantined with its line and
its reason, and its siblings go on. A reading can go on after any row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collectors.dates import zone_named
from collectors.errors import SettingError
from collectors.file_layout import KINDS, Kind, Layout, layout_of
from collectors.file_records import Record, records
from collectors.file_rows import answer_of, mention_of
from collectors.import_mappings import MAPPINGS
from collectors.types import Mention, Quarantined


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of a file."""

    #: Counts rows from 1, without the header; give the last one done to go on after it.
    number: int
    #: Where the row begins, counting lines (in a sheet its rows, in a JSON array its items) from 1.
    line: int
    item: Mention | Quarantined
    #: What the owner of the place answered, where the row tells.
    answer: Mention | None = None


@dataclass(kw_only=True)
class Reading:
    """A file being read: iterate over it for its rows."""

    layout: Layout
    #: Bytes of the file.
    size: int
    site: str
    now: datetime
    #: Rows before this one are passed over without being read.
    after: int = 0
    #: Bytes taken from the file so far, for a progress bar; a block ahead of the rows.
    bytes_read: int = 0
    #: Mentions read so far that have no date, and those that have one nobody understands.
    undated: int = 0
    unreadable_dates: int = 0

    def __iter__(self) -> Iterator[Row]:
        """Yield every row after `after`. Raises CollectError where the file cannot be read on."""
        self.undated = self.unreadable_dates = self.bytes_read = 0
        try:
            for number, record in enumerate(records(self.layout), start=1):
                if number > self.after:
                    self.bytes_read = int(record.share * self.size)
                    yield self._row(number, record)
        except OSError as error:
            raise _unreadable(self.layout.path, error) from error
        self.bytes_read = self.size

    def _row(self, number: int, record: Record) -> Row:
        fields, reason = record.fields()
        if reason is None:
            columns = self.layout.columns
            try:
                mention = mention_of(fields, columns=columns, site=self.site, now=self.now)
                answer = answer_of(fields, mention, columns=columns, now=self.now)
            except ValueError as error:
                reason = str(error)
            else:
                self._count_date(mention, fields.get("published_at", ""))
                return Row(number=number, line=record.line, item=mention, answer=answer)
        return Row(number=number, line=record.line, item=Quarantined(raw=record.raw(), reason=reason))

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
    place: str | None = None,
    sheet: str = "",
    site: str = "",
    after: int = 0,
    zone: str = "",
) -> Reading:
    """Return a reading of the file, its columns found. `kind` is told by the file where not given; `mapping` names
    columns (or JSON keys) and their fields, `place` one of `MAPPINGS`, `sheet` one of a workbook; `zone` (IANA; the
    place's where empty, else UTC) is for times without an offset. Raises CollectError, naming what is wrong and the
    remedy."""
    known = MAPPINGS[place] if place else None
    known_zone = zone_named(zone or (known.zone if known else ""))
    try:
        layout = layout_of(path, kind=kind, mapping=mapping or {}, place=known, sheet=sheet, zone=known_zone)
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    return Reading(layout=layout, size=size, site=site or (known.site if known else ""), now=now, after=after)


def _unreadable(path: Path, error: OSError) -> SettingError:
    return SettingError("file", f"{path} cannot be read: {error.strerror or error}")


__all__ = ["KINDS", "Kind", "Reading", "Row", "read"]
