"""A mail server on 127.0.0.1 that follows a script: answers, drips, hangs or hangs up at any step."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

CERTIFICATE = Path(__file__).parent / "localhost.pem"

ANSWERS = {
    "connect": "220 mail.test ready",
    "ehlo": "250 mail.test",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go on",
    "end": "250 2.0.0 queued as 4ZX",
    "quit": "221 bye",
}


@dataclass(kw_only=True)
class MailServer:
    """The script, by step, and what was delivered."""

    #: Other answers than the usual; "" hangs up without one, "hang" never answers, "drip" answers too slowly.
    answers: dict[str, str] = field(default_factory=dict)
    #: Answers by recipient, before `answers`.
    recipients: dict[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    #: Which deliveries, counted from 1, are accepted and then cut off before the 250.
    drops_after_accept: frozenset[int] = frozenset()
    tls: bool = False
    port: int = 0
    delivered: list[tuple[str, str, bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        """What was delivered, read back."""
        return [message_from_bytes(raw, policy=default) for _, _, raw in self.delivered]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play one conversation."""
        try:
            await self._play(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            writer.transport.abort()
        writer.close()
        # After a failed handshake Python 3.11 waits for ever.
        with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 0.1)

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = recipient = ""
        if not await self._answer(writer, "connect"):
            return
        while line := (await reader.readline()).decode("latin-1").strip():
            self.commands.append(line)
            verb, _, rest = line.partition(" ")
            step = {"HELO": "ehlo"}.get(verb.upper(), verb.lower())
            if step == "mail":
                sender = rest[rest.index("<") + 1 : rest.index(">")]
            if step == "rcpt":
                recipient = rest[rest.index("<") + 1 : rest.index(">")]
            if not await self._answer(writer, step, recipient if step == "rcpt" else ""):
                return
            if step == "starttls" and self._says("starttls").startswith("220"):
                await writer.start_tls(context())
            if step == "data" and self._says("data").startswith("354"):
                raw = await reader.readuntil(b"\r\n.\r\n")
                if not await self._take(writer, sender, recipient, raw[:-3].replace(b"\r\n..", b"\r\n.")):
                    return
            if step == "quit":
                return

    async def _take(self, writer: asyncio.StreamWriter, sender: str, recipient: str, raw: bytes) -> bool:
        if self._says("end").startswith("250"):
            self.delivered.append((sender, recipient, raw))
            if len(self.delivered) in self.drops_after_accept:
                return False
        return await self._answer(writer, "end")

    def _says(self, step: str, recipient: str = "") -> str:
        return self.recipients.get(recipient) or self.answers.get(step, ANSWERS.get(step, "500 what?"))

    async def _answer(self, writer: asyncio.StreamWriter, step: str, recipient: str = "") -> bool:
        answer = self._says(step, recipient)
        if answer == "":
            return False
        if answer == "hang":
            await asyncio.get_running_loop().create_future()
        lines = [answer]
        if step == "ehlo" and answer.startswith("250"):
            lines = [f"250-{answer[4:]}", *(f"250-{one}" for one in self.extensions), "250 HELP"]
        raw = "".join(f"{one}\r\n" for one in lines).encode()
        if answer == "drip":
            raw = b"250 slow\r\n"
        for piece in [raw[n : n + 1] for n in range(len(raw))] if answer == "drip" else [raw]:
            writer.write(piece)
            await writer.drain()
            if answer == "drip":
                await asyncio.sleep(0.05)
        return True


def context() -> ssl.SSLContext:
    """The server's side of an encrypted connection."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(CERTIFICATE)
    return made


@contextlib.asynccontextmanager
async def serving(server: MailServer) -> AsyncIterator[MailServer]:
    """Let it listen on a free port; end every conversation afterwards."""
    tasks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(server.talk(reader, writer)))

    listening = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=context() if server.tls else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        if tasks:
            await asyncio.wait(tasks, timeout=0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
