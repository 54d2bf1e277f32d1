"""Reads places that list the newest first, so that nothing falls between two polls.

A poll reads from now back to what it knew. Where more came than its pages hold, the rest is a gap: the cursor keeps
where reading stopped, and later polls read on from there with the pages they have left.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from collectors.errors import CollectError
from collectors.harvest import Harvest
from collectors.pages import Page

#: Where a page begins: a moment, or what the platform calls its place.
Position = TypeVar("Position", datetime, str)


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """One page of a span of time, newest first."""

    #: None: ever.
    since: datetime | None
    #: None: now. For a page with a token that of the first of its pages.
    before: datetime | None
    #: What the page above it, read in the same poll, called this page; None where it is asked for by its time.
    token: str | None


#: What follows a page after which there is more that has no name.
BY_TIME = ""
#: Asks for one page and takes it in.
AskSlice = Callable[[Slice, Harvest], Awaitable[Page]]
#: Asks for the page that the platform calls so (None: the newest), and takes it in.
AskToken = Callable[[str | None, Harvest], Awaitable[Page]]
#: `before` excludes its moment: the last one of a page is asked for again, for its siblings.
_TICK = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Walked(Generic[Position]):
    """How far the pages went."""

    left: int
    newest: datetime | None
    #: Where reading stopped short; None where everything since was read.
    short_of: Position | None


async def read_slices(
    ask_slice: AskSlice, cursor: Mapping[str, Any], *, now: datetime, overlap: timedelta, max_pages: int
) -> tuple[Harvest, dict[str, Any]]:
    """Return what came since the cursor from a place that takes a span of time, with the cursor for the next poll.
    `overlap` is read again each time, for items that the place lists late and for edits. Raises what the first page
    raises; a failure on a later one leaves a gap."""

    named: dict[datetime, tuple[str, datetime | None]] = {}

    async def ask(since: datetime | None, start: datetime | None, harvest: Harvest) -> tuple[Page, datetime | None]:
        token, before = named.pop(start, (None, start)) if start else (None, None)
        page = await ask_slice(Slice(since=since, before=before, token=token), harvest)
        is_named = page.following not in (BY_TIME, token)
        if page.following is None or not (is_named or page.oldest):
            return page, None
        # A page may be empty and not the last one.
        position = _next_before(page.oldest, start) if page.oldest else start or now
        if is_named:
            named[position] = (page.following, before)
        return page, position

    def position(value: object) -> datetime | None:
        return _at(value)

    return await _read(ask, position, cursor, now=now, overlap=overlap, max_pages=max_pages)


async def read_tokens(
    ask_token: AskToken, cursor: Mapping[str, Any], *, now: datetime, overlap: timedelta, max_pages: int
) -> tuple[Harvest, dict[str, Any]]:
    """Return what came since the cursor from a place that names the page after each page; otherwise as
    `read_slices`."""

    async def ask(_: datetime | None, token: str | None, harvest: Harvest) -> tuple[Page, str | None]:
        page = await ask_token(token, harvest)
        # A place that names the same page again has no more.
        return page, page.following if page.following != token else None

    def position(value: object) -> str | None:
        return value if isinstance(value, str) and value else None

    return await _read(ask, position, cursor, now=now, overlap=overlap, max_pages=max_pages)


async def read_part(
    whole: Harvest,
    name: str,
    ask_token: AskToken,
    cursor: Mapping[str, Any],
    *,
    now: datetime,
    overlap: timedelta,
    max_pages: int,
) -> Mapping[str, Any]:
    """Put one of several lists of a source into the whole, and return its cursor: one that fails does not cost the
    others."""
    try:
        part, kept = await read_tokens(ask_token, cursor, now=now, overlap=overlap, max_pages=max_pages)
        read = part.collected(kept)
    except CollectError as error:
        whole.failed(name, error)
        return cursor
    whole.add(read.mentions, read.quarantined, warning=read.warning)
    whole.wait(read.next_poll_after)
    return read.cursor


_Ask = Callable[[datetime | None, Position | None, Harvest], Awaitable[tuple[Page, Position | None]]]


async def _read(
    ask: _Ask[Position],
    position: Callable[[object], Position | None],
    cursor: Mapping[str, Any],
    *,
    now: datetime,
    overlap: timedelta,
    max_pages: int,
) -> tuple[Harvest, dict[str, Any]]:
    """Read what is new, then what earlier polls left."""
    harvest = Harvest()
    known = _at(cursor.get("newest"))
    since = known - overlap if known else None
    fresh = await _walk(ask, harvest, since=since, start=None, pages=max_pages)
    gap = _gap(cursor, position)
    if fresh.short_of and since:
        # Reading on from here passes what an older gap was about.
        gap = (min(since, gap[0]) if gap else since, fresh.short_of)
    elif gap and fresh.left and not harvest.over:
        rest = await _walk(ask, harvest, since=gap[0], start=gap[1], pages=fresh.left)
        gap = (gap[0], rest.short_of) if rest.short_of else None
    if gap:
        harvest.warn(
            f"more came than one poll reads; the rest since {gap[0]:%Y-%m-%d %H:%M} UTC follows with the next polls"
        )
    newest = max((at for at in (known, fresh.newest) if at), default=None)
    return harvest, _cursor(min(newest, now) if newest else None, gap)


async def _walk(
    ask: _Ask[Position], harvest: Harvest, *, since: datetime | None, start: Position | None, pages: int
) -> _Walked[Position]:
    """Read pages from the newest back to `since`."""
    newest = None
    while pages > 0:
        try:
            page, following = await ask(since, start, harvest)
        except CollectError as error:
            if start is None:
                raise
            # What the pages before brought is kept.
            harvest.failed("a page", error)
            return _Walked(left=0, newest=newest, short_of=start)
        pages -= 1
        newest = max((at for at in (newest, page.newest) if at), default=None)
        if following is None or (since and page.oldest and page.oldest < since):
            return _Walked(left=pages, newest=newest, short_of=None)
        start = following
        if harvest.over:
            break
    return _Walked(left=pages, newest=newest, short_of=start)


def _next_before(oldest: datetime, before: datetime | None) -> datetime:
    """Return where the next page begins."""
    following = oldest + _TICK
    if before and following >= before:
        # The whole page is of one moment; what is older must not wait for ever.
        return oldest if oldest < before else before - _TICK
    return following


def _gap(cursor: Mapping[str, Any], position: Callable[[object], Position | None]) -> tuple[datetime, Position] | None:
    """Return what earlier polls left: since when, and where to read on."""
    gap = cursor.get("gap")
    if not isinstance(gap, list) or len(gap) != 2:
        return None
    since, start = _at(gap[0]), position(gap[1])
    return (since, start) if since and start else None


def _cursor(newest: datetime | None, gap: tuple[datetime, datetime | str] | None) -> dict[str, Any]:
    cursor: dict[str, Any] = {"newest": newest.isoformat()} if newest else {}
    if gap:
        cursor["gap"] = [at.isoformat() if isinstance(at, datetime) else at for at in gap]
    return cursor


def _at(value: object) -> datetime | None:
    """Return the moment a cursor holds; one that cannot be read is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at and at.tzinfo else None
