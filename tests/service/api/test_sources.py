"""Sources: how they go, and polling one now."""

from datetime import timedelta
from uuid import uuid4

import httpx

from collectors.types import Quarantined, SourceKind
from service.store import clock, fetch, quarantine, source
from service.store.fetch import Counts, Outcome
from service.store.pool import Connection
from tests.service.api.conftest import Place, put_place

LIST = "/api/v1/sources"


async def _put(conn: Connection, place: Place, kind: SourceKind, *, enabled: bool = True, url: str = "") -> int:
    return await source.put(
        conn,
        brand_id=place.brand_id,
        kind=kind,
        name=f"{kind} {enabled}",
        settings={"url": url} if url else {},
        interval=timedelta(minutes=5),
        allow_private=False,
        enabled=enabled,
        now=await clock.now(conn),
    )


async def test_a_source_is_shown_with_its_health(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    now = await clock.now(conn)
    counts = Counts(inserted=1)
    await fetch.record(
        conn, place.source_id, started_at=now, finished_at=now, outcome=Outcome.COLLECTED, seen=1, counts=counts
    )
    (item,) = (await client.get(LIST)).json()["items"]

    assert (item["id"], item["name"], item["kind"]) == (place.source_id, "forum", "feed")
    assert item["brand"] == {"id": place.brand_id, "name": "Lantern Noodles"}
    assert (item["state"], item["mentions_per_day"], item["interval_seconds"]) == ("waiting", 1, 300.0)
    assert (await client.get(f"{LIST}/{place.source_id}")).json() == item


async def test_a_shared_source_has_no_brand_and_is_listed_with_every_brands(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    now = await clock.now(conn)
    await conn.execute("update source set brand_id = null")
    await fetch.record(
        conn,
        place.source_id,
        started_at=now,
        finished_at=now,
        outcome=Outcome.COLLECTED,
        seen=0,
        counts=Counts(),
        unmatched=7,
    )
    (item,) = (await client.get(LIST, params={"brand": place.brand_id})).json()["items"]

    assert (item["id"], item["brand"], item["unmatched_per_day"]) == (place.source_id, None, 7)


async def test_a_failing_source_says_why(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    now, token = await clock.now(conn), uuid4()
    await source.claim_due(conn, now=now, lease=timedelta(minutes=1), token=token, limit=1, kinds=["feed"])
    await source.record_failure(conn, place.source_id, token, error="404", next_due=now + timedelta(hours=1))
    item = (await client.get(f"{LIST}/{place.source_id}")).json()

    assert (item["state"], item["error"], item["error_count"]) == ("failing", "404", 1)


async def test_a_password_in_an_address_is_not_shown(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    source_id = await _put(conn, place, SourceKind.FEED, url="https://ann:secret@forum.example:8080/feed?a=1")
    item = (await client.get(f"{LIST}/{source_id}")).json()

    assert item["settings"] == {"url": "https://forum.example:8080/feed?a=1"}


async def test_sources_of_one_brand(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    rival = await put_place(conn, "Rival Noodles")
    items = (await client.get(LIST, params={"brand": "Rival Noodles"})).json()["items"]

    assert [item["id"] for item in items] == [rival.source_id]


async def test_polling_makes_a_source_due_now(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    now, token = await clock.now(conn), uuid4()
    await source.claim_due(conn, now=now, lease=timedelta(minutes=1), token=token, limit=1, kinds=["feed"])
    await source.record_failure(conn, place.source_id, token, error="404", next_due=now + timedelta(hours=1))
    polled = await client.post(f"{LIST}/{place.source_id}/poll")
    again = await client.post(f"{LIST}/{place.source_id}/poll")

    assert (polled.status_code, again.status_code) == (202, 202)
    assert again.json()["next_due"] == polled.json()["next_due"]
    due = await source.claim_due(
        conn, now=await clock.now(conn), lease=timedelta(minutes=1), token=token, limit=1, kinds=["feed"]
    )
    assert [one.id for one in due] == [place.source_id]


async def test_what_is_never_polled_says_so(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    imported = await _put(conn, place, SourceKind.IMPORT)
    paused = await _put(conn, place, SourceKind.FEED, enabled=False, url="http://127.0.0.1/feed")
    for source_id, state in ((imported, "import"), (paused, "paused")):
        refused = await client.post(f"{LIST}/{source_id}/poll")

        assert (refused.status_code, refused.json()["source"]["state"]) == (409, state)


async def test_there_is_no_source_999(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{LIST}/999")).status_code == 404
    assert (await client.post(f"{LIST}/999/poll")).status_code == 404


async def test_what_could_not_be_read_is_shown_and_can_be_wanted_again(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    unread = Quarantined(raw=b'{"id": 1}\0', reason="ValueError: no words")
    await quarantine.put(conn, place.source_id, [unread], now=await clock.now(conn))
    waits = f"{LIST}/{place.source_id}/quarantine"
    (item,) = (await client.get(waits)).json()["items"]
    asked = await client.post(f"{waits}/{item['id']}/replay")

    assert (item["raw"], item["reason"], item["wanted"]) == ('{"id": 1}\ufffd', "ValueError: no words", False)
    assert (asked.status_code, asked.json()["wanted"]) == (202, True)
    assert (await client.get(waits)).json()["items"][0]["wanted"]
    assert (await client.post(f"{waits}/{item['id'] + 1}/replay")).status_code == 404
