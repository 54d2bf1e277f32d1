"""Sending mentions in: stored before the answer, once however often they are sent."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from service.store import brand, clock
from service.store.access import Scope
from service.store.pool import Connection, Pool
from tests.service.api.conftest import Place, client_of, key_with, served

PUSH = "/api/v1/mentions"
BRAND = "Lantern Noodles"


@pytest.fixture(autouse=True)
async def watched(conn: Connection) -> None:
    await brand.ensure(conn, BRAND, now=await clock.now(conn))


def item(key: str = "r-1", **given: Any) -> dict[str, Any]:
    return {"id": key, "text": "The soup was cold.", **given}


def body(*items: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"brand": BRAND, "items": list(items) or [item()], **given}


async def test_what_is_sent_is_stored_before_the_answer(client: httpx.AsyncClient, pool: Pool) -> None:
    whole = item(
        author={"name": "hungry_cat", "url": "https://shop.example/u/7"},
        published_at="2026-03-05T12:00:00+08:00",
        rating={"value": 1},
        language="zh-Hant",
        url="https://shop.example/r/1?utm_source=x",
        engagement={"likes": 3},
    )
    answer = await client.post(PUSH, json=body(whole))

    assert answer.status_code == 202, answer.text
    (done,) = answer.json()["items"]
    stored = (await client.get(f"{PUSH}/{done['mention']}")).json()
    assert (done["outcome"], stored["kind"], stored["source"]["name"], stored["site"]) == (
        "inserted",
        "webhook",
        "API",
        "API",
    )
    assert (stored["url"], stored["rating"]) == ("https://shop.example/r/1", {"value": 1.0, "scale": 5.0})
    assert stored["published_at"] == "2026-03-05T04:00:00Z"
    assert await pool.fetchval("select count(*) from analysis_todo") == 1
    assert await pool.fetchval("select count(*) from fetch_not_conserved") == 0


async def test_each_item_says_what_became_of_it(client: httpx.AsyncClient) -> None:
    await client.post(PUSH, json=body(item("1"), item("2")))
    answer = await client.post(PUSH, json=body(item("1"), item("2", text="The soup was warm."), item("3")))

    assert [one["outcome"] for one in answer.json()["items"]] == ["unchanged", "new_version", "inserted"]


async def test_a_key_sent_again_gets_the_same_answer_and_changes_nothing(client: httpx.AsyncClient, pool: Pool) -> None:
    headers = {"Idempotency-Key": "order-7"}
    first = await client.post(PUSH, json=body(), headers=headers)
    again = await client.post(PUSH, json=body(), headers=headers)

    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert await pool.fetchval("select count(*) from fetch_log") == 1


async def test_a_key_with_another_body_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-7"}
    await client.post(PUSH, json=body(), headers=headers)
    answer = await client.post(PUSH, json=body(item("r-2")), headers=headers)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_another_caller_may_use_the_same_key(app: FastAPI, conn: Connection, client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-7"}
    await client.post(PUSH, json=body(), headers=headers)
    async with client_of(app, await key_with(conn, Scope.WRITE)) as other:
        answer = await other.post(PUSH, json=body(item("r-2")), headers=headers)

    assert answer.status_code == 202


async def test_fifty_at_once_with_one_key_store_one_mention(database_url: str, conn: Connection, pool: Pool) -> None:
    key = await key_with(conn, Scope.WRITE)
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "order-7"}
    app = create_app(Settings(database_url=database_url))
    async with served(app) as (url, _), httpx.AsyncClient(base_url=url, headers=headers) as client:
        answers = await asyncio.gather(*(client.post(PUSH, json=body()) for _ in range(50)))

    assert {one.status_code for one in answers} <= {202, 409}
    assert len({one.text for one in answers if one.status_code == 202}) == 1
    assert await pool.fetchval("select count(*) from mention") == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (body(item(), item()), "items.1.id"),
        (body(item(text=" \u200b")), "items.0"),
        (body(item(published_at="2099-01-01T00:00:00Z")), "items.0.published_at"),
        (body(item(published_at="yesterday")), "items.0.published_at"),
        (body(item(rating={"value": 6})), "items.0.rating"),
        (body(item(stars=6)), "items.0.stars"),
        (body(item(engagement={"likes": -1})), "items.0.engagement.likes"),
        (body(item("\u200b")), "items.0.id"),
        (body(brand="Nobody"), "brand"),
        ({"brand": BRAND, "items": []}, "items"),
        ({"brand": BRAND, "items": [item(str(n)) for n in range(501)]}, "items"),
        (body(item("x\ud800")), "items.0.id"),
    ],
)
async def test_one_wrong_item_and_none_is_taken(
    client: httpx.AsyncClient, pool: Pool, wrong: dict[str, Any], field: str
) -> None:
    # Python's own encoder: a test sends what no client library would.
    answer = await client.post(PUSH, content=json.dumps(wrong), headers={"Content-Type": "application/json"})

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert await pool.fetchval("select count(*) from mention") == 0


async def test_a_source_that_fills_itself_takes_nothing(client: httpx.AsyncClient, place: Place) -> None:
    answer = await client.post(PUSH, json=body(source="forum"))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "source")


async def test_a_deleted_mention_loses_its_words(client: httpx.AsyncClient) -> None:
    await client.post(PUSH, json=body())
    answer = await client.post(PUSH, json=body(item(deleted=True)))
    (done,) = answer.json()["items"]

    stored = (await client.get(f"{PUSH}/{done['mention']}")).json()
    assert (stored["deleted"], stored["text"], stored["version"]) == (True, "", 2)
