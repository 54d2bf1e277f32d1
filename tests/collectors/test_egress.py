"""The guarded way out against a server that does everything wrong."""

import asyncio
import gzip
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collectors.egress import GuardedEgress
from collectors.errors import CollectError, RateLimited, Refused, Unreachable
from collectors.polite import Pace
from tests.collectors.hostile import (
    HostileServer,
    answers,
    drips,
    floods,
    gzip_bomb,
    hangs,
    hostile_server,
    raw,
    redirects,
    twice_packed,
)

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
FEED = b"<rss version='2.0'><channel><title>t</title><item><guid>1</guid></item></channel></rss>"


@pytest.fixture
async def server() -> Any:
    async with hostile_server() as running:
        yield running


@pytest.fixture
async def egress() -> Any:
    async with GuardedEgress(allow_private=True, deadline=timedelta(seconds=1), clock=lambda: NOW) as guarded:
        yield guarded


async def test_an_honest_answer_arrives_whole(server: HostileServer, egress: GuardedEgress) -> None:
    answer = await egress.get(server.on("/", answers(FEED, headers={"ETag": '"1"', "X-Two": "a"})))

    assert (answer.status, answer.body, answer.complete) == (200, FEED, True)
    assert answer.headers["etag"] == '"1"'
    assert answer.moved_to is None
    assert server.requests[0].headers["accept-encoding"] == "gzip"
    assert server.requests[0].headers["user-agent"].startswith("Earshot/")


async def test_not_modified_is_an_answer(server: HostileServer, egress: GuardedEgress) -> None:
    url = server.on("/", raw(b'HTTP/1.1 304 Not Modified\r\nETag: "2"\r\n\r\n'))

    answer = await egress.get(url, headers={"If-None-Match": '"2"'})

    assert (answer.status, answer.body) == (304, b"")
    assert server.requests[0].headers["if-none-match"] == '"2"'


@pytest.mark.parametrize(
    "habit",
    [
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        drips(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        drips(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\ny\r\n"),
        hangs(),
    ],
    ids=["body", "headers", "endless 1xx", "chunks", "silence"],
)
async def test_one_total_deadline_ends_what_drips(habit: Any, server: HostileServer) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()

    async with GuardedEgress(allow_private=True, deadline=timedelta(seconds=0.4)) as hurried:
        with pytest.raises(Unreachable, match=r"within 0.4 s|no answer"):
            await hurried.get(server.on("/", habit))

    assert loop.time() - started < 1.5


async def test_twenty_dripping_hosts_do_not_delay_the_others(server: HostileServer, egress: GuardedEgress) -> None:
    slow = server.on("/slow", drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"))
    good = server.on("/good", answers(FEED))
    dripping = [asyncio.ensure_future(egress.get(slow)) for _ in range(20)]

    found = await asyncio.gather(*(egress.get(good) for _ in range(50)))

    assert all(answer.body == FEED for answer in found)
    assert not any(task.done() for task in dripping)
    outcomes = await asyncio.gather(*dripping, return_exceptions=True)
    assert all(isinstance(outcome, Unreachable) for outcome in outcomes)


async def test_header_flood_is_ended(server: HostileServer, egress: GuardedEgress) -> None:
    with pytest.raises(Unreachable):
        await egress.get(server.on("/", floods(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 65536)))


@pytest.mark.parametrize("promise", ["Content-Length: 99999999", "Transfer-Encoding: chunked"])
async def test_more_than_ten_mebibytes_are_refused(promise: str, server: HostileServer, egress: GuardedEgress) -> None:
    wave = b"10000\r\n" + b"y" * 65536 + b"\r\n"

    with pytest.raises(Refused, match="more than 10 MiB"):
        await egress.get(server.on("/", floods(f"HTTP/1.1 200 OK\r\n{promise}\r\n\r\n".encode(), wave)))


async def test_gzip_is_decoded(server: HostileServer, egress: GuardedEgress) -> None:
    answer = await egress.get(server.on("/", answers(gzip.compress(FEED), headers={"Content-Encoding": "gzip"})))

    assert (answer.body, answer.complete) == (FEED, True)


async def test_a_coding_that_is_named_but_not_applied_is_forgiven(server: HostileServer, egress: GuardedEgress) -> None:
    answer = await egress.get(server.on("/", answers(FEED, headers={"Content-Encoding": "gzip"})))

    assert answer.body == FEED


async def test_gzip_bomb_stops_at_twenty_mebibytes(server: HostileServer, egress: GuardedEgress) -> None:
    url = server.on("/", answers(gzip_bomb(200), headers={"Content-Encoding": "gzip"}))

    with pytest.raises(Refused, match="unpacks to more than 20 MiB"):
        await egress.get(url)


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd", "deflate", "gzip,br", "aes128gcm"])
async def test_any_other_coding_is_refused(coding: str, server: HostileServer, egress: GuardedEgress) -> None:
    url = server.on("/", answers(twice_packed(FEED), headers={"Content-Encoding": coding}))

    with pytest.raises(Refused, match="only gzip was asked for"):
        await egress.get(url)


async def test_a_second_layer_inside_the_body_is_not_unpacked(server: HostileServer, egress: GuardedEgress) -> None:
    url = server.on("/", answers(twice_packed(FEED), headers={"Content-Encoding": "gzip"}))

    assert (await egress.get(url)).body[:2] == b"\x1f\x8b"


@pytest.mark.parametrize("part", range(0, len(FEED), 7))
async def test_a_body_shorter_than_promised_is_kept_and_marked(
    part: int, server: HostileServer, egress: GuardedEgress
) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(FEED)}\r\n\r\n".encode()

    answer = await egress.get(server.on("/", raw(head + FEED[:part])))

    assert (answer.body, answer.complete) == (FEED[:part], False)


@pytest.mark.parametrize("part", [1, 5, 11, 30])
async def test_cut_chunks_are_kept_and_marked(part: int, server: HostileServer, egress: GuardedEgress) -> None:
    body = b"5\r\n<rss>\r\n6\r\n</rss>\r\n"[:part]

    answer = await egress.get(server.on("/", raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)))

    assert not answer.complete
    assert b"<rss></rss>".startswith(answer.body)


@pytest.mark.parametrize("body", [FEED, b"<html><body>x</body></HTML>\n", b'{"items": []}\n', b"[1, 2]"])
async def test_a_body_that_only_the_closing_ends_is_whole_where_it_closes_itself(
    body: bytes, server: HostileServer, egress: GuardedEgress
) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    whole = await egress.get(server.on("/whole", raw(head + body)))
    cut = await egress.get(server.on("/cut", raw(head + body.rstrip()[:-2])))

    assert (whole.body, whole.complete) == (body, True)
    assert not cut.complete


@pytest.mark.parametrize("part", [5, 20, 60])
async def test_cut_gzip_keeps_what_could_be_decoded(part: int, server: HostileServer, egress: GuardedEgress) -> None:
    packed = gzip.compress(FEED)
    url = server.on("/", answers(packed[:part], headers={"Content-Encoding": "gzip"}))

    answer = await egress.get(url)

    assert not answer.complete
    assert FEED.startswith(answer.body)


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta(minutes=1)),
        ("-5", timedelta(minutes=1)),
        ("999999999999999999999", timedelta(hours=24)),
        ("Thu, 05 Mar 2026 13:00:00 GMT", timedelta(hours=1)),
        ("Thu, 05 Mar 2020 13:00:00 GMT", timedelta(minutes=1)),
        ("Thu, 05 Mar 2099 13:00:00 GMT", timedelta(hours=24)),
        ("soon", timedelta(minutes=1)),
    ],
)
async def test_too_many_requests_says_when_to_come_back(
    value: str, pause: timedelta, server: HostileServer, egress: GuardedEgress
) -> None:
    with pytest.raises(RateLimited) as caught:
        await egress.get(server.on("/", answers(status="429 Slow", headers={"Retry-After": value})))

    assert caught.value.retry_after == pause


