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
    Severity,
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
        snoozed_until=NOW + MINUTE if status is IncidentStatus.SNOOZED else None,
        resolved_at=resolved_at if resolved else None,
        resolved_by="ann" if resolved else None,
        resolution=Resolution.ANSWERED if resolved else None,
        called_at=opened_at,
        level_at=opened_at,
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


def test_a_graver_alert_wakes_what_somebody_had() -> None:
    for status in (IncidentStatus.ACKNOWLEDGED, IncidentStatus.SNOOZED):
        same = incidents.fire(incident(status), alerts=1, severity=Severity.MAJOR, now=NOW)
        worse = incidents.fire(incident(status), alerts=1, severity=Severity.CRITICAL, now=NOW)

        assert same.outcome is Outcome.JOINED
        assert worse.outcome is Outcome.WORSENED
        assert worse.incident is not None
        assert (worse.incident.status, worse.incident.cycle) == (IncidentStatus.TRIGGERED, 2)
        assert [event.kind for event in worse.events] == [IncidentEventKind.JOINED, IncidentEventKind.WORSENED]


def test_a_snooze_ends_at_its_time_and_not_before() -> None:
    asleep = incidents.snooze(incident(), until=NOW + MINUTE, actor="ann", now=NOW).incident
    assert asleep is not None

    assert incidents.wake(asleep, now=NOW).outcome is Outcome.UNCHANGED
    woken = incidents.wake(asleep, now=NOW + MINUTE)
    assert woken.outcome is Outcome.WOKE
    assert woken.incident is not None
    assert (woken.incident.status, woken.incident.cycle) == (IncidentStatus.TRIGGERED, 2)


@pytest.mark.parametrize("until", [NOW, NOW - MINUTE, NOW + incidents.LONGEST_SNOOZE + MINUTE])
def test_a_snooze_that_cannot_be_says_what_can(until: datetime) -> None:
    with pytest.raises(ValueError, match="between now and 30 days"):
        incidents.snooze(incident(), until=until, actor="ann", now=NOW)


def test_a_merge_moves_the_count_and_closes_the_source() -> None:
    merger = incidents.merge(incident(number=5), incident(number=6), actor="ann", now=NOW)

    assert merger.source.incident is not None
    assert merger.target.incident is not None
    assert (merger.source.incident.resolution, merger.source.incident.merged_into) == (Resolution.MERGED, 6)
    assert merger.target.incident.alert_count == 2


@pytest.mark.parametrize(
    ("source", "target", "outcome"),
    [
        (incident(number=5), incident(number=5), Outcome.REFUSED_TARGET),
        (incident(number=5), replace(incident(number=6), brand_id=BrandId(2)), Outcome.REFUSED_TARGET),
        (incident(number=5), incident(IncidentStatus.RESOLVED, number=6), Outcome.REFUSED_TARGET),
        (incident(IncidentStatus.RESOLVED, number=5), incident(number=6), Outcome.REFUSED_RESOLVED),
    ],
)
def test_a_merge_that_cannot_be_changes_nothing(source: Incident, target: Incident, outcome: Outcome) -> None:
    merger = incidents.merge(source, target, actor="ann", now=NOW)

    assert merger.source.outcome is outcome
    assert (merger.source.changed, merger.target.changed) == (False, False)


def test_a_matter_that_is_over_closes_unless_somebody_has_it() -> None:
    assert incidents.end(incident(), now=NOW).outcome is Outcome.RESOLVED
    for status in (IncidentStatus.ACKNOWLEDGED, IncidentStatus.SNOOZED, IncidentStatus.RESOLVED):
        assert not incidents.end(incident(status), now=NOW).changed


CONTACTS = [make.contact(id=ContactId(n), enabled=n != 3) for n in range(1, 5)]


def told(rows: list[Owed], *, at: datetime = NOW, covers: int | None = None) -> list[Told]:
    return [
        Told(contact_id=row.contact_id, purpose=row.purpose, cycle=row.cycle, at=at, covers=covers, seq=row.seq)
        for row in rows
    ]


def keys(rows: list[Owed]) -> set[tuple[ContactId, Purpose, int, int]]:
    """What the table's unique key holds."""
    return {(row.contact_id, row.purpose, row.cycle, row.seq) for row in rows}


def test_each_enabled_contact_is_owed_one_first_message() -> None:
    rows = incidents.owed(incident(), [*CONTACTS, CONTACTS[0]], [], NOW)

    assert [row.contact_id for row in rows] == [1, 2, 4]
    assert {(row.purpose, row.cycle, row.reason) for row in rows} == {(Purpose.FIRST, 1, "opened")}


@pytest.mark.parametrize("status", [IncidentStatus.ACKNOWLEDGED, IncidentStatus.SNOOZED, IncidentStatus.RESOLVED])
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


