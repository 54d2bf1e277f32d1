"""People's word against the verdict: totals follow at once, and a later judgement does not undo it."""

from typing import Any

import httpx
import pytest

from service.store import trend
from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import Place, judge, put_incident, put_mention

ANGRY = make.analysis(angry=True)


async def _patch(client: httpx.AsyncClient, mention_id: int, **said: Any) -> httpx.Response:
    return await client.patch(f"/api/v1/mentions/{mention_id}", json=said)


async def _totals(client: httpx.AsyncClient) -> tuple[int, int, int]:
    steps = (await client.get("/api/v1/trends", params={"from": "2020-01-01T00:00:00Z", "bucket": "week"})).json()[
        "buckets"
    ]
    return tuple(sum(step[name] for step in steps) for name in ("total", "negative", "angry"))


async def test_totals_follow_a_correction_and_its_undoing(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    mention_id = await put_mention(conn, place, make.mention(), ANGRY)
    assert await _totals(client) == (1, 1, 1)

    said = await _patch(client, mention_id, label="neutral", anger_level=0, causes=["price", "price"])
    assert said.status_code == 200, said.text
    assert (said.json()["label"], said.json()["causes"], said.json()["by"]) == ("neutral", ["price"], "key:tester")
    assert await _totals(client) == (1, 0, 0)
    assert await _totals(client) == (1, 0, 0)
    assert await trend.drift(conn) == 0

    await _patch(client, mention_id, irrelevant=True)
    assert await _totals(client) == (0, 0, 0)
    await _patch(client, mention_id, irrelevant=False, label=None, anger_level=None, causes=None)
    assert await _totals(client) == (1, 1, 1)
    assert await trend.drift(conn) == 0


async def test_judging_the_same_version_again_leaves_the_persons_word(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    mention_id = await put_mention(conn, place, make.mention(), ANGRY)
    await _patch(client, mention_id, anger_level=0)
    await conn.execute(
        "insert into analysis_todo (mention_id, version, priority, due) select id, version, 0, now() from mention"
    )
    await judge(conn, place, make.analysis(angry=True, model="other@2"))
    assert await conn.fetchval("select angry from mention") is False


async def test_corrections_are_kept_as_lessons(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    for n in range(3):
        mention_id = await put_mention(conn, place, make.mention(id=str(n), text=f"text {n}"), ANGRY)
        await _patch(client, mention_id, anger_level=1)
    first = (await client.get("/api/v1/corrections", params={"limit": 2})).json()
    second = (await client.get("/api/v1/corrections", params={"limit": 2, "cursor": first["next"]})).json()
    assert [one["text"] for one in first["items"] + second["items"]] == ["text 2", "text 1", "text 0"]
    assert second["next"] is None


async def test_quality_is_told_by_language_and_rule(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    for n, level in enumerate((2, 2, 2, 0)):
        mention_id = await put_mention(conn, place, make.mention(id=str(n)), ANGRY)
        await _patch(client, mention_id, anger_level=level, label="negative")
    missed = await put_mention(conn, place, make.mention(id="calm"), make.analysis())
    await _patch(client, missed, anger_level=2)
    trouble = await put_incident(conn, place)
    await client.post(f"/api/v1/incidents/{trouble.incident_id}/resolve", json={"resolution": "false_positive"})

    quality = (await client.get("/api/v1/quality")).json()
    (english,) = quality["languages"]
    assert (english["checked"], english["called_angry"], english["precision"]) == (5, 4, 0.75)
    assert (english["recall_among_checked"], english["label_accuracy"]) == (0.75, 1.0)
    (rule,) = quality["rules"]
    assert (rule["name"], rule["resolved"], rule["precision"]) == ("Angry mentions", 1, 0.0)


@pytest.mark.parametrize("said", [{}, {"causes": ["weather"]}, {"label": "furious"}, {"anger_level": 3}, {"mood": "x"}])
async def test_what_cannot_be_is_refused(
    client: httpx.AsyncClient, conn: Connection, place: Place, said: dict[str, Any]
) -> None:
    mention_id = await put_mention(conn, place, make.mention(), ANGRY)
    assert (await _patch(client, mention_id, **said)).status_code == 422
    assert (await _patch(client, mention_id + 1, label="neutral")).status_code == 404
