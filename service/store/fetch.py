"""The log of fetches."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.types import SourceId
from service.store.pool import Connection


class Outcome(StrEnum):
    """How a fetch ended."""

    COLLECTED = "collected"
    UNCHANGED = "unchanged"
    PARTIAL = "partial"
    FAILED = "failed"
    IMPORTED = "imported"


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What became of the items of one fetch; `seen` is their sum."""

    inserted: int = 0
    unchanged: int = 0
    new_version: int = 0
    erased_again: int = 0
    quarantined: int = 0

    @property
    def seen(self) -> int:
        """All items, each counted once."""
        return self.inserted + self.unchanged + self.new_version + self.erased_again + self.quarantined

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            inserted=self.inserted + other.inserted,
            unchanged=self.unchanged + other.unchanged,
            new_version=self.new_version + other.new_version,
            erased_again=self.erased_again + other.erased_again,
            quarantined=self.quarantined + other.quarantined,
        )


async def record(
    conn: Connection,
    source_id: SourceId,
    *,
    started_at: datetime,
    finished_at: datetime,
    outcome: Outcome,
    seen: int,
    counts: Counts,
    error: str | None = None,
    ignored: int = 0,
    unmatched: int = 0,
    gap_suspected: bool = False,
) -> None:
    """Log one fetch. `seen` comes from the document, the counts from the database: a view compares them. `ignored`
    events were about something else than words, `unmatched` items about no brand."""
    await conn.execute(
        """
        insert into fetch_log (source_id, started_at, finished_at, outcome, seen, inserted, unchanged, new_version,
            erased_again, quarantined, error, ignored, unmatched, gap_suspected)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """,
        source_id,
        started_at,
        finished_at,
        outcome,
        seen,
        counts.inserted,
        counts.unchanged,
        counts.new_version,
        counts.erased_again,
        counts.quarantined,
        error,
        ignored,
        unmatched,
        gap_suspected,
    )


async def forget_before(conn: Connection, at: datetime) -> None:
    """Drop fetches of before: a year of polls says nothing that a month does not."""
    await conn.execute("delete from fetch_log where started_at < $1", at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch:
    """One fetch, as its log holds it."""

    started_at: datetime
    outcome: str
    seen: int
    #: None: it counts for every brand, and who asks is bound to some.
    inserted: int | None
    quarantined: int
    #: About none of the brands, and so not kept; not among those seen.
    unmatched: int
    error: str | None
    gap_suspected: bool


async def latest(conn: Connection, source_id: SourceId, *, limit: int) -> list[Fetch]:
    """Return a source's last fetches, newest first."""
    rows = await conn.fetch(
        """
        select f.started_at, f.outcome, f.seen, f.quarantined, f.unmatched, f.error, f.gap_suspected,
            case when s.brand_id is not null or seen_brands() is null then f.inserted end as inserted
        from fetch_log f join source s on s.id = f.source_id
        where f.source_id = $1 order by f.started_at desc limit $2
        """,
        source_id,
        limit,
    )
    return [Fetch(**row) for row in rows]
