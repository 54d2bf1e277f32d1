"""Contacts on their pages, without any script."""

import httpx
import pytest

from service.store import contact
from service.store.pool import Connection
from tests.service.web.conftest import send

pytestmark = pytest.mark.usefixtures("angry_place")


async def test_a_contact_is_added_changed_asked_again_and_removed(browser: httpx.AsyncClient, conn: Connection) -> None:
    given = {"name": "Sai", "email": "sai@example.com", "language": "th", "enabled": "1"}
    wrong = await send(browser, "/contacts/new", **{**given, "email": "sai"})
    quiet = await send(browser, "/contacts/new", **given, quiet_from="22:00", quiet_to="07:00")
    added = await send(browser, "/contacts/new", **given)
    sai = await contact.named(conn, "Sai")
    assert sai is not None
    waits = await send(browser, f"/contacts/{sai.id}", do="ask")
    hours = {"zone": "Asia/Bangkok", "quiet_from": "22:00", "quiet_to": "07:00", "wait-normal": "1"}
    changed = await send(browser, f"/contacts/{sai.id}", do="save", **given, **hours)
    removed = await send(browser, f"/contacts/{sai.id}", do="remove")

    assert (wrong.status_code, "Write an address such as" in wrong.text) == (422, True)
    assert "quiet hours need one" in quiet.text
    assert "it is told nothing until somebody there agrees" in added.text
    assert "an e-mail is on its way already" in waits.text
    assert "quiet from 22:00 to 07:00: Normal priority wait" in changed.text
    assert "The contact is removed." in removed.text


async def test_a_test_is_sent_and_shown_in_the_outbox(browser: httpx.AsyncClient, conn: Connection) -> None:
    sent = await send(browser, "/contacts/1", do="test")
    known = await conn.fetchval("select id from notification where purpose = 'trial'")

    assert "A test e-mail is on its way" in sent.text
    # Mei's e-mails are in Traditional Chinese.
    assert "電子郵件已送達" in (await browser.get(f"/outbox/{known}")).text


async def test_a_contact_whose_mail_comes_back_is_shown_with_why(browser: httpx.AsyncClient, conn: Connection) -> None:
    await conn.execute("update contact set bounced_at = now(), bounce = '5.1.1 no such user'")

    page = (await browser.get("/contacts")).text
    assert "Mail comes back" in page
    assert "5.1.1 no such user" in page
