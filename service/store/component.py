"""What each part of the program last said of itself: beats, and the health of what it depends on."""

from dataclasses import dataclass
from datetime import datetime

from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """One part, such as `worker.collect` or `smtp`."""

    name: str
    beat_at: datetime
    healthy: bool
    detail: str


async def beat(conn: Connection, name: str, *, now: datetime, healthy: bool = True, detail: str = "") -> None:
    """Record that the part is alive, and how it is."""
    await conn.execute(
        """
        insert into component (name, beat_at, healthy, detail) values ($1, $2, $3, $4)
        on conflict (name) do update set
            beat_at = excluded.beat_at, healthy = excluded.healthy, detail = excluded.detail
        """,
        name,
        now,
        healthy,
        detail,
    )


async def forget(conn: Connection, name: str) -> None:
    """Forget a part that is no more."""
    await conn.execute("delete from component where name = $1", name)


async def every(conn: Connection) -> list[Component]:
    """Return all parts by name."""
    rows = await conn.fetch("select name, beat_at, healthy, detail from component order by name")
    return [Component(**row) for row in rows]


async def last_beat(conn: Connection, name: str) -> datetime | None:
    """Return when the part last said anything; None if never."""
    at: datetime | None = await conn.fetchval("select beat_at from component where name = $1", name)
    return at
