"""Cursors, whatever somebody makes of them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api import paging
from service.api.errors import BadCursor
from service.api.mentions import MentionQuery
from service.api.notifications import NotificationQuery

QUERY = MentionQuery(brand="Lantern Noodles", angry=True)
ids = st.integers(1, 2**63 - 1)
times = st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants it naive


@given(at=times, last=ids)
def test_a_place_in_time_comes_back_as_it_was(at: datetime, last: int) -> None:
    assert paging.time_and_id("mentions", QUERY, paging.seal("mentions", QUERY, (at, last))) == (at, last)


@given(share=st.floats(0, 1), last=ids)
def test_a_share_comes_back_to_the_last_bit(share: float, last: int) -> None:
    assert paging.share_and_id("mentions", QUERY, paging.seal("mentions", QUERY, (share, last))) == (share, last)


@given(at=times, last=st.uuids())
def test_a_uuid_comes_back(at: datetime, last: UUID) -> None:
    query = NotificationQuery()

    assert paging.time_and_uuid("outbox", query, paging.seal("outbox", query, (at, last))) == (at, last)


@given(cursor=st.text(max_size=80))
def test_no_text_is_a_cursor(cursor: str) -> None:
    for opened in (paging.time_and_id, paging.share_and_id, paging.time_and_uuid):
        with pytest.raises(BadCursor):
            opened("mentions", QUERY, cursor)


def test_the_place_of_one_order_is_none_of_another() -> None:
    cursor = paging.seal("mentions", QUERY, (0.5, 7))

    for opened in (paging.time_and_id, paging.time_and_uuid):
        with pytest.raises(BadCursor):
            opened("mentions", QUERY, cursor)


def test_the_size_of_a_page_may_change() -> None:
    cursor = paging.seal("mentions", QUERY, (0.5, 7))

    assert paging.share_and_id("mentions", QUERY.model_copy(update={"limit": 7}), cursor) == (0.5, 7)
