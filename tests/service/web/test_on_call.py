"""Who is on call, on its page, without any script."""

from datetime import timedelta

import httpx
import pytest

from alerts.escalation import Step
from alerts.holding import Hold
from alerts.oncall import Layer
from service.pipeline.hand_overs import note_hand_overs
from service.store import clock, contact, incident, policy, schedule
from service.store.pool import Connection, Pool
from tests.service.web.conftest import send
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")
DAY = timedelta(days=1)


@pytest.fixture
async def care(conn: Connection) -> int:
    """Ann and Mei take turns by the day; Boss is the last resort."""
    now = await clock.now(conn)
    ids = [
        await contact.put(conn, name=name, email=f"{name}@example.com", language="en", enabled=True, now=now)
        for name in ("Ann", "Mei", "Boss")
    ]
    layer = Layer(members=tuple(ids[:2]), starts=(now - DAY).replace(tzinfo=None), turn=DAY)
    schedule_id = await schedule.put(conn, name="Care", zone="Asia/Bangkok", layers=[layer], now=now)
    steps = [Step(schedules=(schedule_id,), wait=timedelta(minutes=15))]
    await policy.put(conn, name="Care first", steps=steps, repeats=2, last_resort=ids[2], hold=Hold(), now=now)
    return schedule_id


async def test_the_page_says_who_is_on_call_until_when_and_who_next(browser: httpx.AsyncClient, care: int) -> None:
    page = (await browser.get("/on-call")).text

    assert "<strong><bdi>" in page
    assert "whoever is on call by “Care”" in page
    assert "the next after 15 minutes" in page
    assert "after the steps 2 times more" in page
    assert not Page(page).dangers()


async def test_the_page_tells_who_had_it(browser: httpx.AsyncClient, conn: Connection, pool: Pool, care: int) -> None:
    before = (await browser.get("/on-call")).text
    await note_hand_overs(pool)

    assert "Who had it" not in before
    assert "Who had it" in (await browser.get("/on-call")).text


async def test_somebody_takes_a_shift_over_and_gives_it_back(
    browser: httpx.AsyncClient, conn: Connection, care: int
) -> None:
    boss = await contact.named(conn, "Boss")
    assert boss is not None
    address, who = f"/on-call/{care}/overrides", {"contact": str(boss.id), "schedule": str(care)}
    until = (await clock.now(conn) + DAY).isoformat(timespec="minutes")
    past = await send(browser, address, **who, to="2020-01-01T00:00")
    far = await send(browser, address, **who, to="2199-01-01T00:00")
    taken = await send(browser, address, **who, to=until)
    given_back = await send(browser, "/on-call/overrides/1/end")

    assert "The end lies in the past." in past.text
    assert "at most 92 days after it" in far.text
    assert "<strong><bdi>Boss</bdi></strong>" in taken.text
    assert "<strong><bdi>Boss</bdi></strong>" not in given_back.text


async def test_an_address_for_a_calendar_is_shown_once_and_revoked(browser: httpx.AsyncClient, care: int) -> None:
    made = await send(browser, "/on-call/calendars", of=f"schedule-{care}")
    path = made.text.partition("/api/v1/calendar/")[2].partition("<")[0]
    read = await browser.get(f"/api/v1/calendar/{path}")
    revoked = await send(browser, "/on-call/calendars/1/revoke")

    assert "SUMMARY:Care: " in read.text
    assert path not in (await browser.get("/on-call")).text
    assert "The address opens nothing any more." in revoked.text
    assert (await browser.get(f"/api/v1/calendar/{path}")).status_code == 404


async def test_a_gap_and_a_last_resort_that_cannot_be_told_are_warned_of(
    browser: httpx.AsyncClient, conn: Connection, care: int
) -> None:
    await conn.execute("update schedule_layer set starts = starts + interval '3 days'")
    await conn.execute("update contact set enabled = false where name = 'Boss'")
    page = (await browser.get("/on-call")).text

    assert "“Care”: nobody is on call from" in page
    assert "The last resort of “Care first” cannot be told" in page


async def test_a_rule_goes_by_a_policy(browser: httpx.AsyncClient, conn: Connection, care: int) -> None:
    await send(browser, "/rules/1", do="save", kind="angry_mention", name="Angry", policy="1", **{"contact-1": "1"})

    assert await conn.fetchval("select policy_id from rule") == 1
    assert await conn.fetchval("select count(*) from rule_contact") == 0
    assert "Rules that go by it: Angry" in (await browser.get("/on-call")).text


async def test_a_start_that_is_no_time_does_not_count_as_now(
    browser: httpx.AsyncClient, conn: Connection, care: int
) -> None:
    soon = (await clock.now(conn) + DAY).isoformat(timespec="minutes")
    given = {"from": "0026-03-05T10:00", "to": soon, "contact": "1", "reason": "Moving house", "do": "make"}
    answers = [await send(browser, address, **given) for address in (f"/on-call/{care}/overrides", "/silences")]

    assert [one.status_code for one in answers] == [422, 422]
    assert all("Write the start as a day and a time" in one.text for one in answers)


async def test_a_step_that_was_taken_stands_on_the_timeline(browser: httpx.AsyncClient, conn: Connection) -> None:
    (one,) = await incident.newest(conn)
    await conn.execute(
        """
        insert into incident_event (incident_id, at, kind, detail)
        values ($1, now(), 'escalated', '{"level": 1, "late_by": 7200}')
        """,
        one.id,
    )

    assert "step 2 is told, 2 hours late" in (await browser.get(f"/incidents/{one.id}")).text
