"""Reports of failed delivery, in the forms that mail servers write. Ours, in those shapes."""

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.bounce import read_report

OUR_ID = UUID("6f1c2a9e-0d3b-4c5f-8e7a-1b2c3d4e5f60")
VERP = "bounces+abc123@alerts.example"


def report(
    *,
    status: str = "5.1.1",
    action: str = "failed",
    diagnosis: str = "smtp; 550 5.1.1 <ann@lantern.example>: no such user",
    returned: str = f"Message-ID: <n.{OUR_ID}@alerts.example>\nSubject: Alert\n",
) -> bytes:
    """A report by RFC 3464, as Postfix, Exim, Exchange and Google write it."""
    return f"""Return-Path: <>
Delivered-To: {VERP}
From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: {VERP}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Thu, 5 Mar 2026 12:00:00 +0000

Final-Recipient: rfc822; Ann@lantern.example
Action: {action}
Status: {status}
Diagnostic-Code: {diagnosis}

--b
Content-Type: text/rfc822-headers

{returned}
--b--
""".replace("\n", "\r\n").encode()


def test_a_standard_report_is_read() -> None:
    found = read_report(report())

    assert found is not None
    assert (found.status, found.failed, found.blames_address) == ("5.1.1", True, True)
    assert found.recipient == "ann@lantern.example"
    assert found.detail == "550 5.1.1 <ann@lantern.example>: no such user"
    assert VERP in found.sent_to
    assert found.names == OUR_ID


@pytest.mark.parametrize(
    ("status", "action", "failed", "blamed"),
    [
        ("5.1.1", "failed", True, True),
        ("5.1.10", "failed", True, True),
        ("5.2.1", "failed", True, True),
        ("5.0.0", "failed", True, True),
        # The sender's address, the content or a policy: not the recipient's doing.
        ("5.1.8", "failed", True, False),
        ("5.7.1", "failed", True, False),
        ("5.6.0", "failed", True, False),
        # No route for now, a mailbox that is full, days of trying: it will not come, and the address may be good.
        ("5.4.4", "failed", True, False),
        ("5.2.2", "failed", True, False),
        ("4.4.7", "failed", True, False),
        ("4.2.2", "delayed", False, False),
        ("5.1.1", "delayed", False, False),
    ],
)
def test_a_status_decides_who_is_to_blame(status: str, action: str, failed: bool, blamed: bool) -> None:
    found = read_report(report(status=status, action=action, diagnosis="smtp; no"))

    assert found is not None
    assert (found.failed, found.blames_address) == (failed, blamed)


@pytest.mark.parametrize(("status", "action"), [("2.0.0", "delivered"), ("2.1.5", "relayed")])
def test_a_report_of_success_is_none(status: str, action: str) -> None:
    assert read_report(report(status=status, action=action)) is None


EXIM = f"""Return-Path: <>
Envelope-To: {VERP}
X-Failed-Recipients: ann@lantern.example
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example>
To: {VERP}
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@lantern.example
    host mail.lantern.example [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<ann@lantern.example>:
    550 5.1.1 User unknown

------ This is a copy of the message, including all the headers. ------

Message-ID: <n.{OUR_ID}@alerts.example>
"""
QMAIL = f"""Return-Path: <>
Delivered-To: {VERP}
From: MAILER-DAEMON@mx.example
To: {VERP}
Subject: failure notice

Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@lantern.example>:
192.0.2.1 does not like recipient.
Remote host said: 550 no mailbox here by that name
Giving up on 192.0.2.1.
"""
FULL = f"""Return-Path: <>
Delivered-To: {VERP}
From: postmaster@outlook.example
To: {VERP}
Subject: Undeliverable

Your message couldn't be delivered: 452 4.2.2 mailbox full
"""


@pytest.mark.parametrize(
    ("raw", "status", "failed", "detail"),
    [
        (EXIM, "5.1.1", True, "550 5.1.1 User unknown"),
        (QMAIL, "5.0.0", True, "Remote host said: 550 no mailbox here by that name"),
        (FULL, "4.2.2", False, "Your message couldn't be delivered: 452 4.2.2 mailbox full"),
    ],
)
def test_reports_from_before_the_standard_are_read(raw: str, status: str, failed: bool, detail: str) -> None:
    found = read_report(raw.encode())

    assert found is not None
    assert (found.status, found.failed, found.detail) == (status, failed, detail)
    assert VERP in found.sent_to


def test_the_message_that_comes_back_is_known_by_its_id() -> None:
    found = read_report(EXIM.encode())

    assert found is not None
    assert (found.names, found.recipient) == (OUR_ID, "ann@lantern.example")


@pytest.mark.parametrize(
    "head",
    [
        "From: Ann <ann@lantern.example>\nAuto-Submitted: auto-replied (vacation)",
        "From: Ann <ann@lantern.example>\nPrecedence: bulk",
        "From: Ann <ann@lantern.example>\nReturn-Path: <>",
        "From: Ann <ann@lantern.example>",
    ],
)
def test_answers_by_people_and_machines_are_no_reports(head: str) -> None:
    assert read_report(f"{head}\nTo: {VERP}\n\nI am away. 550 5.1.1 is my office number.\n".encode()) is None


@given(st.binary(max_size=400), st.integers(0, 800))
def test_any_bytes_are_a_report_or_none(noise: bytes, at: int) -> None:
    whole = report()
    for raw in (noise, whole[:at] + noise + whole[at:], b"From: postmaster@x\r\n\r\n" + noise):
        found = read_report(raw)

        assert found is None or "\n" not in found.detail


@pytest.mark.corpus
def test_a_recorded_report_is_read_and_no_other_recorded_mail(corpus: Path) -> None:
    paths = sorted(path for path in (corpus / "payloads" / "mail").rglob("*") if path.is_file())
    found = {path.name: read_report(path.read_bytes()) for path in paths}
    reports = {name: one for name, one in found.items() if one is not None}

    assert list(reports) == ["mail_malformed_2"]
    (full,) = reports.values()
    assert (full.status, full.failed, full.blames_address) == ("4.2.2", True, False)
