"""The part of IMAP4rev1 that reading a mailbox takes (RFC 3501, 2177), in bounded memory and time.

A folder is only ever opened with EXAMINE, so that the server itself lets nothing be marked or deleted.
"""

import asyncio
import base64
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from collectors.errors import CollectError, Refused, Unreachable

#: One step: a command and all it is answered with.
STEP_SECONDS = 30.0
#: No answer we ask for is longer in all.
_MAX_ANSWER_BYTES = 96 * 1024 * 1024
_MAX_DEPTH = 32
_MAX_LINES = 100_000
_LITERAL = re.compile(rb"\{(\d{1,10})\+?\}\r?\n$")
_SPACE_OR_PAREN = b" ()\r\n"


class Denied(CollectError):
    """The server said NO or BAD."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a command was answered with."""

    #: What the server told before the end, one item a line.
    told: Sequence[list[object]]
    #: The words behind OK, with their code.
    text: str


@dataclass(kw_only=True)
class Talk:
    """One conversation; `close` it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    host: str
    capabilities: frozenset[str] = field(default=frozenset())
    _number: int = 0

    async def greet(self) -> None:
        """Read the greeting and what the server can do. Raises CollectError."""
        line = await self._line_in_time()
        if not line or line[:1] != [b"*"] or _upper(line, 1) not in {"OK", "PREAUTH"}:
            raise Unreachable(f"{self.host} does not greet as an IMAP server")
        await self.ask_capabilities()

    async def ask_capabilities(self) -> None:
        """Learn what the server can do now."""
        answer = await self.ask("CAPABILITY")
        words = [word for line in answer.told if _upper(line, 1) == "CAPABILITY" for word in line[2:]]
        self.capabilities = frozenset(text(word).upper() for word in words)

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Protect the conversation. Raises CollectError."""
        if "STARTTLS" not in self.capabilities:
            raise Refused(f"{self.host} offers no STARTTLS on this port; use security tls and port 993")
        await self.ask("STARTTLS")
        # Whatever came behind the answer in the clear was put there by somebody else (CVE-2011-0411).
        if getattr(self.reader, "_buffer", b""):
            raise Refused(f"{self.host} sent more behind its answer to STARTTLS: somebody may be in between")
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await self.writer.start_tls(context, server_hostname=self.host)
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"{self.host} could not protect the conversation: {error}") from error
        await self.ask_capabilities()

    async def log_in(self, user: str, password: str) -> None:
        """Sign in with a password. Raises CollectError."""
        if "LOGINDISABLED" in self.capabilities:
            raise Refused(f"{self.host} takes no password over this connection; use security tls")
        await self.ask("LOGIN", user.encode(), password.encode())
        await self.ask_capabilities()

    async def log_in_by_token(self, user: str, token: str) -> None:
        """Sign in with an access token of OAuth (XOAUTH2). Raises CollectError."""
        first = base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode()
        await self.ask(f"AUTHENTICATE XOAUTH2 {first}", challenged=b"")
        await self.ask_capabilities()

    async def ask(self, command: str, *texts: bytes, challenged: bytes | None = None) -> Answer:
        """Give a command with texts behind it and return the answer. `challenged` is said when the server asks for
        more. Raises Denied, Unreachable or Refused."""
        self._number += 1
        tag = f"E{self._number}".encode()
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await self._say(tag + b" " + command.encode("ascii"), texts)
                return await self._answer(tag, command.partition(" ")[0], challenged)
        except TimeoutError as error:
            raise Unreachable(
                f"{self.host} did not answer {command.partition(' ')[0]} within {STEP_SECONDS:g} s"
            ) from error
        except (OSError, EOFError, asyncio.IncompleteReadError, ValueError) as error:
            raise Unreachable(f"{self.host} ended the conversation: {type(error).__name__}") from error

    async def idle(self, seconds: float) -> bool:
        """Wait until the server tells of new mail, at most so long; say whether it did. Raises Unreachable."""
        self._number += 1
        tag = f"E{self._number}".encode()
        heard = False
        try:
            self.writer.write(tag + b" IDLE\r\n")
            async with asyncio.timeout(STEP_SECONDS):
                while (line := await self._line())[:1] != [b"+"]:
                    heard = heard or _upper(line, 2) == "EXISTS"
                    if line[:1] == [tag]:
                        raise Unreachable(f"{self.host} does not take IDLE")
            try:
                async with asyncio.timeout(seconds):
                    while not heard:
                        heard = _upper(await self._line(), 2) == "EXISTS"
            except TimeoutError:
                pass
            self.writer.write(b"DONE\r\n")
            async with asyncio.timeout(STEP_SECONDS):
                await self._answer(tag, "IDLE", None)
        except TimeoutError as error:
            raise Unreachable(f"{self.host} did not answer IDLE") from error
        except (OSError, EOFError, asyncio.IncompleteReadError, ValueError) as error:
            raise Unreachable(f"{self.host} ended the conversation: {type(error).__name__}") from error
        return heard

    async def close(self) -> None:
        """Leave, as politely as a second allows."""
        try:
            async with asyncio.timeout(1):
                self.writer.write(b"E0 LOGOUT\r\n")
                await self.writer.drain()
                self.writer.close()
                await self.writer.wait_closed()
        except (OSError, TimeoutError):
            self.writer.transport.abort()

    async def _say(self, command: bytes, texts: Sequence[bytes]) -> None:
        """Send a command. A text that is not plain goes as a literal, for which the server first says «go on»."""
        self.writer.write(command)
        for said in texts:
            if said.isascii() and said.decode().isprintable():
                self.writer.write(b' "' + said.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"')
                continue
            self.writer.write(b" {%d}\r\n" % len(said))
            while (line := await self._line())[:1] != [b"+"]:
                if line[:1] != [b"*"]:
                    raise Denied(f"{self.host} does not take a name or password that is not plain ASCII")
            self.writer.write(said)
        self.writer.write(b"\r\n")
        await self.writer.drain()

    async def _answer(self, tag: bytes, name: str, challenged: bytes | None) -> Answer:
        told: list[list[object]] = []
        size = 0
        while True:
            line = await self._line()
            size += _size(line)
            if size > _MAX_ANSWER_BYTES or len(told) > _MAX_LINES:
                raise Refused(f"{self.host} answers {name} without end")
            if line[:1] == [tag]:
                words = " ".join(text(word) for word in line[2:] if isinstance(word, bytes))[:300]
                if _upper(line, 1) != "OK":
                    raise Denied(f"{self.host} refuses {name}: {words}")
                return Answer(told=told, text=words)
            if line[:1] == [b"+"]:
                self.writer.write((challenged or b"") + b"\r\n")
                await self.writer.drain()
            elif _upper(line, 1) == "BYE":
                raise Unreachable(f"{self.host} says goodbye: {' '.join(text(word) for word in line[2:])[:200]}")
            else:
                told.append(line)

    async def _line_in_time(self) -> list[object]:
        try:
            async with asyncio.timeout(STEP_SECONDS):
                return await self._line()
        except TimeoutError as error:
            raise Unreachable(f"{self.host} does not greet within {STEP_SECONDS:g} s") from error
        except (OSError, EOFError, ValueError) as error:
            raise Unreachable(f"{self.host} ended the conversation: {type(error).__name__}") from error

    async def _line(self) -> list[object]:
        """Return one line of the server's, its literals in place."""
        pieces: list[bytes | bytearray] = []
        size = 0
        while True:
            piece = await self.reader.readline()
            if not piece.endswith(b"\n"):
                raise EOFError
            match = _LITERAL.search(piece)
            pieces.append(piece[: match.start()] if match else piece)
            if match is None:
                return parsed(pieces)
            size += int(match[1])
            if size > _MAX_ANSWER_BYTES:
                raise Refused(f"{self.host} announces {size} bytes in one answer")
            # A bytearray marks a literal, whose bytes mean only themselves.
            pieces.append(bytearray(await self.reader.readexactly(int(match[1]))))


def parsed(pieces: Sequence[bytes | bytearray]) -> list[object]:
    """Return the items of a line: atoms and texts as bytes, NIL as None, lists as lists. Raises ValueError."""
    root: list[object] = []
    stack = [root]
    for piece in pieces:
        if isinstance(piece, bytearray):
            stack[-1].append(bytes(piece))
            continue
        at = 0
        while at < len(piece):
            char = piece[at : at + 1]
            if char in b" \r\n":
                at += 1
            elif char == b"(":
                inner: list[object] = []
                stack[-1].append(inner)
                stack.append(inner)
                at += 1
                if len(stack) > _MAX_DEPTH:
                    raise ValueError("lists are nested too deeply")
            elif char == b")":
                if len(stack) > 1:
                    stack.pop()
                at += 1
            elif char == b'"':
                said, at = _quoted(piece, at + 1)
                stack[-1].append(said)
            else:
                atom, at = _atom(piece, at)
                stack[-1].append(None if atom.upper() == b"NIL" else atom)
    return root


def _quoted(piece: bytes, at: int) -> tuple[bytes, int]:
    said = bytearray()
    while at < len(piece) and piece[at : at + 1] != b'"':
        at += piece[at : at + 1] == b"\\"
        said += piece[at : at + 1]
        at += 1
    return bytes(said), at + 1


def _atom(piece: bytes, at: int) -> tuple[bytes, int]:
    start, brackets = at, 0
    while at < len(piece) and (brackets or piece[at] not in _SPACE_OR_PAREN) and piece[at] not in b"\r\n":
        brackets += (piece[at : at + 1] == b"[") - (piece[at : at + 1] == b"]" and brackets > 0)
        at += 1
    return piece[start:at], at


def text(word: object) -> str:
    """Return an atom or text in words."""
    return word.decode("utf-8", "replace") if isinstance(word, bytes) else ""


def folder_name(name: str) -> bytes:
    """Return a folder's name as IMAP writes it: modified UTF-7."""
    said = ""
    for piece in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", name):
        if piece.isascii() and piece.isprintable():
            said += piece.replace("&", "&-")
        else:
            said += "&" + base64.b64encode(piece.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
    return said.encode("ascii")


def _upper(line: Sequence[object], place: int) -> str:
    return text(line[place]).upper() if place < len(line) else ""


def _size(data: object) -> int:
    if isinstance(data, list):
        return sum(map(_size, data))
    return len(data) if isinstance(data, bytes) else 0
