"""A small chart in a row: one bar a step, drawn as SVG without a script; each bar opens its mentions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.store.trend import Bucket, TrendCounts
from service.web import links
from service.web.period import as_local, step_end
from service.web.reader import Reader

HEIGHT = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One step; lengths in the drawing's own units: `WIDTH` a step, `HEIGHT` the highest."""

    x: float
    width: float
    #: Of all mentions, and of the negative ones within.
    height: float
    negative: float
    link: str
    #: What it says when pointed at.
    title: str


def bars(
    starts: Sequence[datetime],
    counts: Sequence[TrendCounts],
    *,
    bucket: Bucket,
    behind: Mapping[str, str | None],
    reader: Reader,
) -> list[Bar]:
    """Return a bar for every step, also those without mentions; 100 wide in all."""
    known = {step.start: step for step in counts}
    most = max((step.total for step in counts), default=0)
    width = 100 / max(len(starts), 1)
    made = []
    for at, start in enumerate(starts):
        found = known.get(start)
        total = found.total if found else 0
        label = reader.clock(start) if bucket is Bucket.HOUR else reader.day(start)
        end = as_local(step_end(start, bucket, reader.zone), reader.zone)
        made.append(
            Bar(
                x=round(at * width, 2),
                width=round(width * 0.78, 2),
                height=round(HEIGHT * total / most, 2) if most else 0,
                negative=round(HEIGHT * found.negative / most, 2) if found and most else 0,
                link=links.with_query("/mentions", {**behind, "from": as_local(start, reader.zone), "to": end}),
                title=f"{label}: {reader.number(total)}",
            )
        )
    return made
