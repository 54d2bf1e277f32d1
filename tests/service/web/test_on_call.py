"""Who is on call, silences and contacts on their pages, without any script."""

from datetime import timedelta

import httpx
import pytest

from alerts.escalation import Step
from alerts.oncall import Layer
from service.store import clock, contact, incident, policy, schedule, silence
from service.store.pool import Connection
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")
DAY = timedelta(days=1)


async def _send(browser: httpx.AsyncClient, address: str, **fields: str) -> httpx.Response:
    token = Page((await browser.get("/rules")).text).form("/sign-out")["csrf"]
    answer = await browser.post(address, data={"csrf": token, **fields})
    return await browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


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
    await policy.put(conn, name="Care first", steps=steps, repeats=2, last_resort=ids[2], now=now)
    return schedule_id


async def test_the_page_says_who_is_on_call_until_when_and_who_next(browser: httpx.AsyncClient, care: int) -> None:
    page = (await browser.get("/on-call")).text

    assert "<strong><bdi>" in page
    assert "whoever is on call by “Care”" in page
    assert "the next after 15 minutes" in page
    assert "after the steps 2 times more" in page
    assert not Page(page).dangers()


async def test_somebody_takes_a_shift_over_and_gives_it_back(
    browser: httpx.AsyncClient, conn: Connection, care: int
) -> None:
    boss = await contact.named(conn, "Boss")
    assert boss is not None
    address, who = f"/on-call/{care}/overrides", {"contact": str(boss.id), "schedule": str(care)}
    until = (await clock.now(conn) + DAY).isoformat(timespec="minutes")
    past = await _send(browser, address, **who, to="2020-01-01T00:00")
    far = await _send(browser, address, **who, to="2199-01-01T00:00")
    taken = await _send(browser, address, **who, to=until)
    given_back = await _send(browser, "/on-call/overrides/1/end")

    assert "The end lies in the past." in past.text
    assert "at most 92 days after it" in far.text
    assert "<strong><bdi>Boss</bdi></strong>" in taken.text
    assert "<strong><bdi>Boss</bdi></strong>" not in given_back.text


async def test_an_address_for_a_calendar_is_shown_once_and_revoked(browser: httpx.AsyncClient, care: int) -> None:
    made = await _send(browser, "/on-call/calendars", of=f"schedule-{care}")
    path = made.text.partition("/api/v1/calendar/")[2].partition("<")[0]
    read = await browser.get(f"/api/v1/calendar/{path}")
    revoked = await _send(browser, "/on-call/calendars/1/revoke")

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
    await _send(browser, "/rules/1", do="save", kind="angry_mention", name="Angry", policy="1", **{"contact-1": "1"})

    assert await conn.fetchval("select policy_id from rule") == 1
    assert await conn.fetchval("select count(*) from rule_contact") == 0
    assert "Rules that go by it: Angry" in (await browser.get("/on-call")).text


async def test_a_silence_says_what_it_would_hide_is_made_and_ended(
    browser: httpx.AsyncClient, conn: Connection
) -> None:
    tried = await _send(browser, "/silences", do="try", to="2100-01-01T00:00")
    soon = (await clock.now(conn) + DAY).isoformat(timespec="minutes")
    shown = await _send(browser, "/silences", do="try", to=soon)
    nameless = await _send(browser, "/silences", do="make", to=soon)
    made = await _send(browser, "/silences", do="make", to=soon, reason="Moving house", kind="maintenance")
    (kept,) = await silence.every(conn, since=await clock.now(conn))
    await conn.execute("update mock.clock set shift = shift + interval '1 minute'")
    ended = await _send(browser, f"/silences/{kept.id}/end")

    assert "at most 90 days after it" in tried.text
    assert "It would hide 1 open incident" in shown.text
    assert "Write why, for the others." in nameless.text
    assert "Hides now:" in made.text
    assert (kept.kind, kept.author) == ("maintenance", "mei")
    assert "Nothing is kept quiet" in ended.text


async def test_a_start_that_is_no_time_does_not_count_as_now(
    browser: httpx.AsyncClient, conn: Connection, care: int
) -> None:
    soon = (await clock.now(conn) + DAY).isoformat(timespec="minutes")
    given = {"from": "0026-03-05T10:00", "to": soon, "contact": "1", "reason": "Moving house", "do": "make"}
    answers = [await _send(browser, address, **given) for address in (f"/on-call/{care}/overrides", "/silences")]

    assert [one.status_code for one in answers] == [422, 422]
    assert all("Write the start as a day and a time" in one.text for one in answers)


async def test_a_silence_of_what_is_no_longer_there_is_not_made(browser: httpx.AsyncClient, conn: Connection) -> None:
    soon = (await clock.now(conn) + DAY).isoformat(timespec="minutes")
    answers = [
        await _send(browser, "/silences", do="make", to=soon, reason="Moving house", **{noun: given})
        for noun, given in (("brand", "99"), ("rule", "99"), ("source", "x"))
    ]

    assert [one.status_code for one in answers] == [422, 422, 422]
    assert all("removed meanwhile" in one.text for one in answers)
    assert not await silence.every(conn, since=await clock.now(conn))


async def test_a_contact_is_added_changed_asked_again_and_removed(browser: httpx.AsyncClient, conn: Connection) -> None:
    given = {"name": "Sai", "email": "sai@example.com", "language": "th", "enabled": "1"}
    wrong = await _send(browser, "/contacts/new", **{**given, "email": "sai"})
    quiet = await _send(browser, "/contacts/new", **given, quiet_from="22:00", quiet_to="07:00")
    added = await _send(browser, "/contacts/new", **given)
    sai = await contact.named(conn, "Sai")
    assert sai is not None
    waits = await _send(browser, f"/contacts/{sai.id}", do="ask")
    hours = {"zone": "Asia/Bangkok", "quiet_from": "22:00", "quiet_to": "07:00", "wait-normal": "1"}
    changed = await _send(browser, f"/contacts/{sai.id}", do="save", **given, **hours)
    removed = await _send(browser, f"/contacts/{sai.id}", do="remove")

    assert (wrong.status_code, "Write an address such as" in wrong.text) == (422, True)
    assert "quiet hours need one" in quiet.text
    assert "it is told nothing until somebody there agrees" in added.text
    assert "an e-mail is on its way already" in waits.text
    assert "quiet from 22:00 to 07:00: Normal priority wait" in changed.text
    assert "The contact is removed." in removed.text


async def test_a_test_is_sent_and_shown_in_the_outbox(browser: httpx.AsyncClient, conn: Connection) -> None:
    sent = await _send(browser, "/contacts/1", do="test")
    known = await conn.fetchval("select id from notification where purpose = 'trial'")

    assert "A test e-mail is on its way" in sent.text
    # Mei's e-mails are in Traditional Chinese.
    assert "電子郵件已送達" in (await browser.get(f"/outbox/{known}")).text


async def test_a_contact_whose_mail_comes_back_is_shown_with_why(browser: httpx.AsyncClient, conn: Connection) -> None:
    await conn.execute("update contact set bounced_at = now(), bounce = '5.1.1 no such user'")

    page = (await browser.get("/contacts")).text
    assert "Mail comes back" in page
    assert "5.1.1 no such user" in page


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
