"""A web server that misbehaves on demand: raw sockets on 127.0.0.1, one path for each bad habit."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

#: Gets the request's head and writes whatever it likes.
Habit = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(kw_only=True)
class Request:
    """One request's head as received."""

    path: str
    headers: dict[str, str]


@dataclass(kw_only=True)
class HostileServer:
    """Where it listens, what it was asked, and how each path behaves."""

    port: int = 0
    habits: dict[str, Habit] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def on(self, path: str, habit: Habit) -> str:
        """Give the path a habit and return its address."""
        self.habits[path] = habit
        return self.url(path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
            request = Request(path=lines[0].split()[1], headers={k.lower(): v for k, v in headers.items()})
            self.requests.append(request)
            await self.habits[request.path.partition("?")[0]](request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def hostile_server() -> AsyncIterator[HostileServer]:
    server = HostileServer()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(server._serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answers(body: bytes = b"", *, status: str = "200 OK", headers: dict[str, str] | None = None) -> Habit:
    """An honest answer."""

    async def habit(_: Request, writer: asyncio.StreamWriter) -> None:
        lines = {"Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body)
        await writer.drain()

    return habit


def redirects(location: str, *, status: str = "302 Found") -> Habit:
    return answers(status=status, headers={"Location": location})


def raw(data: bytes) -> Habit:
    """These very bytes, then the end of the connection."""

    async def habit(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return habit


def drips(head: bytes, drop: bytes) -> Habit:
    """The head, then a drop again and again, for ever."""

    async def habit(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.01)

    return habit


def floods(head: bytes, wave: bytes) -> Habit:
    """The head, then as much as the other side takes, for ever."""

    async def habit(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(wave)
            await writer.drain()
            await asyncio.sleep(0)

    return habit


def hangs() -> Habit:
    """Nothing at all."""

    async def habit(_: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return habit


def gzip_bomb(mebibytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join([*(packer.compress(zeros) for _ in range(mebibytes)), packer.flush()])


def twice_packed(body: bytes) -> bytes:
    return gzip.compress(gzip.compress(body))
