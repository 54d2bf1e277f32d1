"""What a site lets robots read: RFC 9309, asked before a page is scraped, kept for a day in this process.

APIs and feeds are made to be asked and are not looked up here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

from collectors.errors import Refused, Unreachable
from collectors.types import Egress

AGENT = "Earshot"
#: RFC 9309, section 2.4.
_LIFE = timedelta(hours=24)
#: RFC 9309, section 2.5: at least so much must be read.
_MAX_BYTES = 512 * 1024
_MAX_KEPT = 2_000
#: Every status that says «there is none».
_NONE = tuple(status for status in range(400, 500) if status != 429)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """One site's rules."""

    until: datetime
    rules: Protego

    @property
    def delay(self) -> float:
        """Seconds wished between two pages; 0 where none is."""
        return float(self.rules.crawl_delay(AGENT) or 0)

    @property
    def sitemaps(self) -> list[str]:
        """The sitemaps that the site names."""
        return list(self.rules.sitemaps)


_kept: dict[str, Rules] = {}


async def rules_of(url: str, *, egress: Egress, now: datetime, allow_private: bool = False) -> Rules:
    """Return the rules of the address's site. Raises CollectError: where they cannot be had, nothing may be read."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    known = _kept.get(origin)
    if known is not None and now < known.until:
        return known
    try:
        answer = await egress.get(f"{origin}/robots.txt", allow_private=allow_private, answers=_NONE)
    except Unreachable as error:
        raise Unreachable(f"robots.txt of {parts.hostname} cannot be read, so no page may be: {error}") from error
    text = "" if answer.status in _NONE else answer.body[:_MAX_BYTES].decode("utf-8", "replace")
    found = Rules(until=now + _LIFE, rules=Protego.parse(text))
    if len(_kept) >= _MAX_KEPT:
        _kept.clear()
    _kept[origin] = found
    return found


async def check_allowed(url: str, *, egress: Egress, now: datetime, allow_private: bool = False) -> Rules:
    """Return the rules of a page that may be read. Raises Refused for one that may not, CollectError."""
    rules = await rules_of(url, egress=egress, now=now, allow_private=allow_private)
    if not rules.rules.can_fetch(url, AGENT):
        raise Refused(
            f"robots.txt of {urlsplit(url).hostname} forbids this page; ask the site's owner for a feed or API"
        )
    return rules


def forget() -> None:
    """Forget every site's rules."""
    _kept.clear()
