"""Reads a report that a message could not be delivered (RFC 3464), and the forms that servers had before it. Pure.

Answers by people or by machines are no reports; nothing is ever answered.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser
from uuid import UUID

from alerts.text import line
from alerts.types import NotificationId

_MAX_BYTES = 1024 * 1024
_MAX_PARTS = 100
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY_CODE = re.compile(r"\b([45])\d\d[ -]")
_ADDRESS = re.compile(r"[^\s<>;,\"]{1,64}@[A-Za-z0-9.-]{1,255}")
_OURS = re.compile(r"<n\.([0-9a-fA-F-]{36})@")
#: Where servers write whom a mail was brought to; the return path is one of these.
_BROUGHT_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_POSTMEN = re.compile(r"mailer-daemon|postmaster|mail delivery|microsoftexchange", re.IGNORECASE)
#: What is wrong is the address: it does not exist, or is closed.
_OF_ADDRESS = re.compile(r"5\.(?:1\.(?!8)\d+|2\.1|0\.0)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a server says about one message."""

    #: Addresses that the report was sent to.
    sent_to: tuple[str, ...]
    #: The notification that the message, of which the report holds the beginning, names itself.
    names: NotificationId | None
    #: Whom the message was for.
    recipient: str | None
    #: Such as 5.1.1; empty where it is not told.
    status: str
    #: It will not be delivered; else it is late, or may come yet.
    failed: bool
    #: The server's words, one line.
    detail: str

    @property
    def blames_address(self) -> bool:
        """Whether the address is wrong, rather than this message or the way to it."""
        return self.failed and bool(_OF_ADDRESS.fullmatch(self.status))


def read_report(raw: bytes) -> Report | None:
    """Return what a mail reports; None where it reports nothing."""
    mail = BytesParser(policy=policy.compat32).parsebytes(raw[:_MAX_BYTES])
    parts = list(_parts(mail))
    told = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    if told is None and not _is_postman(mail):
        return None
    words = _words(parts)
    block = _block(told) if told is not None else None
    status = _status(block, words)
    action = _header(block, "Action").lower() if block is not None else ""
    diagnosis = _header(block, "Diagnostic-Code").partition(";")[2] if block is not None else ""
    if status.startswith("2") or action in {"delivered", "relayed", "expanded"}:
        return None
    return Report(
        sent_to=tuple(address for name in _BROUGHT_TO for address in _addresses(mail, name)),
        names=_named(parts, raw),
        recipient=_recipient(block, mail),
        status=status,
        # A server that gives up after days of trying says «failed» with the 4.x.x of its last try.
        failed=action == "failed" or (not action and status.startswith("5")),
        detail=line(" ".join(diagnosis.split()) or _telling(words, status), 300),
    )


def _is_postman(mail: Message) -> bool:
    """Say whether a mail server wrote a mail, for those that know no standard for reports."""
    return bool(_POSTMEN.search(_header(mail, "From")))


def _parts(mail: Message) -> Iterator[Message]:
    for number, part in enumerate(mail.walk()):
        if number >= _MAX_PARTS:
            return
        yield part


def _block(told: Message) -> Message | None:
    """Return the first recipient's block of a report."""
    blocks = told.get_payload()
    found = [one for one in blocks if isinstance(one, Message)] if isinstance(blocks, list) else []
    return next((one for one in found if one.get("Final-Recipient") or one.get("Action")), found[-1] if found else None)


def _header(mail: Message, name: str) -> str:
    for key, value in mail.raw_items():
        if key.lower() == name.lower():
            return " ".join(str(value)[:2_000].split())
    return ""


def _addresses(mail: Message, name: str) -> list[str]:
    values = [str(value)[:2_000] for key, value in mail.raw_items() if key.lower() == name.lower()]
    return [found for value in values for found in _ADDRESS.findall(value)]


def _words(parts: list[Message]) -> str:
    """Return the first words of the report that are meant for people."""
    for part in parts:
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload[:8_000].decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return ""


def _status(block: Message | None, words: str) -> str:
    """Return the status code; a guess by the words where the report has no block of its own."""
    if block is not None and (match := _STATUS.search(_header(block, "Status"))):
        return match[0]
    if match := _STATUS.search(words):
        return match[0]
    code = _REPLY_CODE.search(words)
    return f"{code[1]}.0.0" if code else ""


def _telling(words: str, status: str) -> str:
    """Return the line of the words that holds the status or a reply code, or the first."""
    lines = [one.strip() for one in words.splitlines() if one.strip()]
    telling = [one for one in lines if status and status in one] or [one for one in lines if _REPLY_CODE.search(one)]
    return (telling or lines or [""])[0]


def _recipient(block: Message | None, mail: Message) -> str | None:
    names = ("Original-Recipient", "Final-Recipient")
    told = [_header(block, name) for name in names] if block is not None else [_header(mail, "X-Failed-Recipients")]
    found = [address for value in told for address in _ADDRESS.findall(value)]
    return found[0].lower() if found else None


def _named(parts: list[Message], raw: bytes) -> NotificationId | None:
    """Return the notification in the Message-ID of the message that comes back, where the report holds it."""
    returned = [_header(part, "Message-ID") for part in parts[1:]]
    for said in [*returned, raw[:_MAX_BYTES].decode("latin-1")]:
        if match := _OURS.search(said):
            try:
                return NotificationId(UUID(match[1]))
            except ValueError:
                continue
    return None
