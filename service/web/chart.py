"""The overview's chart: an Altair specification made here, drawn in the browser.

Colours and the font are the page's own CSS variables, so that the chart follows light and dark by itself. Words,
numbers and times are said in the reader's language before they go in: the browser formats nothing.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import altair as alt

from service.store.trend import Bucket, TrendCounts
from service.web import links
from service.web.period import as_local, step_end
from service.web.reader import Reader

_HEIGHT = 248
#: More steps than this leave no room for numbers on a phone.
_ROOMY = 12
_SERIES = ("angry", "negative", "neutral", "positive")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One hour or day of the chart and the table beside it."""

    label: str
    link: str
    total: int
    angry: int
    #: Negative but not angry.
    negative: int
    neutral: int
    positive: int
    #: Some source was tried and never answered: a low count is not news.
    gap: bool

    @property
    def waiting(self) -> int:
        """Not judged yet."""
        return self.total - self.angry - self.negative - self.neutral - self.positive


def steps(
    starts: Sequence[datetime],
    counts: Sequence[TrendCounts],
    gaps: Set[datetime],
    *,
    bucket: Bucket,
    behind: Mapping[str, str | None],
    reader: Reader,
) -> list[Step]:
    """Return every step of the period, also those without mentions; each opens the mentions `behind` it."""
    known = {step.start: step for step in counts}
    made = []
    for start in starts:
        found = known.get(start)
        end = step_end(start, bucket, reader.zone)
        made.append(
            Step(
                label=reader.clock(start) if bucket is Bucket.HOUR else reader.day(start),
                link=links.with_query(
                    "/mentions",
                    {**behind, "from": as_local(start, reader.zone), "to": as_local(end, reader.zone)},
                ),
                total=found.total if found else 0,
                angry=found.angry if found else 0,
                negative=max(found.negative - found.angry, 0) if found else 0,
                neutral=found.neutral if found else 0,
                positive=found.positive if found else 0,
                gap=start in gaps,
            )
        )
    return made


def names(reader: Reader) -> dict[str, str]:
    """Return what each series is called."""
    _ = reader.words.gettext
    return {
        "angry": _("Angry"),
        "negative": _("Negative, not angry"),
        "neutral": _("Neutral"),
        "positive": _("Positive"),
    }


def specification(made: Sequence[Step], reader: Reader) -> dict[str, Any]:
    """Return the chart of these steps as a Vega-Lite specification."""
    called = names(reader)
    bars = [
        {
            "step": _unique(at, step.label),
            "series": called[series],
            "order": place,
            "n": getattr(step, series),
            "link": links.with_query(step.link, {}) + _narrowing(series),
            "tip": [step.label, called[series], reader.number(getattr(step, series))],
        }
        for at, step in enumerate(made)
        for place, series in enumerate(_SERIES)
        if getattr(step, series)
    ]
    crowded = len(made) > _ROOMY
    tops = [
        {"step": _unique(at, step.label), "top": _height(step), "angry": _mark(step, reader, crowded=crowded)}
        for at, step in enumerate(made)
        if step.angry
    ]
    gaps = [{"step": _unique(at, step.label)} for at, step in enumerate(made) if step.gap]
    order = [_unique(at, step.label) for at, step in enumerate(made)]
    outline = _outline(tuple(called[series] for series in _SERIES))
    return {
        **outline,
        "datasets": {"bars": bars, "tops": tops, "gaps": gaps},
        "layer": [_across(layer, order) for layer in outline["layer"]],
    }


def _across(layer: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """Return a layer whose steps are these, in this order."""
    x = layer["encoding"]["x"]
    filled = {**x, "sort": order, "scale": {**x["scale"], "domain": order}}
    return {**layer, "encoding": {**layer["encoding"], "x": filled}}


def _mark(step: Step, reader: Reader, *, crowded: bool) -> str:
    """Return the sign over a step with anger; its number only where bars are wide enough to carry it."""
    return "▲" if crowded else f"▲ {reader.number(step.angry)}"


def _height(step: Step) -> int:
    return step.angry + step.negative + step.neutral + step.positive


def _narrowing(series: str) -> str:
    """Return what makes a step's link show one series only."""
    return {"angry": "&angry=1", "negative": "&label=negative&angry=0"}.get(series, f"&label={series}")


def _unique(at: int, label: str) -> str:
    """Return the label, told apart by invisible characters: clocks repeat when summer ends."""
    return label + "\u200b" * (at % 2)


def _bars(across: alt.X, series: tuple[str, ...]) -> alt.Chart:
    """Return the stacked bars."""
    ranges = [f"var(--tone-{name})" for name in _SERIES]
    stacked: alt.Chart = (
        alt.Chart(alt.NamedData(name="bars"))
        .mark_bar(cursor="pointer")
        .encode(
            x=across,
            y=alt.Y(
                "n:Q", stack="zero", axis=alt.Axis(title=None, tickMinStep=1, tickCount=4, format=",d", domain=False)
            ),
            color=alt.Color("series:N", scale=alt.Scale(domain=series, range=ranges), sort=series, legend=None),
            order=alt.Order("order:Q"),
            tooltip="series:N",  # what it says comes from `tip`: without an encoding Vega asks for no tooltip
        )
    )
    return stacked


@cache
def _outline(series: tuple[str, ...]) -> dict[str, Any]:
    """Return the chart without its data: Altair checks every row against a schema, which takes 90 ms a page."""
    across = alt.X(
        "step:O",
        scale=alt.Scale(paddingInner=0.28, paddingOuter=0.14),
        axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True, ticks=False, domainColor="var(--line)"),
    )
    marked = (
        alt.Chart(alt.NamedData(name="tops"))
        .mark_text(dy=-8, fontWeight=600, fill="var(--tone-angry-ink)", fontSize=11)
        .encode(x=across, y=alt.Y("top:Q"), text="angry:N")
    )
    blind = alt.Chart(alt.NamedData(name="gaps")).mark_rect(fill="var(--gap)").encode(x=across)
    drawn: dict[str, Any] = (
        alt.layer(blind, _bars(across, series), marked)
        .properties(
            width="container",
            height=_HEIGHT,
            background="transparent",
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .configure(aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="var(--ink-soft)",
            gridColor="var(--line)",
            tickColor="var(--line)",
            labelFontSize=12,
            labelPadding=6,
        )
        .to_dict()
    )
    return drawn