async def test_busy_with_a_time_is_a_pause_and_without_is_a_failure(
    server: HostileServer, egress: GuardedEgress
) -> None:
    with pytest.raises(RateLimited):
        await egress.get(server.on("/a", answers(status="503 Busy", headers={"Retry-After": "90"})))
    with pytest.raises(Unreachable, match="503"):
        await egress.get(server.on("/b", answers(status="503 Busy")))


@pytest.mark.parametrize(
    ("status", "permanent"), [("410 Gone", True), ("404 No", False), ("500 Oh", False), ("403 No", False)]
)
async def test_a_bad_status_is_named(
    status: str, permanent: bool, server: HostileServer, egress: GuardedEgress
) -> None:
    with pytest.raises(Unreachable, match=status[:3]) as caught:
        await egress.get(server.on("/", answers(b"sorry", status=status)))

    assert caught.value.permanent is permanent


async def test_three_redirects_are_followed_and_a_fourth_is_not(server: HostileServer, egress: GuardedEgress) -> None:
    for step in range(4):
        server.on(f"/{step}", redirects(f"/{step + 1}"))
    server.on("/4", answers(FEED))

    assert (await egress.get(server.url("/1"))).body == FEED
    with pytest.raises(Unreachable, match="redirects"):
        await egress.get(server.url("/0"))


async def test_moved_for_good_is_reported_only_as_far_as_it_is_for_good(
    server: HostileServer, egress: GuardedEgress
) -> None:
    server.on("/old", redirects("/new", status="301 Moved"))
    server.on("/new", redirects("/today", status="302 Found"))
    server.on("/today", answers(FEED))

    answer = await egress.get(server.url("/old"))

    assert answer.moved_to == server.url("/new")
    assert answer.url == server.url("/today")
    assert (await egress.get(server.url("/new"))).moved_to is None


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://example.com/",
        "data:text/plain,x",
        "http://169.254.169.254/latest",
        "http://[fe80::1%25eth0]/",
        "http://user:secret@127.0.0.1/",
        "//127.0.0.1:25/",
    ],
)
async def test_every_redirect_is_vetted_again(location: str, server: HostileServer, egress: GuardedEgress) -> None:
    with pytest.raises(Refused):
        await egress.get(server.on("/", redirects(location)))


