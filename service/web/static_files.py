"""Style sheets, scripts and pictures, under an address that changes with them: a browser may keep them for good."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One file, ready to send."""

    body: bytes
    zipped: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Return the files by name, read once a process."""
    found: dict[str, Asset] = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            media_type = f"{_TYPES[path.suffix]}; charset=utf-8"
            found[path.name] = Asset(body=body, zipped=gzip.compress(body, 9, mtime=0), media_type=media_type)
    return found


@cache
def version() -> str:
    """Return a name for the files as they are: modules import each other, so one name stands for all."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(asset.body).digest())
    return digest.hexdigest()[:16]


def address(name: str) -> str:
    """Return the path of a file. Raises KeyError for one that is not there."""
    assets()[name]
    return f"/static/{version()}/{name}"


def zipped_response(zipped: bytes, *, media_type: str, etag: str, accepts: str, keep: str = FOR_GOOD) -> Response:
    """Return compressed bytes as a browser that accepts gzip wants them, plain for one that does not."""
    headers = {
        "Cache-Control": keep,
        "ETag": f'"{etag}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if "gzip" in accepts:
        return Response(zipped, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(zipped), media_type=media_type, headers=headers)
