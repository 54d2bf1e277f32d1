"""One conversation with a mail server: step by step, each with its deadline, each failure with its fault."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from alerts.channels.smtp_url import Security, SmtpServer
from alerts.errors import ChannelError, Fault
from alerts.text import line
from alerts.types import Receipt


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlines:
    """How long a server is waited for, in seconds. The whole is shorter than the sender's lease of 90 s."""

    step: float = 10.0
    total: float = 30.0
    goodbye: float = 2.0


#: Refusals at RCPT or later that mean us, whoever the recipient is: sign in first, no relaying, your address is listed.
_US = re.compile(r"relay|authenticat|block(ed|list)|blacklist|client host|spamhaus|sender (address )?re", re.IGNORECASE)
_LINE_START_DOT = re.compile(rb"(?m)^\.")


class Stage(StrEnum):
    """How far a conversation came."""

    #: Not yet talking: the message itself could not be addressed.
    COMPOSE = "compose"
    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    #: The message was handed over; only the answer is missing.
    END = "end"


@contextlib.asynccontextmanager
async def conversation(
    server: SmtpServer, *, helo: str, tls: ssl.SSLContext | None, deadlines: Deadlines
) -> AsyncIterator["Conversation"]:
    """Give a connection that is greeted, protected and signed in. Each failure inside the block is a ChannelError."""
    talk = Conversation(server, helo=helo, tls=tls, deadlines=deadlines)
    try:
        async with asyncio.timeout(deadlines.total):
            await talk.open()
            yield talk
        await talk.quit()
    except (SMTPException, OSError) as error:
        raise failure(server, talk.stage, error) from error
    finally:
        talk.cut()


class Conversation:
    """What is said to one server over one connection."""

    def __init__(self, server: SmtpServer, *, helo: str, tls: ssl.SSLContext | None, deadlines: Deadlines) -> None:
        self.server = server
        #: The step that is, or was last, under way.
        self.stage = Stage.CONNECT
        self._tls = tls
        self._deadlines = deadlines
        self._client = SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=helo,
            timeout=deadlines.total,
            use_tls=server.security is Security.TLS,
            start_tls=False,
            tls_context=tls,
        )

    async def open(self) -> None:
        """Connect, greet, protect and sign in."""
        async with self._step(Stage.CONNECT):
            await self._client.connect()
        await self._greet()
        security = self.server.security
        offered = self._client.supports_extension("starttls")
        if security is Security.ALWAYS or (security is Security.AUTO and offered):
            async with self._step(Stage.STARTTLS):
                await self._client.starttls(tls_context=self._tls)
            await self._greet()
        if self.server.username is not None and self.server.password is not None:
            async with self._step(Stage.AUTH):
                await self._client.login(self.server.username, self.server.password)

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Receipt:
        """Hand one message over to one recipient. `content` has CRLF line ends."""
        async with self._step(Stage.MAIL):
            await self._client.mail(sender)
        async with self._step(Stage.RCPT):
            await self._client.rcpt(recipient)
        async with self._step(Stage.DATA):
            start = await self._client.execute_command(b"DATA")
            if start.code != 354:
                raise SMTPResponseException(start.code, start.message)
            # Not `client.data`: whether the server had said 354 decides between «not sent» and «perhaps sent».
            protocol = self._client.protocol
            if protocol is None or not protocol.is_connected:
                raise SMTPServerDisconnected("Connection lost")
        async with self._step(Stage.END):
            protocol.write(_LINE_START_DOT.sub(b"..", content) + b".\r\n")
            end = await protocol.read_response()
            if not 200 <= end.code <= 299:
                raise SMTPResponseException(end.code, end.message)
        return Receipt(stage=Stage.END.value, code=end.code, detail=line(end.message, 300))

    async def quit(self) -> None:
        """Say goodbye. The message is safe by now: whatever goes wrong here does not matter."""
        with contextlib.suppress(SMTPException, OSError):
            async with asyncio.timeout(self._deadlines.goodbye):
                await self._client.quit()

    def cut(self) -> None:
        """Close the connection at once, whatever is still to be said or heard."""
        transport = self._client.transport
        self._client.close()
        if isinstance(transport, asyncio.Transport):
            transport.abort()

    async def _greet(self) -> None:
        async with self._step(Stage.EHLO):
            try:
                await self._client.ehlo()
            except SMTPHeloError as error:
                if error.code not in (500, 502):
                    raise
                await self._client.helo()

    @contextlib.asynccontextmanager
    async def _step(self, stage: Stage) -> AsyncIterator[None]:
        self.stage = stage
        async with asyncio.timeout(self._deadlines.step):
            yield


def failure(server: SmtpServer, stage: Stage, error: Exception) -> ChannelError:
    """Return what a foreign error at this stage means for the message."""
    if isinstance(error, SMTPResponseException) and 400 <= error.code <= 599:
        detail = line(_without_secret(str(error.message), server), 300)
        message = f"{server} answered {error.code} at {stage.upper()}: {detail}"
        return ChannelError(message, fault=_fault_of_code(stage, error.code, detail), stage=stage, code=error.code)
    detail = line(_without_secret(str(error), server), 300) or type(error).__name__
    if isinstance(error, TimeoutError):
        detail = "no answer in time"
    message = f"{server} failed at {stage.upper()}: {detail}"
    return ChannelError(message, fault=_fault_of_breakdown(stage, error), stage=stage)


def _fault_of_code(stage: Stage, code: int, detail: str) -> Fault:
    if code < 500:
        return Fault.TEMPORARY
    if stage not in (Stage.RCPT, Stage.DATA, Stage.END):
        return Fault.OURS
    # 501 is missing here on purpose: it is what servers say to an address they cannot read.
    if code in (500, 502, 503, 504, 530, 534, 535, 538) or _US.search(detail):
        return Fault.OURS
    return Fault.RECIPIENT


def _fault_of_breakdown(stage: Stage, error: Exception) -> Fault:
    if stage is Stage.END:
        return Fault.AMBIGUOUS
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Fault.OURS
    is_network = isinstance(error, OSError | SMTPResponseException)
    # The rest are things the server does not offer: encryption, or a way to sign in.
    return Fault.TEMPORARY if is_network else Fault.OURS


def _without_secret(detail: str, server: SmtpServer) -> str:
    return detail.replace(server.password, "***") if server.password else detail
