"""Contacts over the API."""

import httpx
import pytest

from service.store import clock, contact
from service.store.pool import Connection

CONTACTS = "/api/v1/contacts"
MEI = {"name": "Mei", "email": "mei@example.com", "language": "zh-Hant", "zone": "Asia/Taipei"}


async def waiting(conn: Connection) -> int:
    return int(await conn.fetchval("select count(*) from notification where purpose = 'verify' and state = 'pending'"))


async def test_a_contact_is_made_asked_changed_and_removed(client: httpx.AsyncClient, conn: Connection) -> None:
    made = await client.post(CONTACTS, json={**MEI, "quiet_from": "22:00", "quiet_to": "7:00"})
    assert made.status_code == 201, made.text
    address = f"{CONTACTS}/{made.json()['id']}"
    assert (made.json()["verified"], made.json()["quiet_to"], made.json()["quiet_for"]) == (False, "07:00", ["normal"])
    assert await waiting(conn) == 1
    await client.put(address, json={**MEI, "enabled": False})
    assert await waiting(conn) == 1
    assert [one["enabled"] for one in (await client.get(CONTACTS)).json()["items"]] == [False]
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).status_code == 404


async def test_another_address_is_asked_anew(client: httpx.AsyncClient, conn: Connection) -> None:
    now = await clock.now(conn)
    known = await contact.put(conn, name="Mei", email="mei@example.com", language="en", enabled=True, now=now)
    same = await client.put(f"{CONTACTS}/{known}", json=MEI)
    assert (same.json()["verified"], await waiting(conn)) == (True, 0)
    other = await client.put(f"{CONTACTS}/{known}", json={**MEI, "email": "mei@example.org"})

    assert (other.json()["verified"], await waiting(conn)) == (False, 1)


async def test_asked_twice_in_a_row_one_e_mail_leaves(client: httpx.AsyncClient, conn: Connection) -> None:
    made = (await client.post(CONTACTS, json=MEI)).json()
    again = await client.post(f"{CONTACTS}/{made['id']}/verification")

    assert (again.status_code, await waiting(conn)) == (409, 1)


async def test_a_test_is_sent_to_who_agreed_and_one_at_a_time(client: httpx.AsyncClient, conn: Connection) -> None:
    made = (await client.post(CONTACTS, json=MEI)).json()
    early = await client.post(f"{CONTACTS}/{made['id']}/test")
    await conn.execute("update contact set verified_at = now()")
    asked = [(await client.post(f"{CONTACTS}/{made['id']}/test")).status_code for _ in range(2)]

    assert "has not agreed yet" in early.json()["detail"]
    assert asked == [202, 409]


async def test_the_outbox_shows_what_is_about_no_incident(client: httpx.AsyncClient) -> None:
    await client.post(CONTACTS, json=MEI)
    (shown,) = (await client.get("/api/v1/notifications")).json()["items"]

    assert (shown["purpose"], shown["incident"], shown["contact"]) == ("verify", None, "Mei")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"zone": "Asia/Taipeh"}, "zone"),
        ({"quiet_from": "22:00"}, "quiet_to"),
        ({"quiet_from": "22:00", "quiet_to": "7", "zone": "UTC"}, "quiet_to"),
        ({"quiet_from": "22:00", "quiet_to": "07:00", "zone": None}, "zone"),
        ({"language": "de"}, "language"),
        ({"name": "a\nb"}, "name"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    client: httpx.AsyncClient, given: dict[str, object], field: str
) -> None:
    answer = await client.post(CONTACTS, json={**MEI, **given})

    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {field}


async def test_a_name_is_one_contacts(client: httpx.AsyncClient) -> None:
    await client.post(CONTACTS, json=MEI)

    assert (await client.post(CONTACTS, json=MEI)).status_code == 409


async def test_reports_are_wished_for_and_a_bad_hour_is_refused(client: httpx.AsyncClient) -> None:
    made = await client.post(CONTACTS, json={**MEI, "digest": ["weekly", "daily"], "digest_at": "7:30"})
    refused = await client.post(CONTACTS, json={**MEI, "name": "Ann", "digest_at": "noon"})

    assert (made.json()["digest"], made.json()["digest_at"]) == (["daily", "weekly"], "07:30")
    assert refused.status_code == 422
    assert "digest_at" in refused.text
