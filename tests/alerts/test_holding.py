"""An acknowledgement runs out: reminded first, however late and often it is looked at."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import holding, incidents
from alerts.errors import DutyError
from alerts.holding import Hold
from alerts.incidents import Outcome, Transition
from alerts.types import ContactId, Incident, IncidentEventKind, IncidentStatus, Owed, Purpose, Told, Urgency
from tests import make
from tests.alerts.test_incidents import incident

NOW = make.NOW
MINUTE = timedelta(minutes=1)
ANN = make.contact(id=ContactId(1))
HOLD = Hold(after=40 * MINUTE)


def taken(at: datetime = NOW) -> Incident:
    return _incident(incidents.acknowledge(incident(), actor="ann", now=at))


def _incident(done: Transition) -> Incident:
    assert done.incident is not None
    return done.incident


def reminder(at: datetime, **given: object) -> Told:
    told = Told(contact_id=ANN.id, purpose=Purpose.REMINDER, cycle=1, at=at, covers=1, seq=1)
    return replace(told, **given)  # type: ignore[arg-type]  # named by tests


def owed(one: Incident, told: list[Told], minutes: float, hold: Hold = HOLD) -> list[Owed]:
    return holding.owed(one, hold, [ANN], told, now=NOW + minutes * MINUTE)


def lapsed(one: Incident, told: list[Told], minutes: float, *, holders: list[object] | None = None) -> bool:
    people = [ANN] if holders is None else []
    return holding.lapse(one, HOLD, people, told, now=NOW + minutes * MINUTE).changed


@pytest.mark.parametrize(("urgency", "minutes"), [(Urgency.URGENT, 30), (Urgency.HIGH, 120), (Urgency.NORMAL, 240)])
def test_the_usual_time_goes_by_urgency_and_off_is_for_ever(urgency: Urgency, minutes: int) -> None:
    assert Hold().span(urgency) == minutes * MINUTE
    assert HOLD.span(urgency) == 40 * MINUTE
    assert Hold(ends=False).span(urgency) is None


def test_whoever_has_it_is_reminded_once_a_quarter_before_the_end() -> None:
    before, due = owed(taken(), [], 29), owed(taken(), [], 30)

    assert before == []
    assert [(one.contact_id, one.purpose, one.seq) for one in due] == [(ANN.id, Purpose.REMINDER, 1)]
    assert owed(taken(), [reminder(NOW + 30 * MINUTE)], 35) == []
    assert owed(taken(), [], 10_000, Hold(ends=False)) == []


def test_it_goes_back_at_the_end_with_the_next_cycle() -> None:
    reminded = [reminder(NOW + 30 * MINUTE)]
    done = holding.lapse(taken(), HOLD, [ANN], reminded, now=NOW + 40 * MINUTE)
    again = _incident(done)

    assert not lapsed(taken(), reminded, 39)
    assert (again.status, again.cycle, again.level, again.acknowledged_by) == (IncidentStatus.TRIGGERED, 2, 0, None)
    assert [(event.kind, event.detail["by"]) for event in done.events] == [(IncidentEventKind.LAPSED, "ann")]


def test_after_downtime_the_reminder_still_comes_first_and_gives_its_time() -> None:
    late = [reminder(NOW + 300 * MINUTE)]
    done = holding.lapse(taken(), HOLD, [ANN], late, now=NOW + 315 * MINUTE)

    assert not lapsed(taken(), [], 300)
    assert not lapsed(taken(), late, 309)
    assert lapsed(taken(), late, 310)
    assert done.events[0].detail["late_by"] == 5 * 60


def test_where_nobody_can_be_reminded_or_the_reminder_failed_it_goes_back_all_the_same() -> None:
    assert lapsed(taken(), [], 40, holders=[])
    assert lapsed(taken(), [reminder(NOW + 39 * MINUTE, failed=True)], 40)
    assert not lapsed(taken(), [], 39, holders=[])


def test_whatever_somebody_does_begins_the_time_anew() -> None:
    later = NOW + 35 * MINUTE
    kept = holding.keep(taken(), actor="ann", now=later)
    told = [reminder(NOW + 30 * MINUTE)]
    for one in (
        _incident(kept),
        _incident(incidents.note(taken(), text="called", actor="ann", now=later)),
        _incident(incidents.assign(taken(), to="mei", actor="ann", now=later)),
    ):
        assert not lapsed(one, told, 74)
        assert owed(one, told, 64) == []
        assert [again.seq for again in owed(one, told, 65)] == [2]

    assert (kept.outcome, [event.kind for event in kept.events]) == (Outcome.KEPT, [IncidentEventKind.KEPT])


def test_somebody_else_takes_it_over_by_keeping_it() -> None:
    done = holding.keep(taken(), actor="mei", now=NOW + MINUTE)

    assert (done.outcome, _incident(done).acknowledged_by) == (Outcome.ACKNOWLEDGED, "mei")
    assert holding.keep(incident(), actor="mei", now=NOW).outcome is Outcome.ACKNOWLEDGED
    assert holding.keep(incident(IncidentStatus.RESOLVED), actor="mei", now=NOW).outcome is Outcome.REFUSED_RESOLVED


def test_given_back_it_is_told_of_again() -> None:
    done = holding.give_back(taken(), actor="ann", now=NOW + MINUTE)
    again = _incident(done)

    assert (again.status, again.cycle) == (IncidentStatus.TRIGGERED, 2)
    assert [(event.kind, event.actor) for event in done.events] == [(IncidentEventKind.GIVEN_BACK, "ann")]
    assert holding.give_back(again, actor="ann", now=NOW).outcome is Outcome.UNCHANGED
    closed = incident(IncidentStatus.RESOLVED)
    assert holding.give_back(closed, actor="ann", now=NOW).outcome is Outcome.REFUSED_RESOLVED


@given(looks=st.lists(st.integers(0, 200), min_size=1, max_size=30).map(sorted))
def test_looked_at_whenever_and_twice_there_is_one_reminder_before_the_end_and_one_end(looks: list[int]) -> None:
    one, told, ends = taken(), list[Told](), 0
    for minutes in [minute for minute in looks for _ in range(2)]:
        told += [reminder(NOW + minutes * MINUTE) for _ in owed(one, told, minutes)]
        done = holding.lapse(one, HOLD, [ANN], told, now=NOW + minutes * MINUTE)
        if done.changed:
            assert told
            assert minutes * MINUTE >= told[0].at - NOW + holding.lead(40 * MINUTE)
            one, ends = _incident(done), ends + 1

    assert len(told) <= 1
    assert ends <= 1


@pytest.mark.parametrize("after", [MINUTE, timedelta(days=8)])
def test_a_time_that_cannot_be_is_refused(after: timedelta) -> None:
    with pytest.raises(DutyError, match="10m"):
        holding.check(Hold(after=after))
