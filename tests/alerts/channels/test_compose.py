"""The e-mail itself: its headers cannot be changed from outside, its parts say the same, and it never acts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr
from html.parser import HTMLParser
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.catalogue import LANGUAGES
from alerts.channels.email import compose
from alerts.letter import rendered
from alerts.text import line
from alerts.types import JudgedMention, Message, NotificationId, Reason, Urgency
from analysis.types import Because
from tests import make
from tests.alerts.test_text import HOSTILE

ZONE = ZoneInfo("Asia/Bangkok")
NOW = datetime(2026, 3, 5, 12, 1, tzinfo=UTC)
HEADERS = [
    "Message-ID",
    "Date",
    "From",
    "To",
    "Subject",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Importance",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
]


def composed(message: Message, domain: str = "alerts.example") -> bytes:
    return compose(message, sender=f"earshot@{domain}", domain=domain, zone=ZONE, now=NOW).as_bytes()


def arrived(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=default)


def name_of_addressee(raw: bytes) -> str:
    """Read by the older parser: the newer one puts a space between two encoded words of a name."""
    written = message_from_bytes(raw, policy=compat32)["To"].replace("\r\n", "")
    name, address = parseaddr(written)
    assert address == "oncall@example.com"
    return str(make_header(decode_header(name)))


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """The tags, attributes and words of an HTML part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.marked: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        (self.marked if self.tags and self.tags[-1] == "mark" else self.words).append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "mark":
            self.tags.append("/mark")


def hostile_messages() -> st.SearchStrategy[Message]:
    """Messages with anything in every field that comes from outside."""
    reason = st.builds(
        Reason,
        code=st.sampled_from(["angry", "anger_threshold", "anger_level", "?"]),
        values=st.dictionaries(HOSTILE, HOSTILE),
    )
    because = st.lists(st.builds(Because, start=st.integers(-9, 99), end=st.integers(-9, 99), text=HOSTILE), max_size=3)

    def made(words: Mapping[str, str], why: Reason, spans: list[Because], language: str) -> Message:
        mention = make.judged_mention(
            site=words["site"],
            url=words["url"],
            author_name=words["author"],
            title=words["title"],
            text=words["text"],
            analysis=make.analysis(angry=True, because=tuple(spans), language=words["tag"]),
        )
        contact = make.contact(name=words["contact"], language=language)
        return make.message(mention=mention, contact=contact, reason=why, brand=words["brand"], rule=words["rule"])

    fields = ("site", "url", "author", "title", "text", "tag", "contact", "brand", "rule")
    return st.builds(
        made,
        st.fixed_dictionaries(dict.fromkeys(fields, HOSTILE)),
        reason,
        because,
        st.sampled_from([*LANGUAGES, "xx"]),
    )


