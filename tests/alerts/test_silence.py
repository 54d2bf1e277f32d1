"""What keeps an incident quiet, and what does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.silence import Silence, SilenceId, SilenceKind, suppression
from alerts.types import BrandId, IncidentId, RuleId, SourceId
from tests import make
from tests.alerts.test_incidents import incident

NOW = make.NOW
HOUR = timedelta(hours=1)
EVERYTHING = Silence(
    id=SilenceId(1),
    kind=SilenceKind.SILENCE,
    brand_id=None,
    rule_id=None,
    source_id=None,
    starts_at=NOW - HOUR,
    ends_at=NOW + HOUR,
    reason="The till is being replaced",
    author="mei",
)


@pytest.mark.parametrize(("hours", "quiet"), [(-1.1, False), (-1, True), (0, True), (0.9, True), (1, False)])
def test_a_silence_holds_from_its_start_until_its_end(hours: float, quiet: bool) -> None:
    found = suppression(incident(), [EVERYTHING], sources=(), told_by=None, now=NOW + hours * HOUR)

    assert (found is not None) == quiet


@pytest.mark.parametrize(
    ("given", "quiet"),
    [
        ({"brand_id": BrandId(1)}, True),
        ({"brand_id": BrandId(2)}, False),
        ({"rule_id": RuleId(1)}, True),
        ({"brand_id": BrandId(1), "rule_id": RuleId(2)}, False),
        ({"source_id": SourceId(4)}, True),
        ({"source_id": SourceId(5)}, False),
    ],
)
def test_what_a_silence_names_must_all_match(given: dict[str, int], quiet: bool) -> None:
    one = replace(EVERYTHING, **given)  # type: ignore[arg-type]  # ids of several kinds

    assert (suppression(incident(), [one], sources={SourceId(4)}, told_by=None, now=NOW) is not None) == quiet


def test_a_silent_source_keeps_nothing_quiet_that_others_tell_too() -> None:
    one = replace(EVERYTHING, source_id=SourceId(4))

    assert suppression(incident(), [one], sources={SourceId(4), SourceId(5)}, told_by=None, now=NOW) is None


def test_what_another_incident_tells_is_kept_quiet_by_it() -> None:
    found = suppression(incident(), [], sources=(), told_by=IncidentId(9), now=NOW)

    assert found is not None
    assert found.incident_id == 9
