"""Two web processes on one database, as two machines would run them: what one of them was told, the other keeps to."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import httpx
import pytest

from service.store.access import Scope
from service.store.pool import Connection
from tests.places import free_port
from tests.service import programs
from tests.service.api.conftest import Place, key_with
from tests.service.api.test_limits import LIMIT, NEXT_MINUTE
from tests.service.waiting import until

pytestmark = pytest.mark.slow
#: What one process is told reaches the streams of the other within this time, on a machine that has much else to do.
_SOON = 5.0
_ITEMS = [{"id": "a", "text": "The soup was cold.", "published_at": "2026-03-05T12:00:00Z"}]


@contextmanager
def _serving(database_url: str) -> Iterator[int]:
    """Run `earshot serve` while in use; give its port."""
    port = free_port()
    settings = {
        "EARSHOT_DATABASE_URL": database_url,
        "EARSHOT_PORT": str(port),
        "EARSHOT_RATE_LIMIT": str(LIMIT),
    }
    with programs.started("serve", settings=settings):
        yield port


@pytest.fixture
async def addresses(database_url: str, conn: Connection) -> AsyncIterator[Sequence[str]]:
    """The addresses of two processes that answer and hear what the database tells."""
    await conn.execute(NEXT_MINUTE, timedelta(0))
    with ExitStack() as stack:
        ports = [stack.enter_context(_serving(database_url)) for _ in range(2)]
        found = [f"http://127.0.0.1:{port}" for port in ports]
        async with httpx.AsyncClient() as client:

            async def are_there() -> bool:
                try:
                    codes = [(await client.get(f"{address}/healthz")).status_code for address in found]
                except httpx.TransportError:
                    return False
                listening = (
                    "select count(*) from pg_stat_activity where datname = current_database() and query ilike $1"
                )
                return codes == [200, 200] and await conn.fetchval(listening, "listen %") == 2

            await until(are_there, within=120, what="both processes")
        yield found


def _client(address: str, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=30)


async def test_a_key_that_is_revoked_at_one_is_refused_at_the_other_and_its_stream_ends(
    addresses: Sequence[str], conn: Connection, place: Place
) -> None:
    admin, reader = await key_with(conn, Scope.ADMIN), await key_with(conn, Scope.READ)
    here, there = addresses
    async with _client(here, admin) as ours, _client(there, reader) as theirs:
        before = await theirs.get("/api/v1/brands")
        async with theirs.stream("GET", "/api/v1/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "retry: 3000"
            revoked = await ours.delete(f"/api/v1/keys/{reader.split('_')[1]}")
            after = await theirs.get("/api/v1/brands")
            async with asyncio.timeout(_SOON):
                rest = [line async for line in lines]

    assert (before.status_code, revoked.status_code, after.status_code) == (200, 204, 401)
    assert [line for line in rest if line] == []


async def test_what_one_takes_in_the_other_answers_again_and_tells_of(
    addresses: Sequence[str], conn: Connection, place: Place
) -> None:
    key, body = await key_with(conn, Scope.READ, Scope.WRITE), {"brand": str(place.brand_id), "items": _ITEMS}
    here, there = (_client(address, key) for address in addresses)
    async with here, there, there.stream("GET", "/api/v1/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 3000"
        once = {"Idempotency-Key": "one"}
        first = await here.post("/api/v1/mentions", json=body, headers=once)
        again = await there.post("/api/v1/mentions", json=body, headers=once)
        other = await there.post("/api/v1/mentions", json={**body, "source": "shop"}, headers=once)
        async with asyncio.timeout(_SOON):
            told = [line async for line in _until_mention(lines)]
        listed = await there.get("/api/v1/mentions")

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again.content == first.content
    assert told[-1] == f'data: {{"ids":["{first.json()["items"][0]["mention"]}"],"count":1}}'
    assert [one["text"] for one in listed.json()["items"]] == ["The soup was cold."]


async def _until_mention(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """Yield the lines up to what is told of a mention."""
    async for line in lines:
        yield line
        if line == "event: mention":
            yield await anext(lines)
            return


async def test_thirty_at_once_under_one_key_at_both_store_it_once(
    addresses: Sequence[str], conn: Connection, place: Place
) -> None:
    key, body = await key_with(conn, Scope.WRITE), {"brand": str(place.brand_id), "items": _ITEMS}
    here, there = (_client(address, key) for address in addresses)
    async with here, there:
        answers = await asyncio.gather(
            *(
                (here, there)[n % 2].post("/api/v1/mentions", json=body, headers={"Idempotency-Key": "k"})
                for n in range(30)
            )
        )

    assert {one.status_code for one in answers} <= {202, 409}
    assert len({one.content for one in answers if one.status_code == 202}) == 1
    assert await conn.fetchval("select count(*) from mention") == 1


async def test_both_together_give_no_more_than_the_limit(addresses: Sequence[str], conn: Connection) -> None:
    key = await key_with(conn, Scope.READ)
    here, there = (_client(address, key) for address in addresses)
    async with here, there:
        answers = [(await (here, there)[n % 2].get("/api/v1/brands")).status_code for n in range(LIMIT + 10)]

    assert set(answers) == {200, 429}
    assert LIMIT - 4 <= answers.count(200) <= LIMIT
