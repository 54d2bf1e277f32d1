"""Reads the sheets of an .xlsx workbook row by row, in bounded memory, whatever the file claims to be.

Excel writes what ECMA-376 describes: XML parts in a zip archive. A document type is refused, parts have a most they may
unpack to, and the texts that cells share lie in a temporary file. zipfile never unpacks more than a part declares.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from posixpath import join, normpath
from typing import IO, Self

from collectors.errors import Refused, SettingError
from collectors.xlsx_cells import Cells, SharedTexts, is_date_format, serial_zero
from collectors.xlsx_merges import Merges
from collectors.xlsx_xml import Attributes, events

#: What one part may unpack to: 1,048,576 rows of 20 filled columns are about 1 GB.
MAX_SHEET_BYTES = 2 * 1024**3
_MAX_TEXTS_BYTES = 1024**3
_MAX_SMALL_BYTES = 32 * 1024**2
_MAX_PARTS = 10_000
_MAX_SHEETS = 256
_MAX_STYLES = 65_536

#: How the older .xls and an .xlsx with a password begin.
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK\x03\x04"
#: What zipfile raises about an archive that is broken, or in a form it cannot unpack: NotImplementedError for a way of
#: packing that it does not know, RuntimeError for a part with a password.
_ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, ValueError,
               OverflowError)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetRow:
    """One row that holds something."""

    #: The row's number in the sheet, from 1.
    number: int
    #: Dates as ISO 8601 without an offset, numbers as short as they are exact, nothing as "".
    values: list[str]
    #: Columns, from 0, whose formula was never calculated: the program that wrote the file left their values out.
    unknown: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One sheet of a workbook."""

    name: str
    part: str
    hidden: bool = False


@dataclass(kw_only=True)
class Workbook:
    """An open workbook; closes the file on leaving."""

    archive: zipfile.ZipFile
    sheets: Sequence[Sheet] = ()
    #: Day 0 of the dates: 1900 or, by old Macintoshes, 1904.
    zero: datetime
    texts: SharedTexts
    #: For each cell style whether it shows a number as a date.
    dated: Sequence[bool] = ()
    #: The part of the current sheet that was read, 0 to 1.
    share_read: float = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.texts.close()
        self.archive.close()

    def rows(self, sheet: Sheet) -> Iterator[SheetRow]:
        """Yield the rows of a sheet that hold something. Raises Refused or SettingError, also midway."""
        self.share_read = 0.0
        cells, merges = Cells(texts=self.texts, dated=self.dated, zero=self.zero), self._merges(sheet)
        for _ in _read(self.archive, sheet.part, cells.start, cells.end, cells.text, limit=MAX_SHEET_BYTES,
                       on_share=self._on_share):  # fmt: skip
            for number, values, unknown in cells.taken():
                if any(values) or unknown:
                    yield SheetRow(number=number, values=merges.filled(number, values), unknown=unknown)
        self.share_read = 1.0

    def _merges(self, sheet: Sheet) -> Merges:
        """Return the merged cells of a sheet. Raises Refused or SettingError."""
        with _part(self.archive, sheet.part, limit=MAX_SHEET_BYTES) as stream:
            return Merges(stream)

    def _on_share(self, share: float) -> None:
        self.share_read = share


def looks_like_workbook(head: bytes) -> bool:
    """Say whether a file that begins so is an archive, as an .xlsx is. Raises SettingError for its older kin."""
    if head.startswith(_COMPOUND):
        raise SettingError("file", "is an old .xls or has a password: open it and save it as .xlsx without one")
    return head.startswith(_ZIP)


def open_workbook(path: Path) -> Workbook:
    """Return the workbook. Raises Refused, SettingError or OSError."""
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_FAULTS as error:
        raise SettingError("file", f"{path.name} is no .xlsx: {error}") from error
    texts = SharedTexts()
    try:
        return _described(archive, texts, path.name)
    except BaseException:
        texts.close()
        archive.close()
        raise


