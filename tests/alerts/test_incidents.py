"""The life of an incident, step by step and against a simple model."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts import incidents
from alerts.incidents import Outcome, Transition
from alerts.types import (
    BrandId,
    Contact,
    ContactId,
    Incident,
    IncidentEventKind,
    IncidentId,
    IncidentStatus,
    Owed,
    Purpose,
    Resolution,
    RuleId,
    Told,
    Urgency,
)
from tests import make

NOW = make.NOW
MINUTE = timedelta(minutes=1)


def incident(
    status: IncidentStatus = IncidentStatus.TRIGGERED,
    *,
    number: int = 5,
    opened_at: datetime = NOW,
    resolved_at: datetime = NOW,
    cycle: int = 1,
) -> Incident:
    """An incident of one alert in this state."""
    resolved = status is IncidentStatus.RESOLVED
    return Incident(
        id=IncidentId(number),
        rule_id=RuleId(1),
        brand_id=BrandId(1),
        group_key="1|1|3",
        status=status,
        urgency=Urgency.URGENT,
        cycle=cycle,
        opened_at=opened_at,
        last_alert_at=opened_at,
        alert_count=1,
        resolved_at=resolved_at if resolved else None,
        resolved_by="ann" if resolved else None,
        resolution=Resolution.ANSWERED if resolved else None,
    )


def test_the_first_alert_opens() -> None:
    done = incidents.fire(None, alerts=2, now=NOW)

    assert (done.outcome, done.incident) == (Outcome.OPEN, None)
    assert [event.kind for event in done.events] == [IncidentEventKind.OPENED]


@pytest.mark.parametrize("status", [IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED])
def test_more_of_the_same_joins_and_changes_no_state(status: IncidentStatus) -> None:
    done = incidents.fire(incident(status), alerts=3, now=NOW + MINUTE)

    assert done.outcome is Outcome.JOINED
    assert done.incident == replace(incident(status), alert_count=4, last_alert_at=NOW + MINUTE)


@pytest.mark.parametrize(("minutes", "outcome"), [(0, Outcome.REOPENED), (29, Outcome.REOPENED), (30, Outcome.OPEN)])
def test_an_alert_after_the_resolution_reopens_for_thirty_minutes(minutes: int, outcome: Outcome) -> None:
    done = incidents.fire(incident(IncidentStatus.RESOLVED), alerts=1, now=NOW + minutes * MINUTE)

    assert done.outcome is outcome
    if done.incident:
        assert (done.incident.status, done.incident.cycle) == (IncidentStatus.TRIGGERED, 2)
        assert (done.incident.resolved_at, done.incident.resolution) == (None, None)


def test_acknowledging_twice_is_acknowledging_once() -> None:
    first = incidents.acknowledge(incident(), actor="ann", now=NOW)
    assert first.incident is not None
    second = incidents.acknowledge(first.incident, actor="bob", now=NOW + MINUTE)

    assert (first.outcome, second.outcome) == (Outcome.ACKNOWLEDGED, Outcome.UNCHANGED)
    assert second.incident == first.incident
    assert first.incident.acknowledged_by == "ann"
    assert not second.changed


def test_acknowledging_what_is_resolved_shows_it_as_it_is() -> None:
    done = incidents.acknowledge(incident(IncidentStatus.RESOLVED), actor="bob", now=NOW)

    assert (done.outcome, done.events) == (Outcome.REFUSED_RESOLVED, ())
    assert done.incident == incident(IncidentStatus.RESOLVED)


def test_a_second_resolution_corrects_the_reason_and_nothing_else() -> None:
    done = incidents.resolve(incident(), resolution=Resolution.SPAM, actor="ann", now=NOW)
    assert done.incident is not None
    same = incidents.resolve(done.incident, resolution=Resolution.SPAM, actor="bob", now=NOW + MINUTE)
    other = incidents.resolve(done.incident, resolution=Resolution.ANSWERED, actor="bob", now=NOW + MINUTE)

    assert same.outcome is Outcome.UNCHANGED
    assert other.incident == replace(done.incident, resolution=Resolution.ANSWERED)
    assert other.events[0].detail == {"resolution": "answered"}


def test_reopening_begins_a_new_cycle_unless_a_newer_incident_is_open() -> None:
    closed = incident(IncidentStatus.RESOLVED)

    done = incidents.reopen(closed, newer_open=False, actor="ann", now=NOW)
    refused = incidents.reopen(closed, newer_open=True, actor="ann", now=NOW)

    assert (done.outcome, refused.outcome) == (Outcome.REOPENED, Outcome.REFUSED_NEWER_OPEN)
    assert done.incident is not None
    assert done.incident.cycle == 2
    assert refused.incident == closed


CONTACTS = [make.contact(id=ContactId(n), enabled=n != 3) for n in range(1, 5)]


def told(rows: list[Owed]) -> list[Told]:
    return [Told(contact_id=row.contact_id, purpose=row.purpose, cycle=row.cycle) for row in rows]


def test_each_enabled_contact_is_owed_one_first_message() -> None:
    rows = incidents.owed(incident(), [*CONTACTS, CONTACTS[0]], [], NOW)

    assert [row.contact_id for row in rows] == [1, 2, 4]
    assert {(row.purpose, row.cycle, row.reason) for row in rows} == {(Purpose.FIRST, 1, "opened")}


@pytest.mark.parametrize("status", [IncidentStatus.ACKNOWLEDGED, IncidentStatus.RESOLVED])
def test_nothing_is_owed_once_somebody_has_it(status: IncidentStatus) -> None:
    assert incidents.owed(incident(status), CONTACTS, [], NOW) == []


def test_a_new_cycle_owes_again() -> None:
    before = told(incidents.owed(incident(), CONTACTS, [], NOW))

    rows = incidents.owed(incident(cycle=2), CONTACTS, before, NOW)

    assert [(row.contact_id, row.cycle, row.reason) for row in rows] == [
        (1, 2, "reopened"),
        (2, 2, "reopened"),
        (4, 2, "reopened"),
    ]


@given(
    st.lists(st.builds(make.contact, id=st.integers(1, 6).map(ContactId), enabled=st.booleans())),
    st.lists(
        st.builds(
            Told, contact_id=st.integers(1, 6).map(ContactId), purpose=st.just(Purpose.FIRST), cycle=st.integers(1, 3)
        )
    ),
    st.permutations(range(3)),
    st.timedeltas(timedelta(0), timedelta(days=9)),
)
def test_three_replicas_at_different_times_owe_one_set(
    contacts: list[Contact], before: list[Told], order: list[int], late: timedelta
) -> None:
    by_replica = [incidents.owed(incident(cycle=2), contacts, before, NOW + n * late) for n in order]
    once = {(row.contact_id, row.purpose, row.cycle) for row in by_replica[0]}

    assert all({(row.contact_id, row.purpose, row.cycle) for row in rows} == once for rows in by_replica)
    assert incidents.owed(incident(cycle=2), contacts, [*before, *told(by_replica[0])], NOW + late) == []


class IncidentMachine(RuleBasedStateMachine):
    """Incidents of one group key, against a model that knows only states, counts and times."""

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.rows: list[Incident] = []
        self.told: dict[int, list[Told]] = {}
        # The model, of the newest incident: its state, cycle, alerts, and the time of its resolution.
        self.state, self.cycle, self.count, self.resolved_at = "none", 0, 0, NOW
        self.all_alerts = 0

    def store(self, done: Transition) -> None:
        """What the caller does: insert when OPEN, else replace the newest row."""
        assert done.changed or done.incident == self.rows[-1]
        if done.incident is None:
            self.rows.append(incident(number=len(self.rows) + 1, opened_at=self.now))
            self.rows[-1] = replace(self.rows[-1], alert_count=0)
        else:
            self.rows[-1] = done.incident

    @rule(minutes=st.integers(0, 40))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(alerts=st.integers(1, 5))
    def fire(self, alerts: int) -> None:
        done = incidents.fire(self.rows[-1] if self.rows else None, alerts=alerts, now=self.now)
        self.store(done)
        if done.outcome is Outcome.OPEN:
            self.rows[-1] = replace(self.rows[-1], alert_count=alerts)
        self.all_alerts += alerts
        if self.state == "none" or (self.state == "resolved" and self.now - self.resolved_at >= 30 * MINUTE):
            self.state, self.cycle, self.count = "triggered", 1, alerts
        else:
            self.count += alerts
            if self.state == "resolved":
                self.state, self.cycle = "triggered", self.cycle + 1

    @rule(actor=st.sampled_from("ab"))
    def acknowledge(self, actor: str) -> None:
        if self.rows:
            self.store(incidents.acknowledge(self.rows[-1], actor=actor, now=self.now))
            self.state = "acknowledged" if self.state == "triggered" else self.state

    @rule(resolution=st.sampled_from(Resolution))
    def resolve(self, resolution: Resolution) -> None:
        if self.rows:
            self.store(incidents.resolve(self.rows[-1], resolution=resolution, actor="a", now=self.now))
            if self.state != "resolved":
                self.state, self.resolved_at = "resolved", self.now

    @rule()
    def reopen(self) -> None:
        if self.rows:
            self.store(incidents.reopen(self.rows[-1], newer_open=False, actor="a", now=self.now))
            if self.state == "resolved":
                self.state, self.cycle = "triggered", self.cycle + 1

    @rule(old=st.integers(0, 9), refuse=st.just(True))
    def reopen_an_old_one(self, old: int, refuse: bool) -> None:
        if old < len(self.rows) - 1 and self.state != "resolved":
            done = incidents.reopen(self.rows[old], newer_open=refuse, actor="a", now=self.now)
            assert done.outcome is Outcome.REFUSED_NEWER_OPEN

    @rule(replicas=st.integers(1, 3))
    def tick(self, replicas: int) -> None:
        if not self.rows:
            return
        known = self.told.setdefault(self.rows[-1].id, [])
        seen = [incidents.owed(self.rows[-1], CONTACTS, list(known), self.now) for _ in range(replicas)]
        for rows in seen:
            # The unique key of the table: a second insert of the same row does nothing.
            known.extend(one for one in told(rows) if one not in known)
        expected = {1, 2, 4} if self.state == "triggered" else set()
        assert expected <= {one.contact_id for one in known if one.cycle == self.cycle}

    @invariant()
    def equals_the_model(self) -> None:
        if self.state == "none":
            assert self.rows == []
            return
        newest = self.rows[-1]
        assert (newest.status, newest.cycle, newest.alert_count) == (self.state, self.cycle, self.count)
        assert (newest.status is IncidentStatus.RESOLVED) == (newest.resolved_at is not None)
        assert (newest.status is IncidentStatus.RESOLVED) == (newest.resolution is not None)
        assert (newest.acknowledged_at is None) == (newest.acknowledged_by is None)
        assert sum(row.status is not IncidentStatus.RESOLVED for row in self.rows) <= 1
        assert sum(row.alert_count for row in self.rows) == self.all_alerts

    @invariant()
    def nobody_is_told_the_same_thing_twice(self) -> None:
        for rows in self.told.values():
            assert len(rows) == len(set(rows))
            assert all(one.contact_id != 3 for one in rows)


TestIncidentMachine = IncidentMachine.TestCase
TestIncidentMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
