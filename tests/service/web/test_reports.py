"""The page of reports: the preview, the files and who gets it by e-mail."""

import httpx
import pytest

from alerts.types import DigestKind
from service.store import contact
from service.store.pool import Connection
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")


async def today(browser: httpx.AsyncClient, **more: str) -> str:
    """Return the question for the report that today lies in."""
    return (await browser.get("/reports", params={"kind": "daily", **more})).text


@pytest.mark.parametrize(
    ("language", "heading"),
    [("en", "Daily report"), ("zh-Hant", "每日報告"), ("zh-Hans", "每日报告"), ("th", "รายงานประจำวัน")],
)
async def test_the_report_is_shown_in_any_language(
    browser: httpx.AsyncClient, conn: Connection, language: str, heading: str
) -> None:
    day = await conn.fetchval("select (said_at at time zone 'Asia/Taipei')::date::text from mention limit 1")
    asked = {"kind": "daily", "day": day, "language": language}
    page = Page((await browser.get("/reports", params=asked)).text)
    framed = await browser.get(page.all("iframe")[0]["src"] or "")

    assert framed.status_code == 200
    assert heading in framed.text
    assert "You lied to my face and laughed." in framed.text
    assert "sandbox" in framed.headers["content-security-policy"]


async def test_nonsense_in_the_address_counts_as_not_given(browser: httpx.AsyncClient) -> None:
    asked = {"kind": "x", "day": "9999-99-99", "language": "tlh", "brand": "0x"}

    assert (await browser.get("/reports", params=asked)).status_code == 200


async def test_the_mentions_are_had_as_files(browser: httpx.AsyncClient, conn: Connection) -> None:
    day = await conn.fetchval("select (said_at at time zone 'Asia/Taipei')::date::text from mention limit 1")
    page = Page((await browser.get("/reports", params={"kind": "daily", "day": day})).text)
    files = [one["href"] or "" for one in page.all("a") if "/exports" in (one["href"] or "")]
    answers = [await browser.get(file) for file in files]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "You lied to my face" in answers[0].text
    assert answers[1].content.startswith(b"PK")


async def test_the_chart_is_a_picture(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/reports/chart.png", params={"kind": "weekly", "language": "zh-Hant"}, timeout=60)

    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


async def test_what_a_contact_wants_is_kept(browser: httpx.AsyncClient, conn: Connection) -> None:
    [one] = await contact.every(conn)
    form = {**Page(await today(browser)).form(f"/reports/contacts/{one.id}"), "daily": "1", "at": "6:30", "always": "1"}
    answer = await browser.post(f"/reports/contacts/{one.id}", data=form)
    found = await contact.get(conn, one.id)

    assert answer.status_code == 303
    assert found is not None
    assert found.digest.kinds == {DigestKind.DAILY}
    assert found.digest.at.strftime("%H:%M") == "06:30"
    assert found.digest.always


async def test_an_hour_that_is_none_is_said_and_changes_nothing(browser: httpx.AsyncClient, conn: Connection) -> None:
    [one] = await contact.every(conn)
    form = {**Page(await today(browser)).form(f"/reports/contacts/{one.id}"), "daily": "1", "at": "breakfast"}
    answer = await browser.post(f"/reports/contacts/{one.id}", data=form)

    assert answer.status_code == 422
    assert "breakfast" in answer.text
    assert (await contact.get(conn, one.id)) == one


async def test_a_form_of_another_place_is_refused(browser: httpx.AsyncClient, conn: Connection) -> None:
    [one] = await contact.every(conn)

    assert (await browser.post(f"/reports/contacts/{one.id}", data={"daily": "1", "at": "08:00"})).status_code == 403
