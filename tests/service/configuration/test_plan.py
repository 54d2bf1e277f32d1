"""The store becomes what the file says, all of it or nothing, and again changes nothing."""

from datetime import timedelta

from collectors.types import SourceKind
from service.configuration import plan
from service.configuration.plan import Action, Change
from service.configuration.read import Configuration, parse
from service.configuration.write import written
from service.store import clock, ingest, source
from service.store.pool import Connection
from tests import make
from tests.service.configuration.test_read import GOOD, ON_CALL


async def apply(conn: Connection, wanted: Configuration) -> list[Change]:
    now = await clock.now(conn)
    before = await plan.current(conn, now=now)
    changes = plan.plan(before, wanted)
    await plan.apply(conn, before, wanted, changes, now=now)
    return changes


async def test_applied_twice_the_second_time_changes_nothing(conn: Connection) -> None:
    wanted = parse(GOOD, name="earshot.toml")
    first = await apply(conn, wanted)

    assert [str(change) for change in first] == [
        "add brand Lantern Tea",
        "add contact On call",
        "add source Lantern Tea: Forum",
        "add rule Angry",
    ]
    assert await apply(conn, wanted) == []


async def test_what_is_exported_is_what_was_applied(conn: Connection) -> None:
    wanted = parse(GOOD, name="earshot.toml")
    await apply(conn, wanted)
    found = await plan.current(conn, now=await clock.now(conn))

    assert found.configuration == wanted


SHARED = """
[[brand]]
name = "Lantern"
query = 'lantern NEAR/3 (tea OR 茶)'
aliases = ["燈籠茶", "ชาโคม"]
context = ["tea"]
exclude = ["festival"]
own_accounts = ["@lantern"]

[[source]]
name = "Board"
kind = "feed"
[source.settings]
url = "https://board.example/feed"

[[source]]
brand = "Lantern"
name = "Blog"
kind = "feed"
match = true
[source.settings]
url = "https://blog.example/feed"
"""


async def test_brands_with_their_terms_and_shared_sources_come_back_as_applied(conn: Connection) -> None:
    wanted = parse(SHARED, name="earshot.toml")
    first = await apply(conn, wanted)
    found = await plan.current(conn, now=await clock.now(conn))

    assert [str(change) for change in first] == ["add brand Lantern", "add source Board", "add source Lantern: Blog"]
    assert found.configuration == wanted
    assert parse(written(found.configuration), name="export") == wanted
    assert await apply(conn, wanted) == []


async def test_a_changed_query_is_a_change_of_its_brand(conn: Connection) -> None:
    await apply(conn, parse(SHARED, name="earshot.toml"))
    changes = await apply(conn, parse(SHARED.replace("NEAR/3", "NEAR/5"), name="earshot.toml"))

    assert [str(change) for change in changes] == ["change brand Lantern"]


async def test_what_is_no_longer_in_the_file_goes(conn: Connection) -> None:
    await apply(conn, parse(GOOD, name="earshot.toml"))
    changes = await apply(conn, Configuration())

    assert {change.action for change in changes} == {Action.REMOVE}
    assert await conn.fetchval("select count(*) from source") == 0


async def test_a_plan_says_how_many_mentions_would_go(conn: Connection) -> None:
    await apply(conn, parse(GOOD, name="earshot.toml"))
    row = await conn.fetchrow("select id, brand_id from source")
    assert row is not None
    await ingest.ingest(conn, row["brand_id"], row["id"], [make.mention()], now=make.NOW)
    before = await plan.current(conn, now=await clock.now(conn))

    assert "remove source Lantern Tea: Forum with its 1 mentions" in map(str, plan.plan(before, Configuration()))


async def test_a_changed_address_forgets_what_was_learned_about_the_old_one(conn: Connection) -> None:
    await apply(conn, parse(GOOD, name="earshot.toml"))
    await conn.execute("update source set etag = 'old', next_due = now() + interval '1 hour'")
    await apply(conn, parse(GOOD.replace("/rss", "/atom"), name="earshot.toml"))
    found = await conn.fetchrow("select etag, next_due <= now() as due from source")

    assert found is not None
    assert (found["etag"], found["due"]) == (None, True)


async def test_imports_are_not_the_files_business(conn: Connection) -> None:
    await apply(conn, parse(GOOD, name="earshot.toml"))
    brand_id = await conn.fetchval("select id from brand")
    await source.put(
        conn,
        brand_id=brand_id,
        kind=SourceKind.IMPORT,
        name="old reviews",
        settings={},
        interval=timedelta(days=1),
        allow_private=False,
        enabled=True,
        now=make.NOW,
    )

    assert await apply(conn, parse(GOOD, name="earshot.toml")) == []
    assert await conn.fetchval("select count(*) from source") == 2


async def test_schedules_policies_and_routes_come_back_as_applied_and_go(conn: Connection) -> None:
    wanted = parse(ON_CALL.replace('"10m"', '"60m"'), name="earshot.toml")
    first = await apply(conn, wanted)
    found = await plan.current(conn, now=await clock.now(conn))

    assert [str(change) for change in first] == [
        "add contact Mei",
        "add schedule Care",
        "add policy Care first",
        "add rule Angry",
    ]
    assert found.configuration == parse(ON_CALL.replace('"10m"', '"1h"'), name="earshot.toml")
    assert await apply(conn, wanted) == []
    assert [str(change) for change in await apply(conn, Configuration())] == [
        "remove rule Angry",
        "remove policy Care first",
        "remove schedule Care",
        "remove contact Mei",
    ]


async def test_a_layer_whose_people_were_all_removed_is_made_anew(conn: Connection) -> None:
    wanted = parse(ON_CALL, name="earshot.toml")
    await apply(conn, wanted)
    await conn.execute("delete from contact")

    assert [str(change) for change in await apply(conn, wanted)] == [
        "add contact Mei",
        "change schedule Care",
        "change policy Care first",
    ]
    assert await apply(conn, wanted) == []
