"""Finds mentions by a query: the index of grams gives candidates, the query itself decides.

What is new or changed stands in `search_todo` until `index_some` has taken it up, and is a candidate until then.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from math import prod

import asyncpg

from alerts import query
from alerts.folding import fold
from alerts.query import Found, Query
from alerts.query_grams import Needed, grams, needed
from alerts.query_match import FoldedPost, Post
from alerts.query_nodes import SAID, Field
from alerts.types import MentionId
from service.store import mention
from service.store.mention import MentionFilter, Place, StoredMention
from service.store.pool import Connection

#: Postgres holds neither.
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
#: Candidates looked at for one page; the next page goes on where they end.
_MOST_LOOKED_AT = 3000
#: So many are walked to at first, then at once; and so many are read at once, for words can be long.
_FIRST_WALKED, _WALKED, _READ = 100, 300, 100
#: Matches that are ranked, the newest there are.
_MOST_RANKED = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """A page of matches, last said first."""

    items: tuple[StoredMention, ...]
    #: Where to go on; None where there is nothing more. A page may have few items and still go on.
    following: Place | None


_LIGHT = """
    select m.id, m.said_at, m.anger, m.title, m.text, m.author_id, m.author_name, m.site, m.url,
        coalesce(m.language, m.language_hint) as language, m.label, m.rating_value, m.rating_scale, s.name as source
    from mention m join source s on s.id = m.source_id
    where m.id = any($1::bigint[])
"""
_PLACES = "select m.id, m.said_at, m.anger from mention m "
_BEHIND = " and ($14::timestamptz is null or (m.said_at, m.id) < ($14, $15))"
_NEWEST = " order by m.said_at desc, m.id desc limit $16"
_BEHIND_ANGER = " and m.anger is not null and ($14::float8 is null or (m.anger, m.id) < ($14, $15))"
_ANGRIEST = " order by m.anger desc, m.id desc limit $16"
#: Hits of which all are sorted; where more mentions than one in so many are hits, walking in order is quicker.
_FEWEST_MANY, _MOST_MANY, _ONE_IN = 2_000, 30_000, 300
#: By so much more than that, and the index is not asked how many there are: of words so common it takes long to say.
_SURELY = 2
_COMMON = """
    select known.gram, known.share
    from pg_stats s
    cross join lateral unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) as known (gram, share)
    where s.schemaname = 'public' and s.tablename = 'mention_search' and s.attname = 'grams' and not s.inherited
        and known.gram = any($1::text[])
