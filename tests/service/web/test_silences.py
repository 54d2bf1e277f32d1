"""What is kept quiet, on its page, without any script."""

from datetime import timedelta

import httpx
import pytest

from service.store import clock, silence
from service.store.pool import Connection
from tests.service.web.conftest import send

pytestmark = pytest.mark.usefixtures("angry_place")
DAY = timedelta(days=1)


async def test_a_silence_says_what_it_would_hide_is_made_and_ended(
    browser: httpx.AsyncClient, conn: Connection
) -> None:
    tried = await send(browser, "/silences", do="try", to="2100-01-01T00:00")
    soon = (await clock.now(conn) + DAY).isoformat(timespec="minutes")
    shown = await send(browser, "/silences", do="try", to=soon)
    nameless = await send(browser, "/silences", do="make", to=soon)
    made = await send(browser, "/silences", do="make", to=soon, reason="Moving house", kind="maintenance")
    (kept,) = await silence.every(conn, since=await clock.now(conn))
    await conn.execute("update mock.clock set shift = shift + interval '1 minute'")
    ended = await send(browser, f"/silences/{kept.id}/end")

    assert "at most 90 days after it" in tried.text
    assert "It would hide 1 open incident" in shown.text
    assert "Write why, for the others." in nameless.text
    assert "Hides now:" in made.text
    assert (kept.kind, kept.author) == ("maintenance", "mei")
    assert "Nothing is kept quiet" in ended.text


async def test_a_silence_of_what_is_no_longer_there_is_not_made(browser: httpx.AsyncClient, conn: Connection) -> None:
    soon = (await clock.now(conn) + DAY).isoformat(timespec="minutes")
    answers = [
        await send(browser, "/silences", do="make", to=soon, reason="Moving house", **{noun: given})
        for noun, given in (("brand", "99"), ("rule", "99"), ("source", "x"))
    ]

    assert [one.status_code for one in answers] == [422, 422, 422]
    assert all("removed meanwhile" in one.text for one in answers)
    assert not await silence.every(conn, since=await clock.now(conn))
