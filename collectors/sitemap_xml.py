"""Sitemaps, read in the parser's child: https://www.sitemaps.org/protocol.html, indexes and news dates included."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lxml import etree

from collectors.charsets import charset_of, decode
from collectors.dates import parse_date
from collectors.errors import CollectError, Refused
from collectors.text import canonical_url

#: The protocol's own limit of a file's addresses.
_MAX_ADDRESSES = 50_000
_MAX_BYTES = 50 * 1024 * 1024


def read_sitemap(head: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    """Return {"pages": [[address, time or null]], "sitemaps": [address]}; a plain list of addresses is one too. Raises
    CollectError."""
    payload, now = _unpacked(payload), datetime.fromisoformat(head["now"])
    if not payload.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        text = decode(payload, charset_of(head["content_type"])).text
        listed = [[url, None] for line in text.splitlines() if (url := canonical_url(line.strip()))]
        if not listed:
            raise CollectError("this is no sitemap: neither XML nor a list of addresses")
        return {"pages": listed[:_MAX_ADDRESSES], "sitemaps": []}
    if b"<!ENTITY" in payload[:65_536]:
        raise Refused("the sitemap declares entities")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False, load_dtd=False)
    root = etree.fromstring(payload, parser)
    if root is None or not isinstance(root.tag, str) or _name(root) not in {"urlset", "sitemapindex"}:
        raise CollectError("this is no sitemap: it is neither a urlset nor a sitemapindex")
    pages: list[list[str | None]] = []
    sitemaps: list[list[str | None]] = []
    for entry in root:
        values = {
            _name(child): (child.text or "").strip()
            for child in entry.iter()
            if isinstance(child.tag, str) and child.text
        }
        url = canonical_url(values.get("loc", ""), head["url"])
        if url is None:
            continue
        changed = parse_date(values.get("lastmod") or values.get("publication_date") or "", now=now)
        (sitemaps if _name(entry) == "sitemap" else pages).append([url, changed.isoformat() if changed else None])
        if len(pages) >= _MAX_ADDRESSES:
            break
    return {"pages": pages, "sitemaps": sitemaps}


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _unpacked(payload: bytes) -> bytes:
    """Return the file of a .gz, bounded. Raises Refused."""
    if not payload.startswith(b"\x1f\x8b"):
        return payload
    inflater = zlib.decompressobj(wbits=31)
    try:
        unpacked = inflater.decompress(payload, _MAX_BYTES)
    except zlib.error as error:
        raise CollectError(f"the sitemap's gzip is damaged: {error}") from error
    if inflater.unconsumed_tail:
        raise Refused("the sitemap is over 50 MB when unpacked")
    return unpacked
