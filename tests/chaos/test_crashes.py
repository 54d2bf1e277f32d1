"""The short form of `make chaos`."""

import pytest

from tests.chaos.harness import Plan, torment


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_kills_and_crashes_lose_no_alert_and_tell_none_too_often() -> None:
    outcome = await torment(Plan(posts=60, kills=12, crashes=2))

    assert outcome.holds, outcome
