"""Connections to vetted addresses only: the lower half of the guarded way out."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from collectors.addresses import is_allowed

#: Gives every literal address of a host.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class InwardAddress(OSError):
    """A name or connection led to an address that is not public."""


async def resolve(host: str, port: int) -> list[str]:
    """Return every address the system's resolver knows for the host. Raises OSError."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


class _VettedResolver(AbstractResolver):
    """Resolves once per connection; one forbidden address spoils the whole answer."""

    def __init__(self, resolve_host: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve_host
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._resolve(host, port)
        for address in addresses:
            if not is_allowed(address, allow_private=self._allow_private):
                raise InwardAddress(f"{host} leads to {address}, which is not a public address")
        if not addresses:
            raise OSError(f"{host} has no address")
        return [_resolved(host, address, port) for address in addresses]

    async def close(self) -> None:
        return None


async def open_stream(
    host: str,
    port: int,
    *,
    resolve_host: Resolve,
    allow_private: bool,
    tls: ssl.SSLContext | None,
    max_line_bytes: int,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to the first vetted address that takes one. Raises InwardAddress or OSError."""
    found = await _VettedResolver(resolve_host, allow_private=allow_private).resolve(host, port)
    for place, one in enumerate(found):
        try:
            reader, writer = await asyncio.open_connection(
                one["host"], port, ssl=tls, server_hostname=host if tls else None, limit=max_line_bytes
            )
        except ssl.SSLError:
            raise
        except OSError:
            if place + 1 == len(found):
                raise
            continue
        peer = writer.get_extra_info("peername")
        if not peer or not is_allowed(str(peer[0]), allow_private=allow_private):
            writer.transport.abort()
            raise InwardAddress(f"{host} led to {peer and peer[0]}, which is not a public address")
        return reader, writer
    raise OSError(f"{host} has no address")


def _resolved(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


class GuardedConnector(aiohttp.TCPConnector):
    """Opens connections to vetted addresses only, and looks at the peer once more before anything is sent."""

    def __init__(self, resolve_host: Resolve, *, allow_private: bool) -> None:
        super().__init__(
            resolver=_VettedResolver(resolve_host, allow_private=allow_private),
            use_dns_cache=False,
            socket_factory=self._open_socket,
            limit=0,
        )
        self._private_allowed = allow_private

    def _open_socket(self, info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        self._vet(str(address[0]))
        return socket.socket(family, kind, protocol)

    def _vet(self, address: str) -> None:
        if not is_allowed(address, allow_private=self._private_allowed):
            raise InwardAddress(f"{address} is not a public address")

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:  # noqa: ASYNC109
        connection = await super().connect(req, traces, timeout)
        peer = connection.transport.get_extra_info("peername") if connection.transport else None
        try:
            if peer:
                self._vet(str(peer[0]))
        except InwardAddress:
            connection.close()
            raise
        return connection
