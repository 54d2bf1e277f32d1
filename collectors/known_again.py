"""Asks a place for items of earlier polls again: an edit or new counts come back, and what was deleted stays away.

Where a place tells of deletions only by leaving an item out, an item counts as deleted when it was left out at two
polls in a row, while others came.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from collectors.pages import optional_identity, rows
from collectors.types import Mention, Source

_EVER = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What a cursor remembers of the items of earlier polls."""

    #: Ids, the newest first.
    recent: tuple[str, ...] = ()
    #: Those of them that were left out at the last poll.
    missing: frozenset[str] = frozenset()

    @classmethod
    def read(cls, cursor: Mapping[str, Any], *, most: int) -> "Known":
        """Return what the cursor holds, at most so many."""
        recent = tuple(one for value in rows(cursor.get("recent"))[:most] if (one := optional_identity(value)))
        missing = frozenset(one for value in rows(cursor.get("missing"))[:most] if (one := optional_identity(value)))
        return cls(recent=recent, missing=missing)

    def not_in(self, mentions: Iterable[Mention]) -> list[str]:
        """Return the ids that are not among the mentions: those to ask for."""
        read = {mention.id for mention in mentions}
        return [one for one in self.recent if one not in read]

    def gone(self, asked: Collection[str], found: Collection[str]) -> list[str]:
        """Return the ids that count as deleted."""
        return [one for one in asked if one not in found and one in self.missing] if found else []

    def cursor(
        self, mentions: Iterable[Mention], *, asked: Collection[str], found: Collection[str], most: int
    ) -> dict[str, Any]:
        """Return what to remember: the newest of the mentions and of what was known."""
        gone = set(self.gone(asked, found))
        read = sorted(
            (one for one in mentions if not one.deleted), key=lambda one: one.published_at or _EVER, reverse=True
        )
        recent = [one for one in dict.fromkeys([*(one.id for one in read), *self.recent]) if one not in gone][:most]
        missing = [one for one in asked if one not in found and one in recent] if found else []
        return {**({"recent": recent} if recent else {}), **({"missing": missing} if missing else {})}


def tombstone(source: Source, *, site: str, key: str) -> Mention:
    """Return what is left of a deleted item."""
    return Mention(kind=source.kind, site=site, id=key, text="", deleted=True)
