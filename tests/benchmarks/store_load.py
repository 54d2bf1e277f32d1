"""Fills a database with mentions that look like those of three months, and goes on where it was cut off.

Everything a stage would have written is copied into the same tables: mentions with their verdicts, stories, the
archive's index, polls. Incidents are opened and the rollups counted by the product itself.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from random import Random

from alerts.types import BrandId, RuleId, RuleKind, RuleMode, SourceId, Urgency
from collectors.types import SourceKind
from service.store import brand, incident, rule, source, trend
from service.store.pool import Connection, Pool
from tests.benchmarks.store_texts import Text, lexemes, texts, weights

#: The present of the mentions.
NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
DAYS = 90
#: Loaded in one transaction.
CHUNK = 50_000
_BRANDS, _SOURCES_EACH, _AUTHORS = 12, 4, 200_000
_SITES = ("ptt.example", "reviews.example", "forum.example", "video.example")
_STORIES_EACH = 15_000
_MOST_TEXTS = 60_000
_KINDS = ("complaint", "question", "praise", "other", "threat", "attack")
_CAUSES = ("service", "waiting", "price", "quality", "delivery", "hygiene", "refund", "app")
_LONG = 24 * 3600
#: Rebuilt once all is in: row by row they would be most of the work.
_INDEX = re.compile(r"^CREATE INDEX (\w+) ON public\.(?:mention|mention_search) .*;$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A brand and its sources, the busiest first."""

    brand_id: BrandId
    source_ids: tuple[SourceId, ...]


async def _places(conn: Connection) -> list[Place]:
    """Return the brands, made where they are not there yet, the most spoken of first."""
    made = []
    for number in range(_BRANDS):
        brand_id = await brand.ensure(conn, f"Brand {number:02}", now=NOW - timedelta(days=DAYS))
        sources = [
            await source.put(
                conn,
                brand_id=brand_id,
                kind=SourceKind.FEED,
                name=f"{site} {number:02}",
                settings={"url": f"http://127.0.0.1/{number}/{site}"},
                interval=timedelta(minutes=5),
                allow_private=True,
                enabled=True,
                now=NOW - timedelta(days=DAYS),
            )
            for site in _SITES[:_SOURCES_EACH]
        ]
        made.append(Place(brand_id=brand_id, source_ids=tuple(sources)))
    return made


_MENTION = (
    "id brand_id source_id external_key external_id kind site url parent author_id author_name published_at "
    "first_seen_at said_at title text content_hash changed_at analysed_at story_id language label anger angry own "
    "verdict_kind verdict_causes terms rating_value rating_scale"
)
_ANALYSIS = (
    "mention_id version model at language negative neutral positive label anger anger_level angry because kind churn "
    "recommend stage severity purpose causes"
)
_HEADS = (
    '{"complaint":0.6,"attack":0.05,"threat":0.01,"question":0.1,"praise":0.1,"promotion":0.02,"other":0.12}',
    "0.12",
    "0.2",
    '{"doubting":0.2,"using":0.5,"settled":0.1,"leaving":0.1,"unknown":0.1}',
    "0.3",
    '{"vent":0.5,"refund":0.2,"exchange":0.05,"compensation":0.05,"apology":0.1,"improvement":0.05,"none":0.05}',
)
_BECAUSE = '[{"start":0,"end":12,"text":"the very words"}]'


def _row(*cells: object) -> bytes:
    """Return a row in the notation of COPY; None of these cells holds a tab, a break or a backslash unmeant."""
    return ("\t".join("\\N" if cell is None else str(cell) for cell in cells) + "\n").encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chunk:
    """The rows of one transaction."""

    stories: list[bytes]
    mentions: list[bytes]
    analyses: list[bytes]
    grams: list[bytes]


def _moment(number: int, count: int) -> datetime:
    """Return when a mention is said: in order, and more by day than by night."""
    day = DAYS * number / count
    wave = 0.1 * (1 - ((day % 1) * 2 - 1) ** 2)
    return NOW - timedelta(days=DAYS - day + wave)


