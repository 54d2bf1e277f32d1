"""Rules over the API: made, changed, removed, refused with the field, and tried on the past."""

from datetime import timedelta

import httpx
import pytest

from alerts.types import Resolution
from service.store import clock, contact, incident
from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import Place, put_incident, put_mention

RULES = "/api/v1/rules"
ANGRY = {"name": "Angry", "kind": "angry_mention", "settings": {"threshold": 0.8}}


async def test_a_rule_is_made_shown_changed_and_removed(client: httpx.AsyncClient, conn: Connection) -> None:
    now = await clock.now(conn)
    await contact.put(conn, name="Mei", email="mei@example.com", language="zh-Hant", enabled=True, now=now)
    made = await client.post(RULES, json={**ANGRY, "contacts": ["Mei"], "severity": "critical", "group_by": "author"})
    assert made.status_code == 201, made.text
    address = f"{RULES}/{made.json()['id']}"
    shown = (await client.get(address)).json()
    assert (shown["severity"], shown["group_by"], shown["settings"]) == ("critical", "author", {"threshold": 0.8})
    assert [one["name"] for one in shown["contacts"]] == ["Mei"]

    changed = await client.put(address, json={**ANGRY, "name": "Angrier", "mode": "monitor"})
    assert (changed.json()["name"], changed.json()["mode"], changed.json()["contacts"]) == ("Angrier", "monitor", [])
    assert [one["name"] for one in (await client.get(RULES)).json()["items"]] == ["Angrier"]
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).status_code == 404


@pytest.mark.parametrize(
    ("given", "field", "remedy"),
    [
        ({"settings": {"threshold": 2}}, "settings.threshold", "write one such as 0.8"),
        ({"settings": {"treshold": 0.5}}, "settings.treshold", "known are threshold"),
        ({"kind": "keyword", "settings": {"query": "("}}, "settings.query", "character"),
        ({"kind": "keyword", "settings": {"pattern": "(?=x)"}}, "settings.pattern", "look-around"),
        ({"kind": "volume_spike", "settings": {}, "group_by": "story"}, "group_by", "write one of brand"),
        ({"contacts": ["Nobody"]}, "contacts", "known are none"),
        ({"brand": "Nobody's"}, "brand", "GET /api/v1/brands"),
        ({"kind": "calm_mention"}, "kind", "angry_mention"),
    ],
)
async def test_what_cannot_be_is_refused_with_field_and_remedy(
    client: httpx.AsyncClient, given: dict[str, object], field: str, remedy: str
) -> None:
    answer = await client.post(RULES, json={**ANGRY, **given})

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert remedy in error["detail"]


async def test_two_rules_of_one_name_are_refused(client: httpx.AsyncClient) -> None:
    await client.post(RULES, json=ANGRY)
    other = await client.post(RULES, json={**ANGRY, "name": "Other"})

    assert (await client.post(RULES, json=ANGRY)).status_code == 409
    assert (await client.put(f"{RULES}/{other.json()['id']}", json=ANGRY)).status_code == 409


async def test_every_kind_says_what_it_takes(client: httpx.AsyncClient) -> None:
    kinds = {one["kind"]: one for one in (await client.get(f"{RULES}/kinds")).json()}

    assert "threshold" in {setting["key"] for setting in kinds["angry_mention"]["settings"]}
    assert kinds["volume_spike"]["group_by"] == ["brand"]


async def test_a_preview_says_how_often_it_would_have_fired_and_by_what(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    now = await clock.now(conn)
    for n, anger in enumerate((0.9, 0.7, 0.2)):
        said = make.mention(id=str(n), text=f"post {n}", published_at=now - timedelta(days=n, minutes=1))
        await put_mention(conn, place, said, make.analysis(anger=anger, language="th"))
    answer = await client.post(f"{RULES}/preview", json={"kind": "angry_mention", "settings": {"thresholds": "th 0.6"}})
    assert answer.status_code == 200, answer.text
    tried = answer.json()

    assert (tried["checked"], tried["alerts"], tried["incidents"]) == (3, 2, 2)
    assert tried["alerts_per_day"] == pytest.approx(2 / 7)
    assert [one["mention"]["text"] for one in tried["examples"]] == ["post 0", "post 1"]
    assert tried["examples"][0]["reason"]["code"] == "anger_threshold"
    assert sum(day["alerts"] for day in tried["days"]) == 2
    assert await conn.fetchval("select count(*) from alert") == 0


async def test_a_preview_of_spans_counts_incidents(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    now = await clock.now(conn)
    await conn.execute("update source set created_at = created_at - interval '30 days'")
    for n in range(12):
        said = make.mention(id=str(n), text=f"bad {n}", published_at=now - timedelta(hours=30, minutes=n))
        await put_mention(conn, place, said, make.analysis(angry=True))
    body = {"kind": "negative_share", "settings": {"min_count": 10, "window": "1h"}, "days": 3}
    tried = (await client.post(f"{RULES}/preview", json=body)).json()

    assert tried["incidents"] == 1
    assert tried["alerts"] >= 8
    assert tried["examples"][0]["reason"]["code"] == "negative_share"


async def test_resolutions_give_the_rule_its_precision(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    now = await clock.now(conn)
    for resolution in (Resolution.ANSWERED, Resolution.FALSE_POSITIVE, Resolution.DUPLICATE, None):
        trouble = await put_incident(conn, place, text=f"You lied to me, {resolution}")
        if resolution:
            await incident.resolve(conn, trouble.incident_id, by="mei", resolution=resolution, now=now)
    (item,) = (await client.get(RULES)).json()["items"]

    assert item["record"] == {
        "alerts": 4,
        "incidents": 4,
        "open": 1,
        "judged": 2,
        "right": 1,
        "precision": 0.5,
    }
