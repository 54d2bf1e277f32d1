"""E-mail: one message to one recipient a transaction, with a Message-ID that stays the same however often it is tried.

SMTP goes out by itself, past `egress.py`: its address is set by the operator, never by what is collected.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from alerts import picture
from alerts.channels.addressing import plain_address
from alerts.channels.bounce_url import BounceMailbox
from alerts.channels.headers import POLICY
from alerts.channels.smtp import Conversation, Deadlines, Stage, conversation
from alerts.channels.smtp_url import Security, SmtpServer
from alerts.channels.verp import return_path
from alerts.errors import ChannelError, ChannelSettingError, Fault
from alerts.posts import rendered
from alerts.rendering import picture_id
from alerts.text import line
from alerts.types import ChannelHealth, IncidentId, Message, NotificationId, Post, Receipt, Urgency

SENDER_SETTING = "EARSHOT_MAIL_FROM"
SENDER_NAME = "Earshot"


def compose(post: Post, *, sender: str, domain: str, zone: ZoneInfo, now: datetime) -> EmailMessage:
    """Return the e-mail. No text in any field changes its header block. Raises ChannelError for a bad recipient."""
    words = rendered(post, zone=zone)
    mail = EmailMessage(policy=POLICY)
    mail["Message-ID"] = message_id(post.notification_id, domain)
    mail["Date"] = format_datetime(now.astimezone(UTC))
    mail["From"] = Address(SENDER_NAME, addr_spec=sender)
    mail["To"] = Address(line(post.contact.name, 60), addr_spec=_recipient(post.contact.email))
    mail["Subject"] = words.subject
    if isinstance(post, Message):
        mail["In-Reply-To"] = thread_id(post.incident_id, domain)
        mail["References"] = thread_id(post.incident_id, domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if post.urgency is Urgency.URGENT:
        mail["Importance"] = "high"
    mail.set_content(words.text)
    mail.add_alternative(words.html, subtype="html")
    _attach(mail, words.pictures)
    # Last: the two above move every Content-… they find into a part.
    mail["Content-Language"] = words.language
    return mail


def _attach(mail: EmailMessage, drawn: Sequence[bytes]) -> None:
    """Put the pictures beside the HTML that shows them."""
    _plain, html = mail.iter_parts()
    if isinstance(html, EmailMessage):
        for number, png in enumerate(drawn):
            html.add_related(png, "image", picture.SUBTYPE, cid=f"<{picture_id(number)}>", disposition="inline")


def message_id(notification_id: NotificationId, domain: str) -> str:
    """Return the id every attempt carries, so that a mailbox can drop a second copy."""
    return f"<n.{notification_id}@{domain}>"


def thread_id(incident_id: IncidentId, domain: str) -> str:
    """Return the root that all messages about one incident answer to."""
    return f"<i.{incident_id}@{domain}>"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EmailChannel:
    """The way by e-mail. Safe to share between tasks: each message has its own connection."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender: str,
        zone: ZoneInfo,
        clock: Callable[[], datetime] = _utc_now,
        deadlines: Deadlines | None = None,
        bounces: BounceMailbox | None = None,
    ) -> None:
        """`clock` gives the Date header; what cannot be delivered comes back to `bounces`, or to the sender. Raises
        ChannelSettingError for an impossible sender."""
        plain = plain_address(sender)
        if plain is None:
            raise ChannelSettingError(
                SENDER_SETTING, f"{sender!r} is no plain e-mail address; write one such as earshot@example.com"
            )
        self.server = server
        self.sender = plain
        self.domain = plain.rpartition("@")[2]
        self._zone = zone
        self._clock = clock
        self._deadlines = deadlines or Deadlines()
        self._bounces = bounces
        self._tls = _tls(server.security)

    async def send(self, post: Post) -> Receipt:
        """Hand the message to the server, 10 s a step and 30 s in all. Raises ChannelError."""
        # A long post and a picture take milliseconds, which the other senders need not wait for.
        mail = await asyncio.to_thread(
            compose, post, sender=self.sender, domain=self.domain, zone=self._zone, now=self._clock()
        )
        recipient = _recipient(post.contact.email)
        async with self._connected() as talk:
            return await talk.send(sender=self._return_path(post), recipient=recipient, content=mail.as_bytes())

    async def verify(self) -> ChannelHealth:
        """Connect, greet, protect and sign in as for a message, and leave without one."""
        try:
            async with self._connected():
                pass
        except ChannelError as error:
            return ChannelHealth(ok=False, detail=str(error))
        return ChannelHealth(ok=True, detail=f"{self.server} answers and would take mail")

    def _return_path(self, post: Post) -> str:
        """Return where a report goes that the message could not be delivered."""
        if self._bounces is None:
            return self.sender
        today = self._clock().astimezone(UTC).date()
        return return_path(self._bounces.address, post.notification_id, key=self._bounces.key, today=today)

    def _connected(self) -> AbstractAsyncContextManager[Conversation]:
        return conversation(self.server, helo=self.domain, tls=self._tls, deadlines=self._deadlines)


def _recipient(email: str) -> str:
    plain = plain_address(email)
    if plain is None:
        message = f"{line(email, 100)!r} is no e-mail address that SMTP can carry; correct the contact"
        raise ChannelError(message, fault=Fault.RECIPIENT, stage=Stage.COMPOSE)
    return plain


def _tls(security: Security) -> ssl.SSLContext | None:
    """Return the context for this protection. SSL_CERT_FILE names a private authority."""
    if security is Security.NEVER:
        return None
    context = ssl.create_default_context()
    if security is Security.AUTO:
        # With no promise of encryption there is none to break; a self-made certificate beats clear text.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
