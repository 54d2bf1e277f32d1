"""What is erased is gone everywhere, every total follows, and it stays away."""

import asyncio
import json

import asyncpg
import httpx
import pytest

from collectors.types import Author, Quarantined
from service.store import clock, events, ingest, notification, quarantine, search, trend
from service.store.events import Event, EventKind
from service.store.pool import Connection, listening
from tests import make
from tests.service import programs
from tests.service.api.conftest import Place, judge, put_incident, put_mention

TOKEN = "zyxwvunique"
ANGRY = make.analysis(angry=True)
WORDS = make.mention(id="a", text=f"Never again, {TOKEN}!", title=TOKEN, author=Author(id="u1", name="Mrs Zephyrine"))


async def _erase(client: httpx.AsyncClient, **wanted: object) -> httpx.Response:
    return await client.post("/api/v1/erasures", json=wanted)


async def _everything(conn: Connection) -> str:
    """Return every row of every table, as text."""
    tables = await conn.fetch("select tablename from pg_tables where schemaname = 'public'")
    rows: list[asyncpg.Record] = []
    for table in tables:
        rows += await conn.fetch(f"select t::text as line from {table['tablename']} t")
    return "\n".join(row["line"] for row in rows)


async def _drift(conn: Connection) -> tuple[int, int]:
    terms = await conn.fetchval(
        """
        select count(*) from (
            (table term_recount except table term_day) union all
            (select * from term_day where (total, negative, angry) <> (0, 0, 0) except table term_recount)
        ) differs
        """
    )
    return await trend.drift(conn), terms


