"""Who did what is written down with what was done, sealed, and holds no secret."""

import asyncio
from datetime import timedelta

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from service.pipeline.prove import prove_log
from service.store import audit, clock, component, contact
from service.store.access import Scope
from service.store.pool import Connection, Pool
from tests.service import programs
from tests.service.api.conftest import Place, client_of, key_with, put_incident


async def _deeds(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    found = (await client.get("/api/v1/audit?limit=200")).json()["items"]
    return [(one["action"], one["thing"]) for one in reversed(found)]


async def test_deeds_are_written_down_with_who_did_them(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    trouble = await put_incident(conn, place)
    made = (await client.post("/api/v1/keys", json={"name": "shop", "scopes": ["read"]})).json()
    await client.delete(f"/api/v1/keys/{made['id']}")
    await client.post("/api/v1/users", json={"name": "mei"})
    await client.patch(f"/api/v1/brands/{place.brand_id}", json={"aliases": ["燈籠"]})
    await client.post(f"/api/v1/incidents/{trouble.incident_id}/ack")
    await client.patch(f"/api/v1/mentions/{trouble.mention_id}", json={"label": "positive"})
    await client.get("/api/v1/exports")
    listed = await client.get("/api/v1/audit")

    assert await _deeds(client) == [
        *(("added", "key"), ("changed", "key"), ("added", "user"), ("changed", "brand"), ("added", "incident")),
        *(("added", "correction"), ("exported", "mentions")),
    ]
    assert {one["actor"] for one in listed.json()["items"]} == {"key:tester"}
    assert listed.json()["items"][3]["detail"] == {"aliases": [[], ["燈籠"]]}
    assert made["key"].split("_")[2] not in listed.text


async def test_what_is_refused_is_not_written_down(client: httpx.AsyncClient, place: Place) -> None:
    await client.post("/api/v1/brands", json={"name": "Lantern Noodles"})
    await client.post("/api/v1/users", json={"name": "", "role": "admin"})

    assert await _deeds(client) == []


async def test_the_chain_holds_under_many_writers_and_shows_every_change(pool: Pool, conn: Connection) -> None:
    async def write(n: int) -> None:
        async with pool.acquire() as own:
            await audit.note(own, actor=f"user {n}", action="tried", thing="nothing", thing_id=str(n), detail={})

    await asyncio.gather(*(write(n) for n in range(20)))
    nothing_yet = await audit.proof(conn)
    whole = await prove_log(pool, piece=7)
    with pytest.raises(asyncpg.RaiseError):
        await conn.execute("update audit_log set actor = 'nobody' where id = 7")
    with pytest.raises(asyncpg.RaiseError):
        await conn.execute("truncate audit_log")
    await conn.execute("alter table audit_log disable trigger all")
    await conn.execute("update audit_log set actor = 'nobody' where id = 7")
    soon = await prove_log(pool, piece=7)
    changed = await prove_log(pool, anew_every=timedelta(0), piece=7)
    await conn.execute("delete from audit_log where id = 5")
    removed = await prove_log(pool, anew_every=timedelta(0), piece=7)

    assert nothing_yet is None
    assert (whole.checked, whole.broken_at, soon.broken_at) == (20, None, None)
    assert changed.broken_at == 7
    assert removed.broken_at == 6


async def test_what_is_new_is_proved_alone_and_an_end_that_was_cut_off_is_missed(pool: Pool, conn: Connection) -> None:
    async def write(n: int) -> None:
        await audit.note(conn, actor="mei", action="tried", thing="nothing", thing_id=str(n), detail={})

    for n in range(4):
        await write(n)
    first = await prove_log(pool, piece=2)
    await write(4)
    grown = await prove_log(pool, piece=2)
    await conn.execute("alter table audit_log disable trigger all")
    await conn.execute("delete from audit_log where id >= 4")
    for n in range(3, 6):
        await write(n)
    cut = await prove_log(pool, piece=2)

    assert (first.checked, grown.checked, grown.broken_at) == (4, 5, None)
    assert cut.broken_at == 5
    assert [one.healthy for one in await component.every(conn) if one.name == "audit"] == [False]


async def test_the_log_is_read_page_by_page_and_its_proof_with_it(client: httpx.AsyncClient, pool: Pool) -> None:
    for n in range(3):
        await client.post("/api/v1/users", json={"name": f"user {n}"})
    first = (await client.get("/api/v1/audit?limit=2&thing=user")).json()
    rest = (await client.get(f"/api/v1/audit?limit=2&thing=user&cursor={first['next']}")).json()

    assert [one["detail"]["name"] for one in (*first["items"], *rest["items"])] == ["user 2", "user 1", "user 0"]
    unproved = (await client.get("/api/v1/audit/proof")).json()
    proved = await prove_log(pool)
    told = (await client.get("/api/v1/audit/proof")).json()

    assert unproved["intact"] is None
    assert (told["intact"], told["head"]) == (True, proved.head.hex())


async def test_nobody_bound_or_less_than_an_administrator_reads_it(app: FastAPI, conn: Connection) -> None:
    async with client_of(app, await key_with(conn, Scope.READ, Scope.WRITE, Scope.RESPOND)) as other:
        assert (await other.get("/api/v1/audit")).status_code == 403


def test_the_command_line_is_somebody_too_and_proves_the_log(database_url: str) -> None:
    settings = {"EARSHOT_DATABASE_URL": database_url}
    programs.run("users", "add", "mei", settings=settings)
    listed = programs.run("audit", "list", settings=settings).stdout.decode()
    proved = programs.run("audit", "verify", settings=settings)
    cut = programs.run("audit", "verify", "--head", "00" * 32, settings=settings)

    assert "command line" in listed
    assert "added user" in listed
    assert (proved.returncode, cut.returncode) == (0, 1)
    assert "was cut" in cut.stderr.decode()


async def test_who_is_called_and_which_programs_are_told_is_written_down(
    client: httpx.AsyncClient, conn: Connection
) -> None:
    await contact.put(conn, name="Ann", email="ann@example.com", language="en", enabled=True, now=await clock.now(conn))
    layer = {"members": ["Ann"], "starts": "2020-01-06T09:00", "turn": "1d"}
    steps = [{"on_call": ["Care"], "wait": "10m"}]
    for address, body in (
        ("schedules", {"name": "Care", "zone": "Asia/Taipei", "layers": [layer]}),
        ("policies", {"name": "Care first", "steps": steps, "last_resort": "Ann"}),
        ("webhooks", {"name": "Desk", "url": "https://desk.example/s3cret", "events": ["incident.opened"]}),
    ):
        answer = await client.post(f"/api/v1/{address}", json=body)
        assert answer.status_code == 201, answer.text
    listed = await client.get("/api/v1/audit")

    assert set(await _deeds(client)) == {("added", "schedule"), ("added", "policy"), ("added", "webhook")}
    assert "s3cret" not in listed.text
