"""Forms that only our own pages can send.

The secret is the session's, or for a visitor that of a cookie. In the page it is masked anew each time: compressed
pages that repeat a secret beside words of a stranger give it away, letter by letter.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

FORM_COOKIE = "earshot_form"
MOST_BYTES = 16_384


class Forged(Exception):
    """A form did not come from our page, or its page is too old."""


def new_secret() -> str:
    """Return a secret for a visitor's cookie."""
    return secrets.token_urlsafe(24)


def masked(secret: str) -> str:
    """Return the secret as a form carries it."""
    plain = secret.encode()
    mask = secrets.token_bytes(len(plain))
    return urlsafe_b64encode(mask + bytes(a ^ b for a, b in zip(plain, mask, strict=True))).decode()


def _unmasked(token: str) -> bytes:
    try:
        both = urlsafe_b64decode(token.encode("ascii"))
    except ValueError:
        return b""
    half = len(both) // 2
    return bytes(a ^ b for a, b in zip(both[:half], both[half:], strict=False))


async def sent_form(request: Request, secret: str, *, most_bytes: int = MOST_BYTES) -> Mapping[str, str]:
    """Return the fields of a form our page made. Raises Forged."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forged("another site sent this form")
    fields = await _fields(request, most_bytes)
    if not secret or not hmac.compare_digest(_unmasked(fields.get("csrf", "")), secret.encode()):
        raise Forged("the form carries no valid token")
    return fields


async def _fields(request: Request, most_bytes: int) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Forged("not a form")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise Forged("the form is too large")
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200))
    except ValueError as error:
        raise Forged("the form cannot be read") from error
