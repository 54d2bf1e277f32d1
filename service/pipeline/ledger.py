"""Keeps the ledger of erasures, a file apart from the database, and erases again what a backup brought back."""

import asyncio
import logging
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson

from alerts.types import MentionId
from service.store import erasure_ledger
from service.store.erasure_ledger import Entry, Tombstone
from service.store.pool import Pool

log = logging.getLogger(__name__)

#: In the data folder.
NAME = "erasures.jsonl"


async def keep_ledger(pool: Pool, folder: Path) -> int:
    """Write down what the file has not, and erase what the database has not; return how many mentions went."""
    path = folder / NAME
    written = await asyncio.to_thread(read, path)
    async with pool.acquire() as conn:
        known, sources = await erasure_ledger.kept(conn), await erasure_ledger.sources(conn)
        missing = await erasure_ledger.entries(conn, [key for key in known if key not in written])
        await asyncio.to_thread(append, path, missing)
        gone = 0
        for key, entry in written.items():
            # A source that is not there, or not yet, has none.
            if known.get(key, -1) < sum((one.brand, one.source) in sources for one in entry.tombstones):
                async with conn.transaction():
                    gone += await erasure_ledger.replay(conn, entry)
    if gone:
        log.warning("a restored database was erased again by the ledger", extra={"mentions": gone})
    return gone


def read(path: Path) -> dict[UUID, Entry]:
    """Return the erasures of a ledger; none where there is no file yet. A line that was cut off is passed over: what it
    held is written again from the database."""
    if not path.exists():
        return {}
    found: dict[UUID, Entry] = {}
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        try:
            if line:
                entry = _entry(line)
                found[entry.key] = entry
        except (ValueError, KeyError, TypeError):
            log.warning("a line of the ledger of erasures cannot be read", extra={"line": number})
    return found


def append(path: Path, entries: Iterable[Entry]) -> None:
    """Write erasures down, on the disk when this returns."""
    lines = b"".join(_line(entry) for entry in entries)
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        # Apart from a line that was cut off.
        file.write(b"\n" + lines)
        file.flush()
        os.fsync(file.fileno())


def _line(entry: Entry) -> bytes:
    written = {
        "key": str(entry.key),
        "at": entry.at,
        "by": entry.by,
        "mention": entry.mention_id,
        "items": entry.items,
        "tombstones": [
            {
                "brand": one.brand,
                "source": one.source,
                "item": one.external_key.hex(),
                "content": one.content.hex(),
                "author": None if one.author is None else one.author.hex(),
                "mention": one.mention_id,
            }
            for one in entry.tombstones
        ],
    }
    return orjson.dumps(written, option=orjson.OPT_APPEND_NEWLINE)


def _entry(line: bytes) -> Entry:
    found = orjson.loads(line)
    return Entry(
        key=UUID(found["key"]),
        at=datetime.fromisoformat(found["at"]),
        by=found["by"],
        mention_id=None if found["mention"] is None else MentionId(found["mention"]),
        items=found["items"],
        tombstones=tuple(
            Tombstone(
                brand=one["brand"],
                source=one["source"],
                external_key=bytes.fromhex(one["item"]),
                content=bytes.fromhex(one["content"]),
                author=None if one["author"] is None else bytes.fromhex(one["author"]),
                mention_id=MentionId(one["mention"]),
            )
            for one in found["tombstones"]
        ),
    )
