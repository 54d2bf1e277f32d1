"""How a file is laid out: its kind, encoding, delimiter, sheet and columns, found by looking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

from collectors import charsets, json_rows
from collectors.csv_rows import CsvRows
from collectors.errors import CollectError, SettingError
from collectors.file_lines import Lines
from collectors.file_rows import Columns, columns_of, day_first, fields_of, mapped_fields, scale_of, tells_row
from collectors.import_mappings import ImportMapping, likely_mapping
from collectors.xlsx import Sheet, SheetRow, Workbook, looks_like_workbook, open_workbook

Kind = Literal["csv", "jsonl", "json", "xlsx"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_SAMPLE_BYTES = 262_144
_SAMPLE_ROWS = 500
#: A table's headings may stand below its title, the time of the export and the like.
_HEADING_ROWS = 20
_SUFFIXES: Mapping[str, Kind] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".xltx": "xlsx",
}  # fmt: skip
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """All that must be known to read a file's rows."""

    path: Path
    kind: Kind
    #: What the user says that columns or JSON keys hold.
    mapping: Mapping[str, str]
    #: The place whose file it is, where that is said.
    place: ImportMapping | None = None
    #: The place whose file it looks like, where none is said.
    likely: str | None = None
    #: Of a file of text.
    encoding: str = "utf-8"
    delimiter: str = ","
    #: The sheet of a workbook, and the row of its headings.
    sheet: str = ""
    heading: int = 0
    columns: Columns = field(default_factory=lambda: Columns(column_of={}))


def layout_of(
    path: Path, *, kind: Kind | None, mapping: Mapping[str, str], place: ImportMapping | None, sheet: str, zone: tzinfo
) -> Layout:
    """Return the file's layout. Raises CollectError or OSError."""
    kind = _kind(path, kind)
    known = Layout(
        path=path, kind=kind, mapping=mapping, place=place, sheet=sheet, columns=Columns(column_of={}, zone=zone)
    )
    if kind in {"csv", "jsonl"}:
        known = replace(known, encoding=_encoding(path))
    return _FINDERS[kind](known)


def _kind(path: Path, given: Kind | None) -> Kind:
    """Return the kind by the file's first bytes, by what is said and by its name. Raises SettingError or OSError."""
    with path.open("rb") as file:
        head = file.read(512)
    if looks_like_workbook(head):
        return "xlsx"
    if path.suffix.lower() in {".xls", ".xlsx"} and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise SettingError("file", f"{path.name} is a web page by another name: open it in Excel and save it as .xlsx")
    kind = given or _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise SettingError("kind", f"{path.name} does not tell what it is; say --kind {', --kind '.join(KINDS)}")
    if kind == "xlsx":
        raise SettingError("file", f"{path.name} is no .xlsx: save it as .xlsx, or say --kind csv if it is text")
    return kind


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


def _with_csv_columns(layout: Layout) -> Layout:
    with Lines(layout.path, layout.encoding) as lines:
        first = next((line.text for line in lines if line.text.strip()), "")
    layout = replace(layout, delimiter=_delimiter(first))
    with Lines(layout.path, layout.encoding) as lines:
        rows = CsvRows(lines, delimiter=layout.delimiter)
        names = csv_header(rows, layout.delimiter)
        if not names:
            raise SettingError("file", f"{layout.path.name} has no header line")
        columns = columns_of(names, layout.mapping, layout.place)
        tell_rows(rows, names, columns)
        sample = [fields_of(dict(zip(names, row.values, strict=False)), columns) for row in islice(rows, _SAMPLE_ROWS)]
    return _known(layout, columns, names, sample)


def csv_header(rows: CsvRows, delimiter: str) -> list[str]:
    """Return the headings, leaving out the line by which Excel is told the delimiter."""
    header = next(rows, None)
    if header and "".join(line.text for line in header.lines).strip().strip('"') == f"sep={delimiter}":
        header = next(rows, None)
    return header.values if header else []


