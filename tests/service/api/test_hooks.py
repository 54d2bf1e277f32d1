"""What places send to our addresses: signed, stored before the answer, read once, and never lost."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from alerts.types import SourceId
from collectors.types import SourceKind
from service.api import hooks
from service.pipeline.receive import receive_due
from service.settings import HOOKS
from service.store import brand, clock, inlet, push, source
from service.store.pool import Connection, Pool
from tests.service.api.conftest import client_of

SECRET = "sesame-of-ours"
MAPPING = '{"items": "$.reviews[*]", "id": "$.id", "text": "$.body"}'


async def put(conn: Connection, kind: str, *, enabled: bool = True, **settings: str) -> SourceId:
    now = await clock.now(conn)
    return await source.put(
        conn,
        brand_id=await brand.ensure(conn, "Lantern Noodles", now=now),
        kind=SourceKind(kind),
        name=kind,
        settings=settings,
        interval=timedelta(minutes=5),
        allow_private=False,
        enabled=enabled,
        now=now,
    )


Address = Callable[[SourceId], Awaitable[str]]


@pytest.fixture
async def address(conn: Connection) -> Address:
    """Return where a source is sent to."""

    async def of(source_id: SourceId) -> str:
        found = await inlet.of_source(conn, source_id)
        assert found is not None
        return f"{HOOKS}/{found.key}"

    return of


@pytest.fixture
async def place(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A place out there: it has no key."""
    async with client_of(app) as client:
        yield client


async def texts(pool: Pool) -> list[str]:
    """Read what waits; return all that was heard so far."""
    await receive_due(pool, allow_private=False)
    assert await pool.fetchval("select count(*) from fetch_not_conserved") == 0
    return [row["text"] for row in await pool.fetch("select text from mention order by id")]


def reviews(*items: Any) -> bytes:
    return json.dumps({"reviews": list(items)}).encode()


async def standard(conn: Connection, body: bytes, key: str = "msg_1") -> dict[str, str]:
    at = str(int((await clock.now(conn)).timestamp()))
    digest = hmac.new(SECRET.encode(), f"{key}.{at}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": key, "webhook-timestamp": at, "webhook-signature": signature}


async def test_what_a_place_sends_is_stored_before_the_answer_and_read_by_its_mapping(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "webhook", mapping=MAPPING))
    answer = await place.post(where, content=reviews({"id": 1, "body": "Cold soup."}))

    assert (answer.status_code, await push_count(pool)) == (200, 1)
    assert await texts(pool) == ["Cold soup."]
    assert await push_count(pool) == 0


async def push_count(pool: Pool) -> int:
    return int(await pool.fetchval("select count(*) from push"))


async def test_sent_twice_it_is_one_mention(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "webhook", mapping=MAPPING))
    for _ in range(2):
        await place.post(where, content=reviews({"id": 1, "body": "Cold soup."}))

    assert await texts(pool) == ["Cold soup."]


async def test_an_unknown_address_takes_nothing(place: httpx.AsyncClient) -> None:
    for key in ("x" * 32, "..", "%00", "a/b", "é" * 20, "x" * 5_000):
        assert (await place.post(f"{HOOKS}/{key}", content=b"{}")).status_code in (404, 422)


async def test_a_body_without_a_good_signature_is_refused(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "webhook", mapping=MAPPING, secret=SECRET))
    body = reviews({"id": 1, "body": "Cold soup."})
    good = await standard(conn, body)
    for headers in ({}, {**good, "webhook-id": "msg_2"}, {**good, "webhook-signature": "v1,AAAA"}):
        assert (await place.post(where, content=body, headers=headers)).status_code == 403
    assert await push_count(pool) == 0

    assert (await place.post(where, content=body, headers=good)).status_code == 200


async def test_a_signed_delivery_sent_again_is_not_kept_twice(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "webhook", mapping=MAPPING, secret=SECRET))
    body = reviews({"id": 1, "body": "Cold soup."})
    for _ in range(2):
        assert (await place.post(where, content=body, headers=await standard(conn, body))).status_code == 200

    assert await push_count(pool) == 1