async def test_a_mention_without_alerts_leaves_no_trace(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    mention_id = await put_mention(conn, place, WORDS, ANGRY)
    await search.index_some(conn, limit=10)
    edited = make.mention(id="a", text="I said something else.", author=WORDS.author)
    await ingest.ingest(conn, place.brand_id, place.source_id, [edited], now=await clock.now(conn))
    done = await _erase(client, mention=mention_id)
    again = await _erase(client, mention=mention_id)

    assert (done.status_code, done.json()["items"], done.json()["mention"]) == (201, 1, mention_id)
    assert again.json() == done.json()
    assert (await client.get("/api/v1/erasures")).json()["items"] == [done.json()]
    everything = await _everything(conn)
    assert not [word for word in (TOKEN, "Zephyrine", "something else") if word in everything]
    assert await conn.fetchval("select sum(total) from trend_hour") == 0
    assert await _drift(conn) == (0, 0)
    assert (await client.get(f"/api/v1/mentions/{mention_id}")).status_code == 404


async def test_an_incident_keeps_its_number_and_says_that_its_words_were_erased(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    trouble = await put_incident(conn, place, text=f"You lied, {TOKEN}!")
    await conn.execute("update alert set reason = jsonb_set(reason, '{values,words}', to_jsonb($1::text))", TOKEN)
    await _erase(client, mention=trouble.mention_id)
    shown = (await client.get(f"/api/v1/mentions/{trouble.mention_id}")).json()
    incident = await client.get(f"/api/v1/incidents/{trouble.incident_id}")
    letter = await notification.message(conn, trouble.notification_id, public_url="http://earshot.test")

    assert (shown["erased"], shown["text"], shown["author"]["name"]) == (True, "[erased · 已抹除 · ลบแล้ว]", None)
    assert incident.status_code == 200
    assert "erased" in incident.text
    assert letter is not None
    assert letter.mention.text == "[erased · 已抹除 · ลบแล้ว]"
    assert TOKEN not in await _everything(conn)
    assert await _drift(conn) == (0, 0)


async def test_what_was_erased_cannot_be_corrected(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    trouble = await put_incident(conn, place)
    await _erase(client, mention=trouble.mention_id)
    refused = await client.patch(f"/api/v1/mentions/{trouble.mention_id}", json={"label": "positive"})

    assert (refused.status_code, "erased" in refused.json()["detail"]) == (409, True)
    assert await conn.fetchval("select count(*) from correction") == 0


async def test_open_pages_are_told_that_something_went(
    client: httpx.AsyncClient, database_url: str, conn: Connection, place: Place
) -> None:
    mention_id = await put_mention(conn, place, WORDS)
    async with listening(database_url, events.CHANNEL) as queue, asyncio.timeout(20):
        await _erase(client, mention=mention_id)
        told = await queue.get()

    assert told is not None
    assert Event.read(told) == Event(kind=EventKind.MENTION, ids=(str(mention_id),), count=1)


async def test_an_author_goes_with_all_they_said_at_one_site(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    other = make.mention(id="c", text="Lovely soup.", author=Author(id="u2", name="Somebody"))
    await put_mention(conn, place, WORDS)
    await put_mention(conn, place, make.mention(id="b", text="Bad too.", author=Author(id="u1", name="Mrs Zephyrine")))
    await put_mention(conn, place, other)
    await judge(conn, place, ANGRY)
    done = await _erase(client, site=WORDS.site, author="Mrs Zephyrine")

    assert (done.json()["items"], done.json()["mention"]) == (2, None)
    assert [row["text"] for row in await conn.fetch("select text from mention")] == ["Lovely soup."]
    assert "Zephyrine" not in await _everything(conn)
    assert (await client.get("/api/v1/audit")).json()["items"][0]["thing"] == "erasure"
    assert (await _erase(client, site=WORDS.site, author="Mrs Zephyrine")).status_code == 422
    assert (await _erase(client, mention=999)).status_code == 422


async def test_the_tombstone_keeps_the_same_item_away_and_no_other(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    mention_id = await put_mention(conn, place, WORDS)
    await _erase(client, mention=mention_id)
    same_author = make.mention(id="a", text="Edited.", author=WORDS.author)
    another = make.mention(id="a", text="Quite another post.", author=Author(id="u9", name="Another"))
    back = await ingest.ingest(conn, place.brand_id, place.source_id, [WORDS, same_author], now=await clock.now(conn))
    new = await ingest.ingest(conn, place.brand_id, place.source_id, [another, WORDS], now=await clock.now(conn))

    assert (back.counts.erased_again, back.counts.seen, back.changed) == (2, 2, ())
    assert (new.counts.inserted, new.counts.erased_again, new.counts.seen) == (1, 1, 2)
    assert [row["text"] for row in await conn.fetch("select text from mention")] == ["Quite another post."]


async def test_what_a_program_sends_again_is_said_to_be_erased(client: httpx.AsyncClient, conn: Connection) -> None:
    await client.post("/api/v1/brands", json={"name": "Lantern Noodles"})
    item = {"id": "1", "text": "Cold soup", "author": {"name": "Mrs Zephyrine"}}
    body = {"brand": "Lantern Noodles", "source": "shop", "items": [item]}
    first = await client.post("/api/v1/mentions", json=body)
    await _erase(client, mention=first.json()["items"][0]["mention"])
    again = await client.post("/api/v1/mentions", json=body)

    assert again.json()["items"] == [{"id": "1", "mention": None, "outcome": "erased"}]
    assert await conn.fetchval("select count(*) from fetch_not_conserved") == 0
    assert await conn.fetchval("select sum(erased_again) from fetch_log") == 1


@pytest.mark.parametrize("wanted", [{}, {"mention": 1, "site": "a", "author": "b"}, {"site": "a"}, {"mention": 0}])
async def test_what_is_wanted_must_be_clear(client: httpx.AsyncClient, wanted: dict[str, object]) -> None:
    assert (await _erase(client, **wanted)).status_code == 422


async def test_the_command_line_erases_after_asking(database_url: str, conn: Connection, place: Place) -> None:
    mention_id = await put_mention(conn, place, WORDS)
    settings = {"EARSHOT_DATABASE_URL": database_url}
    kept = programs.run("erase", "--mention", str(mention_id), settings=settings, stdin=b"n\n")
    wrong = programs.run("erase", "--site", "x", settings=settings)
    done = programs.run("erase", "--site", WORDS.site, "--author", "u1", "--yes", settings=settings)
    again = programs.run("erase", "--mention", str(mention_id), "--yes", settings=settings)

    assert (kept.returncode, wrong.returncode, done.returncode, again.returncode) == (1, 2, 0, 0)
    assert b"erased 1 mentions" in done.stdout
    assert await conn.fetchval("select count(*) from mention") == 0


async def _set_aside(conn: Connection, place: Place, body: bytes, *, waits: bool = False) -> None:
    await conn.execute(
        """
        insert into push (source_id, received_at, headers, body, due, reason)
        values ($1, $2::timestamptz, '{}', $3, case when $4 then $2 end, case when not $4 then 'unreadable' end)
        """,
        place.source_id,
        make.NOW,
        body,
        waits,
    )


@pytest.mark.parametrize(
    "written",
    [
        '{"id": "文-7/a", "by": "林小姐"}',
        json.dumps({"id": "文-7/a", "by": "林小姐"}),
        json.dumps({"id": "文-7/a", "by": "林小姐"}).replace("/", "\\/"),
        json.dumps({"id": "文-7/a", "by": "林小姐"}).replace("5c0f", "5C0F").replace("59d0", "59D0"),
        "<item><id>&#25991;-7/a</id><by>&#26519;&#23567;&#22992;</by></item>",
    ],
)
async def test_what_could_not_be_read_of_it_goes_however_it_was_written(
    client: httpx.AsyncClient, conn: Connection, place: Place, written: str
) -> None:
    said = make.mention(id="文-7/a", text="Never again.", author=Author(name="林小姐"))
    mention_id = await put_mention(conn, place, said)
    for raw in (written, written.replace("7", "8")):
        kept = [Quarantined(raw=raw.encode(), reason="no time")]
        await quarantine.put(conn, place.source_id, kept, now=make.NOW)
        await _set_aside(conn, place, raw.encode())
    await _set_aside(conn, place, written.encode(), waits=True)
    await _erase(client, mention=mention_id)

    assert await conn.fetchval("select array_agg(raw) from quarantine") == [written.replace("7", "8").encode()]
    assert await conn.fetchval("select count(*) from push where due is null") == 1
    # It brings others too, and is read in a moment: what was erased is known there again.
    assert await conn.fetchval("select count(*) from push where due is not null") == 1
