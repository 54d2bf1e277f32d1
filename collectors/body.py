"""Reads an answer's body within its bounds: bytes on the wire, bytes decoded, one content coding."""

import re
import zlib
from collections.abc import Mapping

import aiohttp

from collectors.errors import Refused

MAX_WIRE_BYTES = 10 * 1024 * 1024
MAX_DECODED_BYTES = 20 * 1024 * 1024
_STEP = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"
#: How a page, a feed, a sitemap and JSON end when they are whole.
_CLOSED = re.compile(rb"(?:</(?:html|rss|feed|rdf:rdf|urlset|sitemapindex)\s*>|[}\]])\s*$", re.IGNORECASE)
_CLOSING_BYTES = 200


async def read_body(response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Return the decoded body and whether it is whole. Raises Refused over a bound or for an unknown coding."""
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        raise Refused(f"the answer is coded as {coding[:60]!r}; only gzip was asked for")
    wire, whole = await _wire_bytes(response)
    # Without a length or chunks the end of the connection is the end of the body: only what closes itself tells a cut.
    known_end = "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()
    # Some servers name a coding and send none.
    if coding in {"gzip", "x-gzip"} and wire[:2] == _GZIP_MAGIC:
        decoded, ended = gunzip(wire)
        return decoded, whole and ended
    return bytes(wire), whole and (known_end or _CLOSED.search(wire[-_CLOSING_BYTES:]) is not None)


async def _wire_bytes(response: aiohttp.ClientResponse) -> tuple[bytearray, bool]:
    """Return what came over the wire and whether it came as promised. Raises Refused over the bound."""
    wire = bytearray()
    if (response.content_length or 0) > MAX_WIRE_BYTES:
        response.close()
        raise Refused(_too_big("sends", MAX_WIRE_BYTES), permanent=False)
    try:
        async for chunk in response.content.iter_any():
            wire += chunk
            if len(wire) > MAX_WIRE_BYTES:
                response.close()
                raise Refused(_too_big("sends", MAX_WIRE_BYTES), permanent=False)
    except (aiohttp.ClientError, OSError):
        # aiohttp raises before it hands over what arrived with the cut; the items in it count.
        wire += b"".join(response.content._buffer)  # noqa: SLF001
        return wire[:MAX_WIRE_BYTES], False
    return wire, True


def gunzip(wire: bytes | bytearray) -> tuple[bytes, bool]:
    """Return what the gzip data holds and whether it ended properly. Raises Refused over the bound."""
    decoded = bytearray()
    rest = bytes(wire)
    ended = True
    while rest[:2] == _GZIP_MAGIC:
        member = zlib.decompressobj(_GZIP)
        try:
            while rest and not member.eof:
                decoded += member.decompress(rest, _STEP)
                rest = member.unconsumed_tail
                if len(decoded) > MAX_DECODED_BYTES:
                    raise Refused(_too_big("unpacks to", MAX_DECODED_BYTES), permanent=False)
        except zlib.error:
            return bytes(decoded), False
        ended = member.eof
        rest = member.unused_data
    return bytes(decoded), ended


def _too_big(verb: str, limit: int) -> str:
    return f"the answer {verb} more than {limit // 1024 // 1024} MiB"
