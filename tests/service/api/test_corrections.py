"""People's word against the verdict: totals follow at once, and a later judgement does not undo it."""

import csv
import io
from typing import Any

import httpx
import pytest

from analysis.types import Cause, Sentiment
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


async def test_a_correction_is_shown_wherever_the_mention_is(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    judged = make.analysis(
        angry=True,
        kind={"complaint": 0.9, "praise": 0.1},
        causes=(Cause(cause="price", label=Sentiment.NEGATIVE, p=0.8),),
    )
    mention_id = await put_mention(conn, place, make.mention(text="Never again"), judged)
    (before,) = (await client.get("/api/v1/mentions")).json()["items"]
    await _patch(client, mention_id, label="positive", anger_level=0, kind="praise", causes=["waiting", "price"])

    assert (before["analysis"]["label"], before["analysis"]["corrected"]) == ("negative", False)
    for found in (
        await client.get("/api/v1/mentions", params={"label": "positive", "kind": "praise", "cause": "waiting"}),
        await client.get("/api/v1/mentions", params={"q": "never label:positive", "angry": "false"}),
        await client.get("/api/v1/mentions", params={"sort": "angriest"}),
    ):
        (item,) = found.json()["items"]
        assert _shown(item["analysis"]) == CORRECTED
    whole = (await client.get(f"/api/v1/mentions/{mention_id}")).json()
    assert _shown(whole["analysis"]) == CORRECTED
    line = (await client.get("/api/v1/exports", params={"format": "jsonl"})).json()
    assert _shown(line["analysis"]) == CORRECTED
    sheet = (await client.get("/api/v1/exports")).content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(sheet))
    told = [row[name] for name in ("label", "angry", "corrected", "model_label", "model_angry")]
    assert told == ["positive", "False", "True", "negative", "True"]
    (story,) = (await client.get("/api/v1/stories", params={"from": "2026-03-01T00:00:00Z", "at_least": 1})).json()[
        "items"
    ]
    assert (story["positive"], story["negative"], story["angry"]) == (1, 0, 0)
    (marked,) = (await client.get("/api/v1/mentions", params={"q": "never label:positive"})).json()["items"]
    assert [one["text"] for one in marked["highlights"]] == ["Never"]


CORRECTED = {
    "label": "positive",
    "anger_level": 0,
    "angry": False,
    "corrected": True,
    "likeliest_kind": "praise",
    "causes": [("waiting", None), ("price", "negative")],
    "judged": {"label": "negative", "anger_level": 2, "angry": True, "kind": "complaint", "causes": ["price"]},
}


def _shown(analysis: dict[str, Any]) -> dict[str, Any]:
    shown = {name: analysis[name] for name in CORRECTED}
    return {**shown, "causes": [(one["cause"], one["label"]) for one in analysis["causes"]]}


async def test_a_word_taken_back_leaves_the_verdict_as_it_was(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    mention_id = await put_mention(conn, place, make.mention(), ANGRY)
    (before,) = (await client.get("/api/v1/mentions")).json()["items"]
    await _patch(client, mention_id, label="neutral")
    await _patch(client, mention_id, label=None)

    assert (await client.get("/api/v1/mentions")).json()["items"] == [before]


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
