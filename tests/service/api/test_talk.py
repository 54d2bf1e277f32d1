"""Stories and authors of a period."""

from datetime import timedelta

import httpx

from collectors.types import Author
from service.store import clock
from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import Place, judge, put_mention

GOOD = make.analysis(negative=0.1, neutral=0.1, positive=0.8)
BAD = make.analysis(negative=0.8, neutral=0.1, positive=0.1, language="th")


async def test_stories_tell_their_size_spread_and_mood(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    now = await clock.now(conn)
    for n, (site, text) in enumerate([("PTT", "Roach in the soup"), ("Dcard", "A roach in my soup!"), ("PTT", "Nice")]):
        said = make.mention(id=str(n), site=site, text=text, published_at=now - timedelta(hours=9 - n))
        await put_mention(conn, place, said, BAD if n < 2 else GOOD)
    await conn.execute(
        "update mention set story_id = (select min(story_id) from mention), terms = '{roach,soup}' "
        "where label = 'negative'"
    )
    answer = await client.get("/api/v1/stories", params={"brand": "Lantern Noodles"})
    assert answer.status_code == 200, answer.text
    (story,) = answer.json()["items"]

    assert (story["total"], story["negative"], story["channels"], story["languages"]) == (2, 2, 2, ["th"])
    assert (story["text"], story["terms"]) == ("Roach in the soup", ["roach", "soup"])
    mentions = await client.get("/api/v1/mentions", params={"story": story["id"]})
    assert len(mentions.json()["items"]) == 2
    everything = await client.get("/api/v1/stories", params={"at_least": 1})
    assert [one["total"] for one in everything.json()["items"]] == [2, 1]


async def test_authors_are_told_apart_by_how_they_speak(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    now = await clock.now(conn)
    spoken = [("ann", GOOD, 3), ("ann", GOOD, 2), ("ann", BAD, 1), ("bob", BAD, 3), ("bob", BAD, 2), ("cat", GOOD, 1)]
    for n, (name, verdict, days) in enumerate(spoken):
        said = make.mention(
            id=str(n), author=Author(id=name, name=name.title()), published_at=now - timedelta(days=days)
        )
        await put_mention(conn, place, said)
        await judge(conn, place, verdict)

    async def names(sort: str) -> list[str]:
        answer = await client.get("/api/v1/authors", params={"sort": sort})
        assert answer.status_code == 200, answer.text
        return [one["name"] for one in answer.json()["items"]]

    assert await names("often") == ["Ann", "Bob", "Cat"]
    assert await names("praise") == ["Ann", "Cat"]
    assert await names("turned") == ["Ann"]
    assert await names("angry") == []


async def test_a_period_that_ends_before_it_begins_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    for noun in ("stories", "authors"):
        answer = await client.get(
            f"/api/v1/{noun}", params={"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}
        )
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "to")
