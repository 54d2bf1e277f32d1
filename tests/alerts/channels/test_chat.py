"""Addresses of chats: what is allowed, what is refused, and that none is ever said."""

import pytest

from alerts.channels import chat
from alerts.channels.chat import ChatError


@pytest.mark.parametrize(
    "address",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "tgram://123456789:abcdefg_hijklmnop/12315544",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "line://token/user1",
        "feishu://abcdefghijklmnop",
        "wecombot://key12345-abcd",
    ],
)
def test_services_with_hosts_of_their_own_are_allowed_and_shown_by_scheme_alone(address: str) -> None:
    assert chat.checked(address) == f"{address.partition('://')[0]}://…"


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "json://127.0.0.1:80",
        "mailto://user:pass@example.com",
        "syslog://127.0.0.1",
        "dbus://",
        "msteams://token/x?template=/etc/passwd",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?template=/etc/passwd",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ#x",
        "apprise://127.0.0.1/x",
        "workflows://127.0.0.1/a/b",
        "slack://x y",
        "slack",
        "https://hooks.slack.com/services/T/B/x",
    ],
)
def test_what_reads_files_or_reaches_elsewhere_is_refused_without_its_token(address: str) -> None:
    with pytest.raises(ChatError) as refused:
        chat.checked(address)

    assert "passwd" not in str(refused.value)
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in str(refused.value)