async def test_a_secret_made_by_us_is_asked_for_from_then_on(
    conn: Connection, place: httpx.AsyncClient, address: Address, client: httpx.AsyncClient
) -> None:
    source_id = await put(conn, "webhook", mapping=MAPPING, signature="hub")
    where = await address(source_id)
    renewed = (await client.post(f"/api/v1/sources/{source_id}/address", json={"secret": True})).json()
    signature = hmac.new(renewed["secret"].encode(), b"{}", hashlib.sha256).hexdigest()

    assert renewed["signed"]
    assert (await place.post(where, content=b"{}")).status_code == 403
    good = {"X-Hub-Signature-256": f"sha256={signature}"}
    assert (await place.post(where, content=b"{}", headers=good)).status_code == 200
    assert renewed["secret"] not in (await client.get(f"/api/v1/sources/{source_id}/address")).text


async def test_a_secret_from_the_environment_is_used(
    conn: Connection, place: httpx.AsyncClient, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = await address(await put(conn, "webhook", secret="env:EARSHOT_SECRET_SHOP"))
    body = b'{"id": "1", "text": "Cold."}'

    assert (await place.post(where, content=body)).status_code == 503
    monkeypatch.setenv("EARSHOT_SECRET_SHOP", SECRET)
    assert (await place.post(where, content=body, headers=await standard(conn, body))).status_code == 200


async def test_an_old_address_leads_nowhere_once_it_is_renewed(
    conn: Connection, place: httpx.AsyncClient, address: Address, client: httpx.AsyncClient
) -> None:
    source_id = await put(conn, "webhook", mapping=MAPPING)
    before = await address(source_id)
    renewed = (await client.post(f"/api/v1/sources/{source_id}/address", json={"url": True})).json()

    assert renewed["secret"] is None
    assert (await place.post(before, content=b"{}")).status_code == 404
    assert (await place.post(httpx.URL(renewed["url"]).path, content=b"{}")).status_code == 200


async def test_what_cannot_be_read_is_kept_and_read_again_once_the_mapping_is_right(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address, client: httpx.AsyncClient
) -> None:
    source_id = await put(conn, "webhook", mapping='{"items": "$.comments[*]", "text": "$.body"}')
    await place.post(await address(source_id), content=reviews({"id": 1, "body": "Cold soup."}))
    await place.post(await address(source_id), content=b"\xff no JSON")

    assert await texts(pool) == []
    shown = (await client.get(f"/api/v1/sources/{source_id}")).json()
    assert (shown["state"], shown["quarantined"]) == ("failing", 2)
    assert "not JSON" in shown["error"]

    await put(conn, "webhook", mapping=MAPPING)
    assert (await client.post(f"/api/v1/sources/{source_id}/replay")).json() == {"deliveries": 2}
    assert await texts(pool) == ["Cold soup."]
    assert (await client.get(f"/api/v1/sources/{source_id}")).json()["quarantined"] == 1


async def test_one_poison_item_is_set_aside_with_its_body_and_costs_no_sibling(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address, client: httpx.AsyncClient
) -> None:
    source_id = await put(conn, "webhook", mapping=MAPPING)
    await place.post(await address(source_id), content=reviews({"id": 1, "body": "One"}, {"id": 2, "says": "Two"}))

    assert await texts(pool) == ["One"]
    (logged,) = await pool.fetch("select seen, inserted, quarantined from fetch_log")
    assert tuple(logged) == (2, 1, 1)
    shown = (await client.get(f"/api/v1/sources/{source_id}")).json()
    assert (shown["state"], shown["quarantined"]) == ("warning", 1)

    await put(conn, "webhook", mapping='{"items": "$.reviews[*]", "id": "$.id", "text": ["$.body", "$.says"]}')
    await client.post(f"/api/v1/sources/{source_id}/replay")
    assert await texts(pool) == ["One", "Two"]
    assert await pool.fetchval("select count(*) from quarantine") == 0


async def test_a_body_too_large_is_refused_and_one_as_large_as_a_feed_is_not(
    conn: Connection, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "webhook", mapping=MAPPING))

    assert (await place.post(where, content=b" " * 4_000_001)).status_code == 413
    assert (await place.post(where, content=b" " * 3_900_000)).status_code == 200


