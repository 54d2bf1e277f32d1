"""Schedules, policies, overrides and calendars over the API."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from icalendar import Calendar

from service.pipeline.hand_overs import note_hand_overs
from service.store import clock, contact
from service.store.pool import Connection, Pool
from tests.service.api.conftest import client_of

SCHEDULES, POLICIES, CALENDARS = "/api/v1/schedules", "/api/v1/policies", "/api/v1/calendars"
LAYER = {"members": ["Ann", "Mei"], "starts": "2020-01-06T09:00", "turn": "1d"}
CARE = {"name": "Care", "zone": "Asia/Taipei", "layers": [LAYER]}
FIRST = {"name": "Care first", "steps": [{"on_call": ["Care"], "wait": "10m"}], "repeats": 1, "last_resort": "Boss"}


@pytest.fixture(autouse=True)
async def people(conn: Connection) -> None:
    now = await clock.now(conn)
    for name in ("Ann", "Mei", "Boss"):
        await contact.put(conn, name=name, email=f"{name}@example.com", language="en", enabled=True, now=now)


async def made(client: httpx.AsyncClient, address: str, body: Mapping[str, object]) -> dict[str, object]:
    answer = await client.post(address, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_a_schedule_says_who_is_on_call_until_when(client: httpx.AsyncClient, conn: Connection) -> None:
    await made(client, SCHEDULES, CARE)
    (found,) = (await client.get("/api/v1/on-call")).json()["items"]
    now = await clock.now(conn)

    assert found["now"][0]["name"] in ("Ann", "Mei")
    assert now < datetime.fromisoformat(found["until"]) <= now + timedelta(days=1)
    assert len(found["shifts"]) in (7, 8)
    assert all(shift["reached"] for shift in found["shifts"])


async def test_who_had_it_is_told_as_it_was(client: httpx.AsyncClient, conn: Connection, pool: Pool) -> None:
    care = await made(client, SCHEDULES, CARE)
    await note_hand_overs(pool)
    await conn.execute("update mock.clock set shift = shift + interval '36 hours'")
    await note_hand_overs(pool)
    address = f"{SCHEDULES}/{care['id']}/history"
    shifts = (await client.get(address)).json()["items"]
    long = await client.get(f"{address}?from=2020-01-01T00:00:00Z")

    assert {shift["contacts"][0]["name"] for shift in shifts} == {"Ann", "Mei"}
    assert [later["starts_at"] for later in shifts[:-1]] == [earlier["ends_at"] for earlier in shifts[1:]]
    assert (long.status_code, (await client.get(f"{SCHEDULES}/777/history")).status_code) == (422, 404)


async def test_whoever_takes_a_shift_over_has_it_until_it_is_ended(client: httpx.AsyncClient, conn: Connection) -> None:
    care = await made(client, SCHEDULES, CARE)
    now = await clock.now(conn)
    body = {"contact": "Boss", "starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=2)).isoformat()}
    taken = await made(client, f"{SCHEDULES}/{care['id']}/overrides", body)
    await conn.execute("update mock.clock set shift = shift + interval '1 minute'")
    (during,) = (await client.get("/api/v1/on-call")).json()["items"]
    ended = await client.delete(f"/api/v1/overrides/{taken['id']}")
    (after,) = (await client.get("/api/v1/on-call")).json()["items"]

    assert ([one["name"] for one in during["now"]], taken["author"]) == (["Boss"], "key:tester")
    assert ended.status_code == 204
    assert after["now"][0]["name"] != "Boss"
    assert (await client.delete(f"/api/v1/overrides/{taken['id']}")).status_code == 404


async def test_what_is_changed_comes_back_and_what_is_removed_is_gone(client: httpx.AsyncClient) -> None:
    care = await made(client, SCHEDULES, CARE)
    first = await made(client, POLICIES, FIRST)
    wanted = {**CARE, "layers": [{**LAYER, "weekdays": ["sat", "sun"], "hours": "09:00-18:00"}]}
    changed = (await client.put(f"{SCHEDULES}/{care['id']}", json=wanted)).json()
    shorter = (await client.put(f"{POLICIES}/{first['id']}", json={**FIRST, "repeats": 0})).json()

    assert changed["layers"][0]["weekdays"] == ["sat", "sun"]
    assert (first["repeats"], shorter["repeats"], shorter["last_resort"]["name"]) == (1, 0, "Boss")
    for address in (f"{POLICIES}/{first['id']}", f"{SCHEDULES}/{care['id']}"):
        assert (await client.delete(address)).status_code == 204
        assert (await client.get(address)).status_code == 404


async def test_how_long_an_acknowledgement_holds_is_said_checked_and_kept(client: httpx.AsyncClient) -> None:
    await made(client, SCHEDULES, CARE)
    first = await made(client, POLICIES, FIRST)
    address = f"{POLICIES}/{first['id']}"
    held = [
        (await client.put(address, json={**FIRST, "ack_timeout": given})).json()["ack_timeout"]
        for given in ("120m", "off", "usual")
    ]
    wrong = [await client.put(address, json={**FIRST, "ack_timeout": given}) for given in ("1m", "8d", "never")]

    assert (first["ack_timeout"], held) == ("usual", ["2h", "off", "usual"])
    assert [answer.status_code for answer in wrong] == [422] * 3
    assert all("ack_timeout" in answer.text for answer in wrong)


async def test_a_rule_goes_by_a_policy_or_tells_contacts(client: httpx.AsyncClient) -> None:
    await made(client, SCHEDULES, CARE)
    await made(client, POLICIES, FIRST)
    body = {"name": "Angry", "kind": "angry_mention", "policy": "Care first"}
    routed = await made(client, "/api/v1/rules", body)
    both = await client.post("/api/v1/rules", json={**body, "name": "Both", "contacts": ["Ann"]})

    assert routed["policy"]["name"] == "Care first"  # type: ignore[index]  # JSON
    assert both.json()["errors"][0]["field"] == "policy"
    assert (await client.get(POLICIES)).json()["items"][0]["rules"] == ["Angry"]


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        (SCHEDULES, {**CARE, "zone": "Taipei"}, "zone"),
        (SCHEDULES, {**CARE, "layers": [{**LAYER, "members": ["Nobody"]}]}, "layers.0.members"),
        (SCHEDULES, {**CARE, "layers": [{**LAYER, "turn": "5m"}]}, "layers.0.turn"),
        (SCHEDULES, {**CARE, "layers": [{**LAYER, "starts": "2020-01-06T09:00Z"}]}, "layers.0.starts"),
        (POLICIES, {**FIRST, "last_resort": "Nobody"}, "last_resort"),
        (POLICIES, {**FIRST, "steps": [{"on_call": ["Nights"], "wait": "5m"}]}, "steps.0.on_call"),
        (POLICIES, {**FIRST, "steps": [{"contacts": ["Ann"], "wait": "5s"}]}, "steps.0.wait"),
        (POLICIES, {**FIRST, "steps": [{"wait": "5m"}]}, "steps.0.contacts"),
        (CALENDARS, {}, "schedule"),
        (CALENDARS, {"contact": 999}, "contact"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    client: httpx.AsyncClient, address: str, body: Mapping[str, object], field: str
) -> None:
    answer = await client.post(address, json=body)

    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_a_calendar_reads_a_persons_shifts_until_its_address_is_revoked(
    app: FastAPI, client: httpx.AsyncClient, conn: Connection
) -> None:
    await made(client, SCHEDULES, CARE)
    ann = await contact.named(conn, "Ann")
    assert ann is not None
    address = await made(client, CALENDARS, {"contact": ann.id})
    path = str(address["url"]).partition("8000")[2]
    async with client_of(app) as stranger:
        read = await stranger.get(path)
        wrong = await stranger.get(path.replace(".ics", "x.ics"))
        await client.delete(f"{CALENDARS}/{address['id']}")
        revoked = await stranger.get(path)
    events = Calendar.from_ical(read.text).walk("VEVENT")

    assert read.headers["content-type"] == "text/calendar; charset=utf-8"
    assert 50 <= len(events) <= 54
    assert {str(one["summary"]) for one in events} == {"Care: Ann"}
    assert {one.decoded("dtend") - one.decoded("dtstart") for one in events if one != events[0]} <= {timedelta(days=1)}
    assert (wrong.status_code, revoked.status_code) == (404, 404)
    assert "url" not in (await client.get(CALENDARS)).text
