"""The e-mails, before and after they leave."""

from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from alerts.types import NotificationId
from service.settings import Settings
from service.store import clock, component
from service.store.pool import Connection
from tests.service.web.reading import Page

pytestmark = pytest.mark.usefixtures("angry_place")


async def _only(conn: Connection) -> NotificationId:
    found: UUID = await conn.fetchval("select id from notification")
    return NotificationId(found)


async def test_without_a_mail_server_the_remedy_is_said(browser: httpx.AsyncClient, conn: Connection) -> None:
    for address in ("/", "/outbox", f"/outbox/{await _only(conn)}"):
        page = (await browser.get(address)).text

        assert "EARSHOT_SMTP_URL" in page
        assert "wait in the outbox" in page


async def test_an_ill_mail_server_is_shown_with_its_words(
    app: FastAPI, browser: httpx.AsyncClient, conn: Connection
) -> None:
    app.state.settings = Settings(database_url="postgresql://x/y", smtp_url="smtp://mail.example.com")
    await component.beat(conn, "smtp", now=await clock.now(conn), healthy=False, detail="535 Authentication failed")
    pages = [(await browser.get(address)).text for address in ("/", "/outbox")]

    assert all("The mail server does not take our e-mails" in page for page in pages)
    assert all("535 Authentication failed" in page for page in pages)


async def test_a_healthy_mail_server_needs_no_notice(
    app: FastAPI, browser: httpx.AsyncClient, conn: Connection
) -> None:
    app.state.settings = Settings(database_url="postgresql://x/y", smtp_url="smtp://mail.example.com")
    await component.beat(conn, "smtp", now=await clock.now(conn), healthy=True)
    page = (await browser.get("/")).text

    assert 'class="notice"' not in page


async def test_mail_that_comes_back_is_told_with_its_words(browser: httpx.AsyncClient, conn: Connection) -> None:
    now = await clock.now(conn)
    await component.beat(conn, "contacts", now=now, healthy=False, detail="Ann <ann@example.com>: 550 5.1.1 unknown")
    await component.beat(conn, "bounces", now=now, healthy=False, detail="imap.example.com did not answer")
    pages = [(await browser.get(address)).text for address in ("/", "/outbox")]

    assert all("Some people get no e-mail: what is sent to them comes back" in page for page in pages)
    assert all("Ann &lt;ann@example.com&gt;: 550 5.1.1 unknown" in page for page in pages)
    assert all("The mailbox for messages that come back cannot be read" in page for page in pages)


async def test_a_silent_worker_is_told(browser: httpx.AsyncClient, conn: Connection) -> None:
    await conn.execute("update component set beat_at = beat_at - interval '10 minutes'")
    page = (await browser.get("/")).text

    assert "The worker has been silent for 10 minutes" in page


async def test_the_html_part_is_framed_and_can_do_nothing(browser: httpx.AsyncClient, conn: Connection) -> None:
    address = f"/outbox/{await _only(conn)}"
    page = Page((await browser.get(address)).text)
    framed = await browser.get(f"{address}/html")
    policy = framed.headers["content-security-policy"]

    assert page.all("iframe")[0]["src"] == f"{address}/html"
    assert page.all("iframe")[0]["sandbox"] in ("", None)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
    assert "Never again" in framed.text


async def test_the_plain_part_and_the_envelope_are_shown(browser: httpx.AsyncClient, conn: Connection) -> None:
    page = (await browser.get(f"/outbox/{await _only(conn)}")).text

    assert "mei@lantern.example" in page
    assert "http://127.0.0.1:8000/incidents/1" in page
    assert "【緊急】" in page


async def test_attempts_are_told_with_what_to_do(browser: httpx.AsyncClient, conn: Connection) -> None:
    letter = await _only(conn)
    await conn.execute(
        """
        insert into delivery_attempt (notification_id, n, started_at, ended_at, outcome, stage, code, detail)
        values ($1, 1, now(), now(), 'recipient', 'rcpt', 550, '550 5.1.1 No such user')
        """,
        letter,
    )
    await conn.execute("update notification set state = 'failed', attempts = 1, error = '550 No such user'")
    page = (await browser.get(f"/outbox/{letter}")).text
    listed = (await browser.get("/outbox")).text

    assert "550 5.1.1 No such user" in page
    assert "refuses this address for good" in page
    assert "nobody tries again" in listed