@pytest.mark.parametrize(
    ("covers", "minutes", "owes"),
    [(1, 5, True), (1, 4, False), (4, 60, False), (None, 60, False)],
)
def test_more_is_told_some_time_after_the_last_word_and_only_if_there_is_more(
    covers: int | None, minutes: int, owes: bool
) -> None:
    grown = replace(incident(), alert_count=4)
    first = told(incidents.owed(incident(), CONTACTS[:1], [], NOW), covers=covers)

    rows = incidents.owed(grown, CONTACTS[:1], first, NOW + minutes * MINUTE)

    assert [(row.purpose, row.seq) for row in rows] == ([(Purpose.MORE, 1)] if owes else [])


@given(
    st.lists(st.builds(make.contact, id=st.integers(1, 6).map(ContactId), enabled=st.booleans())),
    st.lists(
        st.builds(
            Told,
            contact_id=st.integers(1, 6).map(ContactId),
            purpose=st.sampled_from([Purpose.FIRST, Purpose.MORE]),
            cycle=st.integers(1, 3),
            at=st.timedeltas(timedelta(0), timedelta(hours=1)).map(lambda ago: NOW - ago),
            covers=st.none() | st.integers(0, 9),
        )
    ),
    st.permutations(range(3)),
)
def test_three_replicas_owe_one_set_and_what_is_there_is_owed_no_more(
    contacts: list[Contact], before: list[Told], order: list[int]
) -> None:
    now_and_then = incident(cycle=2)
    by_replica = [incidents.owed(now_and_then, contacts, before, NOW) for _ in order]

    assert all(keys(rows) == keys(by_replica[0]) for rows in by_replica)
    assert incidents.owed(now_and_then, contacts, [*before, *told(by_replica[0])], NOW + timedelta(days=1)) == []


class Model:
    """What is known of one incident without looking at it."""

    def __init__(self, key: str, count: int, severity: Severity) -> None:
        self.key, self.count, self.severity = key, count, severity
        self.state, self.cycle, self.resolved_at = "triggered", 1, NOW
        self.until = NOW
        self.goes_on_in: int | None = None

    def again(self) -> None:
        self.state, self.cycle = "triggered", self.cycle + 1


