"""Somebody bound to a brand meets no other brand, whatever they ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from alerts.types import SourceId
from collectors.types import SourceKind
from service.store import access, bounds, clock, events, fetch, ingest, source
from service.store.access import Scope
from service.store.events import EventKind
from service.store.fetch import Outcome
from service.store.pool import Connection, Pool
from tests import make
from tests.service.api.conftest import Place, Trouble, client_of, put_incident, put_place, served
from tests.service.api.test_access import NEEDED

#: Words that stand in everything of the other brand, and nowhere else.
OTHERS = ("Copper Kettle", "kettlewords", "kettleforum")
#: Looked at one thing each, by an id.
_ONE = {
    "/api/v1/mentions/{id}": "mention_id",
    "/api/v1/incidents/{id}": "incident_id",
    "/api/v1/notifications/{id}": "notification_id",
}


@dataclass(frozen=True, kw_only=True)
class House:
    """Two brands with an incident each, and a client bound to the first."""

    ours: Place
    others: Place
    our_trouble: Trouble
    other_trouble: Trouble


@pytest.fixture
async def house(conn: Connection) -> House:
    ours = await put_place(conn)
    our_trouble = await put_incident(conn, ours)
    others = await put_place(conn, OTHERS[0], OTHERS[2])
    other_trouble = await put_incident(conn, others, f"Liars! {OTHERS[1]} everywhere, never again.")
    return House(ours=ours, others=others, our_trouble=our_trouble, other_trouble=other_trouble)


async def _key(conn: Connection, place: Place, *scopes: Scope) -> str:
    now = await clock.now(conn)
    return await access.add_key(conn, name="bound", scopes=scopes, now=now, brands=[place.brand_id])


@pytest.fixture
async def bound(app: FastAPI, conn: Connection, house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may do everything but administer, within the first brand."""
    key = await _key(conn, house.ours, Scope.READ, Scope.WRITE, Scope.RESPOND)
    async with client_of(app, key) as opened:
        yield opened


async def _shared(conn: Connection) -> SourceId:
    return await source.put(
        conn,
        brand_id=None,
        kind=SourceKind.FEED,
        name="everywhere",
        settings={"url": "http://127.0.0.1/all"},
        interval=timedelta(minutes=5),
        allow_private=True,
        enabled=True,
        now=await clock.now(conn),
    )


async def test_no_list_count_search_or_file_tells_of_another_brand(bound: httpx.AsyncClient) -> None:
    asked = 0
    for method, path in NEEDED:
        if method != "get" or "{id}" in path or path.endswith(("/events", "/metrics", "/readyz")):
            continue
        for query in ("", "?format=jsonl" if path.endswith("exports") else ""):
            answer = await bound.get(path + query)
            asked += 1

            assert answer.status_code in (200, 403, 422), (path, answer.text)
            assert not any(word in answer.text for word in OTHERS), path
    assert asked > 30


