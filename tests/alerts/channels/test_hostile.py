"""Strings that mean harm, in every field of every e-mail: sent whole, headers as usual, nothing runs or loads."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Dialog, Route

from alerts.channels.email import EmailChannel
from alerts.channels.smtp_url import Security, SmtpServer
from alerts.types import Counts, LastHours, Listed, Post, Reason, RisingWord, Urgency, Verification, Voice
from analysis.types import Because
from tests import make
from tests.alerts.channels.hostile import STRINGS
from tests.alerts.channels.mailserver import MailServer, serving
from tests.service.web import stage

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]


def posts(words: str) -> tuple[Post, ...]:
    """Return an alert, a list, a report and a question with these words wherever a stranger or a user writes."""
    analysis = make.analysis(angry=True, language=words, because=(Because(start=0, end=3, text=words[:3]),))
    said = make.judged_mention(
        title=words, text=words, author_name=words, site=words, url=words, author_id=words, analysis=analysis
    )
    contact = make.contact(name=words)
    reason = Reason(code="keyword", values={"words": words, "source": words})
    alert = make.message(
        contact=contact,
        brand=words,
        rule=words,
        mention=said,
        reason=reason,
        hours=LastHours(counts=(Counts(total=3, angry=1),) * 24, until=make.NOW),
    )
    line = Listed(
        incident_id=alert.incident_id,
        incident_url=alert.incident_url,
        brand=words,
        rule=words,
        urgency=Urgency.HIGH,
        site=words,
        words=words,
        new_count=2,
    )
    told = make.brand_digest(
        brand=words, angry=(Voice(mention=said, url="http://127.0.0.1/m"),), rising=(RisingWord(term=words, count=2),)
    )
    asked = Verification(notification_id=alert.notification_id, contact=contact, url="http://127.0.0.1/verify")
    return alert, replace(alert, listed=(line, line)), make.digest(contact=contact, brands=(told,)), asked


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


async def sent(server: MailServer) -> list[tuple[str, EmailMessage]]:
    """Send every string in every kind of e-mail; return recipients and what arrived."""
    channel = EmailChannel(
        SmtpServer(host="127.0.0.1", port=server.port, security=Security.NEVER),
        sender="earshot@alerts.test",
        zone=ZoneInfo("UTC"),
        clock=lambda: datetime(2026, 3, 5, 12, 1, tzinfo=UTC),
    )
    for words in STRINGS:
        for post in posts(words):
            await channel.send(post)
    return [(to, message_from_bytes(raw, policy=default)) for _, to, raw in server.delivered]


async def test_every_one_is_sent_with_the_usual_headers_and_does_nothing() -> None:
    async with serving(MailServer()) as server:
        mails = await sent(server)
    usual_keys = [mail.keys() for _, mail in mails[:4]]
    asked: list[str] = []
    dialogs: list[str] = []

    async def refuse(route: Route) -> None:
        asked.append(route.request.url)
        await route.abort()

    async def close(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        await dialog.dismiss()

    ran = []
    async with stage.launched() as browser:
        page = await browser.new_page()
        page.on("dialog", close)
        await page.route("**/*", refuse)
        for _, mail in mails:
            await page.set_content(html_of(mail), wait_until="domcontentloaded")
            ran.append(await page.evaluate("window.__run"))

    assert len(STRINGS) >= 300
    assert len(mails) == 4 * len(STRINGS)
    assert {to for to, _ in mails} == {"oncall@example.com"}
    assert all(mail.keys() == usual_keys[at % 4] for at, (_, mail) in enumerate(mails))
    assert (asked, dialogs, [one for one in ran if one is not None]) == ([], [], [])