class _Writer:
    """Makes rows; the same number gives the same rows, whenever it is asked."""

    def __init__(self, count: int, chunk: int, places: Sequence[Place]) -> None:
        self._count, self._chunk, self._places = count, chunk, places
        self._texts = texts(min(_MOST_TEXTS, count), Random(1))
        self._brands, self._stories = weights(len(places)), weights(_STORIES_EACH)
        self._authors = weights(_AUTHORS)

    def chunk(self, first: int) -> _Chunk:
        """Return the rows of mentions from the number `first`."""
        random = Random(first)
        number = range(first, min(first + self._chunk, self._count))
        of_story = random.choices(self._places, cum_weights=self._brands, k=_STORIES_EACH)
        told = random.choices(range(_STORIES_EACH), cum_weights=self._stories, k=len(number))
        authors = random.choices(range(_AUTHORS), cum_weights=self._authors, k=len(number))
        said = random.choices(self._texts, k=len(number))
        made = _Chunk(stories=[], mentions=[], analyses=[], grams=[])
        base = first // self._chunk * _STORIES_EACH + 1
        start, end = _moment(number[0], self._count), _moment(number[-1], self._count)
        made.stories.extend(
            _row(base + story, of_story[story].brand_id, start.isoformat(), end.isoformat(), "{}")
            for story in sorted(set(told))
        )
        for at, story, author, text in zip(number, told, authors, said, strict=True):
            self._say(made, random, at, story=base + story, place=of_story[story], author=author, text=text)
        return made

    def _say(self, made: _Chunk, random: Random, at: int, *, story: int, place: Place, author: int, text: Text) -> None:
        """Add one mention with its verdict."""
        mood = random.random()
        label = "negative" if mood < 0.3 else "positive" if mood > 0.65 else "neutral"
        angry = mood < 0.05
        anger = round(0.5 + mood * 9 if angry else random.random() * 0.5, 6)
        source = min(int(random.expovariate(1.2)), _SOURCES_EACH - 1)
        seen = _moment(at, self._count).isoformat()
        key = sha256(b"%d" % at).hexdigest()
        # Some name an order, a phone or a bill that nobody else does.
        tail = f" no{at:08}" if at % 20 == 0 else ""
        causes = random.sample(_CAUSES, k=random.choice((0, 0, 1, 1, 2))) if label != "neutral" else ()
        parent = None if at % 3 else f"p{at // 30}"
        rating = 1 + at % 5 if source == 1 else None
        made.mentions.append(
            _row(
                at + 1, place.brand_id, place.source_ids[source], rf"\\x{key}", f"post-{at}", "feed", _SITES[source],
                f"https://{_SITES[source]}/post-{at}", parent, f"u{author}", f"author {author}", seen, seen, seen,
                "" if parent else text.words[:18], text.words + tail, rf"\\x{key}", seen, seen, story,
                text.language, label, anger, "t" if angry else "f", "t" if at % 97 == 0 else "f",
                _KINDS[at % len(_KINDS)], "{" + ",".join(causes) + "}", text.terms.replace("\\", "\\\\"), rating,
                None if rating is None else 5,
            )
        )  # fmt: skip
        shares = {"negative": (0.8, 0.1, 0.1), "neutral": (0.1, 0.8, 0.1), "positive": (0.1, 0.1, 0.8)}[label]
        about = ",".join(f'{{"cause":"{cause}","label":"{label}","p":0.8,"because":{_BECAUSE}}}' for cause in causes)
        made.analyses.append(
            _row(
                at + 1, 1, "encoder@1", seen, text.language, *shares, label, anger, 2 if angry else 0,
                "t" if angry else "f", _BECAUSE, *_HEADS, f"[{about}]",
            )
        )  # fmt: skip
        made.grams.append(_row(at + 1, 1, f"{text.grams} {lexemes(tail)}"))


async def _copy(conn: Connection, table: str, rows: Sequence[bytes], columns: Sequence[str]) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(rows), 2_000):
            yield b"".join(rows[start : start + 2_000])

    await conn.copy_to_table(table, source=pieces(), columns=columns, format="text", timeout=_LONG)


