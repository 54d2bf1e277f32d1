"""Imports a file, batch by batch; each batch and the place it ends at commit together, so a killed import goes on."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from alerts.types import BrandId, SourceId
from collectors.files import Reading, Row
from collectors.types import Mention, Quarantined
from service.store import clock, events, fetch, ingest, quarantine, source
from service.store.events import EventKind
from service.store.fetch import Counts, Outcome
from service.store.pool import Connection, Pool

BATCH = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the import of one file came; kept as the source's cursor."""

    #: The file's identity: another file, or this one changed, begins anew.
    file: str
    #: The last row done.
    row: int = 0
    counts: Counts
    started_at: datetime

    def as_cursor(self) -> dict[str, Any]:
        """Return the progress as the store keeps it."""
        return {
            "file": self.file,
            "row": self.row,
            "counts": asdict(self.counts),
            "started_at": self.started_at.isoformat(),
        }


def identity(path: Path) -> str:
    """Return what tells a file from another or from itself before an edit."""
    stat = path.stat()
    return sha256(f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}".encode()).hexdigest()


async def unfinished(conn: Connection, source_id: SourceId, file: str, *, now: datetime) -> Progress:
    """Return where an import of this file was cut off, or its beginning."""
    cursor = await source.cursor_of(conn, source_id)
    if cursor.get("file") != file:
        return Progress(file=file, counts=Counts(), started_at=now)
    return Progress(
        file=file,
        row=cursor["row"],
        counts=Counts(**cursor["counts"]),
        started_at=datetime.fromisoformat(cursor["started_at"]),
    )


async def import_file(
    pool: Pool,
    reading: Reading,
    *,
    brand_id: BrandId,
    source_id: SourceId,
    begun: Progress,
    before_batch: Callable[[list[Row]], None],
    on_batch: Callable[[list[Row]], None],
) -> Counts:
    """Import the rows after `begun.row`; return the counts of the whole file. `before_batch` is told of each batch
    before it is stored (again, where the import was cut off in between), `on_batch` once it is committed. Raises
    SettingError where the file cannot be read on."""
    progress = begun
    for batch in _batches(iter(reading)):
        before_batch(batch)
        async with pool.acquire() as conn, conn.transaction():
            progress = await _store(conn, batch, progress, brand_id=brand_id, source_id=source_id)
        on_batch(batch)
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        await fetch.record(
            conn,
            source_id,
            started_at=progress.started_at,
            finished_at=now,
            outcome=Outcome.IMPORTED,
            seen=progress.counts.seen,
            counts=progress.counts,
        )
        await source.set_cursor(conn, source_id, {}, now=now)
    return progress.counts


async def _store(
    conn: Connection, batch: list[Row], progress: Progress, *, brand_id: BrandId, source_id: SourceId
) -> Progress:
    """Store one batch and the place it ends at."""
    now = await clock.now(conn)
    mentions = [said for row in batch for said in (row.item, row.answer) if isinstance(said, Mention)]
    broken = [row.item for row in batch if isinstance(row.item, Quarantined)]
    got = await ingest.ingest(conn, brand_id, source_id, mentions, now=now)
    await quarantine.put(conn, source_id, broken, now=now)
    counts = progress.counts + got.counts + Counts(quarantined=len(broken))
    reached = Progress(file=progress.file, row=batch[-1].number, counts=counts, started_at=progress.started_at)
    await source.set_cursor(conn, source_id, reached.as_cursor(), now=now)
    await events.tell(conn, EventKind.MENTION, got.changed)
    return reached


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
