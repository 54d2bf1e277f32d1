"""The one guarded way out.

Nothing in Earshot asks an address that someone else wrote except through here. Every address a name resolves to must
be public, the socket connects to the literal that was checked, and the peer is checked again. One total deadline, one
cap on the wire and one on what is decoded bound every request; redirects are followed by hand, each vetted like the
first. `allow_private` opens loopback and self-numbered networks for one request, never link-local addresses.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from collectors.addresses import checked_server, checked_url, is_inward
from collectors.body import read_body
from collectors.domains import domain_of
from collectors.errors import RateLimited, Refused, Unreachable
from collectors.guard import GuardedConnector, InwardAddress, Resolve, open_stream, resolve
from collectors.polite import SHORTEST_RETRY_AFTER, Pace, retry_after
from collectors.types import Answer

USER_AGENT = "Earshot/0.1 (+feed reader; self-hosted review monitoring)"
DEADLINE = timedelta(seconds=20)
MAX_REDIRECTS = 3
#: Of a stream: the numbers of half a million mails fit.
MAX_LINE_BYTES = 4 * 1024 * 1024

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_QUERY = re.compile(r"\?[^\s'\")>]+")
_PERMANENT_REDIRECTS = frozenset({301, 308})
#: What may go along to another origin; anything else could be a credential.
_HARMLESS = frozenset({"accept", "accept-language", "if-none-match", "if-modified-since", "user-agent"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hop:
    """One answer on the way: the last one, or a redirect with where it leads."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    complete: bool = True
    location: str | None = None


