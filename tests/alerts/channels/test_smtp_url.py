"""EARSHOT_SMTP_URL: what each form means, and what is said of a wrong one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.smtp_url import Security, SmtpServer, parse
from alerts.errors import ChannelSettingError


@pytest.mark.parametrize(
    ("url", "host", "port", "security"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, Security.AUTO),
        ("smtp://mail.example.com:2525/", "mail.example.com", 2525, Security.AUTO),
        ("smtp://u:p@mail.example.com", "mail.example.com", 587, Security.ALWAYS),
        ("smtp://u:p@127.0.0.1:1025", "127.0.0.1", 1025, Security.AUTO),
        ("smtp://u:p@mail.example.com?starttls=never", "mail.example.com", 587, Security.NEVER),
        ("smtp://mail.example.com?starttls=always", "mail.example.com", 587, Security.ALWAYS),
        ("smtp+starttls://mail.example.com", "mail.example.com", 587, Security.ALWAYS),
        ("smtps://u:p@mail.example.com", "mail.example.com", 465, Security.TLS),
        ("smtp://[::1]:1025", "::1", 1025, Security.AUTO),
        ("smtp://郵件.example", "xn--5nqv22n.example", 25, Security.AUTO),
    ],
)
def test_each_form_means_this(url: str, host: str, port: int, security: Security) -> None:
    server = parse(url)

    assert (server.host, server.port, server.security) == (host, port, security)


def test_user_and_password_are_decoded_and_the_password_is_not_shown() -> None:
    server = parse("smtp://me%40example.com:p%2Fw%23%3A%40%E9%BA%B5@mail.example.com")

    assert (server.username, server.password) == ("me@example.com", "p/w#:@麵")
    assert "p/w" not in f"{server} {server!r}"


@pytest.mark.parametrize(
    ("url", "about"),
    [
        ("mail.example.com:25", "must begin with"),
        ("http://mail.example.com", "must begin with"),
        ("smtp://", "names no mail server"),
        ("smtp://user@mail.example.com", "come together"),
        ("smtp://:pass@mail.example.com", "come together"),
        ("smtp://mail.example.com:port", "percent-encode"),
        ("smtp://mail.example.com:0", "no port"),
        ("smtp://mail.example.com:99999", "percent-encode"),
        ("smtp://user:pa/ss@mail.example.com", ""),
        ("smtp://user:pa#ss@mail.example.com", ""),
        ("smtp://mail.example.com/path", "does not belong"),
        ("smtp://mail.example.com?starttls=maybe", "auto, always or never"),
        ("smtp://mail.example.com?tls=1", "knows only"),
        ("smtps://mail.example.com?starttls=never", "leave"),
        ("smtp://a:%0d%0a@mail.example.com", "control character"),
    ],
)
def test_a_wrong_one_names_the_setting_and_the_remedy(url: str, about: str) -> None:
    with pytest.raises(ChannelSettingError, match=r"^EARSHOT_SMTP_URL: .*, as in smtp://") as raised:
        parse(url)

    assert about in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.one_of(st.text(), st.text().map(lambda rest: f"smtp://{rest}"), st.text().map(lambda p: f"smtp://u:{p}@h")))
def test_any_string_is_a_server_or_a_named_error(url: str) -> None:
    try:
        server = parse(url)
    except ChannelSettingError as error:
        assert str(error).startswith("EARSHOT_SMTP_URL: ")  # noqa: PT017  # either outcome is right
    else:
        assert isinstance(server, SmtpServer)
        assert 1 <= server.port <= 65535


@given(st.text(alphabet="Zz9/#?%@[]:", min_size=6))
def test_an_error_never_repeats_the_password(tail: str) -> None:
    try:
        parse(f"smtp://user:Hunter2{tail}@mail.example.com")
    except ChannelSettingError as error:
        assert "Hunter2" not in str(error)  # noqa: PT017  # either outcome is right
