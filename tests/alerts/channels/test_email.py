"""E-mail through real connections: what arrives, and whose fault it is when it does not."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID
from zoneinfo import ZoneInfo

import aiosmtpd.smtp
import pytest

from alerts.channels.email import EmailChannel
from alerts.channels.smtp import Deadlines
from alerts.channels.smtp_url import Security, SmtpServer
from alerts.errors import ChannelError, ChannelSettingError, Fault
from alerts.types import Message, NotificationId
from tests import make
from tests.alerts.channels.mailserver import CERTIFICATE, MailServer, serving

SHORT = Deadlines(step=0.3, total=1.0, goodbye=0.1)


def channel(
    server: MailServer,
    *,
    security: Security = Security.NEVER,
    username: str | None = None,
    password: str | None = None,
    deadlines: Deadlines | None = None,
) -> EmailChannel:
    return EmailChannel(
        SmtpServer(host="127.0.0.1", port=server.port, security=security, username=username, password=password),
        sender="earshot@alerts.example",
        zone=ZoneInfo("Asia/Taipei"),
        clock=lambda: datetime(2026, 3, 5, 12, 1, tzinfo=UTC),
        deadlines=deadlines,
    )


def numbered(number: int, email: str = "oncall@example.com") -> Message:
    return make.message(notification_id=NotificationId(UUID(int=number)), contact=make.contact(email=email))


async def failed(sending: EmailChannel, message: Message | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        await sending.send(message or make.message())
    return raised.value


async def test_a_message_arrives_once_with_its_envelope_and_receipt() -> None:
    async with serving(MailServer()) as server:
        receipt = await channel(server).send(make.message())

    [(sender, recipient, _)] = server.delivered
    assert (sender, recipient) == ("earshot@alerts.example", "oncall@example.com")
    assert (receipt.stage, receipt.code, receipt.detail) == ("end", 250, "2.0.0 queued as 4ZX")
    assert server.mails[0]["Message-ID"] == "<n.00000000-0000-4000-8000-000000000001@alerts.example>"
    assert server.commands[-1] == "QUIT"


async def test_an_independent_server_takes_it_too() -> None:
    class Mailbox:
        content = b""

        async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802  # aiosmtpd's name
            self.content = envelope.content  # type: ignore[attr-defined]  # aiosmtpd.smtp.Envelope
            return "250 kept"

    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: aiosmtpd.smtp.SMTP(mailbox, hostname="mail.test"), "127.0.0.1", 0)
    server = MailServer(port=listening.sockets[0].getsockname()[1])
    try:
        receipt = await channel(server).send(make.message())
    finally:
        listening.close()

    assert receipt.detail == "kept"
    assert b"Auto-Submitted: auto-generated" in mailbox.content


CODES = [
    ("connect", "421 busy", Fault.TEMPORARY),
    ("connect", "554 no service for you", Fault.OURS),
    ("ehlo", "421 later", Fault.TEMPORARY),
    ("ehlo", "550 who are you", Fault.OURS),
    ("mail", "451 try later", Fault.TEMPORARY),
    ("mail", "452 4.3.1 disk full", Fault.TEMPORARY),
    ("mail", "530 5.7.0 must issue STARTTLS first", Fault.OURS),
    ("mail", "550 5.7.1 sender not permitted", Fault.OURS),
    ("rcpt", "450 4.2.1 greylisted", Fault.TEMPORARY),
    ("rcpt", "421 4.7.0 too many connections", Fault.TEMPORARY),
    ("rcpt", "550 5.1.1 no such user", Fault.RECIPIENT),
    ("rcpt", "501 5.1.3 bad address", Fault.RECIPIENT),
    ("rcpt", "552 5.2.2 mailbox full", Fault.RECIPIENT),
    ("rcpt", "553 5.1.3 mailbox name not allowed", Fault.RECIPIENT),
    ("rcpt", "530 5.7.0 authentication required", Fault.OURS),
    ("rcpt", "535 5.7.8 credentials invalid", Fault.OURS),
    ("rcpt", "550 5.7.1 unable to relay", Fault.OURS),
    ("rcpt", "554 5.7.1 <oncall@example.com>: Relay access denied", Fault.OURS),
    ("rcpt", "503 5.5.1 AUTH first", Fault.OURS),
    ("rcpt", "550 5.7.1 client host blocked using zen.spamhaus.org", Fault.OURS),
    ("data", "451 4.3.0 later", Fault.TEMPORARY),
    ("data", "554 5.5.1 no valid recipients", Fault.RECIPIENT),
    ("end", "451 4.3.0 queue full", Fault.TEMPORARY),
    ("end", "554 5.6.0 content refused", Fault.RECIPIENT),
    ("end", "550 5.7.1 relaying denied", Fault.OURS),
]


@pytest.mark.parametrize(("step", "answer", "fault"), CODES)
async def test_an_answer_at_a_step_is_one_faults(step: str, answer: str, fault: Fault) -> None:
    async with serving(MailServer(answers={step: answer})) as server:
        error = await failed(channel(server))

    assert (error.fault, error.stage, error.code) == (fault, step, int(answer[:3]))
    assert error.permanent is (fault is Fault.RECIPIENT)
    assert answer[4:] in str(error)
    assert server.delivered == []


STEPS = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "end")
REPLY_CODES = (421, 450, 454, 500, 501, 503, 521, 530, 535, 550, 552, 554)
#: A server that does not know EHLO is greeted with HELO.
NO_FAILURE = {("ehlo", 500)}
#: What servers say of us, or of a command, even when they say it of a recipient.
NEVER_THE_RECIPIENTS = frozenset({500, 502, 503, 504, 530, 534, 535, 538})


@pytest.mark.parametrize(("step", "code"), [pair for pair in product(STEPS, REPLY_CODES) if pair not in NO_FAILURE])
async def test_every_code_at_every_step_is_one_faults(step: str, code: int) -> None:
    extensions = {"starttls": ("STARTTLS",), "auth": ("AUTH PLAIN",)}.get(step, ())
    async with serving(MailServer(extensions=extensions, answers={step: f"{code} no"})) as server:
        error = await failed(
            channel(
                server,
                security=Security.ALWAYS if step == "starttls" else Security.NEVER,
                username="user" if step == "auth" else None,
                password="secret" if step == "auth" else None,
            )
        )

    blamed = code >= 500 and step in {"rcpt", "data", "end"} and code not in NEVER_THE_RECIPIENTS
    fault = Fault.TEMPORARY if code < 500 else Fault.RECIPIENT if blamed else Fault.OURS
    assert (error.fault, error.stage, error.code) == (fault, step, code)
    assert server.delivered == []


@pytest.mark.parametrize("how", ["", "hang"])
@pytest.mark.parametrize("step", ["starttls", "auth"])
async def test_silence_before_any_mail_is_temporary(step: str, how: str) -> None:
    extension = "STARTTLS" if step == "starttls" else "AUTH PLAIN"
    security = Security.ALWAYS if step == "starttls" else Security.NEVER
    async with serving(MailServer(extensions=(extension,), answers={step: how})) as server:
        sending = channel(server, security=security, username="user", password="secret", deadlines=SHORT)
        error = await asyncio.wait_for(failed(sending), 3)

    assert (error.fault, error.stage, error.code) == (Fault.TEMPORARY, step, None)


@pytest.mark.parametrize("how", ["", "hang", "drip"])
@pytest.mark.parametrize("step", ["connect", "ehlo", "mail", "rcpt", "data", "end"])
async def test_silence_or_a_hang_up_is_temporary_and_at_the_end_ambiguous(step: str, how: str) -> None:
    async with serving(MailServer(answers={step: how})) as server:
        error = await asyncio.wait_for(failed(channel(server, deadlines=SHORT)), 3)

    assert (error.stage, error.code) == (step, None)
    assert error.fault is (Fault.AMBIGUOUS if step == "end" else Fault.TEMPORARY)


async def test_the_whole_has_a_deadline_of_its_own() -> None:
    slow = dict.fromkeys(("connect", "ehlo", "mail", "rcpt"), "drip")
    deadlines = Deadlines(step=5, total=0.3, goodbye=0.1)
    async with serving(MailServer(answers=slow)) as server:
        error = await asyncio.wait_for(failed(channel(server, deadlines=deadlines)), 3)

    assert error.fault is Fault.TEMPORARY


def test_the_deadlines_are_ten_and_thirty_seconds() -> None:
    assert (Deadlines().step, Deadlines().total) == (10, 30)


async def test_a_tarpit_holds_nobody_else_up() -> None:
    stuck = MailServer(answers={"rcpt": "hang"})
    async with serving(stuck), serving(MailServer()) as free:
        flowing = channel(free)
        waiting = asyncio.create_task(failed(channel(stuck, deadlines=Deadlines(step=2))))
        await asyncio.gather(*(flowing.send(numbered(n)) for n in range(20)))
        assert not waiting.done()
        error = await waiting

    assert len(free.delivered) == 20
    assert error.stage == "rcpt"


async def test_one_bad_address_of_ten_blocks_no_other() -> None:
    addresses = [f"person{n}@example.com" for n in range(10)]
    server = MailServer(recipients={"person3@example.com": "550 5.1.1 no such user"})
    async with serving(server):
        sending = channel(server)
        results = await asyncio.gather(
            *(sending.send(numbered(n, address)) for n, address in enumerate(addresses)), return_exceptions=True
        )

    refused = [n for n, result in enumerate(results) if isinstance(result, ChannelError)]
    assert refused == [3]
    assert sorted(to for _, to, _ in server.delivered) == [a for n, a in enumerate(addresses) if n != 3]


async def test_a_drop_after_acceptance_costs_one_copy_with_the_same_message_id() -> None:
    server = MailServer(drops_after_accept=frozenset({1, 5, 9}))
    async with serving(server):
        sending = channel(server)
        for n in range(10):
            message = numbered(n)
            try:
                await sending.send(message)
            except ChannelError as error:
                assert error.fault is Fault.AMBIGUOUS  # noqa: PT017  # the other seven do not fail
                await sending.send(message)

    ids = [mail["Message-ID"] for mail in server.mails]
    assert len(ids) == 13
    assert len(set(ids)) == 10


async def test_a_failing_goodbye_changes_nothing() -> None:
    async with serving(MailServer(answers={"quit": "hang"})) as server:
        receipt = await channel(server, deadlines=SHORT).send(make.message())

    assert receipt.code == 250


async def test_nobody_listening_is_temporary() -> None:
    async with serving(MailServer()) as server:
        pass

    error = await failed(channel(server))

    assert (error.fault, error.stage) == (Fault.TEMPORARY, "connect")


async def test_an_address_that_smtp_cannot_carry_is_the_recipients_fault_without_a_connection() -> None:
    async with serving(MailServer()) as server:
        error = await failed(channel(server), numbered(1, "a@example.com\r\nRCPT TO:<b@example.com>"))

    assert (error.fault, error.stage, server.commands) == (Fault.RECIPIENT, "compose", [])


async def test_a_domain_in_chinese_is_sent_in_ascii() -> None:
    async with serving(MailServer()) as server:
        await channel(server).send(numbered(1, "oncall@麵館.example"))

    assert server.delivered[0][1] == "oncall@xn--u55a72i.example"


async def test_starttls_is_used_where_offered_with_any_certificate() -> None:
    async with serving(MailServer(extensions=("STARTTLS",))) as server:
        await channel(server, security=Security.AUTO).send(make.message())

    assert server.commands[1] == "STARTTLS"
    assert len(server.delivered) == 1


async def test_starttls_can_be_left_alone() -> None:
    async with serving(MailServer(extensions=("STARTTLS",))) as server:
        await channel(server, security=Security.NEVER).send(make.message())

    assert "STARTTLS" not in server.commands


async def test_a_promise_of_encryption_is_kept_or_nothing_is_said() -> None:
    async with serving(MailServer()) as server:
        error = await failed(channel(server, security=Security.ALWAYS, username="user", password="secret"))

    assert (error.fault, error.stage) == (Fault.OURS, "starttls")
    assert not [line for line in server.commands if line.startswith(("AUTH", "MAIL"))]


@pytest.mark.parametrize("security", [Security.ALWAYS, Security.TLS])
async def test_a_certificate_nobody_vouches_for_is_our_fault(security: Security) -> None:
    extensions = ("STARTTLS",) if security is Security.ALWAYS else ()
    async with serving(MailServer(extensions=extensions, tls=security is Security.TLS)) as server:
        error = await failed(channel(server, security=security))

    assert error.fault is Fault.OURS
    assert "certificate" in str(error).lower()


@pytest.mark.parametrize("security", [Security.ALWAYS, Security.TLS])
async def test_a_private_authority_is_believed_when_named(security: Security, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    extensions = ("STARTTLS",) if security is Security.ALWAYS else ()
    async with serving(MailServer(extensions=extensions, tls=security is Security.TLS)) as server:
        await channel(server, security=security).send(make.message())

    assert len(server.delivered) == 1


async def test_clear_text_where_tls_was_meant_is_our_fault() -> None:
    async with serving(MailServer()) as server:
        error = await failed(channel(server, security=Security.TLS))

    assert (error.fault, error.stage) == (Fault.OURS, "connect")


@pytest.mark.parametrize(
    ("answer", "fault"), [("535 5.7.8 no", Fault.OURS), ("454 4.7.0 later", Fault.TEMPORARY), ("", Fault.TEMPORARY)]
)
async def test_signing_in_can_fail_in_these_ways(answer: str, fault: Fault) -> None:
    async with serving(MailServer(extensions=("AUTH PLAIN",), answers={"auth": answer})) as server:
        error = await failed(channel(server, username="user", password="hunter2secret"))

    assert (error.fault, error.stage) == (fault, "auth")
    assert "hunter2secret" not in str(error)


async def test_a_server_without_sign_in_is_our_fault() -> None:
    async with serving(MailServer()) as server:
        error = await failed(channel(server, username="user", password="secret"))

    assert (error.fault, error.stage) == (Fault.OURS, "auth")


async def test_verify_signs_in_and_leaves_without_a_message() -> None:
    async with serving(MailServer(extensions=("AUTH PLAIN",))) as server:
        health = await channel(server, username="user", password="secret").verify()

    assert health.ok
    assert [line.split()[0] for line in server.commands] == ["EHLO", "AUTH", "QUIT"]


async def test_verify_says_what_is_wrong_in_one_line() -> None:
    async with serving(MailServer(answers={"connect": "421 too\tbusy"})) as server:
        health = await channel(server).verify()

    assert health == replace(health, ok=False)
    assert health.detail == f"127.0.0.1:{server.port} answered 421 at CONNECT: too busy"


def test_an_impossible_sender_is_refused_by_name() -> None:
    with pytest.raises(ChannelSettingError, match=r"^EARSHOT_MAIL_FROM: "):
        EmailChannel(SmtpServer(host="h", port=25, security=Security.NEVER), sender="me", zone=ZoneInfo("UTC"))


def test_a_lease_outlives_the_longest_send() -> None:
    assert timedelta(seconds=Deadlines().total + Deadlines().goodbye) < timedelta(seconds=90)
