"""Rules about spans of time: what each needs to fire, and what it says."""

from datetime import timedelta

import pytest

from alerts.rules import negative_share, source_silence, spikes
from alerts.types import Counts, Makeup, Rhythm, RuleKind, Share, SourceId
from tests import make

NOW = make.NOW
HOUR = timedelta(hours=1)
SHARE = make.rule(kind=RuleKind.NEGATIVE_SHARE, settings={"share": 0.5, "min_count": 10})
SILENCE = make.rule(kind=RuleKind.SOURCE_SILENCE)


@pytest.mark.parametrize(("negative", "positive", "fires"), [(5, 5, True), (4, 6, False), (9, 0, False), (10, 0, True)])
def test_much_that_is_negative(negative: int, positive: int, fires: bool) -> None:
    counts = Counts(total=negative + positive + 3, negative=negative, positive=positive)
    found = negative_share.check(SHARE, make.traffic(counts=counts, telling=make.judged_mention()))

    assert bool(found) == fires
    if found:
        assert found[0].reason.values["judged"] == negative + positive
        assert (found[0].slot, found[0].group_key) == (NOW, "1|1|brand")


def test_a_spike_says_what_it_is_made_of() -> None:
    quiet = {NOW - n * HOUR: Counts(total=1, angry=1) for n in range(2, 400)}
    traffic = make.traffic(
        counts=Counts(total=60, angry=50),
        history=quiet,
        since=NOW - 400 * HOUR,
        telling=make.judged_mention(),
        makeup=Makeup(
            sources=(Share(name="PTT", count=55, id=1),),
            stories=(Share(name="店員把我趕出去", count=40, id=3),),
            terms=(Share(name="蟑螂", count=44), Share(name="退款", count=20)),
        ),
    )
    (volume,) = spikes.check_volume(make.rule(kind=RuleKind.VOLUME_SPIKE), traffic)
    (anger,) = spikes.check_anger(make.rule(kind=RuleKind.ANGER_SPIKE), traffic)

    assert volume.reason.values["count"] == 60
    assert anger.reason.values["count"] == 50
    assert volume.reason.values["terms"] == "蟑螂 · 退款"
    assert volume.reason.values["sources"] == "PTT (55)"
    assert volume.reason.values["story_count"] == 40


def rhythm(*, silent: timedelta, longest: timedelta = 5 * HOUR, pauses: int = 60, answers: bool = True) -> Rhythm:
    last_at = NOW - silent
    return Rhythm(
        source_id=SourceId(4),
        name="PTT",
        last_at=last_at,
        pauses=pauses,
        longest=longest,
        answered_at=NOW if answers else last_at,
        last=make.judged_mention(said_at=last_at),
    )


@pytest.mark.parametrize(
    ("silent", "longest", "pauses", "fires"),
    [
        (11 * HOUR, 5 * HOUR, 60, True),
        (9 * HOUR, 5 * HOUR, 60, False),
        (11 * HOUR, 5 * HOUR, 5, False),
        (1.9 * HOUR, HOUR / 60, 60, False),
    ],
)
def test_a_source_is_silent_by_its_own_rhythm(silent: timedelta, longest: timedelta, pauses: int, fires: bool) -> None:
    traffic = make.traffic(rhythms=(rhythm(silent=silent, longest=longest, pauses=pauses),))

    assert bool(source_silence.check(SILENCE, traffic)) == fires


def test_one_silence_is_one_alert_however_often_it_is_looked_at() -> None:
    first = make.traffic(rhythms=(rhythm(silent=11 * HOUR),))
    later = make.traffic(start=NOW, end=NOW + HOUR, rhythms=(rhythm(silent=11 * HOUR),))
    (one,), (other,) = source_silence.check(SILENCE, first), source_silence.check(SILENCE, later)

    assert (one.group_key, one.slot) == (other.group_key, other.slot) == ("1|1|source:4", NOW - 11 * HOUR)


def test_a_silence_says_whether_the_source_answers() -> None:
    for answers in (True, False):
        (alert,) = source_silence.check(SILENCE, make.traffic(rhythms=(rhythm(silent=11 * HOUR, answers=answers),)))

        assert alert.reason.values["answers"] == answers