class GuardedEgress:
    """Implements `collectors.types.Egress`; close it, or use it as an async context manager."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        deadline: timedelta = DEADLINE,
        pace: Pace | None = None,
        resolve_host: Resolve = resolve,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        user_agent: str = USER_AGENT,
    ) -> None:
        """`allow_private` allows it for every request; `clock` is asked only to read a Retry-After date."""
        self._allow_private = allow_private
        self._deadline = deadline.total_seconds()
        self._pace = pace or Pace()
        self._resolve_host = resolve_host
        self._clock = clock
        self._user_agent = user_agent
        # Two pools, so that no connection into a private network is ever reused for a request that may not enter it.
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        answers: Collection[int] = (),
    ) -> Answer:
        """Fetch `url`, following at most three redirects. 200s, 304 and `answers` are answers; raises Refused,
        RateLimited or Unreachable (the message holds the status; 410 is permanent). Waiting for the host's turn is not
        counted against the deadline."""
        private = allow_private or self._allow_private
        target = checked_url(url, allow_private=private)
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        left, loop = self._deadline, asyncio.get_running_loop()
        moved_to, settled, same_domain = None, False, False
        for _ in range(MAX_REDIRECTS + 1):
            async with self._turn(target, private=private, at_once=same_domain):
                started = loop.time()
                hop = await self._hop(target, sent, allow_private=private, seconds=left, wanted=answers)
                left -= loop.time() - started
            if hop.location is None:
                return self._answer(hop, target, moved_to, answers)
            following = _followed(target, hop.location, allow_private=private)
            sent = _headers_along(target, following, sent)
            settled = settled or hop.status not in _PERMANENT_REDIRECTS
            moved_to = moved_to if settled else str(following)
            target, same_domain = following, _domain(following) == _domain(target)
        raise Unreachable(f"more than {MAX_REDIRECTS} redirects")

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        answers: Collection[int] = (),
    ) -> Answer:
        """Send `body` to `url` once, bounded like `get`. A redirect is an error: what was posted goes nowhere else."""
        private = allow_private or self._allow_private
        target = checked_url(url, allow_private=private)
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        async with self._turn(target, private=private, at_once=False):
            hop = await self._hop(
                target, sent, allow_private=private, seconds=self._deadline, wanted=answers, posted=body
            )
        if hop.location is not None:
            raise Unreachable(f"{target.host} answered what was sent with a redirect (status {hop.status})")
        return self._answer(hop, target, None, answers)

    async def connect(
        self, host: str, port: int, *, standard: Collection[int], tls: bool, allow_private: bool = False
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a stream to a vetted address, certificates checked (SSL_CERT_FILE names a private authority)."""
        private = allow_private or self._allow_private
        host, port = checked_server(host, port, allow_private=private, standard=standard)
        context = ssl.create_default_context() if tls else None
        try:
            async with asyncio.timeout(self._deadline):
                return await open_stream(
                    host,
                    port,
                    resolve_host=self._resolve_host,
                    allow_private=private,
                    tls=context,
                    max_line_bytes=MAX_LINE_BYTES,
                )
        except InwardAddress as error:
            raise Refused(str(error), permanent=False) from error
        except TimeoutError as error:
            raise Unreachable(f"{host} did not take a connection within {self._deadline:g} s") from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"no connection to {host}:{port}: {_said(error)}") from error

    def _turn(self, url: URL, *, private: bool, at_once: bool) -> AbstractAsyncContextManager[None]:
        """Return the domain's turn; a private host that may be asked is our own and needs no pacing."""
        if private and is_inward(url.raw_host or ""):
            return nullcontext()
        return self._pace.turn(_domain(url), at_once=at_once)

    async def _hop(
        self,
        url: URL,
        headers: Mapping[str, str],
        *,
        allow_private: bool,
        seconds: float,
        wanted: Collection[int],
        posted: bytes | None = None,
    ) -> _Hop:
        """Ask one address once. Raises Refused or Unreachable."""
        session, method = self._session(allow_private), "GET" if posted is None else "POST"
        try:
            async with asyncio.timeout(max(seconds, 0)):
                async with session.request(
                    method, url, headers=headers, data=posted, allow_redirects=False
                ) as response:
                    return await self._read(response, wanted)
        except InwardAddress as error:
            # Not permanent: a name may lead elsewhere tomorrow.
            raise Refused(str(error), permanent=False) from error
        except TimeoutError as error:
            raise Unreachable(f"{url.host} did not finish within {self._deadline:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            inward = inward_cause(error)
            if inward is not None:
                raise Refused(str(inward), permanent=False) from error
            raise Unreachable(f"no answer from {url.host}: {_said(error)}") from error

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        if allow_private not in self._sessions:
            self._sessions[allow_private] = aiohttp.ClientSession(
                connector=GuardedConnector(self._resolve_host, allow_private=allow_private),
                headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip"},
                auto_decompress=False,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                # Our own total deadline counts; a limit per read would only hide which one ended a request.
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._sessions[allow_private]

    async def _read(self, response: aiohttp.ClientResponse, wanted: Collection[int]) -> _Hop:
        """Return the answer with its body, or the redirect without."""
        headers = _joined(response)
        if response.status in _REDIRECTS:
            location = headers.get("location")
            response.close()
            if not location:
                raise Unreachable(f"status {response.status} without a place to go")
            return _Hop(status=response.status, headers=headers, location=location)
        if not 200 <= response.status < 300 and response.status not in wanted:
            response.close()
            return _Hop(status=response.status, headers=headers)
        body, complete = await read_body(response, headers)
        return _Hop(status=response.status, headers=headers, body=body, complete=complete)

    def _answer(self, hop: _Hop, url: URL, moved_to: str | None, wanted: Collection[int]) -> Answer:
        """Return the answer. Raises RateLimited or Unreachable for a status that is none."""
        status, host = hop.status, url.raw_host or ""
        pause = retry_after(hop.headers.get("retry-after"), now=self._clock())
        busy = status == 429 or (status == 503 and pause is not None)
        if busy:
            # The domain rests for all its sources, whoever reads what it said.
            self._pace.rest(_domain(url), pause or SHORTEST_RETRY_AFTER)
        if status == 304 or 200 <= status < 300 or status in wanted:
            return Answer(
                status=status,
                headers=hop.headers,
                body=hop.body,
                url=str(url),
                moved_to=moved_to,
                complete=hop.complete,
            )
        if busy:
            raise RateLimited(
                f"{host} answered {status}: too many requests or busy", retry_after=pause or SHORTEST_RETRY_AFTER
            )
        raise Unreachable(f"{host} answered with status {status}", permanent=status == 410)


def _domain(url: URL) -> str:
    return domain_of(url.host or "")


def _joined(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Return the headers with lower-case names, a repeated one joined."""
    joined: dict[str, str] = {}
    for name, value in response.headers.items():
        lower = name.lower()
        joined[lower] = f"{joined[lower]}, {value}" if lower in joined else value
    return joined


def _followed(target: URL, location: str, *, allow_private: bool) -> URL:
    """Return where a redirect leads, vetted like a first address. Raises Refused or Unreachable."""
    try:
        # A header's bytes that are no UTF-8 arrive as lone surrogates.
        following = str(target.join(URL(location.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))))
    except (ValueError, UnicodeError) as error:
        raise Unreachable(f"redirected to {_masked(location)[:200]!r}, which is not an address") from error
    return checked_url(following, allow_private=allow_private)


def _headers_along(target: URL, following: URL, sent: dict[str, str]) -> dict[str, str]:
    """Return what may be sent to the next address. Raises Refused where credentials would travel in the clear."""
    harmless = {name: value for name, value in sent.items() if name in _HARMLESS}
    if target.origin() == following.origin():
        return sent
    if target.scheme == "https" and following.scheme == "http" and harmless != sent:
        raise Refused("redirected from https to http while credentials are sent")
    return harmless


def inward_cause(error: BaseException) -> InwardAddress | None:
    """Return the refusal inside an error of aiohttp's, which wraps what resolvers and sockets raise."""
    seen: list[BaseException | None] = [error]
    for _ in range(6):
        cause = seen[-1]
        if cause is None or isinstance(cause, InwardAddress):
            return cause
        # A connection error keeps the operating system's one as an attribute too.
        seen.append(getattr(cause, "os_error", None) or cause.__cause__ or cause.__context__)
    return None


def _said(error: BaseException) -> str:
    """Return an error in a line."""
    return f"{type(error).__name__}: {_masked(str(error))[:200]}".replace("\n", " ").rstrip(": ")


def _masked(text: str) -> str:
    """Return the text without the queries of addresses in it: they can hold keys."""
    return _QUERY.sub("?…", text)
