"""Mentions as plain JSON objects: what `earshot fetch` prints and what the parser's child process sends home."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collectors.types import Author, Mention, Rating, SourceKind


def mention_to_json(mention: Mention) -> dict[str, Any]:
    """Return the mention as JSON values: absent ones null, times ISO 8601 with offset."""
    author, rating = mention.author, mention.rating
    return {
        "kind": mention.kind.value,
        "site": mention.site,
        "id": mention.id,
        "url": mention.url,
        "parent": mention.parent,
        "root": mention.root,
        "author": {"id": author.id, "name": author.name, "url": author.url},
        "published_at": _said(mention.published_at),
        "edited_at": _said(mention.edited_at),
        "title": mention.title,
        "text": mention.text,
        "language": mention.language,
        "rating": {"value": rating.value, "scale": rating.scale} if rating else None,
        "engagement": dict(mention.engagement),
        "reply_by_owner": mention.reply_by_owner,
        "deleted": mention.deleted,
    }


def mention_from_json(values: Mapping[str, Any]) -> Mention:
    """Return the mention that `mention_to_json` wrote."""
    rating = values["rating"]
    return Mention(
        kind=SourceKind(values["kind"]),
        site=values["site"],
        id=values["id"],
        url=values["url"],
        parent=values["parent"],
        root=values["root"],
        author=Author(**values["author"]),
        published_at=_read(values["published_at"]),
        edited_at=_read(values["edited_at"]),
        title=values["title"],
        text=values["text"],
        language=values["language"],
        rating=Rating(**rating) if rating else None,
        engagement=values["engagement"],
        reply_by_owner=values["reply_by_owner"],
        deleted=values["deleted"],
    )


def _said(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
