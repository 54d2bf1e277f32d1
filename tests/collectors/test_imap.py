"""A mailbox of a real Dovecot, and servers that do what no honest one does."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import mailbox
from collectors.egress import GuardedEgress
from collectors.errors import CollectError, Refused, SettingError, Unreachable
from collectors.imap import ImapCollector
from collectors.imap_talk import folder_name, parsed
from collectors.tokens import forget_tokens
from collectors.types import Collected, Source, SourceKind
from tests import mailhost, make
from tests.collectors.played import played
from tests.mailhost import MailHost
from tests.service.waiting import until


@pytest.fixture(autouse=True)
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(mailhost.CERTIFICATE))


def mail(number: int, text: str = "The soup was cold.", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "Ann <ann@example.com>", f"Complaint {number}"
    message["Message-ID"] = f"<m{number}@example.com>"
    for name, value in headers.items():
        del message[name]
        message[name] = value
    message.set_content(text)
    return message.as_bytes()


def source(host: MailHost, **settings: str) -> Source:
    given = {"host": "localhost", "port": str(host.imaps), "user": "desk", "password": mailhost.PASSWORD, **settings}
    return make.source(kind=SourceKind.IMAP, settings=given, allow_private=True)


async def poll(asked: Source) -> Collected:
    async with GuardedEgress() as egress:
        return await ImapCollector().collect(asked, egress=egress, now=make.NOW)


async def ids(asked: Source) -> list[str]:
    return [mention.id for mention in (await poll(asked)).mentions]


async def test_mails_arrive_once_and_nothing_is_marked(mail_host: MailHost) -> None:
    mail_host.append("desk", mail(1))
    mail_host.append("desk", mail(2))
    first = await poll(source(mail_host))
    again = await poll(replace(source(mail_host), cursor=first.cursor))
    mail_host.append("desk", mail(3))
    third = await poll(replace(source(mail_host), cursor=again.cursor))

    assert [mention.id for mention in first.mentions] == ["m1@example.com", "m2@example.com"]
    assert first.mentions[0].text == "The soup was cold."
    assert not again.mentions
    assert [mention.id for mention in third.mentions] == ["m3@example.com"]
    assert all(
        b"Seen" not in flags and b"Recent" not in flags.replace(b"\\Recent", b"") for flags in mail_host.flags("desk")
    )
    assert len(mail_host.messages("desk", count=3)) == 3


async def test_a_folder_made_anew_is_read_from_where_it_was(mail_host: MailHost) -> None:
    for number in (1, 2):
        mail_host.append("desk", mail(number))
    first = await poll(source(mail_host))
    mail_host.empty()

    async def is_another_second() -> bool:
        return int(time.time()) > int(first.cursor["validity"])

    # Dovecot gives the new folder another UIDVALIDITY, the second of its making, and numbers that were in use.
    await until(is_another_second, what="the next second")
    for number in (2, 3):
        mail_host.append("desk", mail(number))
    second = await poll(replace(source(mail_host), cursor=first.cursor))

    assert second.cursor["validity"] != first.cursor["validity"]
    assert [mention.id for mention in second.mentions] == ["m2@example.com", "m3@example.com"]


async def test_a_folder_with_a_chinese_name_is_opened(mail_host: MailHost) -> None:
    mail_host.append("desk", mail(1), folder='"&W6KKNA-&-Co"')

    assert await ids(source(mail_host, folder="客訴&Co")) == ["m1@example.com"]
    with pytest.raises(SettingError, match="folder: 'Nowhere' cannot be opened"):
        await poll(source(mail_host, folder="Nowhere"))


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
async def test_every_protection_is_spoken(security: str, mail_host: MailHost) -> None:
    mail_host.append("desk", mail(1))
    port = mail_host.imaps if security == "tls" else mail_host.imap

    assert await ids(source(mail_host, security=security, port=str(port))) == ["m1@example.com"]


async def test_a_password_of_any_letters_signs_in(mail_host: MailHost) -> None:
    assert await ids(source(mail_host, user="hard", password=mailhost.HARD_PASSWORD)) == []


async def test_a_poll_that_takes_too_long_goes_on_behind_what_it_read(
    mail_host: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        mail_host.append("desk", mail(number))
    monkeypatch.setattr("collectors.harvest.MAX_SECONDS", 0)
    first = await poll(source(mail_host))
    second = await poll(replace(source(mail_host), cursor=first.cursor))

    assert [mention.id for mention in (*first.mentions, *second.mentions)] == ["m0@example.com", "m1@example.com"]


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    mail_host: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(Unreachable, match="certificate"):
        await poll(source(mail_host))


async def test_a_wrong_password_is_said_without_it(mail_host: MailHost) -> None:
    with pytest.raises(CollectError, match="does not let desk in: renew the password") as caught:
        await poll(source(mail_host, password="sesame-of-ours"))

    assert caught.value.permanent
    assert "sesame" not in str(caught.value)


async def test_a_password_in_the_clear_and_a_private_server_need_leave(mail_host: MailHost) -> None:
    with pytest.raises(SettingError, match="security: none"):
        await poll(replace(source(mail_host, security="none"), allow_private=False))
    with pytest.raises(Refused, match="not a public address"):
        await poll(replace(source(mail_host), allow_private=False))


async def test_a_mail_that_cannot_be_read_is_set_aside_and_the_rest_goes_on(mail_host: MailHost) -> None:
    mail_host.append("desk", mail(1))
    mail_host.append("desk", b"From: ann@example.com\r\nMessage-ID: <poison@x>\r\nSubject: \r\n\r\n\r\n")
    mail_host.append("desk", mail(3))
    found = await poll(source(mail_host))

    assert [mention.id for mention in found.mentions] == ["m1@example.com", "m3@example.com"]
    (unread,) = found.quarantined
    assert "neither subject nor words" in unread.reason
    assert b"poison" in unread.raw


async def test_more_mails_than_a_poll_reads_wait_for_the_next(
    mail_host: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "MAX_MAILS", 12)
    for number in range(15):
        mail_host.append("desk", mail(number))
    first = await poll(source(mail_host))
    second = await poll(replace(source(mail_host), cursor=first.cursor))

    assert len(first.mentions) == 12
    assert first.warning == "3 mails wait for the next poll"
    assert [mention.id for mention in second.mentions] == [f"m{number}@example.com" for number in (12, 13, 14)]


async def test_a_huge_attachment_is_not_fetched(mail_host: MailHost) -> None:
    message = EmailMessage()
    message["From"], message["Message-ID"] = "ann@example.com", "<big@x>"
    message.set_content("The soup was cold.")
    message.add_attachment(b"\0" * 6_000_000, maintype="application", subtype="zip", filename="a.zip")
    mail_host.append("desk", message.as_bytes())

    (mention,) = (await poll(source(mail_host))).mentions

    assert mention.text == "The soup was cold."


async def test_what_postfix_delivers_is_heard(mail_host: MailHost) -> None:
    mail_host.send("ann@example.com", "desk@lantern.test", mail(1, "客服完全不理人，退錢！"))
    mail_host.messages("desk")

    (mention,) = (await poll(source(mail_host))).mentions

    assert (mention.text, mention.author.id) == ("客服完全不理人，退錢！", "ann@example.com")


@pytest.mark.corpus
async def test_recorded_mails_go_through_a_real_mailbox(mail_host: MailHost, corpus: Path) -> None:
    paths = sorted(path for path in (corpus / "payloads" / "mail").rglob("*") if path.is_file())
    for path in paths:
        mail_host.append("desk", path.read_bytes())
    found = await poll(source(mail_host))

    assert len(found.mentions) + len(found.quarantined) >= len(paths) - 2
    assert not found.quarantined


# --- servers that are not honest ---


@asynccontextmanager
async def playing(
    lines: Sequence[bytes], *, endless: bytes = b"", said: list[bytes] | None = None
) -> AsyncIterator[MailHost]:
    """Answer each line with the next of ours, and keep what was said."""
    tags: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = iter(lines)
        writer.write(next(answers, b""))
        try:
            while line := await reader.readline():
                if said is not None:
                    said.append(line)
                tags.extend(line.split(b" ")[:1] if line.strip() else [])
                while endless and b"SEARCH" in line:
                    writer.write(endless)
                    await writer.drain()
                writer.write(next(answers, b"TAG OK done\r\n").replace(b"TAG", tags[-1]))
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield MailHost(folder=Path(), smtp=0, imap=port, imaps=0, lmtp=0)
    finally:
        server.close()


def plain(host: MailHost) -> Source:
    return source(host, security="none", port=str(host.imap))


GREETED = [
    b"* OK hi\r\n",
    b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n",
    b"TAG OK\r\n",
    b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n",
]
OPENED = [*GREETED, b"* OK [UIDVALIDITY 7] x\r\nTAG OK\r\n", b"* SEARCH 1\r\nTAG OK\r\n"]


@pytest.mark.parametrize(
    ("lines", "because"),
    [
        ([b"SSH-2.0-x\r\n"], "does not greet as an IMAP server"),
        ([b"* OK hi\r\n", b""], "did not answer CAPABILITY"),
        ([b"* OK hi\r\n", b"* BYE too busy\r\n"], "says goodbye: too busy"),
        ([*GREETED[:1], b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK\r\n"], "takes no password"),
        ([*OPENED, b"* 1 FETCH (UID 1 BODY[] {9999999999}\r\n"], "announces 9999999999 bytes"),
        ([*OPENED, b"* 1 FETCH " + b"(" * 500 + b"\r\nTAG OK\r\n"], "ended the conversation"),
        ([*OPENED, b"* " + b"x" * 5_000_000], "ended the conversation"),
    ],
)
async def test_a_server_that_misbehaves_is_an_error_in_words(
    lines: list[bytes], because: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.imap_talk.STEP_SECONDS", 1.0)
    async with playing(lines) as host:
        with pytest.raises(CollectError, match=because):
            await poll(plain(host))


async def test_a_token_signs_in_and_a_refusal_is_told_without_it() -> None:
    said: list[bytes] = []
    able = b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\r\nTAG OK\r\n"
    async with playing([GREETED[0], able, b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n", b"TAG NO bad\r\n"], said=said) as host:
        with pytest.raises(CollectError, match="does not let desk in: renew the token") as caught:
            await poll(source(host, security="none", port=str(host.imap), token="sesame-of-ours"))

    assert said[1].split(b" ", 3)[1:3] == [b"AUTHENTICATE", b"XOAUTH2"]
    assert base64.b64decode(said[1].split()[3]) == b"user=desk\x01auth=Bearer sesame-of-ours\x01\x01"
    assert said[2] == b"\r\n"
    assert "sesame" not in str(caught.value)


async def test_a_refresh_token_signs_in_with_a_fresh_token_and_once_an_hour() -> None:
    forget_tokens()
    said: list[bytes] = []
    able = b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\r\nTAG OK\r\n"
    lines = [GREETED[0], able, *GREETED[2:], *OPENED[4:]]
    given = {"refresh_token": "sesame-of-ours", "client_id": "me", "client_secret": "s", "password": ""}
    async with played() as platform, playing(lines, said=said) as host:
        platform.on("/token", {"access_token": "fresh", "expires_in": 3600}, {"access_token": "later"})
        asked = source(host, security="none", port=str(host.imap), token_url=f"{platform.url}/token", **given)
        for minutes in (0, 30, 60):
            async with GuardedEgress() as egress:
                # The mailbox says nothing that can be read: how it was signed in to is what counts.
                with suppress(CollectError):
                    now = make.NOW + timedelta(minutes=minutes)
                    await ImapCollector().collect(asked, egress=egress, now=now)

    tokens = [base64.b64decode(line.split()[3]) for line in said if b"XOAUTH2" in line]
    assert [token.split(b"Bearer ")[1].strip(b"\x01") for token in tokens] == [b"fresh", b"fresh", b"later"]
    assert b"refresh_token=sesame-of-ours" in platform.asked[0].body
    assert len(platform.asked) == 2


async def test_an_answer_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.imap_talk._MAX_ANSWER_BYTES", 1_000_000)
    async with playing(OPENED, endless=b"* 1 EXISTS " + b"x" * 10_000 + b"\r\n") as host:
        with pytest.raises(Refused, match="without end"):
            await poll(plain(host))


async def test_mails_nobody_asked_for_are_not_taken() -> None:
    fetched = b"* 9 FETCH (UID 9 BODY[] {3}\r\nabc)\r\n* 1 FETCH (FLAGS (\\Seen))\r\nTAG OK\r\n"
    async with playing([*OPENED, fetched]) as host:
        found = await poll(plain(host))

    assert found.seen == 0


def test_a_line_is_told_apart_into_its_items() -> None:
    said = b'* 1 FETCH (UID 7 BODY[HEADER.FIELDS (TO)]<0> "a \\"b\\"" NIL X (1 2) BODY[] '
    pieces: list[bytes | bytearray] = [said, bytearray(b")(\r\n"), b")\r\n"]

    assert parsed(pieces) == [
        b"*", b"1", b"FETCH",
        [b"UID", b"7", b"BODY[HEADER.FIELDS (TO)]<0>", b'a "b"', None, b"X", [b"1", b"2"], b"BODY[]", b")(\r\n"],
    ]  # fmt: skip


@given(st.binary(max_size=200))
def test_any_line_is_told_apart_or_refused(line: bytes) -> None:
    try:
        parsed([line])
    except ValueError as error:
        assert "nested" in str(error)  # noqa: PT017  # either is right, nothing else is


@pytest.mark.parametrize(
    ("name", "written"),
    [("INBOX", b"INBOX"), ("台北日本語", b"&U,BTF2XlZyyKng-"), ("a&b", b"a&-b"), ("รีวิว", b"&DiMONQ4nDjQOJw-")],
)
def test_folders_are_named_as_imap_writes_them(name: str, written: bytes) -> None:
    assert folder_name(name) == written
