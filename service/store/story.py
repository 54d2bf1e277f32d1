"""Stories: mentions of one brand that say the same thing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.types import BrandId, StoryId
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A story that shares a band of a signature, and may be the same."""

    id: StoryId
    signature: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A story and where its tellings lie."""

    id: StoryId
    #: Their mean, in 32-bit floats, little endian.
    middle: bytes
    words: tuple[str, ...]
    tellings: int
    #: How many of them are recent: each counts less the longer it is ago.
    recent: float


@dataclass(frozen=True, kw_only=True, slots=True)
class NewStory:
    """A story to open; without bands no near copy will join it."""

    id: StoryId
    signature: tuple[int, ...]
    bands: tuple[int, ...]


async def lock(conn: Connection, brand_id: BrandId) -> None:
    """Let one transaction at a time find or open stories of a brand: two workers would open the same one twice."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('story', $1))", brand_id)


async def candidates(
    conn: Connection, brand_id: BrandId, bands: Sequence[Sequence[int]], *, now: datetime, within: timedelta
) -> list[Candidate]:
    """Return recent stories of the brand that share a band with one of the signatures, newest first."""
    rows = await conn.fetch(
        """
        select s.id, s.signature from story s
        where s.last_seen_at > $4 and s.id in (
            select b.story_id from unnest($2::smallint[], $3::bigint[]) as given (band, hash)
            join story_band b on b.brand_id = $1 and b.band = given.band and b.hash = given.hash
        )
        order by s.last_seen_at desc, s.id desc limit 2000
        """,
        brand_id,
        [band for of_one in bands for band in range(len(of_one))],
        [value for of_one in bands for value in of_one],
        now - within,
    )
    return [Candidate(id=StoryId(row["id"]), signature=tuple(row["signature"])) for row in rows]


async def placed(
    conn: Connection, brand_id: BrandId, *, now: datetime, within: timedelta, fading: timedelta
) -> list[Placed]:
    """Return recent stories of the brand that have a place, newest first; a telling counts for 1/e of a recent one
    after `fading`."""
    rows = await conn.fetch(
        """
        select id, middle, words, tellings, recent * exp(-least(extract(epoch from $2 - last_seen_at) / $4, 700))
            as recent
        from story
        where brand_id = $1 and last_seen_at > $3 and middle is not null
        order by last_seen_at desc, id desc limit 3000
        """,
        brand_id,
        now,
        now - within,
        fading.total_seconds(),
    )
    return [
        Placed(
            id=StoryId(row["id"]),
            middle=row["middle"],
            words=tuple(row["words"]),
            tellings=row["tellings"],
            recent=float(row["recent"]),
        )
        for row in rows
    ]


async def next_ids(conn: Connection, n: int) -> list[StoryId]:
    """Return ids for new stories."""
    rows = await conn.fetch(
        "select nextval(pg_get_serial_sequence('story', 'id')) as id from generate_series(1, $1)", n
    )
    return [StoryId(row["id"]) for row in rows]


async def open_stories(conn: Connection, brand_id: BrandId, new: Sequence[NewStory], *, now: datetime) -> None:
    """Store new stories under ids of `next_ids`."""
    await conn.executemany(
        """
        insert into story (id, brand_id, first_seen_at, last_seen_at, signature) overriding system value
        values ($1, $2, $3, $3, $4)
        """,
        [(one.id, brand_id, now, list(one.signature)) for one in new],
    )
    await conn.execute(
        """
        insert into story_band (brand_id, band, hash, story_id)
        select $1, band, hash, story_id from unnest($2::smallint[], $3::bigint[], $4::bigint[])
            as given (band, hash, story_id)
        """,
        brand_id,
        [band for one in new for band in range(len(one.bands))],
        [value for one in new for value in one.bands],
        [one.id for one in new for _ in one.bands],
    )


async def touch(conn: Connection, story_ids: Sequence[StoryId], *, now: datetime) -> None:
    """Note that stories were told again."""
    await conn.execute(
        "update story set last_seen_at = $2 where id = any($1) and last_seen_at < $2", list(story_ids), now
    )


async def keep(conn: Connection, told: Sequence[Placed]) -> None:
    """Store where stories lie now, and how often they were told."""
    await conn.executemany(
        "update story set middle = $2, words = $3, tellings = $4, recent = $5 where id = $1",
        [(one.id, one.middle, list(one.words), one.tellings, one.recent) for one in told],
    )


_MERGED = "unnest($1::bigint[], $2::bigint[]) m (gone, target)"


async def merge(conn: Connection, merged: Mapping[StoryId, StoryId]) -> None:
    """Make stories parts of others, and forget them."""
    gone, into = list(merged), list(merged.values())
    await conn.execute(f"update mention set story_id = m.target from {_MERGED} where story_id = m.gone", gone, into)  # noqa: S608  # ours
    await conn.execute(
        f"""
        update story_band b set story_id = m.target from {_MERGED}
        where b.story_id = m.gone and not exists (
            select from story_band o
            where o.brand_id = b.brand_id and o.band = b.band and o.hash = b.hash and o.story_id = m.target
        )
        """,  # noqa: S608  # ours
        gone,
        into,
    )
    await conn.execute("delete from story where id = any($1)", gone)


async def usual_words(conn: Connection, brand_id: BrandId, *, before: datetime) -> set[str]:
    """Return what was said most of a brand on the last days: words that tell no event from another."""
    rows = await conn.fetch(
        """
        select term from term_day
        where brand_id = $1 and day < $2::date and day >= $2::date - 3
        group by term order by sum(total) desc limit 200
        """,
        brand_id,
        before,
    )
    return {row["term"] for row in rows}
