"""How a file is laid out: its kind, encoding, delimiter, sheet and columns, found by looking."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
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
#: UTF-32 first: its mark begins as that of UTF-16.
_BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
}  # fmt: skip
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")
_WEB_PAGE = re.compile(rb"\s*<(?:!doctype|html|table|head|body|\?xml|script|meta)\b", re.IGNORECASE)


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
    #: The sheet of a workbook, and others that hold texts too.
    sheet: str = ""
    other_sheets: Sequence[str] = ()
    #: The line of the headings, or their row in the sheet.
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
    if head.startswith(_COMPRESSED):
        raise SettingError("file", f"{path.name} is packed: unpack it and import what is in it")
    if head.startswith(b"%PDF"):
        raise SettingError("file", f"{path.name} is a PDF: export the table as .csv or .xlsx where it comes from")
    if _WEB_PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise SettingError("file", f"{path.name} is a web page by another name: open it in Excel and save it as .xlsx")
    kind = given or _SUFFIXES.get(path.suffix.lower())
    if kind == "jsonl" and not given and head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        return "json"
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
    return "utf-8" if _is_mostly_utf8(bytes(sample)) else charsets.guess(bytes(sample))


def _is_mostly_utf8(sample: bytes) -> bool:
    """Say whether half the lines beyond ASCII are UTF-8, which no other encoding is by chance."""
    beyond = [line for line in sample.splitlines() if not line.isascii()]
    return bool(beyond) and b"\x00" not in sample and sum(map(_is_utf8, beyond)) * 2 >= len(beyond)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _with_csv_columns(layout: Layout) -> Layout:
    layout = _with_csv_heading(layout)
    with Lines(layout.path, layout.encoding) as lines:
        rows, names = csv_below(lines, layout)
        sample = [fields_of(valued(names, row.values), layout.columns) for row in islice(rows, _SAMPLE_ROWS)]
    return _known(layout, layout.columns, names, sample)


def _with_csv_heading(layout: Layout) -> Layout:
    """Return the layout with its delimiter, the line of its headings and what these say: of the first rows, read with
    each delimiter that may be meant, the one with the most known names. Raises SettingError."""
    found: Layout | None = None
    fault, widest = SettingError("file", f"{layout.path.name} has no header line"), -1
    for delimiter in _delimiters(layout):
        with Lines(layout.path, layout.encoding) as lines:
            for row in islice(CsvRows(lines, delimiter=delimiter), _HEADING_ROWS):
                line = row.lines[0].number
                if row.fault and widest < 0:
                    fault, widest = SettingError("file", f"no headings can be read: line {line}: {row.fault}"), 0
                if row.fault or not any(map(str.strip, row.values)):
                    continue
                try:
                    columns = replace(columns_of(row.values, layout.mapping, layout.place), zone=layout.columns.zone)
                except SettingError as error:
                    if len(row.values) > widest:
                        fault, widest = error, len(row.values)
                    continue
                if found is None or len(columns.column_of) > len(found.columns.column_of):
                    found = replace(layout, delimiter=delimiter, heading=line, columns=columns)
    if found is None:
        raise fault
    return found


def csv_below(lines: Lines, layout: Layout) -> tuple[CsvRows, Sequence[str]]:
    """Return the rows below the headings, with these: the reader can tell a row from words that look like one."""
    rows = CsvRows(lines, delimiter=layout.delimiter)
    names = next(row.values for row in rows if row.lines[0].number == layout.heading)
    rows.width = len(names)
    rows.tells_row = lambda values: tells_row(valued(names, values), layout.columns)
    return rows, names


def _with_sheet_columns(layout: Layout) -> Layout:
    """Find the sheet and its headings."""
    first_fault: CollectError | None = None
    with open_workbook(layout.path) as workbook:
        for sheet in [sheet_named(workbook, layout.sheet)] if layout.sheet else _visible_first(workbook.sheets):
            rows = workbook.rows(sheet)
            try:
                row, columns = _sheet_heading(rows, layout)
            except SettingError as error:
                first_fault = first_fault or error
                continue
            others = [] if layout.sheet else _others_with_texts(workbook, sheet, layout)
            layout = replace(layout, sheet=sheet.name, other_sheets=others, heading=row.number)
            sample = [fields_of(valued(row.values, below.values), columns) for below in islice(rows, _SAMPLE_ROWS)]
            return _known(layout, replace(columns, zero=workbook.zero), row.values, sample)
    raise first_fault or SettingError("file", f"{layout.path.name} has no row in any sheet")


def _sheet_heading(rows: Iterable[SheetRow], layout: Layout) -> tuple[SheetRow, Columns]:
    """Return the row of the headings and what they say. Raises SettingError where none of the first rows is it."""
    fault: SettingError | None = None
    for row in islice(rows, _HEADING_ROWS):
        try:
            return row, columns_of(row.values, layout.mapping, layout.place)
        except SettingError as error:
            fault = fault or error
    raise fault or SettingError("file", f"{layout.path.name} has no row in any sheet")


def _others_with_texts(workbook: Workbook, read: Sheet, layout: Layout) -> list[str]:
    """Return the names of the other sheets in sight that hold texts: one reading is of one sheet."""
    found = []
    for sheet in workbook.sheets:
        if sheet is not read and not sheet.hidden:
            with suppress(CollectError):
                _sheet_heading(workbook.rows(sheet), layout)
                found.append(sheet.name)
    return found


def _visible_first(sheets: Sequence[Sheet]) -> list[Sheet]:
    return sorted(sheets, key=lambda sheet: sheet.hidden)


def sheet_named(workbook: Workbook, name: str) -> Sheet:
    """Return the sheet of this name. Raises SettingError."""
    for sheet in workbook.sheets:
        if sheet.name == name:
            return sheet
    there = ", ".join(repr(sheet.name[:40]) for sheet in workbook.sheets[:20])
    raise SettingError("sheet", f"there is no sheet {name!r}; use one of {there}")


def valued(header: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """Return a row's values by their headings; the first of two headings that are alike is the one."""
    return dict(reversed(list(zip(header, [*values, *[""] * (len(header) - len(values))], strict=False))))