def tell_rows(rows: CsvRows, names: Sequence[str], columns: Columns) -> None:
    """Let the reader tell a row of this file from words that look like one."""
    rows.width = len(names)
    rows.tells_row = lambda values: tells_row(dict(zip(names, values, strict=False)), columns)


def _with_sheet_columns(layout: Layout) -> Layout:
    """Find the sheet and its headings."""
    first_fault: CollectError | None = None
    with open_workbook(layout.path) as workbook:
        for sheet in [sheet_named(workbook, layout.sheet)] if layout.sheet else _visible_first(workbook.sheets):
            rows = workbook.rows(sheet)
            for row in islice(rows, _HEADING_ROWS):
                try:
                    columns = columns_of(row.values, layout.mapping, layout.place)
                except SettingError as error:
                    first_fault = first_fault or error
                    continue
                layout = replace(layout, sheet=sheet.name, heading=row.number)
                sample = [fields_of(valued(row.values, below), columns) for below in islice(rows, _SAMPLE_ROWS)]
                return _known(layout, replace(columns, zero=workbook.zero), row.values, sample)
    raise first_fault or SettingError("file", f"{layout.path.name} has no row in any sheet")


def _visible_first(sheets: Sequence[Sheet]) -> list[Sheet]:
    return sorted(sheets, key=lambda sheet: sheet.hidden)


def sheet_named(workbook: Workbook, name: str) -> Sheet:
    """Return the sheet of this name. Raises SettingError."""
    for sheet in workbook.sheets:
        if sheet.name == name:
            return sheet
    there = ", ".join(repr(sheet.name[:40]) for sheet in workbook.sheets[:20])
    raise SettingError("sheet", f"there is no sheet {name!r}; use one of {there}")


def valued(header: Sequence[str], row: SheetRow) -> dict[str, str]:
    """Return a row's values by their headings; the first of two headings that are alike is the one."""
    return dict(reversed(list(zip(header, [*row.values, *[""] * (len(header) - len(row.values))], strict=False))))


def _with_json_columns(layout: Layout) -> Layout:
    """Check the mapping, and learn how dates and ratings are written."""
    # The names are the file's affair, item by item; only the fields can be checked ahead.
    _, scale = mapped_fields(layout.mapping)
    if layout.kind == "json":
        found = json_rows.load(layout.path)[:_SAMPLE_ROWS]
    else:
        with Lines(layout.path, layout.encoding) as lines:
            found = [json_rows.parsed_line(line.text)[0] for line in islice(lines, _SAMPLE_ROWS)]
    sample = [json_rows.fields_of(item, layout.mapping, layout.place)[0] for item in found]
    names = list(dict.fromkeys(path for item in found[:50] for path in json_rows.paths_of(item)))
    return _known(layout, Columns(column_of={}, scale=scale, place=layout.place), names, sample)


def _known(layout: Layout, columns: Columns, names: Sequence[str], sample: Sequence[Mapping[str, str]]) -> Layout:
    """Return the layout with what the first rows show."""
    columns = replace(
        columns,
        scale=scale_of([fields.get("rating", "") for fields in sample], columns),
        day_first=day_first([fields.get("published_at", "") for fields in sample]),
        zone=layout.columns.zone,
    )
    return replace(layout, columns=columns, likely=likely_mapping(names) if layout.place is None else None)


_FINDERS: Mapping[Kind, Callable[[Layout], Layout]] = {
    "csv": _with_csv_columns,
    "xlsx": _with_sheet_columns,
    "jsonl": _with_json_columns,
    "json": _with_json_columns,
}


def _delimiter(header: str) -> str:
    """Return the delimiter that occurs most in the header outside quotes; without any, one that texts never hold."""
    told = header.strip().strip('"')
    if told.startswith("sep=") and len(told) == 5:
        return told[4]
    bare = "".join(header.split('"')[::2])
    likely = max(",;\t|", key=bare.count)
    return likely if likely in bare else "\x1f"
