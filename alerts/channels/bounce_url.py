"""Reads EARSHOT_BOUNCE_URL: the mailbox to which messages that cannot be delivered come back.

imaps://user:password@imap.example.com                     port 993, folder INBOX, address user@…
imaps://user:password@imap.example.com/Bounces?address=bounces@example.com
imap+starttls://…                                          port 143, encrypted by STARTTLS
imap://…                                                   port 143 in the clear: only for this very machine
The address must take mail for address+anything@…, as most servers do.
"""

import hashlib
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from alerts.channels.addressing import plain_address
from alerts.channels.verp import MOST_LOCAL_CHARS
from alerts.errors import ChannelSettingError

SETTING = "EARSHOT_BOUNCE_URL"
EXAMPLE = "imaps://user:password@imap.example.com/INBOX?address=bounces@example.com"
_SECURITY = {"imaps": "tls", "imap+starttls": "starttls", "imap": "none"}
_OWN_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class BounceMailbox:
    """Where reports of failed delivery arrive, and how they are read."""

    #: In front of + and what names the notification.
    address: str
    host: str
    port: int | None
    user: str
    password: str = field(repr=False)
    folder: str
    #: tls, starttls or none.
    security: str
    #: What return paths are signed with: made of the password, so that all workers have it and nobody else.
    key: bytes = field(repr=False)


def parse(url: str) -> BounceMailbox:
    """Return the mailbox a URL names. Raises ChannelSettingError, which never repeats the password."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise _wrong(
            "its host or port cannot be read; percent-encode special characters in user and password"
        ) from None
    if parts.scheme not in _SECURITY:
        raise _wrong("must begin with imaps://, imap+starttls:// or imap://")
    if parts.scheme == "imap" and parts.hostname not in _OWN_MACHINE:
        raise _wrong("imap:// would send the password in the clear; use imaps://")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (parts.hostname and user and password):
        raise _wrong("needs a host, a user and a password")
    return BounceMailbox(
        address=_address(parse_qs(parts.query).get("address", [user])[0]),
        host=parts.hostname,
        port=port,
        user=user,
        password=password,
        folder=unquote(parts.path.lstrip("/")) or "INBOX",
        security=_SECURITY[parts.scheme],
        key=hashlib.sha256(f"return path\x1f{user}\x1f{password}".encode()).digest(),
    )


def _address(given: str) -> str:
    address = plain_address(given)
    if address is None:
        raise _wrong("needs the mailbox's e-mail address: add ?address=bounces@example.com")
    if len(address.rpartition("@")[0]) > MOST_LOCAL_CHARS:
        raise _wrong(f"has an address with more than {MOST_LOCAL_CHARS} characters before the @; make a shorter one")
    return address


def _wrong(message: str) -> ChannelSettingError:
    return ChannelSettingError(SETTING, f"{message}, as in {EXAMPLE}")
