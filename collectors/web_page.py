"""Pages of any site: the reviews they mark for machines (schema.org), else what CSS selectors find.

The site's robots.txt is obeyed (`robots.py`), with its delay between pages; nothing behind a sign-in or a riddle is
read. A page is parsed in a child process (`parsers.py`). Where the page says which one follows, up to five are read
until one holds nothing new.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from collectors.errors import CollectError, SettingError
from collectors.feed_items import document_head
from collectors.harvest import MAX_SECONDS, Harvest
from collectors.parsers import mentions_in, shared_parsers, unread_in
from collectors.registry import check
from collectors.robots import check_allowed
from collectors.types import Answer, Collected, Egress, Mention, Source, Validators
from collectors.validators import asked_with, validators_of

_MAX_PAGES = 5
#: Ids remembered to know when a list has been read to what was seen before.
_MAX_KNOWN = 500
_ACCEPT = {"Accept": "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"}
#: The settings that are selectors; `web_items.py`, which is loaded in the child only, reads them.
SELECTOR_KEYS = ("item", "id", "title", "text", "author", "date", "rating", "link", "next")


class WebPageCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read the page and those that follow it. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        url: str | None = source.settings["url"].strip()
        known = {name for name in source.cursor.get("known", ()) if isinstance(name, str)}
        harvest, validators, unchanged, moved_to = Harvest(), Validators(), False, None
        for number in range(_MAX_PAGES):
            if url is None or harvest.over:
                break
            try:
                answer = await page(url, source, egress=egress, now=now, validated=number == 0)
            except CollectError as error:
                harvest.failed(url, error)
                break
            if number == 0:
                validators, moved_to = validators_of(answer.headers, complete=answer.complete), answer.moved_to
            if answer.status == 304:
                harvest.add(())
                unchanged = True
                break
            mentions, url = await read(answer, source, harvest, now=now)
            if all(mention.id in known for mention in mentions):
                break
        ids = [mention.id for mention in harvest.mentions]
        collected = harvest.collected({"known": (ids or sorted(known))[:_MAX_KNOWN]}, unchanged=unchanged)
        return replace(collected, validators=validators, moved_to=moved_to)


async def page(url: str, source: Source, *, egress: Egress, now: datetime, validated: bool = False) -> Answer:
    """Return one page that robots.txt lets us read, after the delay it wishes. Raises CollectError."""
    rules = await check_allowed(url, egress=egress, now=now, allow_private=source.allow_private)
    # The pace of the way out holds for every host; what a site wishes beyond it is slept here.
    await asyncio.sleep(min(rules.delay, MAX_SECONDS / 2) if not validated else 0)
    headers = {**_ACCEPT, **(asked_with(source.validators) if validated else {})}
    return await egress.get(url, headers=headers, allow_private=source.allow_private)


async def read(
    answer: Answer, source: Source, harvest: Harvest, *, now: datetime, whole: bool = False
) -> tuple[tuple[Mention, ...], str | None]:
    """Put what is said on the page into the harvest; return it, with the address of the page that follows.
    `whole`: a page on which nobody says anything is itself what is said. Raises CollectError."""
    reply = await shared_parsers().parse_soon(
        head_of(source, answer.url, answer.headers, now, whole=whole), answer.body
    )
    mentions = mentions_in(reply)
    harvest.add(mentions, unread_in(reply), warning=reply["warning"])
    if not answer.complete:
        harvest.warn("the page was cut short")
    return mentions, reply["next"]


def parse_item(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return a part of a page that was set aside. Blocking. Raises CollectError."""
    reply = shared_parsers().parse(head_of(source, source.settings.get("url", ""), {}, now), payload)
    return Collected(mentions=mentions_in(reply), quarantined=unread_in(reply))


def head_of(
    source: Source, url: str, headers: Mapping[str, str], now: datetime, *, whole: bool = False
) -> dict[str, Any]:
    """Return the request that goes to the parser's child along with the page. Raises SettingError."""
    settings = {key: value.strip() for key, value in source.settings.items()}
    try:
        scale = float(settings.get("rating_scale") or 5)
    except ValueError:
        scale = 0.0
    if not 0 < scale <= 1000:
        raise SettingError(
            "rating_scale", f"{settings['rating_scale']!r} is no highest rating; give a number such as 5"
        )
    return {
        **document_head(source, url, headers, now=now),
        "reader": "web_page",
        "kind": source.kind,
        "selectors": {key: settings.get(key, "") for key in SELECTOR_KEYS},
        "rating_scale": scale,
        "whole": whole,
    }
