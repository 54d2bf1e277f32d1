"""One e-mail as mentions. Only the parser's child process imports this module.

Most mails are one mention; one of Google Alerts is a mention an entry. What machines answer by themselves, reports of
failed delivery and our own alerts are none.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Any

from collectors.alert_mail import entries
from collectors.dates import parse_date, plausible
from collectors.feed_items import content_hash, language_tag, one_line
from collectors.mail_text import addresses, bodies, header, is_forwarded, subject, without_quotes, words_of
from collectors.text import MAX_TITLE_CHARS, host_of
from collectors.types import Author, Mention, SourceKind

_ID = re.compile(r"<([^<>\s]{3,400})>")
#: Ids of what Earshot sends: notifications and incidents.
_OURS = re.compile(r"[ni]\.[0-9a-f-]{1,40}@", re.IGNORECASE)
_GOOGLE_ALERTS = "googlealerts-noreply@google.com"
#: A sender's clock may be so far from the server's; more is a forged or a broken date.
_CLOCK_SLACK = timedelta(days=7)


def read_mail(head: Mapping[str, Any], payload: bytes) -> list[Mention]:
    """Return the mentions of one mail. `head` holds site, own (addresses of the brand), received and now."""
    message = BytesParser(policy=policy.compat32).parsebytes(payload)
    now, received = datetime.fromisoformat(head["now"]), datetime.fromisoformat(head["received"])
    if is_automatic(message):
        return []
    senders = addresses(message, "From") or [("", "")]
    name, address = senders[0]
    at = _said_at(message, received=received, now=now)
    if address == _GOOGLE_ALERTS and (alerts := _alert_mentions(message, at)):
        return alerts
    titled = header(message, "Subject")
    words = words_of(message)
    text = words if is_forwarded(titled) else without_quotes(words)
    if not (titled or text):
        raise ValueError("the mail has neither subject nor words")
    answered, thread = _ids(message, "In-Reply-To"), _ids(message, "References")
    return [
        Mention(
            kind=SourceKind.IMAP,
            site=head["site"],
            id=_own_id(message, payload),
            parent=answered[0] if answered else None,
            root=thread[0] if thread else (answered[0] if answered else None),
            author=Author(id=address or None, name=one_line(name, 200) or address or None),
            published_at=at,
            title=one_line(subject(titled), MAX_TITLE_CHARS),
            text=text,
            language=language_tag(header(message, "Content-Language")),
            reply_by_owner=address in head["own"],
        )
    ]


def is_automatic(message: Message) -> bool:
    """Say whether no person wrote a mail and no place meant it: an answer by itself, a report of failed delivery, an
    alert of ours. Notices of new reviews are made by machines too, but are meant."""
    submitted = header(message, "Auto-Submitted").lower()
    return (
        submitted.startswith("auto-replied")
        or header(message, "Precedence").lower() in {"auto_reply", "auto-reply"}
        or any(header(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Failed-Recipients"))
        or (message.get_content_type() == "multipart/report" and header(message, "Return-Path") in {"", "<>"})
        or any(_OURS.match(own) for own in _ids(message, "Message-ID"))
    )


def _alert_mentions(message: Message, at: datetime | None) -> list[Mention]:
    _, markup = bodies(message)
    return [
        Mention(
            kind=SourceKind.IMAP,
            site=entry.publisher or host_of(entry.url) or "Google Alerts",
            id=entry.url,
            url=entry.url,
            published_at=at,
            title=entry.title,
            text=entry.text,
        )
        for entry in entries(markup)
    ]


def _said_at(message: Message, *, received: datetime, now: datetime) -> datetime | None:
    """Return when a mail was written, or came, where its own date cannot be."""
    written = parse_date(header(message, "Date"), now=now)
    came = plausible(received, now=now)
    if written is None or (came is not None and abs(written - came) > _CLOCK_SLACK):
        return came
    return written


def _ids(message: Message, name: str) -> list[str]:
    return _ID.findall(header(message, name))


def _own_id(message: Message, payload: bytes) -> str:
    ids = _ids(message, "Message-ID")
    return ids[0] if ids else f"sha256:{content_hash(payload.decode('latin-1'))}"
