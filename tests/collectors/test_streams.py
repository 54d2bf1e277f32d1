"""Connections that stay open, to places that behave and to places that do not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from collectors.errors import RateLimited, Refused, Unreachable
from collectors.streams import MAX_LINE_BYTES, MAX_MESSAGE_BYTES, GuardedStreams
from tests.collectors.hostile import HostileServer, answers, drips, floods, hostile_server, raw
from tests.streaming import Streaming, streaming

SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
SOON = timedelta(seconds=0.3)


@pytest.fixture
async def place() -> AsyncIterator[Streaming]:
    async with streaming() as opened:
        yield opened


@pytest.fixture
async def hostile() -> AsyncIterator[HostileServer]:
    async with hostile_server() as server:
        yield server


async def lines(url: str, *, most: int = 3, silence: timedelta = SOON, allow_private: bool = True) -> list[bytes]:
    """Return the first lines of a stream."""
    found: list[bytes] = []
    async with (
        GuardedStreams(silence=silence) as streams,
        streams.lines(url, allow_private=allow_private) as said,
    ):
        async for line in said:
            found.append(line)
            if len(found) == most:
                break
    return found


async def messages(url: str, *, most: int = 1, allow_private: bool = True) -> list[bytes]:
    """Return the first messages of a WebSocket."""
    found: list[bytes] = []
    async with (
        GuardedStreams(silence=SOON) as streams,
        streams.messages(url, allow_private=allow_private) as said,
    ):
        async for message in said:
            found.append(message)
            if len(found) == most:
                break
    return found


async def test_lines_come_whole_however_they_are_cut(hostile: HostileServer) -> None:
    async def habit(_: object, writer: asyncio.StreamWriter) -> None:
        for part in (SSE, b"data: a", b"b\r\n", b"\ndata", b": \xe8\x8c", b"\xb6\n"):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    assert await lines(hostile.on("/sse", habit)) == [b"data: ab", b"", "data: 茶".encode()]


async def test_messages_come_as_they_are_said(place: Streaming) -> None:
    place.greeting = [{"a": 1}, b"two"]

    assert await messages(f"{place.url}/subscribe", most=2) == [b'{"a": 1}', b"two"]


async def test_the_end_of_a_stream_is_an_end(place: Streaming) -> None:
    place.greeting = [b"one", None]

    assert await messages(f"{place.url}/subscribe", most=9) == [b"one"]


async def test_silence_ends_a_stream(place: Streaming) -> None:
    with pytest.raises(Unreachable, match="silent"):
        await messages(f"{place.url}/subscribe")
    with pytest.raises(Unreachable, match="silent"):
        await lines(f"{place.url}/api/v1/streaming/public")


async def test_a_line_without_end_is_refused(hostile: HostileServer) -> None:
    with pytest.raises(Refused, match="longer than"):
        await lines(hostile.on("/flood", floods(SSE, b"x" * 65_536)))


async def test_a_message_too_large_is_refused(place: Streaming) -> None:
    place.greeting = [b"x" * (MAX_MESSAGE_BYTES + 1)]

    assert MAX_LINE_BYTES == 2**20
    with pytest.raises(Unreachable, match="broke the rules"):
        await messages(f"{place.url}/subscribe")


async def test_a_head_that_drips_ends_at_the_deadline(hostile: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.streams.CONNECT_DEADLINE", SOON)
    with pytest.raises(Unreachable, match="silent"):
        await lines(hostile.on("/drip", drips(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n")))


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_place_is_a_pause(place: Streaming, status: int) -> None:
    place.status, place.headers = status, {"Retry-After": "120"}
    for ask in (messages(f"{place.url}/subscribe"), lines(f"{place.url}/api/v1/streaming/public")):
        with pytest.raises(RateLimited) as busy:
            await ask

        assert busy.value.retry_after == timedelta(minutes=2)


async def test_a_stream_that_needs_a_token_says_so(place: Streaming) -> None:
    place.status = 401
    for ask in (messages(f"{place.url}/subscribe"), lines(f"{place.url}/api/v1/streaming/public")):
        with pytest.raises(Unreachable, match="needs a token") as refused:
            await ask

        assert refused.value.permanent


async def test_nothing_inward_is_reached_without_leave(place: Streaming) -> None:
    for path in ("/subscribe", "/api/v1/streaming/public"):
        for address in (place.url, place.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")):
            with pytest.raises(Refused):
                await (messages if path == "/subscribe" else lines)(f"{address}{path}", allow_private=False)

    assert place.paths == []


async def test_a_name_that_leads_inward_is_refused_when_it_is_connected_to(place: Streaming) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    port = place.url.rpartition(":")[2]
    async with GuardedStreams(resolve_host=resolve) as streams:
        with pytest.raises(Refused, match="not a public address"):
            async with streams.messages(f"http://stream.example:{port}/subscribe"):
                pass
        with pytest.raises(Refused, match="not a public address"):
            async with streams.lines(f"http://stream.example:{port}/api/v1/streaming/public"):
                pass

    assert place.paths == []


async def test_a_stream_is_led_nowhere_else(place: Streaming) -> None:
    async with streaming() as other:
        place.elsewhere = f"{other.url}/subscribe"
        with pytest.raises(Unreachable, match="elsewhere"):
            await messages(f"{place.url}/subscribe")
        with pytest.raises(Unreachable, match="302"):
            await lines(f"{place.url}/api/v1/streaming/public")

        assert other.paths == []


async def test_what_speaks_no_websocket_is_an_error(hostile: HostileServer) -> None:
    for url in (hostile.on("/page", answers(b"<html>")), hostile.on("/junk", raw(b"\x00\xff\r\n\r\n"))):
        with pytest.raises(Unreachable):
            await messages(url)
