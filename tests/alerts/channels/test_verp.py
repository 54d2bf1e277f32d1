"""Return paths that name a notification, and that nobody else can make."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.verp import MOST_LOCAL_CHARS, VALID_FOR, notification_of, return_path
from alerts.types import NotificationId

KEY = b"only for tests"
TODAY = date(2026, 3, 5)
ID = NotificationId(UUID("6f1c2a9e-0d3b-4c5f-8e7a-1b2c3d4e5f60"))
ADDRESS = return_path("bounces@example.com", ID, key=KEY, today=TODAY)


@given(
    st.uuids(),
    st.dates(date(2021, 1, 1), date(2190, 1, 1)),
    st.from_regex(rf"[a-z]{{1,{MOST_LOCAL_CHARS}}}", fullmatch=True),
)
def test_what_was_signed_is_known_again_whatever_its_case(value: UUID, today: date, local: str) -> None:
    address = return_path(f"{local}@example.com", NotificationId(value), key=KEY, today=today)

    assert len(address.rpartition("@")[0]) <= 64
    assert notification_of(address.upper(), key=KEY, today=today) == value
    assert notification_of(address, key=KEY, today=today + VALID_FOR) == value
    assert notification_of(address, key=KEY, today=today + VALID_FOR + timedelta(days=1)) is None
    assert notification_of(address, key=b"another", today=today) is None


def test_no_changed_letter_is_believed() -> None:
    local, _, domain = ADDRESS.partition("@")
    start = local.index("+") + 1
    changed = [
        f"{local[:place]}{'a' if local[place] != 'a' else 'b'}{local[place + 1 :]}@{domain}"
        for place in range(start, len(local))
    ]

    assert not [address for address in changed if notification_of(address, key=KEY, today=TODAY)]


@given(st.text(max_size=120))
def test_any_address_is_ours_or_nobodys(address: str) -> None:
    assert notification_of(address, key=KEY, today=TODAY) is None