@settings(deadline=None)  # the first message reads the catalogues
@given(hostile_messages())
def test_no_text_changes_the_header_block_and_every_message_is_made(message: Message) -> None:
    raw = composed(message)
    head, _, _ = raw.partition(b"\r\n\r\n")
    mail = arrived(raw)

    assert mail.keys() == HEADERS
    assert raw.isascii()
    assert [address.addr_spec for address in mail["To"].addresses] == ["oncall@example.com"]
    assert name_of_addressee(raw) == line(message.contact.name, 60)
    assert [address.addr_spec for address in mail["From"].addresses] == ["earshot@alerts.example"]
    assert mail["Message-ID"] == "<n.00000000-0000-4000-8000-000000000001@alerts.example>"
    assert mail["Subject"] == rendered(message, zone=ZONE).subject
    assert len(mail["Subject"]) <= 120
    assert max(len(row) for row in head.split(b"\r\n")) <= 78
    assert max(len(row) for row in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert not mail.defects


@settings(deadline=None)
@given(hostile_messages())
def test_no_text_becomes_markup(message: Message) -> None:
    usual = Page(rendered(make.message(contact=message.contact), zone=ZONE).html)
    page = Page(rendered(message, zone=ZONE).html)

    assert set(page.tags) <= {*usual.tags, "mark", "/mark", "strong"}
    assert {name for name, _ in page.attributes} <= {name for name, _ in usual.attributes} | {"lang"}
    for name, value in page.attributes:
        if name == "href":
            assert value.startswith(("http://", "https://"))
        assert "url(" not in value


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mail_fetches_nothing_runs_nothing_and_asks_for_nothing(language: str) -> None:
    html = rendered(make.message(contact=make.contact(language=language)), zone=ZONE).html
    page = Page(html)

    assert not {"img", "script", "form", "input", "link", "iframe", "object", "button", "base"} & set(page.tags)
    assert not {"src", "action", "background", "srcset"} & {name for name, _ in page.attributes}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,<script>", "vbscript:x", None])
def test_a_post_without_a_safe_address_has_no_link(url: str | None) -> None:
    words = rendered(make.message(mention=make.judged_mention(url=url)), zone=ZONE)

    assert [v for n, v in Page(words.html).attributes if n == "href"] == ["http://127.0.0.1:8000/incidents/5"]
    assert "script" not in words.text + words.html


def angry_post(text: str, *spans: str) -> JudgedMention:
    because = tuple(Because(start=text.index(s), end=text.index(s) + len(s), text=s) for s in spans)
    return make.judged_mention(text=text, analysis=make.analysis(angry=True, language="zh-Hant", because=because))


def test_both_parts_say_what_who_where_why_and_what_to_do() -> None:
    mention = angry_post("排了五十分鐘，什麼態度！", "什麼態度！")
    mail = arrived(composed(make.message(mention=mention, alert_count=12)))
    text, page = part(mail, "plain"), Page(part(mail, "html"))
    html = " ".join(page.words + page.marked)

    assert page.marked == ["什麼態度！"]
    assert "> 排了五十分鐘，什麼態度！" in text
    assert "“什麼態度！”" in text
    for said in ("Lantern Noodles", "forum.example", "hungry_cat", "97%", "Urgent", "19:00 UTC+7", "12", "Apologise."):
        assert said in text
        assert said in html
    hrefs = [value for name, value in page.attributes if name == "href"]
    assert hrefs == ["http://127.0.0.1:8000/incidents/5", "https://forum.example/post-7"]
    assert all(href in text for href in hrefs)
    assert ("lang", "zh-Hant") in page.attributes


def test_every_attempt_has_the_same_id_and_every_message_of_an_incident_the_same_thread() -> None:
    first = make.message()
    second = make.message(notification_id=NotificationId(UUID(int=2)), contact=make.contact(language="th"))
    mails = [arrived(composed(message)) for message in (first, first, second)]

    assert mails[0]["Message-ID"] == mails[1]["Message-ID"] != mails[2]["Message-ID"]
    assert {mail["References"] for mail in mails} == {mail["In-Reply-To"] for mail in mails} == {"<i.5@alerts.example>"}


def test_ids_of_a_long_domain_stay_whole() -> None:
    domain = ".".join(["a-rather-long-name-of-a-company"] * 4)

    mail = arrived(composed(make.message(), domain))

    assert mail["Message-ID"] == f"<n.00000000-0000-4000-8000-000000000001@{domain}>"
    assert mail["References"] == f"<i.5@{domain}>"


@pytest.mark.parametrize(
    "words", ["00000¡¡¡𐀀𐀀: 0¡¡𐀀𐀀 ¡", "燈籠 麵館 ไทย café " * 6, "a" * 110, "plain words", "=?utf-8?q?x?="]
)
def test_a_subject_keeps_every_space(words: str) -> None:
    message = make.message(mention=make.judged_mention(text=words), brand="麵館 b")

    assert arrived(composed(message))["Subject"] == rendered(message, zone=ZONE).subject


def test_machines_are_told_not_to_answer() -> None:
    mail = arrived(composed(make.message()))

    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert mail["Date"] == "Thu, 05 Mar 2026 12:01:00 +0000"


@pytest.mark.parametrize(("urgency", "importance"), [(Urgency.URGENT, "high"), (Urgency.HIGH, None)])
def test_only_urgent_mail_says_it_is_important(urgency: Urgency, importance: str | None) -> None:
    assert arrived(composed(make.message(urgency=urgency)))["Importance"] == importance
