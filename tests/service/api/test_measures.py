"""Measures, against tables worked out by hand, and their definitions in the document."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from service.api import comparison, trends
from service.api.measures import DEFINITIONS, Measures, Silence
from service.measures import doubling_time, ratio
from service.store.trend import TrendCounts


def _counts(negative: int, neutral: int, positive: int, *, angry: int = 0, unjudged: int = 0) -> TrendCounts:
    return TrendCounts(
        start=datetime(2026, 3, 2, tzinfo=UTC),
        group="",
        total=negative + neutral + positive + unjudged,
        negative=negative,
        neutral=neutral,
        positive=positive,
        angry=angry,
    )


@pytest.mark.parametrize(
    ("negative", "neutral", "positive", "net_of_all", "net_of_opinions", "pn_ratio", "pn_smoothed"),
    [
        # (80 - 20) / 200; (80 - 20) / 100; 80 / 20; 81 / 21
        (20, 100, 80, 0.3, 0.6, 4.0, 3.857142857),
        # (51 - 100) / 151; the same without neutral ones; 51 / 100; 52 / 101
        (100, 0, 51, -0.324503311, -0.324503311, 0.51, 0.514851485),
        (0, 7, 3, 0.3, 1.0, None, 4.0),
        (4, 1, 0, -0.8, -1.0, 0.0, 0.2),
        (0, 5, 0, 0.0, None, None, 1.0),
        (0, 0, 0, None, None, None, 1.0),
    ],
)
def test_both_net_sentiments_and_the_ratio(
    *,
    negative: int,
    neutral: int,
    positive: int,
    net_of_all: float | None,
    net_of_opinions: float | None,
    pn_ratio: float | None,
    pn_smoothed: float,
) -> None:
    found = Measures.of([_counts(negative, neutral, positive, unjudged=9)])
    told = [found.net_of_all, found.net_of_opinions, found.pn_ratio, found.pn_smoothed]

    assert [one if one is None else round(one, 9) for one in told] == [
        net_of_all, net_of_opinions, pn_ratio, pn_smoothed,
    ]  # fmt: skip
    assert found.total == negative + neutral + positive + 9


def test_steps_are_taken_together_by_their_counts_and_not_by_their_rates() -> None:
    together = Measures.of([_counts(1, 0, 0), _counts(1, 0, 8)])

    # (8 - 2) / 10, where the mean of both rates were (-1 + 7/9) / 2.
    assert together.net_of_all == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("angry", "judged", "low", "high"),
    # With z = 1.959964, z² = 3.841459. 1 of 8: centre (0.125 + 0.240091) / 1.480182 = 0.246653, half
    # 1.959964 / 1.480182 · √(0.125 · 0.875 / 8 + 3.841459 / 256) = 0.224235. 0 of 10: z² / (10 + z²) = 0.277533.
    [(1, 8, 0.022418, 0.470888), (0, 10, 0.0, 0.277533), (10, 10, 0.722467, 1.0)],
)
def test_the_anger_rate_has_wilsons_interval(angry: int, judged: int, low: float, high: float) -> None:
    found = Measures.of([_counts(judged, 0, 0, angry=angry)])

    assert found.anger_rate == angry / judged
    assert found.anger_rate_low == pytest.approx(low, abs=2e-6)
    assert found.anger_rate_high == pytest.approx(high, abs=2e-6)


@pytest.mark.parametrize(
    ("before", "latest", "hours", "doubles_in"),
    # 6 · ln 2 / ln 2; 6 · 0.693147 / 1.386294; 24 · 0.693147 / 0.405465
    [(10, 20, 6, 6.0), (5, 20, 6, 3.0), (20, 30, 24, 41.02827), (10, 10, 6, None), (0, 9, 6, None), (9, 3, 6, None)],
)
def test_volume_doubles_in_so_many_hours(before: int, latest: int, hours: int, doubles_in: float | None) -> None:
    assert doubling_time(before, latest, timedelta(hours=hours)) == (
        None if doubles_in is None else pytest.approx(doubles_in, abs=1e-5)
    )


def test_shares_of_voice_are_of_the_set() -> None:
    volumes = {"ours": 120, "one": 60, "another": 20}

    assert [ratio(volume, sum(volumes.values())) for volume in volumes.values()] == [0.6, 0.3, 0.1]
    assert ratio(0, 0) is None


@pytest.mark.parametrize(
    ("negative", "positive", "factors", "silent", "told_ill", "told_well"),
    # 40 · 25; (40 + 1000) · 10; 12 · 5. Then 40 · 19, (40 + 760) · 9, 12 · 4. Then nobody silent.
    [(40, 12, (25, 10, 5), 1000, 10400, 60), (40, 12, (19, 9, 4), 760, 7200, 48), (3, 0, (0, 10, 5), 0, 30, 0)],
)
def test_the_silent_and_the_told_are_estimated(
    *, negative: int, positive: int, factors: tuple[int, int, int], silent: int, told_ill: int, told_well: int
) -> None:
    measured = Measures.of([_counts(negative, 5, positive)])
    found = Silence.of(measured, silent=factors[0], told_ill=factors[1], told_well=factors[2])

    assert (found.complaints, found.praises) == (negative, positive)
    assert (found.silent, found.told_ill, found.told_well) == (silent, told_ill, told_well)
    assert list(found.assumptions.values()) == list(factors)


def _described(app: FastAPI, shape: str) -> dict[str, str]:
    properties: dict[str, Any] = app.openapi()["components"]["schemas"][shape]["properties"]
    return {name: schema.get("description", "") for name, schema in properties.items()}


@pytest.mark.parametrize("shape", ["Step", "GroupCounts", "Period", "Voice", "Spread", "Silence"])
def test_every_measure_is_defined_in_the_document(app: FastAPI, shape: str) -> None:
    described = _described(app, shape)
    known = {**DEFINITIONS, **comparison.VOICE_DEFINITIONS, **trends.DEFINITIONS}

    if shape == "Spread":
        known |= comparison.SPREAD_DEFINITIONS
    for name, description in described.items():
        if name != "brand":
            assert description, name
        if name in known and (shape, name) not in {("Period", "start"), ("GroupCounts", "angry")}:
            assert description == known[name]


def test_what_others_defined_names_its_source() -> None:
    sources = {"net_of_opinions": "Talkwalker", "pn_ratio": "KEYPO", "anger_rate_low": "Wilson"}

    assert all(source in DEFINITIONS[name] for name, source in sources.items())
    assert "TARP" in (Silence.__doc__ or "")
    assert all("KEYPO" in comparison.SPREAD_DEFINITIONS[name] for name in ("channels", "discussion"))