async def test_a_source_that_is_off_asks_to_be_sent_to_later(
    conn: Connection, place: httpx.AsyncClient, address: Address
) -> None:
    answer = await place.post(await address(await put(conn, "webhook", enabled=False)), content=b"{}")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_more_than_can_be_kept_is_sent_again_later(
    conn: Connection, place: httpx.AsyncClient, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST_WAITING", 1)
    where = await address(await put(conn, "webhook"))

    assert [(await place.post(where, content=b"{}")).status_code for _ in range(2)] == [200, 503]


async def test_larger_bodies_than_can_be_kept_are_sent_again_later(
    conn: Connection, place: httpx.AsyncClient, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST_BYTES_WAITING", 1_000)
    where = await address(await put(conn, "webhook"))

    assert [(await place.post(where, content=b" " * 1_000)).status_code for _ in range(2)] == [200, 503]


async def test_a_body_whose_reader_died_is_read_by_the_next(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "webhook", mapping=MAPPING))
    await place.post(where, content=reviews({"id": 1, "body": "Cold soup."}))
    now = await clock.now(conn)
    await push.claim(conn, now=now, lease=timedelta(minutes=5), token=uuid4(), limit=10)

    assert await texts(pool) == []
    await pool.execute("update mock.clock set shift = '6 minutes'")
    assert await texts(pool) == ["Cold soup."]


def line_event(number: int, kind: str = "message", text: str = "ชาเย็นหมดแล้ว", **given: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "timestamp": 1772712000000,
        "source": {"type": "user", "userId": "U206d"},
        "webhookEventId": f"01FZ{number}{kind}",
        "deliveryContext": {"isRedelivery": False},
        "message": {"id": str(number), "type": "text", "text": text},
        **given,
    }


async def line(place: httpx.AsyncClient, where: str, *events: dict[str, Any], secret: str = SECRET) -> int:
    body = json.dumps({"destination": "U1", "events": list(events)}).encode()
    digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    answer = await place.post(where, content=body, headers={"X-Line-Signature": digest})
    return answer.status_code


async def test_line_messages_are_heard_and_what_says_nothing_is_counted(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "line", channel_secret=SECRET))

    assert await line(place, where, line_event(1), line_event(2, "follow"), line_event(3, "join")) == 200
    assert await line(place, where) == 200  # what LINE's console sends to try an address
    assert await line(place, where, line_event(4), secret="another") == 403
    assert await texts(pool) == ["ชาเย็นหมดแล้ว"]
    assert await pool.fetchval("select ignored from fetch_log") == 2


async def test_a_line_event_sent_again_changes_nothing_though_it_comes_late(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "line", channel_secret=SECRET))
    said, edited = line_event(1, text="bad"), line_event(1, "messageEdited", text="better")
    await line(place, where, said)
    await line(place, where, edited)
    assert await texts(pool) == ["better"]

    await line(place, where, {**said, "deliveryContext": {"isRedelivery": True}})
    assert await texts(pool) == ["better"]


async def test_a_message_that_was_taken_back_leaves_a_tombstone(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "line", channel_secret=SECRET))
    await line(place, where, line_event(1))
    await line(place, where, line_event(1, "unsend", unsend={"messageId": "1"}))

    assert await texts(pool) == [""]
    assert await pool.fetchval("select deleted from mention")


async def test_an_address_is_no_place_to_read_from(
    conn: Connection, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put(conn, "webhook"))

    assert (await place.get(where)).status_code == 404
    challenge = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": ""}
    assert (await place.get(where, params=challenge)).status_code == 403


async def meta(place: httpx.AsyncClient, where: str, document: object) -> int:
    body = json.dumps(document).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    answer = await place.post(where, content=body, headers={"X-Hub-Signature-256": f"sha256={digest}"})
    return answer.status_code


