"""No address that leads inside is connected to, in whatever form it is written."""

import itertools
import socket
import sys
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.addresses import checked_url, is_allowed, is_inward
from collectors.egress import GuardedEgress
from collectors.errors import CollectError, Refused
from collectors.polite import Pace
from tests.collectors.hostile import answers, hostile_server

INWARD_LITERALS = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.127.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "203.0.113.5", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:a00:1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2001::1", "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1",
    "ff02::1", "100::1", "3fff::1", "5f00::1", "2606:4700::1%1", "", "nonsense",
]  # fmt: skip

INWARD_URLS = [
    "http://127.0.0.1/", "http://localhost/", "http://127.1/", "http://127.0.1/", "http://0x7f.1/", "http://0x7f000001/",
    "http://2130706433/", "http://017700000001/", "http://0177.0.0.1/", "http://0/", "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/", "http://127.0.0.1./", "http://localhost./", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://[fe80::1%25lo]/", "http://[fe80::1%lo]/", "http://169.254.169.254/latest/meta-data",
    "http://[fd00:ec2::254]/", "http://user:pass@example.com/", "http://example.com@127.0.0.1/", "http://:@127.0.0.1/",
    "http://127.0.0.1:80\\@example.com/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://example.com/",
    "javascript:alert(1)", "//127.0.0.1/", "/etc/passwd", "", "http://", "http:///x", "http://example.com:25/",
    "http://example.com:22/", "http://example.com:6379/", "http://example.com:0/", "http://example.com:99999/",
    "http://" + "a" * 5000 + ".example/", "http://[::1", "http://exa mple.com/", "HTTP://LOCALHOST/",
]  # fmt: skip


@pytest.mark.parametrize("address", INWARD_LITERALS)
def test_literal_is_not_public(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_literal_is_public(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.3.4", "fd12::1", "::ffff:10.0.0.1"])
def test_private_literal_is_allowed_only_on_request(address: str) -> None:
    assert is_allowed(address, allow_private=True)
    assert not is_allowed(address)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "fe80::1", "0.0.0.0", "224.0.0.1", "::"]
)
def test_metadata_and_link_local_are_never_allowed(address: str) -> None:
    assert not is_allowed(address, allow_private=True)


@pytest.mark.parametrize("url", INWARD_URLS)
async def test_no_form_of_an_inward_address_gets_out(url: str) -> None:
    connected: list[Any] = []
    _watch(connected)

    async with GuardedEgress() as egress:
        with pytest.raises(CollectError):
            await egress.get(url)

    assert connected == []


@pytest.mark.parametrize("host", [*filter(None, INWARD_LITERALS), "localhost", "127.1", "0x7f.1", "2130706433"])
async def test_no_stream_is_opened_inward(host: str) -> None:
    connected: list[Any] = []
    _watch(connected)

    async with GuardedEgress() as egress:
        with pytest.raises(CollectError):
            await egress.connect(host, 993, standard=(993,), tls=True)

    assert connected == []


@pytest.mark.parametrize("port", [25, 22, 6379, 0, 70_000])
async def test_no_stream_is_opened_to_a_port_of_another_service(port: int) -> None:
    async with GuardedEgress() as egress:
        with pytest.raises(Refused, match="port"):
            await egress.connect("mail.example", port, standard=(993,), tls=True)


async def test_one_inward_address_of_many_opens_no_stream() -> None:
    connected: list[Any] = []
    _watch(connected)

    async def mixed(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    async with GuardedEgress(resolve_host=mixed) as egress:
        with pytest.raises(Refused, match="not a public address"):
            await egress.connect("mail.example", 993, standard=(993,), tls=True)

    assert connected == []


async def test_one_inward_address_spoils_the_whole_answer() -> None:
    connected: list[Any] = []
    _watch(connected)

    async def mixed(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    async with GuardedEgress(resolve_host=mixed) as egress:
        with pytest.raises(Refused, match=r"127\.0\.0\.1") as caught:
            await egress.get("http://mixed.example/")

    assert connected == []
    assert not caught.value.permanent


async def test_a_rebinding_name_is_looked_up_once_and_never_reaches_us() -> None:
    turn = itertools.cycle(["192.0.2.9", "127.0.0.1"])
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [next(turn)]

    async with hostile_server() as server:
        server.on("/", answers(b"secret"))
        async with GuardedEgress(resolve_host=rebinding, pace=Pace(spacing=_NO_TIME)) as egress:
            for _ in range(200):
                with pytest.raises(Refused):
                    await egress.get(server.url("/", host="rebind.example"))

    assert len(asked) == 200
    assert server.requests == []


async def test_a_private_connection_is_not_reused_for_a_request_that_may_not_have_it() -> None:
    async def inward(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with hostile_server() as server, GuardedEgress(resolve_host=inward, pace=Pace(spacing=_NO_TIME)) as egress:
        server.on("/", answers(b"ok"))
        url = server.url("/", host="inside.example")

        assert (await egress.get(url, allow_private=True)).body == b"ok"
        with pytest.raises(Refused):
            await egress.get(url)

    assert len(server.requests) == 1


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile_server() as proxy, hostile_server() as server:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        async with GuardedEgress(allow_private=True) as egress:
            answer = await egress.get(server.on("/", answers(b"direct")))

    assert answer.body == b"direct"
    assert proxy.requests == []


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for candidate in (text, f"http://{text}", f"http://{text}/", f"https://[{text}]/"):
        try:
            url = checked_url(candidate)
        except Refused:
            continue

        assert url.scheme in {"http", "https"}


@given(st.ip_addresses())
def test_no_private_address_passes(address: Any) -> None:
    if is_allowed(str(address)):
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    ("host", "inward"), [("localhost", True), ("db", True), ("10.0.0.1", True), ("8.8.8.8", False)]
)
def test_a_host_can_be_known_for_private_by_its_name(host: str, inward: bool) -> None:
    assert is_inward(host) is inward


_watchers: list[list[Any]] = []
_NO_TIME = timedelta(0)


def _watch(connected: list[Any]) -> None:
    """Record every connection this process opens from now on (an audit hook cannot be taken away again)."""
    if not _watchers:
        sys.addaudithook(_record)
    _watchers[:] = [connected]


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[0], socket.socket):
        for connected in _watchers:
            connected.append(arguments[1])
