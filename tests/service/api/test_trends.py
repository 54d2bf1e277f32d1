"""Trends, against numbers worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from analysis.types import Analysis, Cause, Sentiment
from service.store import fetch
from service.store import trend as trend_store
from service.store.fetch import Counts, Outcome
from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import Place, put_mention, put_place

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
GOOD = make.analysis(negative=0.1, neutral=0.1, positive=0.8)
BAD = make.analysis(negative=0.8, neutral=0.1, positive=0.1, language="th")
ANGRY = make.analysis(angry=True)
PLAIN = make.analysis()
WAITING, PRICE = (Cause(cause=cause, label=Sentiment.NEGATIVE, p=0.9) for cause in ("waiting", "price"))


async def _say(conn: Connection, place: Place, at: datetime, *verdicts: Analysis | None) -> None:
    for n, judged in enumerate(verdicts):
        said = make.mention(id=f"{place.source_id} {at} {n}", published_at=at)
        await put_mention(conn, place, said, judged)


async def _trend(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get("/api/v1/trends", params={key.rstrip("_"): value for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    trend: dict[str, Any] = answer.json()
    return trend


async def test_measures_of_a_day(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    await _say(conn, place, MONDAY + timedelta(hours=5), GOOD, GOOD, GOOD, BAD, ANGRY, PLAIN, PLAIN, PLAIN, None)
    trend = await _trend(client, from_="2026-03-02T00:00:00Z", to="2026-03-04T00:00:00Z")

    assert set(trend) == {"buckets", "previous", "silence", "definitions"}
    rates = ("pn_smoothed", "anger_rate", "anger_rate_low", "anger_rate_high")
    assert [[round(step[rate] or 0, 4) for rate in rates] for step in trend["buckets"]] == [
        [1.3333, 0.125, 0.0224, 0.4709],
        [1, 0, 0, 0],
    ]
    assert [{name: step[name] for name in step if name not in rates} for step in trend["buckets"]] == [
        {
            "start": "2026-03-02T00:00:00Z",
            "total": 9,
            "negative": 2,
            "neutral": 3,
            "positive": 3,
            "angry": 1,
            "net_of_all": 1 / 8,
            "net_of_opinions": 1 / 5,
            "pn_ratio": 1.5,
            "gap": False,
        },
        {
            "start": "2026-03-03T00:00:00Z",
            "total": 0,
            "negative": 0,
            "neutral": 0,
            "positive": 0,
            "angry": 0,
            "net_of_all": None,
            "net_of_opinions": None,
            "pn_ratio": None,
            "gap": False,
        },
    ]
    measured = set(trend["buckets"][0]) | {"previous", "silence"}
    assert set(trend["definitions"]) == measured


async def test_the_period_before_is_as_long(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    await _say(conn, place, MONDAY - timedelta(hours=1), BAD)
    await _say(conn, place, MONDAY - timedelta(days=1), GOOD)
    await _say(conn, place, MONDAY - timedelta(days=1, hours=1), ANGRY)
    previous = (await _trend(client, from_="2026-03-02T00:00:00Z", to="2026-03-03T00:00:00Z"))["previous"]

    assert (previous["from"], previous["to"]) == ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
    assert (previous["total"], previous["negative"], previous["positive"], previous["angry"]) == (2, 1, 1, 0)
    assert (previous["net_of_all"], previous["pn_ratio"]) == (0.0, 1.0)


async def test_days_begin_by_the_clock_of_the_zone(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    await _say(conn, place, MONDAY + timedelta(hours=15), GOOD)
    await _say(conn, place, MONDAY + timedelta(hours=16), BAD)
    trend = await _trend(client, from_="2026-03-02T00:00:00+08:00", to="2026-03-04T00:00:00+08:00", tz="Asia/Taipei")

    assert [(step["start"], step["positive"], step["negative"]) for step in trend["buckets"]] == [
        ("2026-03-01T16:00:00Z", 1, 0),
        ("2026-03-02T16:00:00Z", 0, 1),
    ]


async def test_hours_and_weeks(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    await _say(conn, place, MONDAY + timedelta(hours=1, minutes=59), GOOD)
    hours = await _trend(client, from_="2026-03-02T00:10:00Z", to="2026-03-02T02:50:00Z", bucket="hour")
    weeks = await _trend(client, from_="2026-03-01T00:00:00Z", to="2026-03-09T00:00:00Z", bucket="week")

    assert [step["total"] for step in hours["buckets"]] == [0, 1, 0]
    assert [(step["start"][:10], step["total"]) for step in weeks["buckets"]] == [("2026-02-23", 0), ("2026-03-02", 1)]


async def test_no_mention_is_lost_in_the_hour_that_comes_twice(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    for hour in (5, 6, 7):
        await _say(conn, place, datetime(2025, 11, 2, hour, 30, tzinfo=UTC), GOOD)
    period = {"from_": "2025-11-02T04:00:00Z", "to": "2025-11-03T05:00:00Z", "tz": "America/New_York"}
    hours = await _trend(client, **period, bucket="hour")
    days = await _trend(client, **period, bucket="day")

    assert sum(step["total"] for step in hours["buckets"]) == 3
    assert [step["total"] for step in days["buckets"]] == [3]


async def test_groups_of_a_step(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    blog = await put_place(conn, source_name="blog")
    await _say(conn, blog, MONDAY, GOOD)
    await _say(conn, place, MONDAY, GOOD, BAD, None)
    day = {"from_": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}

    async def groups(group: str) -> list[tuple[Any, ...]]:
        (step,) = (await _trend(client, **day, group=group))["buckets"]
        return [(one["group"], one["total"], one["net_of_all"]) for one in step["groups"]]

    assert await groups("source") == [("blog", 1, 1.0), ("forum", 3, 0.0)]
    assert await groups("language") == [(None, 1, None), ("en", 2, 1.0), ("th", 1, -1.0)]
    assert await groups("label") == [("negative", 1, -1.0), ("positive", 2, 1.0), (None, 1, None)]


async def test_only_the_asked_brand_counts(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    await _say(conn, place, MONDAY, GOOD)
    await _say(conn, await put_place(conn, "Rival Noodles"), MONDAY, BAD, BAD)
    day = {"from_": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}

    assert (await _trend(client, **day))["buckets"][0]["total"] == 3
    assert (await _trend(client, **day, brand="Rival Noodles"))["buckets"][0]["total"] == 2


async def test_a_step_in_which_a_source_never_answered_is_a_gap(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    for at, outcome in ((MONDAY, Outcome.FAILED), (MONDAY + timedelta(days=1), Outcome.UNCHANGED)):
        await fetch.record(
            conn, place.source_id, started_at=at, finished_at=at, outcome=outcome, seen=0, counts=Counts()
        )
    trend = await _trend(client, from_="2026-03-02T00:00:00Z", to="2026-03-04T00:00:00Z")

    assert [step["gap"] for step in trend["buckets"]] == [True, False]


async def test_the_last_thirty_days_are_the_default(client: httpx.AsyncClient) -> None:
    trend = await _trend(client)

    assert len(trend["buckets"]) in (30, 31)


WRONG = [
    ({"tz": "Mars/Olympus"}, "tz"),
    ({"tz": "../etc/passwd"}, "tz"),
    ({"tz": ""}, "tz"),
    ({"tz": "localtime"}, "tz"),
    ({"from": "2026-03-02T00:00:00"}, "from"),
    ({"from": "yesterday"}, "from"),
    ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
    ({"from": "1772409600"}, "from"),
    ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, "to"),
    ({"from": "2020-03-02T00:00:00Z", "bucket": "hour"}, "bucket"),
    ({"bucket": "month"}, "bucket"),
    ({"group": "author"}, "group"),
    ({"brand": "Nobody"}, "brand"),
    ({"brnad": "1"}, "brnad"),
]


async def test_a_wrong_question_is_told_which_field_is_wrong(client: httpx.AsyncClient) -> None:
    for query, field in WRONG:
        answer = await client.get("/api/v1/trends", params=query)

        assert answer.status_code == 422, query
        assert [error["field"] for error in answer.json()["errors"]] == [field], query


async def test_causes_are_counted_and_those_who_say_nothing_estimated(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    slow = make.analysis(negative=0.8, neutral=0.1, positive=0.1, causes=(WAITING, PRICE))
    await _say(conn, place, MONDAY, slow, slow)
    await _say(
        conn,
        place,
        MONDAY + timedelta(hours=1),
        make.analysis(positive=0.8, negative=0.1, neutral=0.1, causes=(PRICE,)),
    )
    for zone in ("Asia/Taipei", "Asia/Kolkata"):
        trend = await _trend(client, from_="2026-03-02T00:00:00Z", to="2026-03-03T00:00:00Z", group="cause", tz=zone)
        groups = {one["group"]: (one["total"], one["negative"]) for step in trend["buckets"] for one in step["groups"]}
        assert groups == {"price": (3, 2), "waiting": (2, 2)}

    trend = await _trend(
        client, from_="2026-03-02T00:00:00Z", to="2026-03-03T00:00:00Z", silent_per_complaint="20", told_well_each="4"
    )
    assert trend["silence"] == {
        "complaints": 2,
        "praises": 1,
        "silent": 40,
        "told_ill": 420,
        "told_well": 4,
        "assumptions": {"silent_per_complaint": 20, "told_ill_each": 10, "told_well_each": 4},
    }


async def test_cause_counts_equal_a_recount_after_corrections_and_deletions(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    judged = make.analysis(causes=(WAITING,))
    await _say(conn, place, MONDAY, judged, judged, judged)
    await conn.execute("update mention set verdict_causes = '{price}' where id = (select min(id) from mention)")
    await conn.execute("delete from mention where id = (select max(id) from mention)")
    assert await trend_store.drift(conn) == 0
    trend = await _trend(client, from_="2026-03-02T00:00:00Z", to="2026-03-03T00:00:00Z", group="cause")
    assert [(one["group"], one["total"]) for one in trend["buckets"][0]["groups"]] == [("price", 1), ("waiting", 1)]