def _with_json_columns(layout: Layout) -> Layout:
    """Check the mapping, and learn how dates and ratings are written."""
    # The names are the file's affair, item by item; only the fields can be checked ahead.
    _, scale = mapped_fields(layout.mapping)
    if layout.kind == "json":
        found = json_rows.load(layout.path)[:_SAMPLE_ROWS]
    else:
        with Lines(layout.path, layout.encoding) as lines:
            found = [
                json_rows.parsed_line(line.text)[0]
                for line in islice((line for line in lines if line.text.strip()), _SAMPLE_ROWS)
            ]
        if not any(isinstance(one, dict) for one in found):
            raise SettingError("file", f"{layout.path.name} holds no object in any line: give one object a line, or "
                               "say --kind json for one document")  # fmt: skip
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


def _delimiters(layout: Layout) -> list[str]:
    """Return the delimiters that the first lines may have, the likeliest first: the one they name, else those that
    occur most outside quotes; for lines without any, one that texts never hold."""
    with Lines(layout.path, layout.encoding) as lines:
        heads = list(islice((line.text for line in lines if line.text.strip()), _HEADING_ROWS))
    likely: list[str] = []
    for head in heads:
        told = head.strip().strip('"')
        if told.startswith("sep=") and len(told) == 5:
            return [told[4]]
        bare = "".join(head.split('"')[::2])
        counted = sorted((-bare.count(one), place, one) for place, one in enumerate(",;\t|") if one in bare)
        likely += [one for *_, one in counted] or ["\x1f"]
    return list(dict.fromkeys(likely))
