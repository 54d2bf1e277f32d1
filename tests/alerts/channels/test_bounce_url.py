"""The mailbox to which messages come back, as an operator writes it."""

import pytest

from alerts.channels.bounce_url import parse
from alerts.errors import ChannelSettingError


def test_a_whole_url_is_read() -> None:
    box = parse("imaps://us%40er:p%2Fw@imap.example.com:9993/Re/turned?address=bounces@example.com")

    assert (box.host, box.port, box.user, box.password) == ("imap.example.com", 9993, "us@er", "p/w")
    assert (box.folder, box.address, box.security) == ("Re/turned", "bounces@example.com", "tls")


def test_the_users_own_address_and_the_inbox_are_taken_where_none_is_given() -> None:
    box = parse("imap+starttls://bounces%40example.com:pw@imap.example.com")

    assert (box.folder, box.address, box.security, box.port) == ("INBOX", "bounces@example.com", "starttls", None)


def test_the_key_follows_the_password_and_neither_is_shown() -> None:
    first, second = (parse(f"imaps://b%40example.com:{password}@imap.example.com") for password in ("sesame", "other"))

    assert first.key != second.key
    assert "sesame" not in repr(first)
    assert repr(first.key) not in repr(first)


@pytest.mark.parametrize(
    ("url", "because"),
    [
        ("pop3://a:b@c", "must begin with imaps"),
        ("imaps://imap.example.com", "needs a host, a user and a password"),
        ("imaps://user:pw@imap.example.com", "needs the mailbox's e-mail address"),
        ("imap://b%40example.com:pw@imap.example.com", "in the clear"),
        ("imaps://b%40example.com:pw@imap.example.com:x", "cannot be read"),
        (f"imaps://{'b' * 40}%40example.com:pw@imap.example.com", "more than 17 characters before the @"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(url: str, because: str) -> None:
    with pytest.raises(ChannelSettingError, match=because) as caught:
        parse(url)

    assert ":pw@i" not in str(caught.value).replace("user:password", "")
