"""The guarded way out for connections that stay open: lines of an answer without end, and WebSockets.

Connects as `egress.py` does, to vetted addresses only. One line and one message are bounded, silence ends a
connection, and nothing is read faster than it is taken: what waits is in the sockets' own bounded buffers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp
from yarl import URL

from collectors.addresses import checked_url
from collectors.egress import USER_AGENT, inward_cause
from collectors.errors import CollectError, RateLimited, Refused, Unreachable
from collectors.guard import GuardedConnector, InwardAddress, Resolve, resolve
from collectors.polite import SHORTEST_RETRY_AFTER, retry_after

CONNECT_DEADLINE = timedelta(seconds=20)
#: A stream that says nothing for so long is dead: they send heartbeats every few seconds.
LONGEST_SILENCE = timedelta(seconds=90)
#: A place that does not say goodbye is left.
_FAREWELL = aiohttp.ClientWSTimeout(ws_close=1.0)
MAX_LINE_BYTES = MAX_MESSAGE_BYTES = 1024 * 1024


class GuardedStreams:
    """Implements `collectors.types.Streams`; close it, or use it as an async context manager."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        silence: timedelta = LONGEST_SILENCE,
        resolve_host: Resolve = resolve,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`allow_private` allows it for every stream; `clock` is asked only to read a Retry-After date."""
        self._allow_private = allow_private
        self._silence = silence.total_seconds()
        self._resolve_host = resolve_host
        self._clock = clock
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    @asynccontextmanager
    async def lines(
        self, url: str, *, headers: Mapping[str, str] | None = None, allow_private: bool = False
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the lines of an answer as they come, without their ends. Raises Refused, RateLimited, Unreachable."""
        private = allow_private or self._allow_private
        target = checked_url(url, allow_private=private)
        session = self._session(private)
        with _translated(target):
            async with asyncio.timeout(CONNECT_DEADLINE.total_seconds()):
                response = await session.get(target, headers=headers, allow_redirects=False)
        async with response:
            self._check(response.status, response.headers, target)
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise Refused(f"{target.host} sends a stream in a coding that was not asked for")
            yield self._lines_of(response, target)

    async def _lines_of(self, response: aiohttp.ClientResponse, target: URL) -> AsyncIterator[bytes]:
        rest = b""
        while True:
            with _translated(target):
                async with asyncio.timeout(self._silence):
                    chunk = await response.content.readany()
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.removesuffix(b"\r")
            if len(rest) > MAX_LINE_BYTES:
                raise Refused(f"{target.host} sends a line longer than {MAX_LINE_BYTES} bytes", permanent=False)

    @asynccontextmanager
    async def messages(
        self, url: str, *, headers: Mapping[str, str] | None = None, allow_private: bool = False
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the messages of a WebSocket as they come; `url` begins with http or https. Raises as `lines`."""
        private = allow_private or self._allow_private
        target = checked_url(url, allow_private=private)
        session = self._session(private)
        with _translated(target, check=self._check):
            async with asyncio.timeout(CONNECT_DEADLINE.total_seconds()):
                # Without compression: a message can then be no larger than what came.
                socket = await session.ws_connect(
                    target, headers=headers, compress=0, max_msg_size=MAX_MESSAGE_BYTES, heartbeat=30, timeout=_FAREWELL
                )
        async with socket:
            yield self._messages_of(socket, target)

    async def _messages_of(self, socket: "aiohttp.ClientWebSocketResponse[bool]", target: URL) -> AsyncIterator[bytes]:
        while True:
            with _translated(target):
                message = await socket.receive(timeout=self._silence)
            if message.type is aiohttp.WSMsgType.TEXT:
                yield message.data.encode()
            elif message.type is aiohttp.WSMsgType.BINARY:
                yield message.data
            elif message.type is aiohttp.WSMsgType.ERROR:
                raise Unreachable(f"{target.host} broke the rules of WebSockets: {str(message.data)[:200]}")
            else:
                return

    def _check(self, status: int, headers: Mapping[str, str], target: URL) -> None:
        """Raise RateLimited or Unreachable for a status that opens no stream."""
        if status in (429, 503):
            pause = retry_after(headers.get("Retry-After"), now=self._clock()) or SHORTEST_RETRY_AFTER
            raise RateLimited(f"{target.host} answered {status}: too many streams, or busy", retry_after=pause)
        if status != 200:
            refused = status in (401, 403)
            hint = "; the stream needs a token that may read it" if refused else ""
            raise Unreachable(f"{target.host} opened no stream (status {status}){hint}", permanent=refused)

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        if allow_private not in self._sessions:
            trace = aiohttp.TraceConfig()
            trace.on_request_redirect.append(_refuse_redirect)
            self._sessions[allow_private] = aiohttp.ClientSession(
                connector=GuardedConnector(self._resolve_host, allow_private=allow_private),
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
                auto_decompress=False,
                trust_env=False,
                trace_configs=[trace],
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._sessions[allow_private]


@contextmanager
def _translated(target: URL, check: Callable[[int, Mapping[str, str], URL], None] | None = None) -> Iterator[None]:
    """Turn what aiohttp and sockets raise into our errors; `check` judges the status of a refused handshake."""
    try:
        yield
    except CollectError:
        raise
    except InwardAddress as error:
        raise Refused(str(error), permanent=False) from error
    except TimeoutError as error:
        raise Unreachable(f"{target.host} was silent for too long") from error
    except aiohttp.WSServerHandshakeError as error:
        if check is not None:
            check(error.status, error.headers or {}, target)
        raise Unreachable(f"{target.host} speaks no WebSocket there") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        inward = inward_cause(error)
        if inward is not None:
            raise Refused(str(inward), permanent=False) from error
        raise Unreachable(f"the stream of {target.host} broke: {type(error).__name__}") from error


async def _refuse_redirect(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, told: aiohttp.TraceRequestRedirectParams
) -> None:
    """Stop a WebSocket's handshake that is led elsewhere: aiohttp would follow."""
    raise Unreachable(f"{told.url.host} led the stream elsewhere; give the address it leads to")
