"""The rows of a file as it has them; what costs time waits until it is wanted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from collectors import json_rows
from collectors.csv_rows import CsvRow
from collectors.feed_items import MAX_RAW_BYTES
from collectors.file_layout import Layout, csv_below, sheet_named, valued
from collectors.file_lines import Line, Lines, raw
from collectors.file_rows import fields_of
from collectors.xlsx import SheetRow, open_workbook

#: The fields of a row and, where they cannot be read, why.
Fields = tuple[Mapping[str, str], str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One row."""

    #: Where it begins, from 1.
    line: int
    #: The part of the file that was read with it, 0 to 1.
    share: float
    fields: Callable[[], Fields]
    raw: Callable[[], bytes]


def records(layout: Layout) -> Iterator[Record]:
    """Yield every row. Raises CollectError or OSError."""
    match layout.kind:
        case "csv":
            return _csv(layout)
        case "xlsx":
            return _sheet(layout)
        case "jsonl":
            return _lines(layout)
        case "json":
            return _items(layout)


def _csv(layout: Layout) -> Iterator[Record]:
    size = max(1, layout.path.stat().st_size)
    with Lines(layout.path, layout.encoding) as lines:
        rows, header = csv_below(lines, layout)
        for row in rows:
            yield Record(
                line=row.lines[0].number,
                share=lines.bytes_taken() / size,
                fields=partial(_csv_fields, row, header, layout),
                raw=partial(raw, row.lines),
            )


def _csv_fields(row: CsvRow, header: Sequence[str], layout: Layout) -> Fields:
    reason = row.fault or _shape_fault(row.values, header)
    return fields_of(valued(header, row.values), layout.columns), reason


def _shape_fault(values: list[str], header: Sequence[str]) -> str | None:
    """Return what is wrong with a row that is no row of this table."""
    if values == list(header):
        return "the row repeats the headings"
    extra = [value for value in values[len(header) :] if value.strip()]
    return f"the row has {len(values)} values for {len(header)} columns" if extra else None


def _sheet(layout: Layout) -> Iterator[Record]:
    with open_workbook(layout.path) as workbook:
        rows = workbook.rows(sheet_named(workbook, layout.sheet))
        header = next(row.values for row in rows if row.number == layout.heading)
        for row in rows:
            yield Record(
                line=row.number,
                share=workbook.share_read,
                fields=partial(_sheet_fields, row, header, layout),
                raw=partial(_sheet_raw, row, header),
            )


def _sheet_fields(row: SheetRow, header: Sequence[str], layout: Layout) -> Fields:
    reason = _shape_fault(row.values, header) or _unknown_fault(row, header, layout)
    return fields_of(valued(header, row.values), layout.columns), reason


def _unknown_fault(row: SheetRow, header: Sequence[str], layout: Layout) -> str | None:
    """Return what is wrong with a row of which a column that counts has no value yet."""
    wanted = layout.columns.column_of.values()
    for column in sorted(row.unknown):
        if column < len(header) and header[column] in wanted:
            return (
                f"the formula in the column {header[column][:40]!r} was never calculated: open the file in Excel, save "
                "it, and import it again"
            )
    return None


def _sheet_raw(row: SheetRow, header: Sequence[str]) -> bytes:
    return orjson.dumps(valued(header, row.values))[:MAX_RAW_BYTES]


def _lines(layout: Layout) -> Iterator[Record]:
    size = max(1, layout.path.stat().st_size)
    with Lines(layout.path, layout.encoding) as lines:
        for line in lines:
            if line.text.strip() or line.fault:
                yield Record(
                    line=line.number,
                    share=lines.bytes_taken() / size,
                    fields=partial(_line_fields, line, layout),
                    raw=partial(raw, [line]),
                )


def _line_fields(line: Line, layout: Layout) -> Fields:
    found, fault = (None, line.fault) if line.fault else json_rows.parsed_line(line.text)
    return ({}, fault) if fault else json_rows.fields_of(found, layout.mapping, layout.place)


def _items(layout: Layout) -> Iterator[Record]:
    items = json_rows.load(layout.path)
    for number, item in enumerate(items, start=1):
        yield Record(
            line=number,
            share=number / len(items),
            fields=partial(json_rows.fields_of, item, layout.mapping, layout.place),
            raw=partial(json_rows.raw, item),
        )
