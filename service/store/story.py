"""Stories: mentions of one brand that say the same thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.types import BrandId, StoryId
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A story that shares a band of the signature, and may be the same."""

    id: StoryId
    signature: tuple[int, ...]


async def lock(conn: Connection, brand_id: BrandId) -> None:
    """Let one transaction at a time find or open stories of a brand: two workers would open the same one twice."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('story', $1))", brand_id)


async def candidates(
    conn: Connection, brand_id: BrandId, bands: Sequence[int], *, now: datetime, within: timedelta
) -> list[Candidate]:
    """Return recent stories of the brand that share a band, newest first."""
    rows = await conn.fetch(
        """
        select s.id, s.signature from story s
        where s.last_seen_at > $4 and s.id in (
            select b.story_id from unnest($2::smallint[], $3::bigint[]) as given (band, hash)
            join story_band b on b.brand_id = $1 and b.band = given.band and b.hash = given.hash
        )
        order by s.last_seen_at desc, s.id desc limit 50
        """,
        brand_id,
        list(range(len(bands))),
        list(bands),
        now - within,
    )
    return [Candidate(id=StoryId(row["id"]), signature=tuple(row["signature"])) for row in rows]


async def open_story(
    conn: Connection, brand_id: BrandId, signature: Sequence[int], bands: Sequence[int], *, now: datetime
) -> StoryId:
    """Return a new story; without bands nothing will join it."""
    story_id = await conn.fetchval(
        "insert into story (brand_id, first_seen_at, last_seen_at, signature) values ($1, $2, $2, $3) returning id",
        brand_id,
        now,
        list(signature),
    )
    await conn.execute(
        """
        insert into story_band (brand_id, band, hash, story_id)
        select $1, band, hash, $4 from unnest($2::smallint[], $3::bigint[]) as given (band, hash)
        """,
        brand_id,
        list(range(len(bands))),
        list(bands),
        story_id,
    )
    return StoryId(story_id)


async def touch(conn: Connection, story_id: StoryId, *, now: datetime) -> None:
    """Note that the story was told again."""
    await conn.execute("update story set last_seen_at = $2 where id = $1 and last_seen_at < $2", story_id, now)
