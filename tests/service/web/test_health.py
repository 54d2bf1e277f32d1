"""How a source goes, by what is known of its polls and of what it was sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.types import BrandId, SourceId
from service.store.source import SourceHealth
from service.web.health import Hearing, hearing
from tests.make import NOW

HOUR = timedelta(hours=1)
POLLED = SourceHealth(
    id=SourceId(1),
    brand_id=BrandId(1),
    brand="Lantern Noodles",
    match=False,
    kind="feed",
    name="Forum",
    settings={},
    allow_private=False,
    enabled=True,
    interval=timedelta(minutes=5),
    next_due=NOW + timedelta(minutes=3),
    last_attempt_at=NOW - timedelta(minutes=2),
    last_success_at=NOW - timedelta(minutes=2),
    error=None,
    error_count=0,
    gap_suspected_at=None,
    told=False,
    untold=None,
    mentions_per_day=3,
    unmatched_per_day=0,
    spent=0,
    quarantined=0,
)
SENT = replace(POLLED, kind="webhook", next_due=None, told=True)


@pytest.mark.parametrize(
    ("source", "how"),
    [
        (POLLED, Hearing.HEARS),
        (replace(POLLED, error_count=1), Hearing.STUMBLES),
        (replace(POLLED, error_count=9, last_success_at=NOW - HOUR), Hearing.BLIND),
        # No worker polls what is due.
        (replace(POLLED, next_due=NOW - HOUR, last_success_at=NOW - 2 * HOUR), Hearing.BLIND),
        # Its hub tells of news, so that it is polled once an hour.
        (replace(POLLED, next_due=NOW + HOUR / 4, last_success_at=NOW - HOUR, told=True), Hearing.HEARS),
        (SENT, Hearing.HEARS),
        # Nobody can say when a place has something to send.
        (replace(SENT, last_success_at=NOW - 900 * HOUR), Hearing.HEARS),
        (replace(SENT, error_count=1), Hearing.UNREAD),
        (replace(SENT, last_attempt_at=None, last_success_at=None), Hearing.NEW),
        (replace(SENT, enabled=False), Hearing.OFF),
    ],
)
def test_a_source_is_shown_as_it_goes(source: SourceHealth, how: Hearing) -> None:
    assert hearing(source, NOW) is how