async def test_counts_and_searches_are_of_the_own_brand(bound: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    span = "?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z"
    mine = (await bound.get(f"/api/v1/trends{span}&bucket=week")).json()["buckets"]
    all_of_it = (await client.get(f"/api/v1/trends{span}&bucket=week")).json()["buckets"]
    found = (await bound.get("/api/v1/mentions?q=never")).json()["items"]
    spread = (await bound.get(f"/api/v1/spread{span}")).json()

    assert sum(step["total"] for step in mine) == 1
    assert sum(step["total"] for step in all_of_it) == 2
    assert len(found) == 1
    assert spread["total"] == 1


async def test_a_shared_source_counts_what_it_brought_of_the_own_brand(
    bound: httpx.AsyncClient, client: httpx.AsyncClient, pool: Pool, conn: Connection, house: House
) -> None:
    shared, now = await _shared(conn), await clock.now(conn)
    for place, many in ((house.ours, 1), (house.others, 2)):
        said = [make.mention(id=f"{place.brand_id}-{n}", published_at=now) for n in range(many)]
        got = await ingest.ingest(conn, place.brand_id, shared, said, now=now)
        await fetch.record(
            conn, shared, started_at=now, finished_at=now, outcome=Outcome.COLLECTED, seen=many, counts=got.counts
        )
    path = f"/api/v1/sources/{shared}"
    async with bounds.acquired(pool, frozenset({house.ours.brand_id})) as bounded:
        polls = await fetch.latest(bounded, shared, limit=5)

    assert {(one.seen, one.inserted) for one in polls} == {(2, None), (1, None)}
    assert {one.inserted for one in await fetch.latest(conn, shared, limit=5)} == {1, 2}
    assert (await bound.get(path)).json()["mentions_per_day"] == 1
    assert (await client.get(path)).json()["mentions_per_day"] == 3


async def test_another_brands_things_are_not_there(bound: httpx.AsyncClient, house: House) -> None:
    for path, attribute in _ONE.items():
        mine = await bound.get(path.replace("{id}", str(getattr(house.our_trouble, attribute))))
        other = await bound.get(path.replace("{id}", str(getattr(house.other_trouble, attribute))))

        assert (mine.status_code, other.status_code) == (200, 404), path
    for path, known in (("brands", house.others.brand_id), ("sources", house.others.source_id)):
        assert (await bound.get(f"/api/v1/{path}/{known}")).status_code == 404
    assert (await bound.get(f"/api/v1/mentions?brand={house.others.brand_id}")).status_code == 422


async def test_another_brands_things_cannot_be_changed(bound: httpx.AsyncClient, house: House) -> None:
    trouble, brand_id = house.other_trouble, house.others.brand_id
    item = {"brand": str(brand_id), "items": [{"id": "1", "text": "hello there"}]}
    refused = [
        await bound.post(f"/api/v1/incidents/{trouble.incident_id}/ack"),
        await bound.patch(f"/api/v1/mentions/{trouble.mention_id}", json={"label": "positive"}),
        await bound.patch(f"/api/v1/brands/{brand_id}", json={"aliases": ["x"]}),
        await bound.post(f"/api/v1/sources/{house.others.source_id}/poll"),
        await bound.post("/api/v1/mentions", json=item),
    ]

    assert [one.status_code for one in refused] == [404, 404, 404, 404, 422]


async def test_what_is_for_all_brands_cannot_be_changed(bound: httpx.AsyncClient, conn: Connection) -> None:
    rule_id = await conn.fetchval("select id from rule where brand_id is null")
    removed = await bound.delete(f"/api/v1/rules/{rule_id}")
    brand = await bound.post("/api/v1/brands", json={"name": "New"})

    assert (removed.status_code, brand.status_code) == (403, 403)
    assert "bound to other brands" in brand.json()["detail"]
    assert await conn.fetchval("select exists (select from rule where id = $1)", rule_id)


async def test_the_own_brand_can_be_worked_on(bound: httpx.AsyncClient, conn: Connection, house: House) -> None:
    trouble = house.our_trouble
    item = {"brand": str(house.ours.brand_id), "items": [{"id": "1", "text": "hello there"}]}
    done = [
        await bound.post(f"/api/v1/incidents/{trouble.incident_id}/ack"),
        await bound.patch(f"/api/v1/mentions/{trouble.mention_id}", json={"label": "positive", "anger_level": 0}),
        await bound.post("/api/v1/mentions", json=item, headers={"Idempotency-Key": "1"}),
        await bound.patch(f"/api/v1/brands/{house.ours.brand_id}", json={"aliases": ["Lantern"]}),
        await bound.post(f"/api/v1/incidents/{trouble.incident_id}/resolve", json={"resolution": "answered"}),
    ]
    counted = await conn.fetchval(
        "select array[sum(total), sum(positive)] from trend_hour where brand_id = $1", house.ours.brand_id
    )

    assert [one.status_code for one in done] == [200, 200, 202, 200, 200], [one.text for one in done]
    assert counted == [2, 1]


async def test_rules_and_who_is_on_call_are_seen(bound: httpx.AsyncClient) -> None:
    for noun in ("rules", "on-call", "schedules", "policies", "silences", "contacts"):
        assert (await bound.get(f"/api/v1/{noun}")).status_code == 200, noun


async def test_the_stream_tells_of_the_own_brand_alone(app: FastAPI, conn: Connection, house: House) -> None:
    headers = {"authorization": f"Bearer {await _key(conn, house.ours, Scope.READ)}"}
    await app.state.hub.listening.wait()
    both = [house.other_trouble.mention_id, house.our_trouble.mention_id]
    heard = []
    async with (
        served(app) as (address, _),
        httpx.AsyncClient(base_url=address, headers=headers) as client,
        client.stream("GET", "/api/v1/events") as stream,
        asyncio.timeout(20),
    ):
        async for line in stream.aiter_lines():
            heard.append(line)
            if line.startswith("retry"):
                await events.tell(conn, EventKind.MENTION, both[:1])
                await events.tell(conn, EventKind.MENTION, both)
            if line.startswith("data"):
                break

    assert heard[2:] == ["id: bounded", "event: mention", f'data: {{"ids":["{both[1]}"],"count":1}}']


async def test_a_connection_goes_back_without_its_bounds(pool: Pool, conn: Connection, house: House) -> None:
    async with bounds.acquired(pool, frozenset({house.ours.brand_id})) as bounded:
        inside = await bounded.fetchval("select count(*) from brand")
        backend = bounded.get_server_pid()
    async with pool.acquire() as again:
        outside = await again.fetchval("select count(*) from brand")

        assert again.get_server_pid() == backend
        assert (inside, outside) == (1, 2)


async def test_somebody_bound_to_no_brand_at_all_sees_nothing(pool: Pool, house: House) -> None:
    async with bounds.acquired(pool, frozenset()) as bounded:
        assert await bounded.fetchval("select count(*) from mention") == 0


@asynccontextmanager
async def _without_role(conn: Connection) -> AsyncIterator[None]:
    """Take the role away that bounds are kept by, as on a server whose administrator has not made it."""
    await conn.execute("alter role earshot_bounded rename to earshot_elsewhere")
    try:
        yield
    finally:
        await conn.execute("alter role earshot_elsewhere rename to earshot_bounded")


async def test_where_postgres_cannot_keep_bounds_nobody_bound_gets_in_and_all_are_told_to_come_back(
    app: FastAPI, bound: httpx.AsyncClient, client: httpx.AsyncClient, conn: Connection, house: House
) -> None:
    now = await clock.now(conn)
    session = await access.sign_in(conn, await access.add_sign_in_link(conn, user="mei", now=now), now=now)
    await conn.execute("update app_user set role = 'viewer', brands = $1", [house.ours.brand_id])
    async with _without_role(conn), client_of(app, cookie=f"earshot_session={session}") as browser:
        refused, page = await bound.get("/api/v1/mentions"), await browser.get("/mentions")
        unbound = await client.get("/api/v1/mentions")

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert "earshot doctor" in refused.json()["detail"]
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert "Your brands cannot be shown yet" in page.text
    assert unbound.status_code == 200
    assert (await bound.get("/api/v1/mentions")).status_code == 200


#: Tables a bounded role may touch that need no policy: staff, the program's own state, words' places.
_OPEN = {
    *("analysis_todo", "brand_change", "component", "contact", "idempotency_key", "mention_search", "schema_version"),
    *("search_todo", "calendar_feed", "policy", "policy_step", "policy_target", "policy_version", "schedule"),
    *("duty_shift", "schedule_layer", "schedule_member", "schedule_override"),
}


async def test_every_table_is_kept_in_bounds_or_closed_or_named_here(conn: Connection) -> None:
    rows = await conn.fetch(
        """
        select c.relname from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
            and not c.relrowsecurity and has_any_column_privilege('earshot_bounded', c.oid, 'select')
        """
    )

    assert {row["relname"] for row in rows} == _OPEN


async def test_every_view_a_bounded_role_may_read_asks_as_its_reader(conn: Connection) -> None:
    rows = await conn.fetch(
        """
        select relname from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace
            and has_table_privilege('earshot_bounded', oid, 'select')
            and not coalesce(reloptions::text like '%security_invoker=true%', false)
        """
    )

    assert rows == []
