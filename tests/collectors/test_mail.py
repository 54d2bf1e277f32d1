"""What a mail says, whoever wrote it with whatever."""

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.mail import read_mail
from collectors.types import Mention
from tests import make

HEAD: dict[str, Any] = {
    "site": "E-mail",
    "own": ["care@lantern.example"],
    "received": make.NOW.isoformat(),
    "now": make.NOW.isoformat(),
}


def mail(
    body: str | bytes = "The soup was cold.",
    *,
    charset: str = "utf-8",
    kind: str = "plain",
    parameters: str = "",
    **headers: str,
) -> bytes:
    given = {"From": "Ann <ann@example.com>", "Subject": "Cold soup", "Message-ID": "<a1@example.com>", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value]
    lines.append(f"Content-Type: text/{kind}; charset={charset}{parameters}")
    head = "\r\n".join([*lines, "Content-Transfer-Encoding: 8bit", "", ""]).encode("utf-8", "surrogateescape")
    return head + (body if isinstance(body, bytes) else body.encode(charset))


def only(raw: bytes) -> Mention:
    (mention,) = read_mail(HEAD, raw)
    return mention


def test_a_plain_mail_is_a_mention() -> None:
    found = only(mail(Date="Thu, 5 Mar 2026 08:00:00 +0800", References="<r0@x> <r1@x>", In_Reply_To="<r1@x>"))

    assert (found.id, found.title, found.text) == ("a1@example.com", "Cold soup", "The soup was cold.")
    assert (found.author.name, found.author.id) == ("Ann", "ann@example.com")
    assert (found.parent, found.root) == ("r1@x", "r0@x")
    assert found.published_at == datetime(2026, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("big5", "這家店的服務真的很差，我等了一個小時。"),
        ("gb2312", "这家店的服务真的不好，我们等了一个小时。"),
        ("gb18030", "这家店的服务真的不好，我们等了一个小时。"),
        ("tis-620", "อาหารเย็นมาก พนักงานพูดไม่ดีเลย"),
        ("windows-874", "อาหารเย็นมาก พนักงานพูดไม่ดีเลย"),
        ("iso-2022-jp", "スープが冷たかったです。"),
        ("koi8-r", "Суп был холодный."),
    ],
)
def test_bodies_in_any_charset_are_read(charset: str, text: str) -> None:
    codec = "cp874" if charset == "windows-874" else charset

    assert only(mail(text.encode(codec), charset=charset)).text == text


def test_a_charset_that_lies_or_does_not_exist_is_seen_through() -> None:
    text = "這家店的服務真的很差，我等了一個小時還沒有來。"

    assert only(mail(text.encode("big5"), charset="x-unknown")).text == text
    assert only(mail(text.encode(), charset="us-ascii")).text == text


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("=?utf-8?B?5pyN5YuZ?=", "服務"),
        # One character cut into two encoded words, as some programs do.
        ("=?utf-8?B?5pyN5Q==?=\r\n =?utf-8?B?i5k=?=", "服務"),
        ("=?big5?B?qkGwyA==?= bad", "服務 bad"),
        ("=?tis-620?B?uuDL1w==?=", "บเหื"),
        ("=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"),
        ("=?x-nothing?B?aGk=?=", "hi"),
        ("=?utf-8?B?broken", "=?utf-8?B?broken"),
        ("raw 服務", "raw 服務"),
        ("Re: Fwd: 回覆：cold", "cold"),
    ],
)
def test_subjects_are_read_however_they_are_encoded(subject: str, title: str) -> None:
    assert only(mail(Subject=subject)).title == title


def test_html_is_read_as_text_where_the_plain_part_says_nothing() -> None:
    message = EmailMessage()
    message["From"], message["Message-ID"] = "ann@example.com", "<h@x>"
    message.set_content("View this in a browser")
    message.add_alternative("<p>The soup was <b>cold</b>, and the waiter rude.</p><script>x()</script>", subtype="html")
    message.add_attachment(b"MZ" * 1000, maintype="application", subtype="octet-stream", filename="a.exe")
    message.add_attachment("secret notes", filename="notes.txt")

    assert only(message.as_bytes()).text == "The soup was cold, and the waiter rude."


def test_a_forwarded_mail_that_is_attached_is_read() -> None:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "review@place.example", "New review"
    inner.set_content("★☆☆☆☆ The soup was cold and nobody cared at all.")
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = "desk@lantern.example", "Fwd: New review", "<f@x>"
    message.set_content("\n")
    message.add_attachment(inner)

    assert only(message.as_bytes()).text == "★☆☆☆☆ The soup was cold and nobody cared at all."


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 2 Mar 2026 at 10:00, Care <care@lantern.example> wrote:\n> We are sorry.\n> Bye",
        "On Mon, 2 Mar 2026 at 10:00, Lantern Tea Customer Care\n<care@lantern.example> wrote:\n> We are sorry.",
        "Care <care@lantern.example> 於 2026年3月2日 週一 10:00 寫道：\n> 很抱歉",
        "เมื่อ 2 มี.ค. 2569 Care <care@lantern.example> เขียนว่า:\n> ขออภัย",
        "-----Original Message-----\nFrom: Care\nWe are sorry.",
        "From: Care <care@lantern.example>\nSent: Monday\nTo: Ann\nSubject: Re: Cold\n\nWe are sorry.",
        "寄件者: Care <care@lantern.example>\n寄件日期: 2026年3月2日\n收件者: Ann\n主旨: Re: Cold\n\n很抱歉",
        "-- \nAnn\nSent from my phone",
    ],
)
def test_what_a_reply_quotes_is_not_said_again(quoted: str) -> None:
    assert only(mail(f"Still cold. Still angry.\n\n{quoted}\n")).text == "Still cold. Still angry."