async def _put(conn: Connection, chunk: _Chunk) -> None:
    await _copy(conn, "story", chunk.stories, ["id", "brand_id", "first_seen_at", "last_seen_at", "signature"])
    await _copy(conn, "mention", chunk.mentions, _MENTION.split())
    await _copy(conn, "analysis", chunk.analyses, _ANALYSIS.split())
    await _copy(conn, "mention_search", chunk.grams, ["mention_id", "version", "grams"])


def _indexes() -> Iterator[tuple[str, str]]:
    """Yield names and definitions of the indexes that are built last."""
    for match in _INDEX.finditer((files("service.store") / "schema.sql").read_text("utf-8")):
        yield match[1], match[0].replace("CREATE INDEX", "create index if not exists")


_POLLS = """
    insert into fetch_log (source_id, started_at, finished_at, outcome)
    select s.id, at, at, case when random() < 0.01 then 'failed' else 'unchanged' end
    from source s cross join generate_series($1::timestamptz - interval '30 days', $1, $2::interval) at
"""
_ANGRY = "select id, brand_id, said_at from mention where angry order by said_at desc, id desc limit 200"
_ALERT = """
    insert into alert (rule_id, mention_id, version, incident_id, model, reason, at)
    values ($1, $2, 1, $3, 'encoder@1', '{"code": "angry", "values": {}}', $4)
"""
_CORRECTED = """
    insert into correction (mention_id, version, label, anger_level, corrected_by, at)
    select id, 1, label, 0, 'key:bench', said_at from mention where id % 1000 = 7
"""


async def _open_incidents(conn: Connection, rule_id: RuleId) -> None:
    """Open an incident for each of the newest angry mentions."""
    for row in await conn.fetch(_ANGRY):
        opened = await incident.open_incident(
            conn,
            rule_id=rule_id,
            brand_id=BrandId(row["brand_id"]),
            group_key=str(row["id"]),
            urgency=Urgency.URGENT,
            alerts=1,
            now=row["said_at"],
        )
        await conn.execute(_ALERT, rule_id, row["id"], opened.id, row["said_at"])


async def _settle(conn: Connection, *, polled_every: timedelta) -> None:
    """Add what stands beside the mentions, count the rollups, build the indexes and let Postgres look at it all."""
    rule_id: RuleId = await rule.put(
        conn,
        brand_id=None,
        kind=RuleKind.ANGRY_MENTION,
        name="Angry mentions",
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        now=NOW,
    )
    for _, definition in _indexes():
        await conn.execute(definition, timeout=_LONG)
    async with conn.transaction():
        await conn.execute(_POLLS, NOW, polled_every, timeout=_LONG)
        await _open_incidents(conn, rule_id)
        await conn.execute(_CORRECTED, timeout=_LONG)
        await conn.execute("select setval('mention_id_seq', (select max(id) from mention))")
        await trend.mend(conn)
    await conn.execute("vacuum analyze", timeout=_LONG)


async def load(pool: Pool, count: int, tell: Callable[[str], None], *, chunk: int = CHUNK) -> None:
    """Bring a database to so many mentions; what an earlier run loaded of the same count is kept."""
    async with pool.acquire() as conn:
        await conn.execute("set statement_timeout = 0")
        there = int(await conn.fetchval("select coalesce(max(id), 0) from mention"))
        if there < count:
            writer = _Writer(count, chunk, await _places(conn))
            # Rows are complete as they come: neither counts nor checks are to be made of each.
            await conn.execute("set session_replication_role = replica")
            await conn.execute("set synchronous_commit = off")
            await conn.execute("set maintenance_work_mem = '1GB'")
            for name, _ in _indexes():
                await conn.execute(f"drop index if exists {name}")
            for first in range(there, count, chunk):
                async with conn.transaction():
                    await _put(conn, writer.chunk(first))
                tell(f"{min(first + chunk, count):,} of {count:,} mentions loaded")
        if await conn.fetchval("select not exists (select from trend_hour)"):
            tell("indexes, rollups and statistics")
            await conn.execute("set work_mem = '256MB'")
            await conn.execute("set maintenance_work_mem = '1GB'")
            # A short run has fewer polls too.
            await _settle(conn, polled_every=timedelta(minutes=5 if count > CHUNK else 60))
