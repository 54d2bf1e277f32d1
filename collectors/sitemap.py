"""The pages that a site's sitemap names, each read once and again when it changed.

The sitemap is the setting's address, or those that the site's robots.txt names. A page gives the reviews and comments
that it marks (schema.org) or that the selectors find; where there are none, the page itself is what is said: an
article. What one poll cannot read waits for the next; at the first poll only what changed last is read, the rest is
history.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import re2

from collectors.errors import CollectError, SettingError
from collectors.feed_items import content_hash, document_head
from collectors.harvest import Harvest
from collectors.parsers import shared_parsers
from collectors.registry import check
from collectors.robots import check_allowed, rules_of
from collectors.text import host_of
from collectors.types import Collected, Egress, Source
from collectors.web_page import page, read

#: Read in one poll, two seconds apart.
MAX_PAGES = 20
_MAX_SITEMAPS = 20
_MAX_WAITING = 2_000
_MAX_KNOWN = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    """A page as a sitemap names it."""

    url: str
    changed: str = ""

    @property
    def key(self) -> str:
        """What tells that this state of the page was read."""
        return content_hash(self.url, self.changed)[:12]


class SitemapCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read the sitemaps, and the pages that are new or changed. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        return await _Poll(source=source, egress=egress, now=now).collected()


@dataclass(kw_only=True)
class _Poll:
    """One poll under way."""

    source: Source
    egress: Egress
    now: datetime
    harvest: Harvest = field(default_factory=Harvest)

    async def collected(self) -> Collected:
        wanted = _pattern(self.source)
        known = dict.fromkeys(name for name in self.source.cursor.get("known", ()) if isinstance(name, str))
        named = [one for one in await self._named() if wanted is None or wanted.search(one.url)]
        waiting = [_Named(url=url, changed=changed) for url, changed in _pairs(self.source.cursor.get("waiting"))]
        fresh = [one for one in named if one.key not in known]
        if not known and not waiting:
            # The first time all is new: what changed last is read, the rest is history.
            fresh.sort(key=lambda one: one.changed, reverse=True)
            known.update(dict.fromkeys(one.key for one in fresh[MAX_PAGES:]))
            fresh = fresh[:MAX_PAGES]
        queue = list({one.key: one for one in (*waiting, *fresh)}.values())
        while queue and not self.harvest.over and len(self.harvest.mentions) < MAX_PAGES * 100:
            one = queue[0]
            if not await self._read(one):
                break
            known[queue.pop(0).key] = None
        if len(queue) > _MAX_WAITING:
            self.harvest.warn(f"{len(queue)} pages wait; only the first {_MAX_WAITING} are kept in line")
        elif queue:
            self.harvest.warn(f"{len(queue)} pages wait for the next polls")
        cursor = {
            "known": list(known)[-_MAX_KNOWN:],
            "waiting": [[one.url, one.changed] for one in queue[:_MAX_WAITING]],
        }
        return self.harvest.collected(cursor)

    async def _named(self) -> list[_Named]:
        """Return every page that the sitemaps name. Raises CollectError where none can be read."""
        waiting, found = await self._sitemaps(), []
        asked: set[str] = set()
        while waiting and len(asked) < _MAX_SITEMAPS and not self.harvest.over:
            url = waiting.pop(0)
            if url in asked:
                continue
            asked.add(url)
            try:
                reply = await self._sitemap(url)
            except CollectError as error:
                self.harvest.failed(url, error)
                continue
            self.harvest.add(())
            found += [_Named(url=page_url, changed=changed or "") for page_url, changed in reply["pages"]]
            # The parts that changed last come first: a big site has hundreds.
            waiting += [part for part, _ in sorted(reply["sitemaps"], key=lambda part: part[1] or "", reverse=True)]
        if waiting:
            self.harvest.warn(f"{len(waiting)} sitemaps were left out; only {_MAX_SITEMAPS} are read in a poll")
        own = host_of(self.source.settings["url"])
        # A sitemap speaks for its own site only.
        return [one for one in found if host_of(one.url) == own]

    async def _sitemaps(self) -> list[str]:
        """Return the sitemaps to begin with. Raises CollectError."""
        url = self.source.settings["url"].strip()
        address = urlsplit(url)
        # WordPress without permalinks has its sitemap at /?sitemap=index.
        if address.path not in {"", "/"} or address.query:
            return [url]
        rules = await rules_of(url, egress=self.egress, now=self.now, allow_private=self.source.allow_private)
        return rules.sitemaps[:_MAX_SITEMAPS] or [f"{url.rstrip('/')}/sitemap.xml"]

    async def _sitemap(self, url: str) -> Mapping[str, Any]:
        await check_allowed(url, egress=self.egress, now=self.now, allow_private=self.source.allow_private)
        answer = await self.egress.get(url, allow_private=self.source.allow_private)
        head = {**document_head(self.source, answer.url, answer.headers, now=self.now), "reader": "sitemap"}
        return await shared_parsers().parse_soon(head, answer.body)

    async def _read(self, one: _Named) -> bool:
        """Read one page; False where it should be tried again in the next poll."""
        try:
            answer = await page(one.url, self.source, egress=self.egress, now=self.now)
            await read(answer, self.source, self.harvest, now=self.now, whole=True)
        except SettingError:
            raise
        except CollectError as error:
            self.harvest.failed(one.url, error)
            # One page that is gone or forbidden must not end the poll of all the others.
            return error.permanent and not self.harvest.over
        return True


def _pattern(source: Source) -> Any:
    """Return the pattern of the addresses wanted, or None for all. Raises SettingError."""
    pattern = source.settings.get("include", "").strip()
    try:
        return re2.compile(pattern) if pattern else None
    except re2.error as error:
        raise SettingError("include", f"{pattern!r} is no pattern ({error}); such as /reviews/") from error


def _pairs(value: object) -> list[tuple[str, str]]:
    """Return what the last poll left in line, whatever the cursor holds."""
    return (
        [(one[0], one[1]) for one in value if isinstance(one, list) and len(one) == 2]
        if isinstance(value, list)
        else []
    )
