"""Mentions come in: new, unchanged or in a new version, in one statement that also feeds the analysis."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import orjson

from alerts.matching import About, BrandMatcher, post_of
from alerts.types import BrandId, MentionId, SourceId
from collectors.types import Mention, SourceKind
from service.store import brand_match, tombstone
from service.store.fetch import Counts
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingested:
    """What became of a batch."""

    counts: Counts
    #: Items about no brand; not stored and not counted.
    unmatched: int = 0
    #: New and changed mentions.
    changed: tuple[MentionId, ...]
    #: Those of them that are new.
    inserted: frozenset[MentionId]


def _content_hash(mention: Mention) -> bytes:
    """Return what makes a version: two mentions that read the same are the same version."""
    rating = None if mention.rating is None else [mention.rating.value, mention.rating.scale]
    return sha256(orjson.dumps([mention.title, mention.text, rating, mention.deleted])).digest()


#: What a row is known by within its source.
_Key = tuple[bytes, BrandId]
#: In bytes: an entry of an index has 2,704.
_LONGEST_AUTHOR_ID = 1_000


def _rounds(heard: Sequence[About]) -> Iterator[list[tuple[_Key, About]]]:
    """Yield the batch in rounds of distinct keys, in order: one statement cannot write a row twice.
    Keys are sorted within a round, so that concurrent writers lock rows in one order."""
    rounds: list[dict[_Key, About]] = []
    depth: dict[_Key, int] = {}
    for one in heard:
        key = (_external_key(one.mention.id), one.brand_id)
        level = depth.get(key, 0)
        depth[key] = level + 1
        if level == len(rounds):
            rounds.append({})
        rounds[level][key] = one
    for batch in rounds:
        yield sorted(batch.items(), key=lambda keyed: keyed[0])


_INGEST = """
    with incoming as (
        select * from unnest($1::bigint[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::text[],
            $17::text[], $18::text[], $19::float8[], $20::float8[], $21::text[], $22::bool[], $23::bool[],
            $24::bytea[], $26::bool[])
        as i (brand_id, external_key, external_id, kind, site, url, parent, root, author_id, author_name, author_url,
            published_at, edited_at, title, text, language_hint, rating_value, rating_scale, engagement,
            reply_by_owner, deleted, content_hash, own)
    ), news as (
        -- What reads the same as before is passed over here, so that it takes no number from the sequence.
        select i.*, m.content_hash as known_hash from incoming i
        left join mention m on m.source_id = $2 and m.external_key = i.external_key
            and m.brand_id = i.brand_id
        where m.id is null
            or (m.content_hash, m.engagement, m.own) is distinct from (i.content_hash, i.engagement::jsonb, i.own)
            or (m.published_at is null and i.published_at <= m.first_seen_at)
    ), written as (
        insert into mention as m (brand_id, source_id, first_seen_at, said_at, changed_at, external_key, external_id,
            kind, site, url, parent, root, author_id, author_name, author_url, published_at, edited_at, title, text,
            language_hint, rating_value, rating_scale, engagement, reply_by_owner, deleted, content_hash, own)
        -- Nothing is said after it was seen: a clock or a zone is wrong there.
        select brand_id, $2, $3, least(published_at, $3), $3, external_key, external_id,
            kind, site, url, parent, root, author_id, author_name, author_url, published_at, edited_at, title, text,
            language_hint, rating_value, rating_scale, engagement::jsonb, reply_by_owner, deleted, content_hash,
            own
        -- Whatever way the join went: concurrent writers lock rows in one order.
        from news order by external_key, brand_id
        on conflict (source_id, external_key, brand_id) do update set
            version = m.version + (m.content_hash <> excluded.content_hash)::int,
            changed_at = case when m.content_hash <> excluded.content_hash then $3 else m.changed_at end,
            title = excluded.title, text = excluded.text, url = coalesce(excluded.url, m.url),
            author_name = coalesce(excluded.author_name, m.author_name),
            edited_at = coalesce(excluded.edited_at, m.edited_at), language_hint = excluded.language_hint,
            -- A date that comes later is believed, if it can be.
            published_at = coalesce(m.published_at,
                case when excluded.published_at <= m.first_seen_at then excluded.published_at end),
            said_at = least(m.said_at, coalesce(m.published_at, excluded.published_at)),
            rating_value = excluded.rating_value, rating_scale = excluded.rating_scale,
            engagement = excluded.engagement, deleted = excluded.deleted, content_hash = excluded.content_hash,
            own = excluded.own
        where (m.content_hash, m.engagement, m.own)
            is distinct from (excluded.content_hash, excluded.engagement, excluded.own)
            or (m.published_at is null and excluded.published_at <= m.first_seen_at)
        returning m.id, m.version, m.external_key, m.brand_id, m.content_hash, m.changed_at,
            -- the row was made by this statement
            (xmax = 0) as fresh
    ), changed as (
        select w.id as mention_id, w.version from written w
        join news n on (n.external_key, n.brand_id) = (w.external_key, w.brand_id)
        -- A writer beside us may have brought the same words: then its time stands there, not ours.
        where w.changed_at = $3 and n.known_hash is distinct from w.content_hash
    ), queued as (
        insert into analysis_todo (mention_id, version, priority, due)
        select mention_id, version, $25, $3 from changed
        on conflict (mention_id) do update set
            version = excluded.version, priority = excluded.priority, due = excluded.due, attempts = 0, token = null
    ), searchable_soon as (
        insert into search_todo (mention_id) select mention_id from changed
        on conflict (mention_id) do nothing
    )
    select written.id, written.fresh, changed.mention_id is not null as changed
    from written left join changed on changed.mention_id = written.id
    order by written.id
"""


def _indexed(author_id: str | None) -> str | None:
    """Return an author's id; None for one so long that no index would hold it beside their name."""
    return author_id if author_id is None or len(author_id.encode()) <= _LONGEST_AUTHOR_ID else None


def _columns(batch: Sequence[tuple[_Key, About]]) -> list[list[object]]:
    """Return the batch by column, in the order of the statement's parameters."""
    rows = [
        (
            key,
            m.id,
            m.kind,
            m.site,
            m.url,
            m.parent,
            m.root,
            _indexed(m.author.id),
            m.author.name,
            m.author.url,
            m.published_at,
            m.edited_at,
            m.title,
            m.text,
            m.language,
            m.rating.value if m.rating else None,
            m.rating.scale if m.rating else None,
            orjson.dumps(dict(m.engagement)).decode(),
            m.reply_by_owner,
            m.deleted,
            _content_hash(m),
        )
        for key, m in ((key[0], one.mention) for key, one in batch)
    ]
    return [list(column) for column in zip(*rows, strict=True)]


async def ingest(
    conn: Connection,
    brand_id: BrandId | None,
    source_id: SourceId,
    mentions: Sequence[Mention],
    *,
    match: bool = False,
    now: datetime,
) -> Ingested:
    """Store what one fetch or a piece of an import brought, once for each brand it is about; idempotent. All of it is
    about the source's brand; with `match` what the brand's query finds; of a shared source (no brand) what any brand's
    query finds. In the caller's transaction."""
    matcher = await brand_match.current(conn)
    kept = await tombstone.without_erased(
        conn, source_id, [(_external_key(one.id), _content_hash(one), one) for one in mentions]
    )
    counts = Counts(erased_again=len(mentions) - len(kept))
    if brand_id is not None and not match:
        heard, unmatched = matcher.owned(brand_id, kept), 0
    else:
        heard, unmatched = await _matched(conn, matcher, brand_id, source_id, kept)
    changed: list[MentionId] = []
    inserted: set[MentionId] = set()
    for batch in _rounds(heard):
        priority = 0 if batch[0][1].mention.kind is SourceKind.IMPORT else 1
        brand_ids, own = [key[1] for key, _ in batch], [one.own for _, one in batch]
        rows = await conn.fetch(_INGEST, brand_ids, source_id, now, *_columns(batch), priority, own)
        fresh = sum(row["fresh"] for row in rows)
        edited = sum(row["changed"] and not row["fresh"] for row in rows)
        counts += Counts(inserted=fresh, new_version=edited, unchanged=len(batch) - fresh - edited)
        changed += [MentionId(row["id"]) for row in rows if row["changed"]]
        inserted |= {MentionId(row["id"]) for row in rows if row["fresh"]}
    return Ingested(counts=counts, unmatched=unmatched, changed=tuple(changed), inserted=frozenset(inserted))


async def _matched(
    conn: Connection,
    matcher: BrandMatcher,
    brand_id: BrandId | None,
    source_id: SourceId,
    mentions: Sequence[Mention],
) -> tuple[list[About], int]:
    """Return the mentions with the brands they are about, and how many are about none. What was stored before stays
    so: an edit or a deletion must reach it whatever it says now."""
    source = await conn.fetchval("select name from source where id = $1", source_id)
    stored = await _stored_for(conn, source_id, [_external_key(one.id) for one in mentions])
    heard: list[About] = []
    unmatched = 0
    for mention in mentions:
        post = post_of(mention, source)
        if brand_id is None:
            found = set(matcher.about(post))
        else:
            found = {brand_id} if matcher.is_about(brand_id, post) else set()
        found |= stored[_external_key(mention.id)]
        unmatched += not found
        heard += [About(brand_id=one, mention=mention, own=matcher.is_own(one, mention)) for one in sorted(found)]
    return heard, unmatched


async def _stored_for(conn: Connection, source_id: SourceId, keys: Sequence[bytes]) -> defaultdict[bytes, set[BrandId]]:
    """Return for which brands a source's items are stored already."""
    rows = await conn.fetch(
        "select external_key, brand_id from mention where source_id = $1 and external_key = any($2::bytea[])",
        source_id,
        list(keys),
    )
    stored: defaultdict[bytes, set[BrandId]] = defaultdict(set)
    for row in rows:
        stored[row["external_key"]].add(BrandId(row["brand_id"]))
    return stored


async def ids_of(conn: Connection, source_id: SourceId, external_ids: Sequence[str]) -> dict[str, MentionId]:
    """Return the mentions that a source has of these identities, by identity."""
    rows = await conn.fetch(
        "select id, external_id from mention where source_id = $1 and external_key = any($2::bytea[])",
        source_id,
        [_external_key(one) for one in external_ids],
    )
    return {row["external_id"]: MentionId(row["id"]) for row in rows}


def _external_key(external_id: str) -> bytes:
    return sha256(external_id.encode("utf-8", "surrogatepass")).digest()
