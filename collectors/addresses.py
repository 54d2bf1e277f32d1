"""Which addresses the guarded way out may connect to."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from collectors.errors import Refused

_MAX_URL_CHARS = 4_096

# What Python's `is_global` lets through or judges by another register: carrier-grade NAT, protocol assignments,
# documentation, benchmarking, 6to4 relays and every IPv6 form that carries an IPv4 address inside.
_NOT_PUBLIC = tuple(
    ip_network(net)
    for net in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
    )
)  # fmt: skip
#: What `allow_private` opens: this machine and the networks people number themselves.
_PRIVATE = tuple(
    ip_network(net)
    for net in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7")
)
#: Cloud machines hand out credentials here; refused even with `allow_private`, as is all of 169.254/16.
_METADATA = frozenset({ip_address("fd00:ec2::254"), ip_address("100.100.100.200"), ip_address("192.0.0.192")})

# Ports of well-known services that take a request for a command, above the privileged range.
_REFUSED_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 2375, 3659, 4045, 5060, 5061, 6000, 6379, 6566, 6697, 10080, 11211, *range(6665, 6670)}
)
# A number read as an IPv4 address by some resolvers: 127.1, 0x7f.1, 2130706433, 017700000001.
_NUMERIC_HOST = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+))*\.?", re.IGNORECASE)


def is_allowed(address: str, *, allow_private: bool = False) -> bool:
    """Say whether this literal address may be connected to: global, or private where that is allowed."""
    try:
        # A zone id names an interface of this machine; only link-local addresses have one.
        literal = ip_address(address)
    except ValueError:
        return False
    if isinstance(literal, IPv6Address):
        if literal.scope_id is not None:
            return False
        literal = literal.ipv4_mapped or literal
    if literal in _METADATA:
        return False
    if allow_private and _within(literal, _PRIVATE):
        return True
    return (
        literal.is_global
        and not (literal.is_multicast or literal.is_reserved or literal.is_private or literal.is_link_local)
        and not _within(literal, _NOT_PUBLIC)
    )


def _within(literal: IPv4Address | IPv6Address, nets: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(literal.version == net.version and literal in net for net in nets)


def checked_url(address: str, *, allow_private: bool = False) -> URL:
    """Return the parsed address if the guarded way out may ask it at all. Raises Refused."""
    if len(address) > _MAX_URL_CHARS:
        raise Refused(f"the address is longer than {_MAX_URL_CHARS} characters")
    try:
        url = URL(address.strip())
        scheme, host, port = url.scheme, url.raw_host or "", url.port
    except (ValueError, UnicodeError) as error:
        raise Refused(f"not an address: {error}") from error
    if scheme not in {"http", "https"}:
        raise Refused(f"only http and https addresses are asked, not {scheme or 'one without a scheme'}:")
    if not host:
        raise Refused("the address has no host")
    if url.raw_user is not None or url.raw_password is not None:
        raise Refused("the address carries a user name or password before an @; leave it out")
    if port not in {80, 443} and (port is None or port < 1024 or port in _REFUSED_PORTS):
        raise Refused(f"port {port} is not one that web servers answer on")
    _check_host(host, allow_private=allow_private)
    return url


def checked_server(host: str, port: int, *, allow_private: bool, standard: Collection[int]) -> tuple[str, int]:
    """Return host and port of a server that does not speak HTTP, if it may be asked at all: on one of its standard
    ports or an unprivileged one. Raises Refused."""
    host = host.strip().rstrip(".")
    if not host or len(host) > 253 or not re.fullmatch(r"[\w.:-]+", host):
        raise Refused(f"{host[:60]!r} is no name of a server")
    if port not in standard and (port < 1024 or port > 65_535 or port in _REFUSED_PORTS):
        raise Refused(f"port {port} is not one that such servers answer on")
    _check_host(host, allow_private=allow_private)
    return host, port


def _check_host(host: str, *, allow_private: bool) -> None:
    """Raise Refused for a host that is a literal address which may not be connected to."""
    if "%" in host:
        raise Refused(f"{host} names an interface of this machine")
    try:
        ip_address(host)
    except ValueError:
        if _NUMERIC_HOST.fullmatch(host):
            raise Refused(f"{host} is a number, not a name or an ordinary address") from None
        return
    if not is_allowed(host, allow_private=allow_private):
        raise Refused(f"{host} is not a public address")


def is_inward(host: str) -> bool:
    """Say whether a host is private by its very name or literal."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))
    return not is_allowed(host)
