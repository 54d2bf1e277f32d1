"""Mentions as a file: what the same question to /mentions gives, all pages at once."""

import csv
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import IO, Annotated

import orjson
import xlsxwriter
from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from alerts.query import Query as Words
from alerts.types import BrandId
from collectors.kinds import may_be_passed_on
from service.api.access import Reading
from service.api.errors import Invalid
from service.api.mention_shapes import AnalysisShape, MentionItem
from service.api.mentions import MentionQuery, Sort, filter_of
from service.api.parameters import PREFIX
from service.api.query import Read
from service.store import audit, bounds, mention, search
from service.store.mention import MentionFilter, StoredMention
from service.store.pool import Pool

router = APIRouter(prefix=PREFIX, tags=["exports"])
MOST = 1_000_000
#: A sheet has no more rows.
_MOST_OF_A_SHEET = 1_048_575
_PAGE = 500
_CHUNK = 256 * 1024
#: What a spreadsheet takes for the beginning of a formula, also in full width, and what it strips before it looks.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_MOST_CHARACTERS_OF_A_CELL = 32_767


class Format(StrEnum):
    """What kind of file."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


_MEDIA = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSONL: "application/x-ndjson",
}


class ExportQuery(MentionQuery):
    """Which mentions, as which file."""

    format: Format = Format.CSV
    limit: Annotated[int, Field(ge=1, le=MOST, description="The most mentions the file holds.")] = 100_000


Cell = str | int | float | bool | datetime | None


def _rating(item: MentionItem) -> tuple[Cell, Cell]:
    return (item.rating.value, item.rating.scale) if item.rating else (None, None)


_COLUMNS: Mapping[str, Callable[[MentionItem], Cell]] = {
    "id": lambda item: item.id,
    "brand": lambda item: item.brand.name,
    "source": lambda item: item.source.name,
    "site": lambda item: item.site,
    "said_at": lambda item: item.said_at,
    "author": lambda item: item.author.name,
    "title": lambda item: item.title,
    "text": lambda item: item.text,
    "url": lambda item: item.url,
    "rating": lambda item: _rating(item)[0],
    "rating_scale": lambda item: _rating(item)[1],
    "language": lambda item: item.language,
    "label": lambda item: item.analysis.label if item.analysis else None,
    "anger": lambda item: round(item.analysis.anger, 4) if item.analysis else None,
    "angry": lambda item: item.analysis.angry if item.analysis else None,
    "corrected": lambda item: item.analysis.corrected if item.analysis else None,
    "model_label": lambda item: item.analysis.judged.label if item.analysis else None,
    "model_angry": lambda item: item.analysis.judged.angry if item.analysis else None,
    "own": lambda item: item.own or item.reply_by_owner,
    "promotion": lambda item: item.promotion,
    "story": lambda item: item.story,
    "incident": lambda item: item.incident,
    "left_out": lambda item: None if may_be_passed_on(item.kind) else "words: the platform lets only ids be passed on",
}


@router.get(
    "/exports",
    summary="Export mentions as CSV, XLSX or JSONL",
    response_class=StreamingResponse,
    responses={200: {"content": {media: {} for media in _MEDIA.values()}, "description": "The file."}},
)
async def exports(
    asked: Reading, request: Request, query: Annotated[ExportQuery, Depends(Read(ExportQuery))]
) -> StreamingResponse:
    """The newest first. Cells that a spreadsheet would take for formulas begin with an apostrophe. Of platforms whose
    terms forbid passing on what people wrote, the words are left out and the ids stay."""
    if query.sort is not Sort.NEWEST:
        raise Invalid("sort", "an export is sorted by time; leave it out")
    if query.cursor is not None:
        raise Invalid("cursor", "an export has one page; leave it out")
    pool: Pool = request.app.state.pool
    wanted = await filter_of(asked, query)
    told = query.model_dump(mode="json", exclude_none=True)
    await audit.note(asked.conn, actor=asked.caller.name, action="exported", thing="mentions", thing_id="", detail=told)
    items = _items(pool, asked.caller.brands, wanted, query.asked, query.limit)
    writers = {Format.CSV: _csv, Format.XLSX: _xlsx, Format.JSONL: _jsonl}
    name = f"earshot-{asked.now:%Y%m%dT%H%M%SZ}.{query.format}"
    return StreamingResponse(
        writers[query.format](items),
        media_type=_MEDIA[query.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def _items(
    pool: Pool, brands: frozenset[BrandId] | None, wanted: MentionFilter, words: Words | None, limit: int
) -> AsyncIterator[MentionItem]:
    """Yield what is asked for, page by page: no connection is held while a slow reader reads."""
    after, left = None, limit
    while left > 0:
        async with bounds.acquired(pool, brands) as conn:
            if words is None:
                found: Sequence[StoredMention] = await mention.newest(conn, wanted, after=after, limit=min(_PAGE, left))
                after = found[-1].place if len(found) == min(_PAGE, left) else None
            else:
                page = await search.newest(conn, wanted, words, after=after, limit=min(_PAGE, left))
                found, after = page.items, page.following
        for one in found:
            yield _passed_on(MentionItem.of(one))
        left -= len(found)
        if after is None:
            return


def _passed_on(item: MentionItem) -> MentionItem:
    """Return the mention with what may be given away."""
    if may_be_passed_on(item.kind):
        return item
    return item.model_copy(update={"title": "", "text": "", "analysis": _without_words(item.analysis)})


def _without_words(analysis: AnalysisShape | None) -> AnalysisShape | None:
    """Return a verdict without the words it was read from."""
    if analysis is None:
        return None
    causes = analysis.causes
    silent = None if causes is None else [one.model_copy(update={"because": None}) for one in causes]
    return analysis.model_copy(update={"because": None, "causes": silent})


def defused(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(cell, str) and cell.lstrip(" \u3000\ufeff\u200b").startswith(_FORMULA):
        return f"'{cell}"
    return cell


def _row(item: MentionItem) -> list[Cell]:
    return [defused(value(item)) for value in _COLUMNS.values()]


async def _csv(items: AsyncIterator[MentionItem]) -> AsyncIterator[bytes]:
    """Yield a CSV file in UTF-8 with the mark that Excel needs."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(_COLUMNS)
    async for item in items:
        writer.writerow([cell.isoformat() if isinstance(cell, datetime) else cell for cell in _row(item)])
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


async def _jsonl(items: AsyncIterator[MentionItem]) -> AsyncIterator[bytes]:
    """Yield a line of JSON a mention, as /mentions has it."""
    async for item in items:
        yield orjson.dumps(item.model_dump(mode="json", exclude={"highlights"})) + b"\n"


async def _xlsx(items: AsyncIterator[MentionItem]) -> AsyncIterator[bytes]:
    """Yield a workbook with one sheet. It is written row by row to a file that goes with the answer."""
    with tempfile.TemporaryFile() as file:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
            "default_date_format": "yyyy-mm-dd hh:mm:ss",
            "nan_inf_to_errors": True,
        }
        with xlsxwriter.Workbook(file, options) as workbook:
            sheet = workbook.add_worksheet("mentions")
            sheet.write_row(0, 0, list(_COLUMNS))
            sheet.freeze_panes(1, 0)
            number = 0
            async for item in items:
                number += 1
                if number > _MOST_OF_A_SHEET:
                    break
                for column, cell in enumerate(_row(item)):
                    sheet.write(number, column, cell[:_MOST_CHARACTERS_OF_A_CELL] if isinstance(cell, str) else cell)
        file.seek(0)
        for chunk in _chunks(file):
            yield chunk


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
