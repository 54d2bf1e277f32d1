"""What each source cost: items read in a month, of a place that takes money for them."""

from datetime import datetime

from alerts.types import SourceId
from service.store.pool import Connection


async def add(conn: Connection, source_id: SourceId, items: int, *, now: datetime) -> None:
    """Count items that were read."""
    if items:
        await conn.execute(
            """
            insert into spend as p (source_id, month, items)
            values ($1, month_of($3), $2)
            on conflict (source_id, month) do update set items = p.items + excluded.items
            """,
            source_id,
            items,
            now,
        )
