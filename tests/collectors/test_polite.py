"""How often a place is asked."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import RateLimited
from collectors.polite import LONGEST_PAUSE, SHORTEST_PACE, Pace, adapted, next_poll, retry_after
from tests.make import NOW

MINUTES = timedelta(minutes=15)


def test_without_trouble_the_interval_stands() -> None:
    assert next_poll(MINUTES) == MINUTES


def test_errors_double_the_pause_up_to_a_day() -> None:
    assert [next_poll(MINUTES, error_count=n) / MINUTES for n in (1, 2, 3)] == [2, 4, 8]
    assert next_poll(MINUTES, error_count=10**9) == LONGEST_PAUSE


def test_the_wish_of_the_place_is_a_floor() -> None:
    assert next_poll(MINUTES, timedelta(hours=2)) == timedelta(hours=2)
    assert next_poll(MINUTES, timedelta(minutes=1)) == MINUTES
    assert next_poll(MINUTES, retry_after=timedelta(hours=3), error_count=1, jitter=-1) == timedelta(hours=3)


@given(
    st.timedeltas(timedelta(minutes=1), timedelta(days=3)),
    st.timedeltas(timedelta(0), timedelta(days=9)),
    st.integers(-1, 100),
    st.floats(-2, 2),
)
def test_the_pause_is_bounded_and_never_under_the_wish(
    interval: timedelta, wished: timedelta, error_count: int, jitter: float
) -> None:
    pause = next_poll(interval, wished, error_count, jitter=jitter)

    assert min(wished, LONGEST_PAUSE) <= pause <= LONGEST_PAUSE
    assert pause >= min(interval, LONGEST_PAUSE) * 0.89


@given(st.text(max_size=40))
def test_any_retry_after_is_a_bounded_pause_or_none(value: str) -> None:
    pause = retry_after(value, now=NOW)

    assert pause is None or timedelta(minutes=1) <= pause <= LONGEST_PAUSE


async def test_one_request_at_a_time_goes_to_a_host_and_they_keep_their_distance() -> None:
    pace = Pace(timedelta(milliseconds=30))
    loop = asyncio.get_running_loop()
    spans: list[tuple[float, float]] = []

    async def ask(host: str) -> None:
        async with pace.turn(host):
            started = loop.time()
            await asyncio.sleep(0)
            spans.append((started, loop.time()))

    await asyncio.gather(*(ask("a.example") for _ in range(4)))

    assert all(later[0] - earlier[1] >= 0.029 for earlier, later in pairwise(spans))


async def test_hosts_do_not_wait_for_each_other() -> None:
    pace = Pace(timedelta(hours=1))

    async with pace.turn("a.example"), pace.turn("b.example"), pace.turn("c.example"):
        pass


async def test_who_would_wait_too_long_is_told_to_come_back() -> None:
    pace = Pace(timedelta(hours=1))
    async with pace.turn("a.example"):
        pass

    with pytest.raises(RateLimited) as caught:
        async with pace.turn("a.example"):
            raise AssertionError("it was not our turn")

    assert caught.value.retry_after > timedelta(minutes=50)


async def test_a_redirect_within_the_host_need_not_wait() -> None:
    pace = Pace(timedelta(minutes=1))
    async with pace.turn("a.example"):
        pass

    async with asyncio.timeout(1), pace.turn("a.example", at_once=True):
        pass


@given(st.integers(1, 86_400), st.lists(st.booleans(), max_size=30))
def test_the_pace_stays_between_its_floor_and_the_interval(seconds: int, gaps: list[bool]) -> None:
    interval = pace = timedelta(seconds=seconds)
    for gap in gaps:
        before, pace = pace, adapted(pace, interval, gap=gap)
        assert min(SHORTEST_PACE, interval) <= pace <= interval
        assert pace <= before if gap else pace >= before
