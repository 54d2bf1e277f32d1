"""WebSub: a feed's hub tells its subscribers of news.

Documentation: https://www.w3.org/TR/websub/. A feed names its hub and itself in Link headers or in its own links; we
ask the hub, the hub asks back at our address whether we did, and from then on posts what is new, signed with our
secret.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode, urljoin

from collectors.types import Egress, Hub

#: What we ask for; hubs grant less, or more.
LEASE = timedelta(days=7)
_MAX_URL_CHARS = 2_000
_LINK = re.compile(r"<([^<>]{1,2000})>((?:\s*;\s*[\w!#$&+.^`|~*-]{1,40}\s*=\s*(?:\"[^\"]{0,500}\"|[^\s\",;]{0,500}))*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)


def hub_of(headers: Mapping[str, str], links: Mapping[str, str], url: str) -> Hub | None:
    """Return the hub that an answer names: its headers go before the document's own links. `url` answered."""
    named = {**links, **_links_in(headers.get("link", ""))}
    hub = _absolute(named.get("hub", ""), url)
    topic = _absolute(named.get("self", ""), url) or url
    return Hub(url=hub, topic=topic) if hub and len(topic) <= _MAX_URL_CHARS else None


def _links_in(header: str) -> dict[str, str]:
    """Return the first address of each relation in a Link header."""
    found: dict[str, str] = {}
    for match in _LINK.finditer(header[:20_000]):
        rel = _REL.search(match[2])
        for name in (rel[1] or rel[2] or "").lower().split() if rel else ():
            found.setdefault(name, match[1].strip())
    return found


def _absolute(address: str, base: str) -> str | None:
    """Return the whole address, exactly as it is named otherwise: a hub knows a topic by its letters."""
    if not address:
        return None
    try:
        whole = urljoin(base, address.strip())
    except ValueError:
        return None
    is_plain = whole.isascii() and whole.isprintable() and " " not in whole and len(whole) <= _MAX_URL_CHARS
    return whole if is_plain and whole.startswith(("http://", "https://")) else None


async def subscribe(hub: Hub, *, callback: str, secret: str, egress: Egress, allow_private: bool) -> None:
    """Ask the hub to tell us. It asks back at the callback whether we did. Raises CollectError."""
    form = {
        "hub.mode": "subscribe",
        "hub.topic": hub.topic,
        "hub.callback": callback,
        "hub.secret": secret,
        "hub.lease_seconds": str(int(LEASE.total_seconds())),
    }
    await egress.post(
        hub.url,
        body=urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        allow_private=allow_private,
    )
