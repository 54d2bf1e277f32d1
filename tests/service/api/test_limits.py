"""How often somebody may ask, over two web processes, and answers that need not be sent again."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from service.store.access import Scope
from service.store.pool import Connection
from tests.service.api.conftest import client_of, key_with, running

LIMIT = 40
#: The beginning of the next minute, so that no minute ends within a test.
NEXT_MINUTE = """
    update mock.clock
    set shift = date_trunc('minute', pg_catalog.now()) + interval '1 minute' - pg_catalog.now() + $1::interval
"""


@pytest.fixture
def small(database_url: str) -> FastAPI:
    return create_app(Settings(database_url=database_url, rate_limit=LIMIT))


async def test_two_processes_give_no_more_than_the_limit_together(
    small: FastAPI, database_url: str, conn: Connection
) -> None:
    await conn.execute(NEXT_MINUTE, timedelta(0))
    other = create_app(Settings(database_url=database_url, rate_limit=LIMIT))
    key = await key_with(conn, Scope.READ)
    async with running(small), running(other), client_of(small, key) as one, client_of(other, key) as two:
        answers = [await (one, two)[n % 2].get("/api/v1/brands") for n in range(LIMIT + 10)]
        stranger = await one.get("/api/v1/brands", headers={"authorization": "Bearer earshot_a_b"})
        await conn.execute(NEXT_MINUTE, timedelta(minutes=1))
        later = await one.get("/api/v1/brands")

    refused = [one for one in answers if one.status_code == 429]
    assert 10 <= len(refused) <= 14
    assert refused[0].headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused[0].headers["retry-after"]) <= 60
    assert refused[0].headers["ratelimit"].startswith('"minute";r=0;t=')
    assert answers[0].headers["ratelimit-policy"] == f'"minute";q={LIMIT};w=60'
    assert answers[0].headers["ratelimit"].startswith(f'"minute";r={LIMIT - 1};')
    assert stranger.status_code == 401
    assert later.status_code == 200


async def test_a_stranger_who_guesses_keys_is_slowed_down(small: FastAPI, conn: Connection) -> None:
    await conn.execute(NEXT_MINUTE, timedelta(0))
    async with running(small), client_of(small, "earshot_a_b") as guesser:
        codes = [(await guesser.get("/api/v1/brands")).status_code for _ in range(LIMIT + 1)]

    assert codes == [401] * LIMIT + [429]


async def test_what_somebody_has_already_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/api/v1/brands")
    same = await client.get("/api/v1/brands", headers={"if-none-match": f'"other", {first.headers["etag"]}'})
    await client.post("/api/v1/brands", json={"name": "Lantern Tea"})
    changed = await client.get("/api/v1/brands", headers={"if-none-match": first.headers["etag"]})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]
