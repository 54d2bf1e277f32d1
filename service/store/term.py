"""Words and phrases, counted by day in the texts that hold them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from alerts.types import BrandId
from service.store.pool import Connection


class Mood(StrEnum):
    """Whose words are counted."""

    ALL = "all"
    NEGATIVE = "negative"
    ANGRY = "angry"


@dataclass(frozen=True, kw_only=True, slots=True)
class TermCounts:
    """How many texts hold each term, and how many texts there are."""

    counts: dict[str, int]
    texts: int


#: A period's commonest terms are compared; what is rarer than these rises nowhere.
_MOST = 5_000


async def counts(
    conn: Connection,
    *,
    brand_ids: Sequence[BrandId] | None,
    since: date,
    until: date,
    mood: Mood,
    only: Sequence[str] | None = None,
) -> TermCounts:
    """Return the counts of the days from `since` to before `until` (UTC), of these terms alone where any are given."""
    rows = await conn.fetch(
        """
        select term, sum(case $4 when 'negative' then negative when 'angry' then angry else total end)::bigint as texts
        from term_day
        -- Without brands every brand is named: an index answers that.
        where brand_id = any(coalesce($1::bigint[], array(select id from brand))) and day >= $2 and day < $3
            and ($5::text[] is null or term in (select unnest($5::text[])))
        group by term having sum(case $4 when 'negative' then negative when 'angry' then angry else total end) > 0
        order by 2 desc, 1 limit $6
        """,
        None if brand_ids is None else list(brand_ids),
        since,
        until,
        mood,
        None if only is None else list(only),
        _MOST,
    )
    texts = await conn.fetchval(
        """
        select coalesce(sum(case $4 when 'negative' then negative when 'angry' then angry else total end), 0)::bigint
        from trend_hour
        where ($1::bigint[] is null or brand_id = any($1))
            and hour >= $2::date at time zone 'UTC' and hour < $3::date at time zone 'UTC'
        """,
        None if brand_ids is None else list(brand_ids),
        since,
        until,
        mood,
    )
    return TermCounts(counts={row["term"]: row["texts"] for row in rows}, texts=texts)


async def forget_rare(conn: Connection, before: datetime) -> int:
    """Drop what only one text of a day held, of days before; return how many rows went. Words have no end."""
    status = await conn.execute("delete from term_day where total <= 1 and day < ($1 at time zone 'UTC')::date", before)
    return int(status.rpartition(" ")[2])
