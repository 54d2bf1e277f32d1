"""Who is told when nobody acknowledges: one policy step by step, and against every order of events."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts import escalation, incidents
from alerts.errors import DutyError
from alerts.escalation import Policy, Step, Weak
from alerts.holding import Hold
from alerts.incidents import Outcome
from alerts.oncall import Layer, Override, OverrideId, Schedule, ScheduleId
from alerts.types import (
    Contact,
    ContactId,
    Incident,
    IncidentEvent,
    IncidentStatus,
    PolicyVersionId,
    Purpose,
    Severity,
    Told,
)
from tests import make
from tests.alerts.test_incidents import incident, keys, told

NOW, MINUTE, HOUR = make.NOW, timedelta(minutes=1), timedelta(hours=1)
ANN, MEI, SAI, BOSS = (ContactId(n) for n in range(1, 5))
CARE = ScheduleId(1)


def schedule(*members: ContactId, **given: object) -> Schedule:
    layer = Layer(members=members, starts=datetime(2026, 1, 1), turn=timedelta(days=7))  # noqa: DTZ001  # by the wall
    return Schedule(id=CARE, name="Care", zone="UTC", layers=(layer,), **given)  # type: ignore[arg-type]  # by tests


def policy(*steps: Step, repeats: int = 0, last_resort: ContactId | None = BOSS) -> Policy:
    return Policy(
        version_id=PolicyVersionId(1), name="Care", steps=steps, repeats=repeats, last_resort=last_resort, hold=Hold()
    )


USUAL = policy(Step(schedules=(CARE,), wait=5 * MINUTE), Step(contacts=(MEI,), wait=10 * MINUTE), repeats=1)
EVERYBODY = {one: make.contact(id=one) for one in (ANN, MEI, SAI, BOSS)}


def turn(
    one: Incident, by: Policy = USUAL, *, people: dict[ContactId, Contact] | None = None, **given: object
) -> list[int]:
    schedules = {CARE: schedule(ANN, **given)}
    found = escalation.called(by, one, contacts=EVERYBODY if people is None else people, schedules=schedules)
    return [contact.id for contact in found.contacts]


def at_level(level: int, **given: object) -> Incident:
    return replace(incident(), level=level, level_at=NOW, **given)  # type: ignore[arg-type]  # named by tests


def test_each_level_is_a_steps_turn_then_the_steps_again_then_the_last_resort() -> None:
    assert [turn(at_level(level)) for level in range(6)] == [[ANN], [MEI], [ANN], [MEI], [BOSS], [BOSS]]


def test_everybody_of_a_schedule_may_be_meant() -> None:
    whole = policy(Step(whole_schedules=(CARE,), wait=MINUTE))
    found = escalation.called(whole, incident(), contacts=EVERYBODY, schedules={CARE: schedule(ANN, SAI, ANN)})

    assert [one.id for one in found.contacts] == [ANN, SAI]


def test_the_last_resort_stands_in_where_nobody_of_a_step_can_be_reached() -> None:
    for ill in ({"verified": False}, {"enabled": False}, {"bounced": True}):
        assert turn(incident(), people={**EVERYBODY, ANN: make.contact(id=ANN, **ill)}) == [BOSS]
    gone = escalation.called(USUAL, incident(), contacts=EVERYBODY, schedules={})

    assert ([one.id for one in gone.contacts], gone.last_resort) == ([BOSS], True)


def test_everybody_is_told_where_not_even_the_last_resort_can_be_reached() -> None:
    lost = policy(Step(contacts=(ANN,), wait=MINUTE), last_resort=None)

    assert turn(incident(), lost, people={MEI: EVERYBODY[MEI], SAI: EVERYBODY[SAI]}) == [MEI, SAI]


def test_who_is_on_call_is_asked_of_the_moment_the_level_was_come_to() -> None:
    taken = Override(id=OverrideId(1), contact_id=SAI, starts_at=NOW + MINUTE, ends_at=NOW + HOUR, author="sai")

    assert turn(at_level(0), overrides=(taken,)) == [ANN]
    assert turn(replace(incident(), level_at=NOW + MINUTE), overrides=(taken,)) == [SAI]


def first_word(at: datetime = NOW, *, contact: ContactId = ANN, failed: bool = False) -> Told:
    return Told(contact_id=contact, purpose=Purpose.FIRST, cycle=1, at=at, covers=1, failed=failed)


@pytest.mark.parametrize(("seconds", "outcome"), [(299, Outcome.UNCHANGED), (300, Outcome.ESCALATED)])
def test_the_next_step_comes_when_the_wait_is_over(seconds: int, outcome: Outcome) -> None:
    done = escalation.escalate(incident(), USUAL, [first_word()], now=NOW + timedelta(seconds=seconds))

    assert done.outcome is outcome


def test_a_level_that_nobody_was_told_of_yet_does_not_wait() -> None:
    assert not escalation.escalate(incident(), USUAL, [], now=NOW + HOUR).changed


def test_the_next_step_comes_at_once_where_no_word_arrived() -> None:
    lost = first_word(failed=True)
    arrived = first_word(contact=MEI)

    assert escalation.escalate(incident(), USUAL, [lost], now=NOW).changed
    assert not escalation.escalate(incident(), USUAL, [lost, arrived], now=NOW).changed


def test_after_hours_of_downtime_one_step_is_taken_late_and_the_next_waits_its_time() -> None:
    later = NOW + 6 * HOUR
    late = escalation.escalate(incident(), USUAL, [first_word()], now=later)
    assert late.incident is not None
    again = Told(contact_id=MEI, purpose=Purpose.AGAIN, cycle=1, at=later, covers=1, seq=1)

    assert late.events[0].detail == {"level": 1, "late_by": 6 * 3600 - 300}
    assert not escalation.escalate(late.incident, USUAL, [first_word()], now=later).changed
    assert not escalation.escalate(late.incident, USUAL, [first_word(), again], now=later + 9 * MINUTE).changed
    assert escalation.escalate(late.incident, USUAL, [first_word(), again], now=later + 10 * MINUTE).changed


@pytest.mark.parametrize("status", [one for one in IncidentStatus if one is not IncidentStatus.TRIGGERED])
def test_nothing_escalates_once_somebody_has_it(status: IncidentStatus) -> None:
    assert not escalation.escalate(incident(status), USUAL, [first_word()], now=NOW + HOUR).changed


def test_whoever_was_told_before_hears_of_more_and_the_others_do_not() -> None:
    grown = at_level(1, alert_count=5)
    known = [first_word(), Told(contact_id=MEI, purpose=Purpose.AGAIN, cycle=1, at=NOW, covers=1, seq=1)]
    rows = incidents.owed(grown, [EVERYBODY[MEI]], known, NOW + HOUR, earlier=list(EVERYBODY.values()))

    assert [(row.contact_id, row.purpose) for row in rows] == [(MEI, Purpose.MORE), (ANN, Purpose.MORE)]


@pytest.mark.parametrize(
    ("steps", "repeats", "field"),
    [
        ((), 0, "steps"),
        ((Step(contacts=(ANN,), wait=MINUTE),) * 21, 0, "steps"),
        ((Step(contacts=(ANN,), wait=MINUTE),), 11, "repeats"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(steps: tuple[Step, ...], repeats: int, field: str) -> None:
    with pytest.raises(DutyError) as refused:
        escalation.check(steps, repeats=repeats)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("step", "field"),
    [
        (Step(wait=MINUTE), "contacts"),
        (Step(contacts=(ANN,) * 51, wait=MINUTE), "contacts"),
        (Step(contacts=(ANN,), wait=timedelta(seconds=30)), "wait"),
        (Step(contacts=(ANN,), wait=timedelta(days=8)), "wait"),
    ],
)
def test_a_step_that_cannot_be_is_refused(step: Step, field: str) -> None:
    with pytest.raises(DutyError) as refused:
        escalation.check_step(step)

    assert refused.value.field == field


def test_what_would_fall_to_the_last_resort_is_told_a_week_ahead() -> None:
    unreachable = [*(EVERYBODY[one] for one in (MEI, SAI)), make.contact(id=ANN, name="Ann", verified=False)]
    found = escalation.weaknesses([USUAL], [schedule(ANN, MEI)], unreachable, now=NOW)
    covered = escalation.weaknesses([USUAL], [schedule(ANN, MEI)], list(EVERYBODY.values()), now=NOW)

    assert [(one.weak, one.people) for one in found] == [(Weak.LAST_RESORT, ("?",)), (Weak.UNREACHED, ("Ann",))]
    assert covered == []


class EscalationMachine(RuleBasedStateMachine):
    """One incident with its policy: downtime, acknowledgements, replicas, crashes and bad addresses in any order."""

    @initialize()
    def begin(self) -> None:
        self.now, self.row = NOW, incident()
        self.known: list[Told] = []
        self.people = dict(EVERYBODY)
        self.events: list[IncidentEvent] = []

    @rule(minutes=st.integers(0, 400))
    def nothing_runs(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(crashes=st.booleans(), replicas=st.integers(1, 3))
    def reconcile(self, crashes: bool, replicas: int) -> None:
        """What a worker does in one transaction; one that crashes stores nothing of it."""
        for _ in range(replicas):
            done = escalation.escalate(self.row, USUAL, self.known, now=self.now)
            assert done.incident is not None
            called = escalation.called(USUAL, done.incident, contacts=self.people, schedules={CARE: schedule(ANN, SAI)})
            seen = [
                incidents.owed(
                    done.incident,
                    called.contacts,
                    self.known,
                    self.now,
                    earlier=list(self.people.values()),
                    last_resort=called.last_resort,
                )
                for _ in range(2)
            ]
            assert keys(seen[0]) == keys(seen[1])
            if not crashes:
                self.row, self.events = done.incident, [*self.events, *done.events]
                self.known += told(seen[0], at=self.now, covers=self.row.alert_count)
                if self.row.status is IncidentStatus.TRIGGERED:
                    assert any(incidents.is_of_level(one, self.row.level) for one in self.of_cycle())

    @rule()
    def acknowledge(self) -> None:
        acted = incidents.acknowledge(self.row, actor="ann", now=self.now)
        assert acted.incident is not None
        self.row, self.events = acted.incident, [*self.events, *acted.events]

    @rule(severity=st.sampled_from(Severity))
    def fire(self, severity: Severity) -> None:
        fired = incidents.fire(self.row, alerts=1, severity=severity, now=self.now)
        if fired.incident is not None:
            self.row, self.events = fired.incident, [*self.events, *fired.events]

    @rule(who=st.sampled_from([ANN, MEI, SAI]), bounced=st.booleans())
    def mail_comes_back(self, who: ContactId, bounced: bool) -> None:
        self.people[who] = replace(self.people[who], bounced=bounced)
        self.known = [replace(one, failed=bounced and one.contact_id == who) for one in self.known]

    def of_cycle(self) -> list[Told]:
        return [one for one in self.known if one.cycle == self.row.cycle]

    @invariant()
    def no_word_is_owed_twice(self) -> None:
        words = [(one.contact_id, one.purpose, one.cycle, one.seq) for one in self.known]
        assert len(words) == len(set(words))

    @invariant()
    def levels_come_one_by_one_and_none_is_left_out(self) -> None:
        levels = {one.seq for one in self.of_cycle() if one.purpose is Purpose.AGAIN}
        assert levels <= set(range(1, self.row.level + 1))
        assert self.row.level <= USUAL.levels
        assert set(range(1, self.row.level)) <= levels

    @invariant()
    def two_levels_are_never_told_at_once_unless_mail_came_back(self) -> None:
        told_at: dict[int, datetime] = {}
        for one in self.of_cycle():
            if one.purpose is not Purpose.MORE:
                told_at.setdefault(one.seq, one.at)
        for level, at in told_at.items():
            before = [one for one in self.of_cycle() if incidents.is_of_level(one, level - 1)]
            step = USUAL.step(level - 1)
            if level and before and step is not None and not self.any_bounced():
                assert at - min(one.at for one in before) >= step.wait

    def any_bounced(self) -> bool:
        self.bounced_once = getattr(self, "bounced_once", False) or any(one.bounced for one in self.people.values())
        return self.bounced_once

    @invariant()
    def no_step_is_taken_while_somebody_has_it(self) -> None:
        has_it = False
        for event in self.events:
            if event.kind.value in ("acknowledged", "reopened", "worsened"):
                has_it = event.kind.value == "acknowledged"
            assert not (has_it and event.kind.value == "escalated")


TestEscalationMachine = EscalationMachine.TestCase
TestEscalationMachine.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
