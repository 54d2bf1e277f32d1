"""Share of voice and spread, against numbers worked out by hand."""

from datetime import timedelta

import httpx

from service.store import clock
from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import Place, put_mention, put_place

GOOD = make.analysis(negative=0.1, neutral=0.1, positive=0.8)


async def test_shares_of_a_named_set_add_up(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    now = await clock.now(conn)
    rival, third = await put_place(conn, "Rival Tea", "rival"), await put_place(conn, "Third", "third")
    for where, count in ((place, 3), (rival, 1), (third, 4)):
        for n in range(count):
            said = make.mention(id=f"{where.source_id} {n}", published_at=now - timedelta(hours=n % 2))
            await put_mention(conn, where, said, GOOD)
    answer = await client.get("/api/v1/share-of-voice", params={"brand": ["Lantern Noodles", str(rival.brand_id)]})
    assert answer.status_code == 200, answer.text
    voice = answer.json()

    assert voice["total"] == 4
    assert [(one["brand"]["name"], one["total"], one["share"], one["net_of_all"]) for one in voice["brands"]] == [
        ("Lantern Noodles", 3, 0.75, 1.0),
        ("Rival Tea", 1, 0.25, 1.0),
    ]
    for step in voice["buckets"]:
        assert sum(step["shares"].values()) == 1


async def test_a_share_of_one_brand_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    twice = await client.get("/api/v1/share-of-voice", params={"brand": ["Lantern Noodles", str(place.brand_id)]})
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "brand")
    unknown = await client.get("/api/v1/share-of-voice", params={"brand": ["Lantern Noodles", "Nobody"]})
    assert unknown.status_code == 422


async def test_spread_tells_channels_discussion_and_speed(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    now = await clock.now(conn)
    said = [
        make.mention(id="1", site="PTT", published_at=now - timedelta(hours=3)),
        make.mention(id="2", site="PTT", parent="1", root="1", published_at=now - timedelta(minutes=90)),
        make.mention(id="3", site="Dcard", published_at=now - timedelta(minutes=30)),
        make.mention(id="4", site="Dcard", parent="3", root="3", published_at=now - timedelta(minutes=20)),
        make.mention(id="5", site="Dcard", parent="3", root="3", published_at=now - timedelta(minutes=10)),
        make.mention(id="6", site="X", published_at=now - timedelta(days=20)),
    ]
    for one in said:
        await put_mention(conn, place, one)
    answer = await client.get("/api/v1/spread", params={"brand": "Lantern Noodles", "window": 1})
    assert answer.status_code == 200, answer.text
    spread = answer.json()

    assert (spread["total"], spread["channels"], spread["articles"], spread["comments"]) == (5, 2, 2, 3)
    assert (spread["discussion"], spread["latest"], spread["before"]) == (1.5, 3, 1)
    assert spread["velocity"] == 3
    assert round(spread["doubling_hours"], 4) == 0.6309
