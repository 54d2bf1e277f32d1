"""What an erasure leaves behind: hashes by which the same item is known again, and nothing that says what it was."""

from collections.abc import Sequence
from hashlib import sha256

from alerts.types import SourceId
from collectors.types import Mention
from service.store.pool import Connection


def sealed(external_key: bytes, what: bytes) -> bytes:
    """Return a hash that tells nothing without the item's identity."""
    return sha256(external_key + what).digest()


def author_seal(external_key: bytes, author_id: str | None, author_name: str | None) -> bytes | None:
    """Return the seal of an author; None of nobody."""
    author = author_id or author_name
    return None if author is None else sealed(external_key, author.encode("utf-8", "surrogatepass"))


async def hold_still(conn: Connection, source_ids: Sequence[SourceId], *, erasing: bool) -> None:
    """Keep ingests of sources and erasures of what they brought apart, until the transaction ends."""
    lock = "pg_advisory_xact_lock" if erasing else "pg_advisory_xact_lock_shared"
    for source_id in sorted(set(source_ids)):
        await conn.execute(f"select {lock}(hashtextextended('erasure', $1))", source_id)


async def without_erased(
    conn: Connection, source_id: SourceId, items: Sequence[tuple[bytes, bytes, Mention]]
) -> list[Mention]:
    """Return the mentions that were not erased before, given with their keys and content hashes. One that says the
    same, is by the same author, or only tells that it is gone is the one that was erased."""
    await hold_still(conn, [source_id], erasing=False)
    rows = await conn.fetch(
        """
        select external_key, content, author from erasure_tombstone
        where source_id = $1 and external_key = any($2::bytea[])
        """,
        source_id,
        [key for key, _, _ in items],
    )
    erased = {row["external_key"] for row in rows}
    seals = {row["content"] for row in rows} | {row["author"] for row in rows if row["author"] is not None}
    return [
        mention
        for key, content, mention in items
        if key not in erased
        or not (
            mention.deleted
            or sealed(key, content) in seals
            or author_seal(key, mention.author.id, mention.author.name) in seals
        )
    ]
