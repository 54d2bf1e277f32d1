"""Reads places that list the newest first and take a span of time, so that nothing falls between two polls.

A poll reads from now back to what it knew. Where more came than its pages hold, the rest is a gap: the cursor keeps
it, and later polls read it with the pages they have left.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.errors import CollectError
from collectors.harvest import Harvest
from collectors.pages import Page

#: Asks for one page of what was said since (None: ever) and before (None: now), newest first, and adds it.
AskSlice = Callable[[datetime | None, datetime | None, Harvest], Awaitable[Page]]
#: `before` excludes its moment: the last one of a page is asked for again, for its siblings.
_TICK = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Walked:
    """How far the pages went."""

    left: int
    newest: datetime | None
    #: Where reading stopped short; None where everything since was read.
    short_of: datetime | None


async def read_slices(
    ask_slice: AskSlice, cursor: Mapping[str, Any], *, now: datetime, overlap: timedelta, max_pages: int
) -> tuple[Harvest, dict[str, Any]]:
    """Return what came since the cursor, with the cursor for the next poll. `overlap` is read again each time, for
    items that the place lists late and for edits."""
    harvest = Harvest()
    known = _at(cursor.get("newest"))
    since = known - overlap if known else None
    fresh = await _walk(ask_slice, harvest, since=since, before=None, pages=max_pages)
    gap = _gap(cursor)
    if fresh.short_of and since:
        gap = (min(since, gap[0]) if gap else since, fresh.short_of)
    elif gap and fresh.left and not harvest.over:
        rest = await _walk(ask_slice, harvest, since=gap[0], before=gap[1], pages=fresh.left)
        gap = (gap[0], rest.short_of) if rest.short_of else None
    if gap:
        harvest.warn(
            f"more came than one poll reads; what was said from {gap[0]:%Y-%m-%d %H:%M} to {gap[1]:%Y-%m-%d %H:%M} UTC "
            "follows with the next polls"
        )
    newest = max((at for at in (known, fresh.newest) if at), default=None)
    return harvest, _cursor(min(newest, now) if newest else None, gap)


async def _walk(
    ask_slice: AskSlice, harvest: Harvest, *, since: datetime | None, before: datetime | None, pages: int
) -> _Walked:
    """Read pages from the newest back to `since`."""
    newest = None
    while pages > 0:
        try:
            page = await ask_slice(since, before, harvest)
        except CollectError as error:
            # What the pages before brought is kept; without any, the harvest raises this.
            harvest.failed("a page", error)
            return _Walked(left=0, newest=newest, short_of=before)
        pages -= 1
        newest = max((at for at in (newest, page.newest) if at), default=None)
        if not page.following or page.oldest is None or (since and page.oldest < since):
            return _Walked(left=pages, newest=newest, short_of=None)
        before = _next_before(page.oldest, before)
        if harvest.over:
            break
    return _Walked(left=pages, newest=newest, short_of=before)


def _next_before(oldest: datetime, before: datetime | None) -> datetime:
    """Return where the next page begins."""
    following = oldest + _TICK
    if before and following >= before:
        # The whole page is of one moment; what is older must not wait for ever.
        return oldest if oldest < before else before - _TICK
    return following


def _gap(cursor: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    gap = cursor.get("gap")
    if not isinstance(gap, list) or len(gap) != 2:
        return None
    since, before = _at(gap[0]), _at(gap[1])
    return (since, before) if since and before and since < before else None


def _cursor(newest: datetime | None, gap: tuple[datetime, datetime] | None) -> dict[str, Any]:
    cursor: dict[str, Any] = {"newest": newest.isoformat()} if newest else {}
    if gap:
        cursor["gap"] = [at.isoformat() for at in gap]
    return cursor


def _at(value: object) -> datetime | None:
    """Return the moment a cursor holds; one that cannot be read is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at and at.tzinfo else None
