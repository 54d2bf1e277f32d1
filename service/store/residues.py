"""What of a mention lies about unread: bodies set aside and items that could not be read, found by their bytes."""

import html
import json
from collections.abc import Sequence

from service.store.pool import Connection

#: What names an item, and its author where it has one.
_NAMED = """
    exists (select from unnest($2::bytea[]) id where position(id in {0}) > 0)
    and ($3::bytea[] = '{{}}' or exists (select from unnest($3::bytea[]) author where position(author in {0}) > 0))
"""
#: A body that waits to be read brings other items too: what was erased is known there again.
_FORGET = (
    f"delete from quarantine where source_id = $1 and {_NAMED.format('raw')}",  # noqa: S608  # ours
    f"delete from push where source_id = $1 and due is null and {_NAMED.format('body')}",  # noqa: S608  # ours
)


def spellings(text: str) -> set[bytes]:
    """Return how a text may stand in JSON, XML and tables: as it is, and with what these write otherwise."""
    escaped = json.dumps(text)[1:-1]
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    numbered = text.encode("ascii", "xmlcharrefreplace").decode()
    found = {text, escaped, _upper(escaped), plain, html.escape(text), html.escape(text, quote=False), numbered}
    found |= {one.replace("/", "\\/") for one in (escaped, _upper(escaped), plain)}
    return {one.encode("utf-8", "replace") for one in found}


def _upper(escaped: str) -> str:
    """Return JSON's escapes with capital digits."""
    head, *rest = escaped.split("\\u")
    return head + "".join(f"\\u{one[:4].upper()}{one[4:]}" for one in rest)


async def forget(conn: Connection, mention_ids: Sequence[int]) -> None:
    """Drop what names these mentions by their identity and, where they have one, their author."""
    rows = await conn.fetch(
        "select source_id, external_id, author_id, author_name from mention where id = any($1::bigint[])", mention_ids
    )
    named = [
        (
            row["source_id"],
            list(spellings(row["external_id"])),
            [one for author in (row["author_id"], row["author_name"]) if author for one in spellings(author)],
        )
        for row in rows
    ]
    for statement in _FORGET:
        await conn.executemany(statement, named)
