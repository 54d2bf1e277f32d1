"""Reads places that list the newest first and name the page after each: back to what is known, and a while more."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from collectors.errors import CollectError
from collectors.harvest import Harvest
from collectors.pages import Page

#: Asks for the page of this name (None: the first) and puts it into the harvest. Raises CollectError.
AskPage = Callable[[str | None], Awaitable[Page]]


async def read_newest_first(
    ask_page: AskPage, harvest: Harvest, *, part: str, known: datetime | None, rescan: timedelta, max_pages: int
) -> datetime | None:
    """Return the newest moment read; `known` where reading stopped early, so that the next poll asks again.

    What is up to `rescan` older than `known` is read once more, for answers that do not bring their item to the front.
    """
    newest, following = known, None
    for number in range(1, max_pages + 1):
        try:
            page = await ask_page(following)
        except CollectError as error:
            harvest.failed(f"{part}, page {number}", error)
            return known
        newest = max((at for at in (newest, page.newest) if at), default=None)
        asked, following = following, page.following
        if not following or (known and page.oldest and page.oldest < known - rescan):
            return newest
        if following == asked:
            # To ask again would bring the same page again.
            missed = f"the last of {number} pages names itself as the next"
            break
        if harvest.over:
            return known
    else:
        missed = f"more than {max_pages} pages were new"
        if known is None:
            harvest.warn(f"{part}: there are more than {max_pages} pages; what is older is not read")
    if known and page.oldest and page.oldest > known:
        harvest.suspect_gap(f"{part}: {missed}")
    return newest


def spanned(page: Page) -> Page:
    """Return the page with the first and the last moment of its items, their answers left aside."""
    times = [mention.published_at for mention in page.mentions if mention.published_at and not mention.parent]
    return Page(
        mentions=page.mentions,
        quarantined=page.quarantined,
        following=page.following,
        oldest=min(times, default=None),
        newest=max(times, default=None),
        warning=page.warning,
    )
