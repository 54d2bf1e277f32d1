"""Whether a body that was posted to us is the place's own: each place's way of signing, by HMAC over the very bytes.

Standard Webhooks: https://www.standardwebhooks.com/; X-Hub-Signature(-256): Meta, GitHub and WebSub
(https://www.w3.org/TR/websub/#signature-validation); LINE: https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from collectors.types import SourceKind

#: A signed body older than this may be one that somebody recorded.
TOLERANCE = timedelta(minutes=5)
_ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_SIGNED = re.compile(r"(sha1|sha256|sha384|sha512)=([0-9a-f]{40,128})", re.IGNORECASE)
_PREFIX = "whsec_"


class Unsigned(Exception):
    """The body does not carry a good signature; the message says what is missing, without anything secret."""


def check(
    kind: SourceKind,
    settings: Mapping[str, str],
    *,
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> None:
    """Raise Unsigned unless the body is signed as the kind of place signs. `headers` have lower-case names."""
    if kind is SourceKind.LINE:
        _check_line(secret, headers, body)
    elif kind is SourceKind.WEBHOOK and settings.get("signature", "").strip() != "hub":
        _check_standard(secret, headers, body, now)
    elif kind is SourceKind.FEED:
        _check_hub(secret, headers, body, names=("x-hub-signature-256", "x-hub-signature"), algorithms=_ALGORITHMS)
    else:
        _check_hub(secret, headers, body, names=("x-hub-signature-256",), algorithms={"sha256": hashlib.sha256})


def _check_line(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    digest = hmac.new(_bytes(secret), body, hashlib.sha256).digest()
    if not _equal(base64.b64encode(digest), headers.get("x-line-signature", "")):
        raise Unsigned("X-Line-Signature is missing or not this channel's; compare the setting channel_secret")


def _check_hub(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    names: tuple[str, ...],
    algorithms: Mapping[str, Callable[..., "hashlib._Hash"]],
) -> None:
    presented = next((headers[name] for name in names if headers.get(name)), "")
    match = _SIGNED.fullmatch(presented.strip())
    name = match[1].lower() if match else ""
    if match is None or name not in algorithms:
        raise Unsigned(f"{names[0].title()} is missing or has another form than sha256=…")
    digest = hmac.new(_bytes(secret), body, algorithms[name]).hexdigest()
    if not _equal(digest.encode(), match[2].lower()):
        raise Unsigned(f"{names[0].title()} was not made with our secret over these bytes")


def _check_standard(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check the headers webhook-id, webhook-timestamp and webhook-signature, which may hold several signatures."""
    key, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "").strip()
    if not key or not at:
        raise Unsigned("the headers webhook-id, webhook-timestamp and webhook-signature are needed")
    if not (at.isascii() and at.isdigit() and len(at) < 12):
        raise Unsigned("webhook-timestamp is no Unix time")
    if abs(now - datetime.fromtimestamp(int(at), UTC)) > TOLERANCE:
        raise Unsigned("webhook-timestamp is more than five minutes from our clock")
    signed = f"{key}.{at}.".encode("utf-8", "surrogateescape") + body
    digest = base64.b64encode(hmac.new(_standard_key(secret), signed, hashlib.sha256).digest())
    presented = [one.partition(",") for one in headers.get("webhook-signature", "").split()[:20]]
    # Every one is compared, so that the time tells nothing.
    good = [version == "v1" and _equal(digest, value) for version, _, value in presented]
    if not any(good):
        raise Unsigned("webhook-signature was not made with our secret over these bytes")


def _standard_key(secret: str) -> bytes:
    """Return the bytes of a secret as Standard Webhooks writes it, whsec_ and base64, or of any other as it is."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return _bytes(secret)


def _bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "replace")


def _equal(digest: bytes, presented: str) -> bool:
    return hmac.compare_digest(digest, presented.strip().encode("utf-8", "replace"))
