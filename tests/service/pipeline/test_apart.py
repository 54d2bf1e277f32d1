"""What goes wrong with one does not stop those behind it, in whatever runs by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.escalation import Step
from alerts.types import DigestKind, DigestWish, IncidentId
from collectors.egress import GuardedEgress
from service.pipeline.alert import reconcile_all
from service.pipeline.analyse import analyse_due
from service.pipeline.digests import owe_digests
from service.pipeline.maintain import maintain
from service.pipeline.webhooks import tell_due
from service.store import clock, component, contact, ingest, webhook_delivery
from service.store.pool import Connection, Pool
from tests import make
from tests.service.pipeline.test_contacts import be
from tests.service.pipeline.test_digests import UTC_ZONE
from tests.service.pipeline.test_escalation import MINUTE, person, rage, route, told
from tests.service.pipeline.test_storm import Furious
from tests.service.pipeline.test_webhooks import Receiver, add, receiving
from tests.service.watched import FURIOUS, Watched, watch


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    return await watch(conn, "http://127.0.0.1/feed")


async def refuse(conn: Connection, table: str, event: str, when: str) -> None:
    """Let the database refuse what concerns one."""
    await conn.execute(
        f"""
        create function refuse_{table}() returns trigger language plpgsql as $$
        begin raise exception 'this one cannot be'; end $$;
        create trigger refuse before {event} on {table} for each row when ({when})
            execute function refuse_{table}()
        """
    )


async def test_a_digest_that_cannot_be_owed_stops_no_other(conn: Connection, pool: Pool, watched: Watched) -> None:
    await be(conn, datetime(2026, 3, 5, 12, tzinfo=UTC))
    wish = DigestWish(kinds=frozenset({DigestKind.DAILY}), always=True)
    for name in ("Ann", "Mei", "Sai"):
        email = f"{name.lower()}@example.com"
        now = await clock.now(conn)
        await contact.put(conn, name=name, email=email, language="en", enabled=True, digest=wish, now=now)
    await conn.execute("update contact set zone = 'No/Where' where name = 'Ann'")
    await refuse(conn, "digest_run", "insert", f"new.contact_id = {(await named(conn, 'Mei'))}")

    assert await owe_digests(pool, usual=UTC_ZONE) == 1
    assert [line.split()[:2] for line in await told(conn)] == [["Sai", "digest"]]


async def named(conn: Connection, name: str) -> int:
    found = await contact.named(conn, name)
    assert found is not None
    return found.id


async def test_who_cannot_be_owed_keeps_nobody_else_from_being_told(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    ann = await person(conn, "Ann")
    await conn.execute("delete from rule_contact")
    await refuse(conn, "notification", "insert", f"new.contact_id = {ann}")
    await rage(conn, pool, watched)
    names = {line.split(" first")[0] for line in await told(conn)}
    await conn.execute("drop trigger refuse on notification")
    await reconcile_all(pool)

    assert names == {"On call"}
    assert {line.split(" first")[0] for line in await told(conn)} == {"On call", "Ann"}


async def test_an_incident_that_cannot_come_further_holds_up_no_other(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    ann, mei = await person(conn, "Ann"), await person(conn, "Mei")
    await route(conn, watched, [Step(contacts=(ann,), wait=5 * MINUTE), Step(contacts=(mei,), wait=5 * MINUTE)])
    first = await rage(conn, pool, watched)
    await conn.execute("update rule set group_by = 'none'")
    post = [make.mention(id="2", text=f"{FURIOUS} 2", published_at=None)]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, post, now=await clock.now(conn))
    await analyse_due(pool, Furious())
    await refuse(conn, "incident", "update", f"new.id = {first}")
    await conn.execute("update mock.clock set shift = shift + $1", timedelta(minutes=6))
    await reconcile_all(pool)
    rows = await conn.fetch("select id, level from incident order by id")

    assert [(IncidentId(row["id"]) == first, row["level"]) for row in rows] == [(True, 0), (False, 1)]


async def test_a_message_that_cannot_be_composed_is_tried_again_and_the_next_is_sent(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    async with receiving() as receiver:
        await ask(conn, receiver)
        await conn.execute(
            "update webhook_delivery set kind = 'incident.opened', incident_id = 77 where subject = 'bad'"
        )
        async with GuardedEgress() as egress:
            while await tell_due(pool, egress, public_url="http://127.0.0.1:8000"):
                pass
    rows = await conn.fetch("select subject, state, error, attempts from webhook_delivery order by subject")

    assert [(row["subject"], row["state"], row["attempts"]) for row in rows] == [
        ("bad", "pending", 1),
        ("good", "sent", 1),
    ]
    assert "incident 77 is gone" in rows[0]["error"]
    assert len(receiver.got) == 1


async def ask(conn: Connection, receiver: Receiver) -> None:
    """Owe a webhook two messages, of which the older is about what nobody finds."""
    told_of = await add(conn, receiver.url)
    await conn.execute("alter table webhook_delivery drop constraint webhook_delivery_incident_id_fkey")
    for subject, age in (("bad", 2), ("good", 1)):
        await conn.execute(
            """
            insert into webhook_delivery (webhook_id, kind, subject, happened_at, not_before)
            values ($1, 'test', $2, mock.now(), mock.now() - $3::interval)
            """,
            told_of,
            subject,
            timedelta(seconds=age),
        )
    assert len(await webhook_delivery.log(conn, told_of, limit=5)) == 2


async def test_a_piece_of_the_housework_that_fails_leaves_the_others_done(conn: Connection, pool: Pool) -> None:
    await conn.execute("alter table idempotency_key rename to gone")
    await conn.execute(
        "insert into sign_in_attempt (at, account, address) values (mock.now() - interval '1 day', '', '')"
    )
    await maintain(pool)
    (trends,) = [part for part in await component.every(conn) if part.name == "trends"]

    assert await conn.fetchval("select count(*) from sign_in_attempt") == 0
    assert trends.healthy
