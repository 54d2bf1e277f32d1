"""The address that a message that cannot be delivered comes back to: it names the notification, signed (VERP).

bounces+{notification}{day}{signature}@example.com, all in letters that survive servers which lower the case. Pure.
"""

import base64
import binascii
import hmac
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from alerts.types import NotificationId

#: A report that comes later tells nothing about today.
VALID_FOR = timedelta(days=7)
_EPOCH = date(2020, 1, 1)
_ID_CHARS, _DAY_CHARS, _SIGNATURE_CHARS = 26, 4, 16
_TOKEN_CHARS = _ID_CHARS + _DAY_CHARS + _SIGNATURE_CHARS
#: What is left of the 64 characters that a local part may have, behind the plus sign.
MOST_LOCAL_CHARS = 64 - _TOKEN_CHARS - 1


def return_path(address: str, notification_id: NotificationId, *, key: bytes, today: date) -> str:
    """Return the address for one notification. `address` is the mailbox's own, its local part short enough."""
    local, _, domain = address.rpartition("@")
    said = _base32(notification_id.bytes) + f"{(today - _EPOCH).days:04x}"
    return f"{local}+{said}{_signature(said, key)}@{domain}"


def notification_of(address: str, *, key: bytes, today: date) -> NotificationId | None:
    """Return the notification that an address names; None for one that we did not make, or not lately."""
    token = address.rpartition("@")[0].rpartition("+")[2].lower()
    if len(token) != _TOKEN_CHARS or not token.isascii():
        return None
    said, signature = token[:-_SIGNATURE_CHARS], token[-_SIGNATURE_CHARS:]
    if not hmac.compare_digest(signature.encode(), _signature(said, key).encode()):
        return None
    try:
        made = _EPOCH + timedelta(days=int(said[_ID_CHARS:], 16))
        found = UUID(bytes=base64.b32decode(said[:_ID_CHARS].upper() + "======"))
    except (ValueError, binascii.Error):
        return None
    return NotificationId(found) if made <= today + timedelta(days=1) and today - made <= VALID_FOR else None


def _signature(said: str, key: bytes) -> str:
    return _base32(hmac.digest(key, said.encode(), sha256))[:_SIGNATURE_CHARS]


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()
