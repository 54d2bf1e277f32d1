"""`earshot import`"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path

import click
import orjson

from alerts.types import BrandId, SourceId
from collectors import files
from collectors.files import KINDS, Kind, Reading, Row
from collectors.import_mappings import MAPPINGS
from collectors.types import Quarantined, SourceKind
from service.cli.connect import run
from service.cli.main import Failure
from service.cli.names import some_name
from service.pipeline.import_file import identity, import_file, unfinished
from service.settings import Settings
from service.store import brand, clock, source
from service.store.fetch import Counts
from service.store.pool import Pool


def _list(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    """Print every place whose files are known, as JSON, and end."""
    if wanted:
        places = [
            {
                "columns": name,
                "site": place.site,
                "expects": place.expects,
                "zone": place.zone or None,
                "fields": {field: list(headings) for field, headings in place.fields.items()},
            }
            for name, place in MAPPINGS.items()
        ]
        click.echo(orjson.dumps(places, option=orjson.OPT_INDENT_2))
        context.exit()


def _mapping(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in given:
        column, equals, name = pair.rpartition("=")
        if not equals or not column or not name:
            raise click.BadParameter(f"{pair!r} is no column=field")
        mapping[column] = name
    return mapping


async def _place(pool: Pool, brand_name: str, source_name: str) -> tuple[BrandId, SourceId]:
    """Return the brand and its import source, made if new."""
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        if await brand.named(conn, brand_name) is None:
            click.echo(f"added brand {brand_name}", err=True)
        brand_id = await brand.ensure(conn, brand_name, now=now)
        source_id = await source.put(
            conn,
            brand_id=brand_id,
            kind=SourceKind.IMPORT,
            name=source_name,
            settings={},
            interval=timedelta(days=1),
            allow_private=False,
            enabled=True,
            now=now,
        )
        return brand_id, source_id


async def _import(pool: Pool, path: Path, read: Callable[..., Reading], *, brand_name: str, source_name: str) -> Counts:
    """Import one file; rows that cannot be read go to a file beside it."""
    broken_path = path.with_name(f"{path.name}.quarantined.jsonl")
    async with pool.acquire() as conn:
        now = await clock.now(conn)
    # Found wanting before anything is made: a file without a text column leaves no trace.
    found = read(path, now=now)
    _check_writable(broken_path)
    if found.layout.likely:
        click.echo(f"{path.name}: these columns look like {MAPPINGS[found.layout.likely].site}: "
                   f"--columns {found.layout.likely} would read more of them", err=True)  # fmt: skip
    if found.layout.other_sheets:
        named = ", ".join(repr(sheet[:40]) for sheet in found.layout.other_sheets[:20])
        click.echo(f"{path.name}: only the sheet {found.layout.sheet!r} is read; {named} hold texts too: import each "
                   "with --sheet", err=True)  # fmt: skip
    brand_id, source_id = await _place(pool, brand_name, source_name)
    async with pool.acquire() as conn:
        begun = await unfinished(conn, source_id, identity(path), now=now)
    reading = read(path, now=now, after=begun.row)
    if begun.row:
        click.echo(f"going on after row {begun.row}", err=True)
    _keep_broken(broken_path, up_to=begun.row)
    with click.progressbar([0], length=reading.size, label=path.name, file=sys.stderr) as bar:
        counts = await import_file(
            pool,
            reading,
            brand_id=brand_id,
            source_id=source_id,
            begun=begun,
            before_batch=partial(_write_broken, broken_path),
            on_batch=lambda _: bar.update(reading.bytes_read - bar.pos),
        )
    _tell_of_dates(reading)
    return counts


def _tell_of_dates(reading: Reading) -> None:
    """Say which rows count as said now, for want of a date; they open no incident."""
    for number, trouble in ((reading.undated, "no date"), (reading.unreadable_dates, "a date that cannot be read")):
        if number:
            click.echo(f"{reading.layout.path.name}: {number} rows have {trouble}; they count as said today", err=True)


def _check_writable(path: Path) -> None:
    """Raise Failure unless rows that cannot be read can be written down."""
    folder = path.parent
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise Failure(f"{path} must be written to for rows that cannot be read: copy the file to a folder of yours")


def _keep_broken(path: Path, *, up_to: int) -> None:
    """Leave in the file what an earlier run stored for good; none of it where this run begins anew."""
    if not path.exists():
        return
    lines = path.read_bytes().splitlines(keepends=True) if up_to else []
    kept = [line for line in lines if line.endswith(b"\n") and orjson.loads(line)["row"] <= up_to]
    path.write_bytes(b"".join(kept)) if kept else path.unlink()


def _write_broken(path: Path, batch: Sequence[Row]) -> None:
    lines = [
        orjson.dumps(
            {
                "row": row.number,
                "line": row.line,
                "reason": row.item.reason,
                "raw": row.item.raw.decode("utf-8", "replace"),
            }
        )
        for row in batch
        if isinstance(row.item, Quarantined)
    ]
    if lines:
        with path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))


@click.command("import")
@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--brand", "brand_name", required=True, callback=some_name, help="The brand these are about; made if new."
)
@click.option("--kind", type=click.Choice(KINDS), help="By the file itself where not given.")
@click.option("--map", "mapping", multiple=True, metavar="COLUMN=FIELD", callback=_mapping, help="What a column holds.")
@click.option("--columns", type=click.Choice(list(MAPPINGS)), help="The place whose file it is; see --list.")
@click.option("--sheet", default="", help="The sheet of a workbook; the first with a column of texts where not given.")
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list,
              help="Print the places whose files are known, and what they expect, as JSON.")  # fmt: skip
@click.option("--source", "source_name", help="The source's name; the file's name where not given.")
@click.option("--zone", help="IANA zone of times without an offset; the place's or EARSHOT_TIME_ZONE where not given.")
@click.option("--site", default="", help="Where it was said, for rows that do not tell.")
def command(
    paths: tuple[Path, ...],
    brand_name: str,
    *,
    kind: Kind | None,
    mapping: dict[str, str],
    columns: str | None,
    sheet: str,
    source_name: str | None,
    site: str,
    zone: str | None,
) -> None:
    """Import posts and reviews from CSV, JSON or Excel. Again is harmless; a cut-off import goes on where it was."""

    async def imported(settings: Settings, pool: Pool) -> Counts:
        own_zone = MAPPINGS[columns].zone if columns else ""
        read = partial(files.read, kind=kind, mapping=mapping, place=columns, sheet=sheet, site=site,
                       zone=zone or own_zone or settings.time_zone)  # fmt: skip
        total = Counts()
        for path in paths:
            total += await _import(pool, path, read, brand_name=brand_name, source_name=source_name or path.stem)
        return total

    counts = run(imported)
    shown = ", ".join(f"{name} {number}" for name, number in asdict(counts).items())
    click.echo(f"seen {counts.seen} = {shown}")
    if counts.quarantined:
        click.echo(
            "unreadable rows, with reasons: " + ", ".join(f"{path}.quarantined.jsonl" for path in paths), err=True
        )