def _described(archive: zipfile.ZipFile, texts: SharedTexts, name: str) -> Workbook:
    """Return the workbook by what its small parts say."""
    if len(archive.namelist()) > _MAX_PARTS:
        raise Refused(f"{name} has more than {_MAX_PARTS} parts")
    main = next((target for kind, target in _relations(archive, "").values() if kind == "officeDocument"), None)
    main = main or "xl/workbook.xml"
    if main.endswith(".bin"):
        raise SettingError("file", f"{name} is an .xlsb: open it and save it as .xlsx")
    if main not in archive.NameToInfo:
        raise SettingError("file", f"{name} is an archive, but no workbook: save it as .xlsx")
    relations = _relations(archive, main)
    sheets, is_1904 = _sheets(archive, main, relations)
    if not sheets:
        raise SettingError("file", f"{name} has no sheet with cells")
    part_of = dict(relations.values())
    workbook = Workbook(archive=archive, sheets=sheets, zero=serial_zero(is_1904=is_1904), texts=texts)
    if part_of.get("styles") in archive.NameToInfo:
        workbook.dated = _date_styles(archive, part_of["styles"])
    if part_of.get("sharedStrings") in archive.NameToInfo:
        for _ in _read(archive, part_of["sharedStrings"], texts.start, texts.end, texts.text, limit=_MAX_TEXTS_BYTES):
            pass
    return workbook


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return the kind and the part of each relation of a part, by its id."""
    folder, _, name = part.rpartition("/")
    listing = join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External" and len(found) < _MAX_PARTS:
            target = attributes.get("Target", "")
            whole = target.lstrip("/") if target.startswith("/") else normpath(join(folder, target))
            found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], whole)

    if listing in archive.NameToInfo:
        _read_small(archive, listing, start)
    return found


def _sheets(archive: zipfile.ZipFile, main: str, relations: Mapping[str, tuple[str, str]]) -> tuple[list[Sheet], bool]:
    """Return the sheets with cells in their order, and whether days are counted from 1904."""
    sheets: list[Sheet] = []
    is_1904 = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal is_1904
        if tag == "workbookPr":
            is_1904 = attributes.get("date1904", "0") in {"1", "true", "on"}
        elif tag == "sheet" and len(sheets) < _MAX_SHEETS:
            kind, part = relations.get(attributes.get("id", ""), ("", ""))
            if kind == "worksheet" and part in archive.NameToInfo:
                hidden = attributes.get("state", "visible") != "visible"
                sheets.append(Sheet(name=attributes.get("name", ""), part=part, hidden=hidden))

    _read_small(archive, main, start)
    return sheets, is_1904


def _date_styles(archive: zipfile.ZipFile, part: str) -> list[bool]:
    """Return for each cell style whether it shows a number as a date."""
    code_of: dict[str, str] = {}
    formats: list[str] = []
    within: list[str] = []

    def start(tag: str, attributes: Attributes) -> None:
        within.append(tag)
        if tag == "numFmt" and len(code_of) < _MAX_STYLES:
            code_of[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "xf" and "cellXfs" in within and len(formats) < _MAX_STYLES:
            formats.append(attributes.get("numFmtId", "0"))

    def end(_tag: str) -> None:
        within.pop()

    _read_small(archive, part, start, end)
    return [is_date_format(number, code_of.get(number)) for number in formats]


def _read_small(
    archive: zipfile.ZipFile,
    part: str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] = lambda _: None,
) -> None:
    for _ in _read(archive, part, start, end, lambda _: None, limit=_MAX_SMALL_BYTES):
        pass


def _read(
    archive: zipfile.ZipFile,
    part: str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
    *,
    limit: int,
    on_share: Callable[[float], None] = lambda _: None,
) -> Iterator[None]:
    """Feed a part to the callbacks and pause after each block. Raises Refused or SettingError."""
    with _part(archive, part, limit=limit) as stream:
        for read in events(stream, start, end, text):
            on_share(read / max(1, archive.NameToInfo[part].file_size))
            yield


@contextmanager
def _part(archive: zipfile.ZipFile, part: str, *, limit: int) -> Iterator[IO[bytes]]:
    """Open a part. Raises Refused or SettingError, also while it is read."""
    declared = archive.NameToInfo[part].file_size
    if declared > limit:
        raise Refused(f"{_plain(part)} would unpack to {declared // 1024**2} MB, more than {limit // 1024**2} MB: "
                      "save the sheet as CSV")  # fmt: skip
    try:
        with archive.open(part) as stream:
            yield stream
    except _ZIP_FAULTS as error:
        raise SettingError("file", f"{_plain(part)} cannot be unpacked: {error}") from error


def _plain(part: str) -> str:
    return re.sub(r"[^\w./ -]", "?", part)[:100]