def test_a_mail_of_quotes_only_and_one_passed_on_keep_their_words() -> None:
    assert only(mail("> The soup was cold.\n")).text == "> The soup was cold."
    passed_on = (
        "---------- Forwarded message ---------\nFrom: Place <a@b.example>\nDate: today\nTo: us\n\nOne star. Cold."
    )
    assert "One star. Cold." in only(mail(passed_on, Subject="Fwd: New review")).text


def test_lines_broken_for_old_terminals_are_joined() -> None:
    assert only(mail("The soup was \r\ncold.\r\nBye.", parameters="; format=flowed")).text == "The soup was cold.\nBye."


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"Message_ID": "<n.4f1c@lantern.example>"},
        {"Message_ID": "<i.12@lantern.example>"},
    ],
)
def test_answers_by_machines_and_our_own_alerts_are_no_mentions(headers: dict[str, str]) -> None:
    given = {name.replace("Message_ID", "Message-ID"): value for name, value in headers.items()}

    assert read_mail(HEAD, mail(**given)) == []


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "auto-generated"}, {"Precedence": "bulk"}])
def test_notices_of_reviews_are_made_by_machines_and_meant(headers: dict[str, str]) -> None:
    assert only(mail(**headers)).text


def test_what_the_brand_itself_writes_is_the_owners() -> None:
    assert only(mail(From="Care <CARE@lantern.example>")).reply_by_owner


@pytest.mark.parametrize("date", ["", "soon", "Thu, 5 Mar 1970 08:00:00 +0000", "Thu, 5 Mar 2025 08:00:00 +0000"])
def test_a_date_that_cannot_be_is_the_servers(date: str) -> None:
    assert only(mail(Date=date)).published_at == make.NOW


def test_a_mail_without_an_id_has_the_same_one_each_time() -> None:
    raw = mail(**{"Message-ID": ""})

    assert only(raw).id.startswith("sha256:")
    assert only(raw).id == only(raw).id


ALERTS = """<html><body><table><tr><td>
<div itemscope itemtype="http://schema.org/Article"><span><a href="https://www.google.com/url?rct=j&amp;sa=t&amp;\
url=https://news.example/tea%3Fid%3D1&amp;ct=ga&amp;cd=x&amp;usg=y" itemprop="url"><span itemprop="name">\
<b>Lantern Tea</b> recalls cups</span></a></span>
<div><div itemprop="publisher"><span itemprop="name">Example News</span></div>
<div itemprop="description">Customers of <b>Lantern Tea</b> complain&nbsp;...</div></div>
<a href="https://www.google.com/alerts/share?hl=en">Share</a></div>
<div><a href="https://www.google.com/url?rct=j&sa=t&url=https://blog.example/b&ct=ga&cd=x&usg=z">網友怒轟燈籠茶</a></div>
<div><a href="https://www.google.com/url?rct=j&sa=t&url=https://blog.example/b&ct=ga&cd=x&usg=z">again</a></div>
<a href="https://www.google.com/alerts?s=1">See all</a></td></tr></table></body></html>"""


def test_a_mail_of_google_alerts_is_a_mention_an_entry() -> None:
    raw = mail(ALERTS, kind="html", From="Google Alerts <googlealerts-noreply@google.com>")

    first, second = read_mail(HEAD, raw)

    assert (first.url, first.title) == ("https://news.example/tea?id=1", "Lantern Tea recalls cups")
    assert (first.site, first.text) == ("Example News", "Customers of Lantern Tea complain ...")
    assert (second.url, second.title) == ("https://blog.example/b", "網友怒轟燈籠茶")
    assert second.site == "blog.example"


def test_a_mail_of_google_alerts_in_a_new_form_is_still_a_mention() -> None:
    assert only(mail("Your alert has changed", From="googlealerts-noreply@google.com")).text == "Your alert has changed"


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=300), cut=st.integers(0, 400))
def test_any_bytes_give_mentions_or_a_reason(raw: bytes, cut: int) -> None:
    whole = mail()
    for payload in (raw, whole[:cut] + raw + whole[cut:]):
        try:
            found = read_mail(HEAD, payload)
        except ValueError as error:
            assert str(error)  # noqa: PT017  # either is right, nothing else is
        else:
            assert all(mention.id for mention in found)


@settings(max_examples=200, deadline=None)
@given(value=st.text(max_size=80))
def test_any_words_survive_in_a_subject(value: str) -> None:
    raw = mail(Subject=" ".join(f"x {value}".split()))

    assert all("\n" not in mention.title for mention in read_mail(HEAD, raw))


@pytest.mark.corpus
def test_recorded_mails_are_read(corpus: Path) -> None:
    paths = sorted(path for path in (corpus / "payloads" / "mail").rglob("*") if path.is_file())
    read = {path.name: read_mail(HEAD, path.read_bytes()) for path in paths}

    assert len(paths) >= 10
    # One is a report of failed delivery, or has neither subject nor words.
    assert sum(bool(found) for found in read.values()) >= len(paths) - 3
    assert all("=?" not in mention.title for found in read.values() for mention in found)


def test_one_accented_letter_in_a_long_text_is_not_lost() -> None:
    text = "Oggi è stato annunciato un aggiornamento. " + "The soup was cold and nobody cared. " * 40

    assert only(mail(text.encode("latin-1"), charset="us-ascii")).text == text.strip()
