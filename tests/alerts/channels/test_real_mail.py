"""Alerts through a real Postfix into a real Dovecot mailbox, and back by IMAP."""

import imaplib
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from alerts.channels.email import EmailChannel
from alerts.channels.smtp_url import Security, SmtpServer
from alerts.letter import rendered
from alerts.types import Message
from tests import mailhost, make
from tests.alerts.channels.sent import NAMES, SAID, alert
from tests.mailhost import MailHost

ZONE = ZoneInfo("Asia/Taipei")


def channel(host: MailHost) -> EmailChannel:
    return EmailChannel(
        SmtpServer(host="127.0.0.1", port=host.smtp, security=Security.NEVER),
        sender="earshot@alerts.test",
        zone=ZONE,
        clock=lambda: datetime(2026, 3, 5, 12, 1, tzinfo=UTC),
    )


async def received(host: MailHost, *messages: Message) -> list[EmailMessage]:
    sending = channel(host)
    for message in messages:
        receipt = await sending.send(message)
        assert receipt.code == 250
    return host.messages("ann", count=len(messages))


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("language", SAID)
async def test_an_alert_arrives_as_it_was_written(language: str, mail_host: MailHost) -> None:
    message = alert(language)
    words = rendered(message, zone=ZONE)
    (mail,) = await received(mail_host, message)

    assert mail["Subject"] == words.subject
    assert mail["To"].addresses[0].addr_spec == "ann@lantern.test"
    assert mail["To"].addresses[0].display_name.replace(" ", "") == NAMES[language].replace(" ", "")
    assert part(mail, "plain") == words.text
    assert part(mail, "html").rstrip("\n") == words.html.rstrip("\n")
    assert SAID[language][2] in part(mail, "plain")
    assert mail["Content-Language"] == language
    assert mail["References"] == mail["In-Reply-To"] == "<i.5@alerts.test>"
    # An alert is somebody's duty: there is nothing to unsubscribe from by a click.
    assert mail["List-Unsubscribe"] is None
    assert mail["Return-Path"] == "<earshot@alerts.test>"
    assert mail["Message-ID"] == "<n.00000000-0000-0000-0000-000000000001@alerts.test>"
    assert (mail["Auto-Submitted"], mail["Date"]) == ("auto-generated", "Thu, 05 Mar 2026 12:01:00 +0000")
    assert not mail.defects
    assert not [defect for one in mail.walk() for defect in one.defects]


async def test_postfix_and_dovecot_have_nothing_to_mend(mail_host: MailHost) -> None:
    """Seven-bit lines of 998 bytes at most, and all headers that a mail must have."""
    await received(mail_host, alert("th"))
    (path,) = (mail_host.folder / "mail" / "ann" / "new").iterdir()
    raw = path.read_bytes()

    assert raw.isascii()
    assert max(map(len, raw.split(b"\n"))) <= 998
    assert raw.count(b"\nMessage-ID:") == raw.count(b"\nDate:") == raw.count(b"\nFrom:") == 1
    assert b"X-Mime-Autoconverted" not in raw


async def test_alerts_of_one_incident_are_one_thread_and_others_are_not(mail_host: MailHost) -> None:
    sent = [
        alert("en", number=1, incident=5),
        alert("zh-Hant", number=2, incident=6),
        alert("en", number=3, incident=5, cycle=2),
    ]
    for count, message in enumerate(sent, start=1):
        await channel(mail_host).send(message)
        # Postfix delivers several at a time, in any order.
        mail_host.messages("ann", count=count)
    with imaplib.IMAP4("127.0.0.1", mail_host.imap, timeout=10) as box:
        box.login("ann", mailhost.PASSWORD)
        box.select("INBOX", readonly=True)
        # The threads by Message-ID and References alone, as Dovecot sees them.
        _, threads = box.thread("REFERENCES", "UTF-8", "ALL")

    assert threads[0] == b"((1)(3))(2)"


async def test_the_same_notification_twice_is_there_once_for_who_sorts_copies_out(mail_host: MailHost) -> None:
    """A copy that a crash makes has the same Message-ID, by which Sieve's `duplicate` knows it."""
    mail_host.sieve("ann", 'require ["duplicate"];\nif duplicate { discard; stop; }\n')
    message, other = alert("en", number=7), alert("en", number=8)
    sending = channel(mail_host)
    for one in (message, message, message, other):
        await sending.send(one)
    found = mail_host.messages("ann", count=2)

    mail_host.wait_until_sent()
    assert len(mail_host.messages("ann", count=2)) == 2
    assert {mail["Message-ID"] for mail in found} == {
        f"<n.00000000-0000-0000-0000-00000000000{n}@alerts.test>" for n in (7, 8)
    }


async def test_a_vacation_responder_does_not_answer_an_alert(mail_host: MailHost) -> None:
    mail_host.sieve("away", 'require ["vacation"];\nvacation :days 1 :subject "Away" "I am away until Monday.";\n')
    # The responder works: a person is answered.
    mail_host.send(
        "ann@lantern.test",
        "away@lantern.test",
        b"From: ann@lantern.test\r\nTo: away@lantern.test\r\nSubject: hi\r\n\r\nhi\r\n",
    )
    (answer,) = mail_host.messages("ann")
    assert answer["Auto-Submitted"].startswith("auto-replied")
    await channel(mail_host).send(replace(alert("en"), contact=make.contact(email="away@lantern.test")))
    mail_host.messages("away", count=2)
    mail_host.wait_until_sent()

    assert "to=<earshot@alerts.test>" not in mail_host.log()
    assert len(mail_host.messages("ann")) == 1
