"""Addresses: which may be shown as links, and where a reader may be sent on."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit


def host_of(url: str | None) -> str:
    """Return the host of a safe address; '' for none."""
    return (urlsplit(url).hostname or "").removeprefix("www.") if url else ""


def local(path: str | None) -> str:
    """Return the path if it stays on this site, else `/`. A browser reads `//host` and `/\\host` as other sites."""
    if path is None or not path.startswith("/") or len(path) > 2000:
        return "/"
    if path[1:2] in ("/", "\\") or "\\" in path or any(ord(c) <= 0x20 or ord(c) == 0x7F for c in path):
        return "/"
    return path


def with_query(path: str, query: Mapping[str, str | None]) -> str:
    """Return the path with those values that are not empty."""
    given = {key: value for key, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def sign_in(path: str) -> str:
    """Return where to sign in before going to the path."""
    return "/sign-in" if path == "/" else f"/sign-in?next={quote(path, safe='')}"