class IncidentMachine(RuleBasedStateMachine):
    """Incidents of two group keys of a brand, against a model that knows only states, counts and times."""

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.rows: dict[int, Incident] = {}
        self.models: dict[int, Model] = {}
        self.told: dict[int, list[Told]] = {}
        self.all_alerts = 0

    def newest(self, key: str) -> int | None:
        """The open incident of a key, else its newest one, followed to where its work goes on."""
        of_key = [number for number, model in self.models.items() if model.key == key]
        found = max(of_key, key=lambda number: (self.models[number].state != "resolved", number), default=None)
        while found is not None and (further := self.models[found].goes_on_in) is not None:
            found = further
        return found

    def store(self, number: int, done: Transition) -> None:
        assert done.incident is not None
        assert done.changed or done.incident == self.rows[number]
        self.rows[number] = done.incident

    @rule(minutes=st.integers(0, 40))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(key=st.sampled_from("xy"), alerts=st.integers(1, 5), severity=st.sampled_from(Severity))
    def fire(self, key: str, alerts: int, severity: Severity) -> None:
        number = self.newest(key)
        done = incidents.fire(self.rows.get(number or 0), alerts=alerts, severity=severity, now=self.now)
        self.all_alerts += alerts
        model = self.models.get(number or 0)
        if model is None or (model.state == "resolved" and self.now - model.resolved_at >= 30 * MINUTE):
            assert done.outcome is Outcome.OPEN
            number = len(self.rows) + 1
            opened = replace(incident(number=number, opened_at=self.now), group_key=key, severity=severity)
            self.rows[number] = replace(opened, alert_count=alerts)
            self.models[number] = Model(key, alerts, severity)
            return
        assert number is not None
        self.store(number, done)
        worse = list(Severity).index(severity) > list(Severity).index(model.severity)
        model.count, model.severity = model.count + alerts, severity if worse else model.severity
        if model.state == "resolved" or (worse and model.state != "triggered"):
            model.again()

    @rule(key=st.sampled_from("xy"), actor=st.sampled_from("ab"))
    def acknowledge(self, key: str, actor: str) -> None:
        if (number := self.newest(key)) is not None:
            self.store(number, incidents.acknowledge(self.rows[number], actor=actor, now=self.now))
            model = self.models[number]
            model.state = "acknowledged" if model.state in ("triggered", "snoozed") else model.state

    @rule(key=st.sampled_from("xy"), minutes=st.integers(1, 60))
    def snooze(self, key: str, minutes: int) -> None:
        if (number := self.newest(key)) is not None:
            until = self.now + minutes * MINUTE
            self.store(number, incidents.snooze(self.rows[number], until=until, actor="a", now=self.now))
            if self.models[number].state != "resolved":
                self.models[number].state, self.models[number].until = "snoozed", until

    @rule()
    def wake(self) -> None:
        for number, model in self.models.items():
            self.store(number, incidents.wake(self.rows[number], now=self.now))
            if model.state == "snoozed" and self.now >= model.until:
                model.again()

    @rule(key=st.sampled_from("xy"), to=st.sampled_from(["ann", "bob", None]))
    def assign_and_note(self, key: str, to: str | None) -> None:
        if (number := self.newest(key)) is not None:
            self.store(number, incidents.assign(self.rows[number], to=to, actor="a", now=self.now))
            self.store(number, incidents.note(self.rows[number], text="seen", actor="a", now=self.now))

    @rule(key=st.sampled_from("xy"), resolution=st.sampled_from(incidents.BY_PEOPLE))
    def resolve(self, key: str, resolution: Resolution) -> None:
        if (number := self.newest(key)) is not None:
            self.store(number, incidents.resolve(self.rows[number], resolution=resolution, actor="a", now=self.now))
            if self.models[number].state != "resolved":
                self.models[number].state, self.models[number].resolved_at = "resolved", self.now

    @rule(key=st.sampled_from("xy"))
    def end(self, key: str) -> None:
        if (number := self.newest(key)) is not None:
            self.store(number, incidents.end(self.rows[number], now=self.now))
            if self.models[number].state == "triggered":
                self.models[number].state, self.models[number].resolved_at = "resolved", self.now

    @rule(number=st.integers(1, 9))
    def reopen(self, number: int) -> None:
        if number not in self.rows:
            return
        model = self.models[number]
        newer = any(
            other.key == model.key and other.state != "resolved" and other is not model
            for other in self.models.values()
        )
        self.store(number, incidents.reopen(self.rows[number], newer_open=newer, actor="a", now=self.now))
        if model.state == "resolved" and not newer and model.goes_on_in is None:
            model.again()

    @rule(source=st.integers(1, 9), into=st.integers(1, 9))
    def merge(self, source: int, into: int) -> None:
        if source not in self.rows or into not in self.rows:
            return
        merger = incidents.merge(self.rows[source], self.rows[into], actor="a", now=self.now)
        one, other = self.models[source], self.models[into]
        may = source != into and one.state != "resolved" and other.state != "resolved"
        assert (merger.source.outcome is Outcome.MERGED) == may
        if may:
            self.store(source, merger.source)
            self.store(into, merger.target)
            one.state, one.resolved_at, one.goes_on_in = "resolved", self.now, into
            other.count, other.severity = other.count + one.count, max(one.severity, other.severity, key=rank)

    @rule(replicas=st.integers(1, 3), leaves=st.booleans())
    def tick(self, replicas: int, leaves: bool) -> None:
        for number, row in self.rows.items():
            known = self.told.setdefault(number, [])
            seen = [incidents.owed(row, CONTACTS, list(known), self.now) for _ in range(replicas)]
            assert all(keys(rows) == keys(seen[0]) for rows in seen)
            known += told(seen[0], at=self.now)
            if leaves:
                self.told[number] = [replace(one, covers=one.covers or row.alert_count) for one in known]
            expected = {1, 2, 4} if self.models[number].state == "triggered" else set()
            assert expected <= {one.contact_id for one in known if one.cycle == row.cycle}

    @invariant()
    def equals_the_model(self) -> None:
        for number, model in self.models.items():
            row = self.rows[number]
            assert (row.status, row.cycle, row.alert_count) == (model.state, model.cycle, model.count)
            assert (row.severity, row.merged_into) == (model.severity, model.goes_on_in)
            assert (row.status is IncidentStatus.RESOLVED) == (row.resolved_at is not None)
            assert (row.status is IncidentStatus.RESOLVED) == (row.resolution is not None)
            assert (row.status is IncidentStatus.SNOOZED) == (row.snoozed_until is not None)
            assert (row.acknowledged_at is None) == (row.acknowledged_by is None)

    @invariant()
    def one_of_a_key_is_open_and_no_alert_is_lost(self) -> None:
        open_keys = [row.group_key for row in self.rows.values() if row.status is not IncidentStatus.RESOLVED]
        counted = sum(row.alert_count for row in self.rows.values() if row.merged_into is None)

        assert len(open_keys) == len(set(open_keys))
        assert counted == self.all_alerts

    @invariant()
    def nobody_is_told_a_first_word_twice(self) -> None:
        for rows in self.told.values():
            firsts = [(one.contact_id, one.cycle) for one in rows if one.purpose is Purpose.FIRST]
            assert len(firsts) == len(set(firsts))
            assert all(one.contact_id != 3 for one in rows)


def rank(severity: Severity) -> int:
    return list(Severity).index(severity)


TestIncidentMachine = IncidentMachine.TestCase
TestIncidentMachine.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