def feed_change(page: str = "1929") -> dict[str, Any]:
    value = {"item": "comment", "verb": "add", "post_id": f"{page}_5", "comment_id": "5_6", "message": "Cold!"}
    return {"object": "page", "entry": [{"id": page, "time": 1, "changes": [{"field": "feed", "value": value}]}]}


async def put_page(conn: Connection, page: str = "1929", **settings: str) -> SourceId:
    given = {"page": page, "token": "t", "app_secret": SECRET, "verify_token": "sesame", **settings}
    now = await clock.now(conn)
    return await source.put(
        conn,
        brand_id=await brand.ensure(conn, "Lantern Noodles", now=now),
        kind=SourceKind.FACEBOOK,
        name=f"page {page}",
        settings={key: value for key, value in given.items() if value},
        interval=timedelta(hours=6),
        allow_private=False,
        enabled=True,
        now=now,
    )


async def test_meta_gets_its_challenge_back_only_with_the_token(
    conn: Connection, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put_page(conn))
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "sesame"}
    answer = await place.get(where, params=asked)

    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    for wrong in ({"hub.verify_token": "x"}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": ""}):
        assert (await place.get(where, params={**asked, **wrong})).status_code == 403


async def test_a_pages_notification_is_heard_and_makes_the_page_due(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    source_id = await put_page(conn)
    where = await address(source_id)
    await pool.execute("update source set next_due = now() + interval '5 hours', last_attempt_at = now()")

    assert await meta(place, where, feed_change()) == 200
    assert await texts(pool) == ["Cold!"]
    wait = await pool.fetchval("select next_due - last_attempt_at from source")
    assert wait == timedelta(seconds=15)


async def test_a_notification_does_not_break_the_pause_of_a_failing_page(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put_page(conn))
    await pool.execute("update source set next_due = now() + interval '5 hours', error_count = 1, error = 'busy'")
    await meta(place, where, feed_change())
    await texts(pool)

    assert await pool.fetchval("select next_due > now() + interval '4 hours' and error = 'busy' from source")


async def test_a_notification_during_a_poll_asks_again_after_it(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put_page(conn))
    await pool.execute("update source set next_due = now() + interval '5 hours', lease_token = gen_random_uuid()")
    await meta(place, where, feed_change())

    assert await texts(pool) == ["Cold!"]
    assert await push_count(pool) == 1
    await pool.execute("update source set lease_token = null")
    await pool.execute("update mock.clock set shift = '10 seconds'")
    await texts(pool)
    assert await push_count(pool) == 0
    assert await pool.fetchval("select next_due <= now() from source")


async def test_what_is_about_another_page_of_the_app_reaches_that_page_once(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put_page(conn))
    other = await put_page(conn, "4711")
    await put_page(conn, "4712")
    await meta(place, where, feed_change("4711"))
    await texts(pool)

    assert await texts(pool) == ["Cold!"]
    assert await pool.fetchval("select source_id from mention") == other
    assert await push_count(pool) == 0


async def test_a_page_without_an_app_secret_takes_nothing(
    conn: Connection, place: httpx.AsyncClient, address: Address
) -> None:
    where = await address(await put_page(conn, app_secret=""))

    assert await meta(place, where, feed_change()) == 403


async def test_what_instagram_only_names_is_put_before_the_next_poll(
    conn: Connection, pool: Pool, place: httpx.AsyncClient, address: Address
) -> None:
    source_id = await put(conn, "instagram", account="17841405822304914", token="t", app_secret=SECRET)
    where = await address(source_id)
    for comment in ("9", "10"):
        value = {"media_id": "7", "comment_id": comment}
        changes = [{"field": "mentions", "value": value}]
        await meta(place, where, {"entry": [{"id": "17841405822304914", "changes": changes}]})
    await texts(pool)

    assert await pool.fetchval("select cursor from source") == {"wanted": ["comment:9", "comment:10"]}
