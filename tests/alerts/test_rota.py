"""Schedules and policies as they are written down, read and written again."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import rota
from alerts.errors import DutyError
from alerts.oncall import Layer, ScheduleId
from alerts.rota import WrittenLayer, WrittenStep
from alerts.types import ContactId

PEOPLE = {"Ann": ContactId(1), "Mei": ContactId(2)}
NAMES = {known: name for name, known in PEOPLE.items()}


@given(
    st.builds(
        Layer,
        members=st.lists(st.sampled_from(list(NAMES)), min_size=1, max_size=4).map(tuple),
        starts=st.datetimes(datetime(1970, 1, 1), datetime(2199, 1, 1)).map(  # noqa: DTZ001  # by the wall
            lambda at: at.replace(second=0, microsecond=0)
        ),
        turn=st.integers(1, 400).map(lambda hours: timedelta(hours=hours)),
        weekdays=st.frozensets(st.integers(0, 6)),
        hours=st.none() | st.tuples(*[st.builds(time, st.integers(0, 23), st.integers(0, 59))] * 2),
    )
)
def test_a_layer_that_is_written_is_read_as_it_was(layer: Layer) -> None:
    assert rota.layer(rota.written_layer(layer, NAMES), PEOPLE) == layer


@given(
    st.builds(
        WrittenLayer,
        members=st.tuples(st.text()),
        starts=st.text(),
        turn=st.text(),
        ends=st.none() | st.text(),
        weekdays=st.tuples(st.text()),
        hours=st.none() | st.text(),
    )
)
def test_a_text_that_means_no_layer_is_refused(written: WrittenLayer) -> None:
    with pytest.raises(DutyError):
        rota.layer(written, PEOPLE)


@given(st.integers(1, 10_000))
def test_a_duration_is_shown_as_it_is_read(minutes: int) -> None:
    assert rota.duration("wait", rota.shown(timedelta(minutes=minutes))) == timedelta(minutes=minutes)


def test_a_step_names_people_and_schedules() -> None:
    care = {"Care": ScheduleId(7)}
    written = WrittenStep(contacts=("Ann",), on_call=("Care",), everybody=("Care",), wait="15m")

    assert rota.written_step(rota.step(written, PEOPLE, care), NAMES, {ScheduleId(7): "Care"}) == written
