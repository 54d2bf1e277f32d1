"""Incidents: read, acknowledged, resolved, reopened."""

import httpx

from service.store.pool import Connection
from tests.service.api.conftest import Place, put_incident, put_place

LIST = "/api/v1/incidents"


async def test_an_incident_is_shown_with_its_words_and_reason(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    trouble = await put_incident(conn, place)
    (item,) = (await client.get(LIST)).json()["items"]

    assert (item["id"], item["status"], item["rule"]["name"]) == (trouble.incident_id, "triggered", "Angry mentions")
    assert item["mention"]["text"] == "Never again! You lied to me."
    assert item["reason"] == {"code": "angry", "values": {"anger": 0.97, "threshold": 0.5}}


async def test_one_incident_has_its_timeline_and_mentions(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    trouble = await put_incident(conn, place)
    whole = (await client.get(f"{LIST}/{trouble.incident_id}")).json()

    assert [entry["kind"] for entry in whole["timeline"]] == ["opened"]
    assert [mention["id"] for mention in whole["mentions"]] == [trouble.mention_id]


async def test_lists_are_narrowed_by_brand_and_status_and_paged(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    first, second = await put_incident(conn, place), await put_incident(conn, place)
    third = await put_incident(conn, await put_place(conn, "Rival Noodles"))
    await client.post(f"{LIST}/{first.incident_id}/ack")

    async def ids(query: str) -> list[int]:
        return [item["id"] for item in (await client.get(f"{LIST}?{query}")).json()["items"]]

    assert await ids("status=acknowledged") == [first.incident_id]
    assert await ids("brand=Rival+Noodles") == [third.incident_id]
    assert await ids("status=triggered&status=acknowledged&limit=2") == [third.incident_id, second.incident_id]
    page = (await client.get(f"{LIST}?limit=2")).json()
    rest = (await client.get(LIST, params={"limit": 2, "cursor": page["next"]})).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == ([first.incident_id], None)


async def test_acknowledging_twice_changes_nothing(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    trouble = await put_incident(conn, place)
    first = await client.post(f"{LIST}/{trouble.incident_id}/ack")
    second = await client.post(f"{LIST}/{trouble.incident_id}/ack")
    whole = (await client.get(f"{LIST}/{trouble.incident_id}")).json()

    assert (first.status_code, second.json()) == (200, first.json())
    assert (whole["status"], whole["acknowledged_by"]) == ("acknowledged", "key:tester")
    assert [entry["kind"] for entry in whole["timeline"]] == ["opened", "acknowledged"]


async def test_a_resolved_incident_cannot_be_acknowledged_until_it_is_reopened(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    address = f"{LIST}/{(await put_incident(conn, place)).incident_id}"
    resolved = await client.post(f"{address}/resolve", json={"resolution": "answered"})
    refused = await client.post(f"{address}/ack")
    reopened = await client.post(f"{address}/reopen")
    acknowledged = await client.post(f"{address}/ack")

    assert (resolved.json()["status"], resolved.json()["resolution"]) == ("resolved", "answered")
    assert refused.status_code == 409
    assert refused.json()["incident"]["status"] == "resolved"
    assert "reopen it first" in refused.json()["detail"]
    assert (reopened.json()["status"], reopened.json()["cycle"]) == ("triggered", 2)
    assert acknowledged.json()["status"] == "acknowledged"


async def test_a_second_resolution_corrects_the_reason(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    address = f"{LIST}/{(await put_incident(conn, place)).incident_id}/resolve"
    await client.post(address, json={"resolution": "answered"})
    second = await client.post(address, json={"resolution": "spam"})

    assert (second.status_code, second.json()["resolution"]) == (200, "spam")


async def test_a_resolution_must_be_one_of_ours(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    address = f"{LIST}/{(await put_incident(conn, place)).incident_id}"
    bodies: list[object] = [{}, {"resolution": "done"}, {"resolution": "spam", "colour": "red"}, [], "x", None]
    for body in bodies:
        refused = await client.post(f"{address}/resolve", json=body)

        assert refused.status_code == 422, body
        assert refused.json()["errors"], body
    assert (await client.get(address)).json()["status"] == "triggered"


async def test_there_is_no_incident_999(client: httpx.AsyncClient) -> None:
    for action in ("ack", "reopen", "resolve"):
        answer = await client.post(f"{LIST}/999/{action}", json={"resolution": "spam"})

        assert answer.status_code == 404, action
    assert (await client.get(f"{LIST}/999")).status_code == 404


async def test_an_acknowledgement_is_kept_taken_over_and_given_back(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    trouble = await put_incident(conn, place)
    url = f"{LIST}/{trouble.incident_id}"
    taken = (await client.post(f"{url}/keep")).json()
    kept = await client.post(f"{url}/keep")
    back = (await client.post(f"{url}/unack")).json()
    twice = await client.post(f"{url}/unack")
    lines = [entry["kind"] for entry in (await client.get(url)).json()["timeline"]]
    await client.post(f"{url}/resolve", json={"resolution": "answered"})

    assert (taken["status"], kept.status_code) == ("acknowledged", 200)
    assert (back["status"], back["cycle"], back["acknowledged_by"]) == ("triggered", 2, None)
    assert (twice.status_code, lines) == (200, ["opened", "acknowledged", "kept", "given_back"])
    assert [(await client.post(f"{url}/{act}")).status_code for act in ("keep", "unack")] == [409, 409]