@pytest.mark.parametrize("location", ["", "http://[", "http://\udcff/", "///", "http://" + "a" * 70 + ".example/"])
async def test_a_redirect_to_nonsense_is_an_error_of_ours(
    location: str, server: HostileServer, egress: GuardedEgress
) -> None:
    line = b"Location: " + location.encode("utf-8", "surrogateescape")
    url = server.on("/", raw(b"HTTP/1.1 302 Found\r\n" + line + b"\r\nContent-Length: 0\r\n\r\n"))

    with pytest.raises(CollectError):
        await egress.get(url)


async def test_credentials_stay_with_their_origin(server: HostileServer, egress: GuardedEgress) -> None:
    server.on("/target", answers(FEED))
    server.on("/same", redirects("/target"))
    server.on("/other", redirects(server.url("/target", host="localhost")))
    sent = {"Authorization": "Bearer secret", "Cookie": "a=b", "If-None-Match": '"1"'}

    await egress.get(server.url("/same"), headers=sent)
    await egress.get(server.url("/other"), headers=sent)

    assert server.requests[1].headers["authorization"] == "Bearer secret"
    assert "authorization" not in server.requests[3].headers
    assert "cookie" not in server.requests[3].headers
    assert server.requests[3].headers["if-none-match"] == '"1"'


async def test_cookies_are_not_kept(server: HostileServer, egress: GuardedEgress) -> None:
    url = server.on("/", answers(FEED, headers={"Set-Cookie": "track=1"}))

    await egress.get(url)
    await egress.get(url)

    assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize(
    "junk", [b"", b"\x00" * 100, b"HTTP/9.9 abc\r\n\r\n", b"<html>", b"HTTP/1.1 200 OK\r\n: x\r\n\r\n"]
)
async def test_what_is_no_http_is_unreachable(junk: bytes, server: HostileServer, egress: GuardedEgress) -> None:
    with pytest.raises(Unreachable):
        await egress.get(server.on("/", raw(junk)))


async def test_a_host_that_asked_for_a_pause_is_left_alone(server: HostileServer) -> None:
    pace = Pace(timedelta(0))
    pace.rest("feeds.example", timedelta(minutes=5))

    async with GuardedEgress(pace=pace, resolve_host=_nowhere) as egress:
        with pytest.raises(RateLimited) as caught:
            await egress.get("http://feeds.example/feed")

    assert timedelta(minutes=4) < caught.value.retry_after <= timedelta(minutes=5)


async def test_a_pause_that_one_host_asked_for_holds_for_its_whole_domain(server: HostileServer) -> None:
    server.on("/", answers(b"", status="429 Slow", headers={"Retry-After": "120"}))

    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with GuardedEgress(allow_private=True, pace=Pace(timedelta(0)), resolve_host=here) as egress:
        with pytest.raises(RateLimited):
            await egress.get(server.url("/", host="shop.lantern.com.tw"))
        with pytest.raises(RateLimited, match=r"lantern\.com\.tw asked for a pause"):
            await egress.get(server.url("/", host="forum.lantern.com.tw"))
        # Another's domain, below the same suffix, is none of its business.
        with pytest.raises(RateLimited, match="answered 429"):
            await egress.get(server.url("/", host="moon.com.tw"))

    assert len(server.requests) == 2


async def _nowhere(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up")


async def test_an_answer_that_is_wanted_comes_with_its_body_whatever_its_status(
    server: HostileServer, egress: GuardedEgress
) -> None:
    url = server.on("/", answers(b'{"error": "no such app"}', status="404 No"))

    answer = await egress.get(url, answers=(404,))

    assert (answer.status, answer.body) == (404, b'{"error": "no such app"}')


async def test_a_wanted_429_rests_the_host_all_the_same(server: HostileServer) -> None:
    # A public name that leads to this machine is paced like any; the guard is told that it may go there.
    pace, url = Pace(timedelta(0)), server.on("/", answers(b"{}", status="429 Slow", headers={"Retry-After": "120"}))

    async with GuardedEgress(allow_private=True, pace=pace) as egress:
        assert (await egress.get(url, answers=(429,))).status == 429

    with pytest.raises(RateLimited):
        async with pace.turn("127.0.0.1"):
            pass


async def test_what_is_posted_is_bounded_like_what_is_got(server: HostileServer, egress: GuardedEgress) -> None:
    with pytest.raises(Refused, match="more than 10 MiB"):
        await egress.post(server.on("/", floods(b"HTTP/1.1 200 OK\r\n\r\n", b"y" * 65536)), body=b"{}")
    with pytest.raises(Unreachable, match="within 1 s"):
        await egress.post(server.on("/", hangs()), body=b"{}")


async def test_nothing_is_posted_inward(server: HostileServer) -> None:
    async with GuardedEgress() as egress:
        with pytest.raises(Refused):
            await egress.post(server.on("/", answers(b"")), body=b"{}")

    assert server.requests == []
