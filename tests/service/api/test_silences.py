"""Silences over the API."""

from datetime import datetime, timedelta

import httpx
import pytest

from service.store import clock
from service.store.pool import Connection
from tests.service.api.conftest import Place

SILENCES = "/api/v1/silences"


def at(now: datetime, hours: float) -> str:
    return (now + timedelta(hours=hours)).isoformat()


async def test_a_silence_is_made_listed_and_ended(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    now = await clock.now(conn)
    body = {"brand": str(place.brand_id), "ends_at": at(now, 2), "reason": "Moving house"}
    made = (await client.post(SILENCES, json=body)).json()

    assert (made["active"], made["kind"], made["author"]) == (True, "silence", "key:tester")
    assert [one["id"] for one in (await client.get(SILENCES)).json()["items"]] == [made["id"]]
    await conn.execute("update mock.clock set shift = shift + interval '1 minute'")
    assert (await client.delete(f"{SILENCES}/{made['id']}")).status_code == 204
    assert (await client.delete(f"{SILENCES}/{made['id']}")).status_code == 404
    assert (await client.get(SILENCES)).json()["items"] == []
    assert [one["active"] for one in (await client.get(f"{SILENCES}?past=true")).json()["items"]] == [False]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"starts": -3, "ends": -2}, "ends_at"),
        ({"starts": 2, "ends": 1}, "ends_at"),
        ({"starts": 0, "ends": 24 * 91}, "ends_at"),
        ({"starts": 0, "ends": 1, "rule": 99}, "rule"),
        ({"starts": 0, "ends": 1, "source": 99}, "source"),
        ({"starts": 0, "ends": 1, "reason": ""}, "reason"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    client: httpx.AsyncClient, conn: Connection, given: dict[str, object], field: str
) -> None:
    now = await clock.now(conn)
    rest = dict(given)
    starts, ends = float(str(rest.pop("starts"))), float(str(rest.pop("ends")))
    body = {"reason": "Moving house", "starts_at": at(now, starts), "ends_at": at(now, ends), **rest}
    answer = await client.post(SILENCES, json=body)

    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {field}