"""
_HITS = "select count(*) from search_hits(($1::text)::tsquery, $2)"
_FEW = "select m.id from search_hits(($17::text)::tsquery, null) as hit (id) join mention m on m.id = hit.id"
_MUCH = "select m.id from mention m join mention_search i on i.mention_id = m.id"
#: Not `@@`: the grams of one word go together, the planner takes them for rare and would ask the index after all.
_IF_HELD = " and ts_match_vq(i.grams, ($17::text)::tsquery)"
_WAITING = "select m.id from search_todo t join mention m on m.id = t.mention_id"
_EITHER = "where m.id in (select id from held union select id from waiting)"


class _Way(Enum):
    """How candidates are come by."""

    #: The index gives all of them, to be sorted.
    SORTED = auto()
    #: Mentions are walked in order, and looked up in the index.
    WALKED = auto()
    #: The index cannot help: any mention may match.
    EVERY = auto()


def _statement(way: _Way, behind: str, order: str) -> str:
    """Return the statement that gives the places of candidates, among them what the index does not hold yet."""
    where = mention.WHERE + behind
    if way is _Way.EVERY:
        return _PLACES + where + order
    held = _FEW + where if way is _Way.SORTED else _MUCH + where + _IF_HELD
    waiting = _WAITING + where
    return "".join(("with held as (", held, order, "), waiting as (", waiting, order, ")", _PLACES, _EITHER, order))


_BY_TIME = {way: _statement(way, _BEHIND, _NEWEST) for way in _Way}
_BY_ANGER = {way: _statement(way, _BEHIND_ANGER, _ANGRIEST) for way in _Way}


def storable(text: str) -> str:
    """Return the text without what Postgres cannot hold."""
    return _UNSTORABLE.sub("", text)


def tsquery(wanted: Needed) -> str:
    """Return what a text needs to match, as the index is asked."""
    return " | ".join("(" + " & ".join(_lexeme(gram.text, gram.begins) for gram in group) + ")" for group in wanted)


def _lexeme(gram: str, begins: bool) -> str:
    quoted = gram.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'" + (":*" if begins else "")


def _post(row: asyncpg.Record) -> Post:
    return Post(
        title=row["title"],
        text=row["text"],
        authors=tuple(one for one in (row["author_id"], row["author_name"]) if one),
        site=row["site"],
        source=row["source"],
        url=row["url"] or "",
        language=row["language"],
        label=row["label"],
        rating=mention.of_five(row["rating_value"], row["rating_scale"]),
    )


def _relevance(asked: Query, post: FoldedPost) -> float:
    """Return how much a post is about the words, 0 to 1: how many of them it has, in its title, and how densely."""
    found = query.hits(asked, post)
    if not found:
        return 0.0
    words = {hit.word.written for hit in found}
    in_title = any(hit.field is Field.TITLE for hit in found)
    said = sum(len(words) for field in SAID for words in post.folded(field))
    density = sum(hit.end - hit.start for hit in found) / max(said, 1)
    wanted = max(len(query.words_of(asked)), 1)
    return round(0.6 * min(len(words) / wanted, 1) + 0.2 * in_title + 0.2 * min(density * 5, 1), 4)


async def _looked_at(
    conn: Connection,
    wanted: MentionFilter,
    asked: Query,
    after: tuple[datetime | float, MentionId] | None,
    *,
    by: str,
    first_walked: int = _FIRST_WALKED,
) -> AsyncIterator[tuple[asyncpg.Record, FoldedPost | None]]:
    """Yield places of candidates behind one, in order of time or of anger, those that match with their words."""
    wanted_grams = needed(asked.root)
    way, held = await _way(conn, wanted_grams)
    statement = (_BY_TIME if by == "said_at" else _BY_ANGER)[way]
    # Sorting gives all as quickly as some.
    batch, looked_at = _MOST_LOOKED_AT if way is _Way.SORTED else first_walked, 0
    while looked_at < _MOST_LOOKED_AT:
        last, last_id = after or (None, None)
        places = await conn.fetch(statement, *mention.parameters(wanted), last, last_id, batch, *held)
        for start in range(0, len(places), _READ):
            for place, post in await _read(conn, places[start : start + _READ]):
                yield place, post if post is not None and query.matches(asked, post) else None
        if len(places) < batch:
            return
        looked_at += len(places)
        batch = _WALKED
        after = (places[-1][by], MentionId(places[-1]["id"]))


async def _read(conn: Connection, places: Sequence[asyncpg.Record]) -> list[tuple[asyncpg.Record, FoldedPost | None]]:
    """Return what the mentions at these places say, in their order; None of one that went meanwhile."""
    found = {row["id"]: row for row in await conn.fetch(_LIGHT, [one["id"] for one in places])}
    return [(one, FoldedPost(_post(found[one["id"]])) if one["id"] in found else None) for one in places]


async def _way(conn: Connection, wanted: Needed | None) -> tuple[_Way, list[str]]:
    """Return how candidates are best come by, and what the index is asked."""
    if wanted is None:
        return _Way.EVERY, []
    mentions = await conn.fetchval("select reltuples from pg_class where oid = 'mention'::regclass")
    many = int(min(max(mentions / _ONE_IN, _FEWEST_MANY), _MOST_MANY))
    if mentions * await _share(conn, wanted) > _SURELY * many:
        return _Way.WALKED, [tsquery(wanted)]
    hits = await conn.fetchval(_HITS, tsquery(wanted), many + 1)
    return (_Way.SORTED if hits <= many else _Way.WALKED), [tsquery(wanted)]


async def _share(conn: Connection, wanted: Needed) -> float:
    """Return which share of the mentions are hits at the least, as far as Postgres knows the words for common ones."""
    grams_of = {gram.text for group in wanted for gram in group}
    shares: dict[str, float] = {row["gram"]: row["share"] for row in await conn.fetch(_COMMON, list(grams_of))}
    return max(prod(0 if gram.begins else shares.get(gram.text, 0) for gram in group) for group in wanted)


async def newest(
    conn: Connection, wanted: MentionFilter, asked: Query, *, after: Place | None = None, limit: int = 50
) -> Newest:
    """Return a page of matches, last said first, behind a place."""
    found: list[Place] = []
    last: Place | None = None
    looked_at = 0
    behind = (after.said_at, after.id) if after else None
    async for row, matched in _looked_at(conn, wanted, asked, behind, by="said_at"):
        if matched is not None and len(found) == limit:
            return await _page(conn, found, following=found[-1])
        looked_at += 1
        last = Place(said_at=row["said_at"], id=MentionId(row["id"]))
        if matched is not None:
            found.append(last)
    return await _page(conn, found, following=last if looked_at >= _MOST_LOOKED_AT else None)


async def _page(conn: Connection, found: Sequence[Place], *, following: Place | None) -> Newest:
    return Newest(items=tuple(await mention.of_ids(conn, [one.id for one in found])), following=following)


async def angriest(
    conn: Connection,
    wanted: MentionFilter,
    asked: Query,
    *,
    after: tuple[float, MentionId] | None = None,
    limit: int = 50,
) -> list[StoredMention]:
    """Return judged matches, angriest first, behind an (anger, id); of the angriest candidates there are."""
    found: list[MentionId] = []
    async for row, matched in _looked_at(conn, wanted, asked, after, by="anger"):
        if matched is not None:
            found.append(MentionId(row["id"]))
        if len(found) == limit:
            break
    return await mention.of_ids(conn, found)


async def most_relevant(
    conn: Connection,
    wanted: MentionFilter,
    asked: Query,
    *,
    after: tuple[float, MentionId] | None = None,
    limit: int = 50,
) -> list[tuple[StoredMention, float]]:
    """Return matches with their relevance, the most relevant first, behind a (relevance, id); of the newest matches
    there are."""
    found: list[tuple[float, MentionId]] = []
    async for row, matched in _looked_at(conn, wanted, asked, None, by="said_at", first_walked=_MOST_RANKED):
        if matched is not None:
            found.append((_relevance(asked, matched), MentionId(row["id"])))
        if len(found) == _MOST_RANKED:
            break
    behind = sorted((one for one in found if after is None or one < after), reverse=True)[:limit]
    relevance = {mention_id: share for share, mention_id in behind}
    return [(one, relevance[one.id]) for one in await mention.of_ids(conn, list(relevance))]


def highlights(asked: Query, stored: StoredMention) -> tuple[Found, ...]:
    """Return the words of a mention that a query found."""
    return query.explain(asked, FoldedPost(mention.post_of(stored))) or ()


async def index_some(conn: Connection, *, limit: int) -> int:
    """Take up some of what waits to be indexed; return how much that was. In the caller's transaction: what it holds is
    passed over by others, and waits again if it fails."""
    rows = await conn.fetch(
        """
        with due as (
            select mention_id from search_todo order by mention_id limit $1 for update skip locked
        ), taken as (
            delete from search_todo t using due where t.mention_id = due.mention_id returning t.mention_id
        )
        select taken.mention_id, m.version, m.title, m.text
        from taken left join mention m on m.id = taken.mention_id
        """,
        limit,
    )
    there = [row for row in rows if row["version"] is not None]
    await conn.execute(
        """
        insert into mention_search as s (mention_id, version, grams)
        select id, version, array_to_tsvector(string_to_array(grams, E'\n'))
        from unnest($1::bigint[], $2::int[], $3::text[]) as u (id, version, grams)
        on conflict (mention_id) do update set version = excluded.version, grams = excluded.grams
            where s.version < excluded.version
        """,
        [row["mention_id"] for row in there],
        [row["version"] for row in there],
        ["\n".join(grams(fold(row["title"])) | grams(fold(row["text"]))) for row in there],
    )
    return len(rows)
