"""Pauses between tries."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery import LONGEST_PAUSE, MOST_ATTEMPTS, is_poison, retry_after
from alerts.errors import Fault


@given(st.integers(0, 10**6), st.sampled_from(Fault), st.randoms(use_true_random=False))
def test_a_pause_is_never_longer_than_fifteen_minutes(attempts: int, fault: Fault, random: Random) -> None:
    pause = retry_after(attempts, fault, random)

    assert pause is None or timedelta(seconds=4) <= pause <= LONGEST_PAUSE


@given(st.randoms(use_true_random=False))
def test_an_hour_without_a_server_costs_at_most_twelve_tries(random: Random) -> None:
    at, tries = timedelta(), 0
    while at < timedelta(hours=1):
        tries += 1
        pause = retry_after(tries, Fault.TEMPORARY, random)
        assert pause is not None
        at += pause

    assert 9 <= tries <= 12


def test_pauses_double_from_five_seconds() -> None:
    pauses = [retry_after(n, Fault.TEMPORARY, Random(1)) for n in range(1, 5)]

    ceilings = [5, 10, 20, 40]
    for pause, ceiling in zip(pauses, ceilings, strict=True):
        assert pause is not None
        assert ceiling * 0.8 <= pause.total_seconds() <= ceiling


def test_a_refused_recipient_is_not_tried_again() -> None:
    assert retry_after(1, Fault.RECIPIENT, Random(1)) is None


@pytest.mark.parametrize("attempts", [1, 10**6])
def test_our_own_outage_waits_minutes_and_never_gives_up(attempts: int) -> None:
    pause = retry_after(attempts, Fault.OURS, Random(1))

    assert pause is not None
    assert timedelta(minutes=1) <= pause <= timedelta(minutes=5)


def test_tries_end_at_the_cap_and_sooner_when_each_may_leave_a_copy() -> None:
    assert retry_after(MOST_ATTEMPTS, Fault.TEMPORARY, Random(1)) is None
    assert retry_after(MOST_ATTEMPTS - 1, Fault.TEMPORARY, Random(1)) is not None
    assert retry_after(10, Fault.AMBIGUOUS, Random(1)) is None


def test_a_message_that_ends_its_sender_five_times_is_set_aside() -> None:
    assert not is_poison(claims=4, outcomes=0)
    assert is_poison(claims=5, outcomes=0)
    assert not is_poison(claims=50, outcomes=46)
