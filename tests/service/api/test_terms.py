"""Rising words, counted in the same transaction as the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from analysis.types import Analysis
from service.pipeline.analyse import analyse_due
from service.store import clock, ingest, term
from service.store.pool import Connection, Pool
from service.store.term import Mood
from tests import make
from tests.service.api.conftest import Place


@dataclass
class Unmoved:
    """Says the same of every text."""

    verdict: Analysis
    model: str = "unmoved@1"

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        return [self.verdict for _ in texts]


async def _say(pool: Pool, conn: Connection, place: Place, days_ago: int, *texts: str, angry: bool = False) -> None:
    now = await clock.now(conn)
    said = [
        make.mention(id=f"{days_ago} {n} {text}", text=text, published_at=now - timedelta(days=days_ago))
        for n, text in enumerate(texts)
    ]
    await ingest.ingest(conn, place.brand_id, place.source_id, said, now=now)
    while await analyse_due(pool, Unmoved(make.analysis(angry=angry))):
        pass


async def _terms(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get("/api/v1/terms", params={"brand": "Lantern Noodles", **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_is_said_more_than_before_rises(
    client: httpx.AsyncClient, pool: Pool, conn: Connection, place: Place
) -> None:
    await _say(pool, conn, place, 20, *["湯麵很好喝"] * 10)
    await _say(pool, conn, place, 1, *["Lantern Noodles 湯麵裡有蟑螂"] * 5, "湯麵好喝")
    await _say(pool, conn, place, 1, *["退款不處理"] * 3, angry=True)

    found = await _terms(client)
    assert (found["texts"], found["texts_before"]) == (9, 10)
    ranked = [one["term"] for one in found["items"]]
    assert "蟑螂" in ranked
    assert not [word for word in ranked if "lantern" in word]
    assert "好喝" not in ranked
    angry = await _terms(client, mood="angry")
    assert {one["term"] for one in angry["items"]} == {"退款"} | {
        one["term"] for one in angry["items"] if "退款" in one["term"] or "處理" in one["term"]
    }


async def test_counts_follow_edits_deletions_and_removals(
    client: httpx.AsyncClient, pool: Pool, conn: Connection, place: Place
) -> None:
    await _say(pool, conn, place, 1, "refund refund please", "refund now")
    today = (await clock.now(conn)).date()
    span: dict[str, Any] = {"since": today - timedelta(days=3), "until": today + timedelta(days=1), "mood": Mood.ALL}
    assert (await term.counts(conn, brand_ids=None, **span)).counts["refund"] == 2
    await conn.execute("update mention set deleted = true where id = (select min(id) from mention)")
    assert (await term.counts(conn, brand_ids=None, **span)).counts["refund"] == 1
    await conn.execute("update mention set engagement = '{\"likes\": 3}'")
    assert (await term.counts(conn, brand_ids=None, **span)).counts["refund"] == 1
    await conn.execute("delete from mention")
    assert "refund" not in (await term.counts(conn, brand_ids=None, **span)).counts


@pytest.mark.parametrize("query", [{"to": "2020-01-01T00:00:00Z", "from": "2021-01-01T00:00:00Z"}, {"mood": "furious"}])
async def test_odd_questions_are_refused(client: httpx.AsyncClient, place: Place, query: dict[str, str]) -> None:
    assert (await client.get("/api/v1/terms", params=query)).status_code == 422
