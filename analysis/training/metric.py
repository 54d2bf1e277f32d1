"""Learns the metric of `analysis/metric.py` from events told several times, written for this project: one telling a
line behind its language, events apart by an empty line, `{}` for the brand's name, which is left out.

    python -m analysis.training.metric

Tellings scatter around their event and events around the mean, both by a normal distribution; no chance is involved.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.encoder import shipped
from analysis.metric import FILE, REST, Metric, save

_WRITTEN = Path(__file__).parent / "written" / "events.txt"
#: Towards a scatter that is the same everywhere: eight hundred tellings say little of 128 × 128 numbers.
_SHRINKAGE = 0.5
#: Directions that are kept: behind these events are hardly further apart than chance.
_DIRECTIONS = 64
_LEAST_SPREAD = 1e-3

Table = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """One telling of a written event."""

    event: int
    language: str
    text: str


def tellings() -> list[Telling]:
    """Return all tellings."""
    blocks = _WRITTEN.read_text("utf-8").strip().split("\n\n")
    lines = [(event, line.partition(" ")) for event, block in enumerate(blocks) for line in block.splitlines()]
    return [Telling(event=event, language=tag, text=text.replace("{}", "")) for event, (tag, _, text) in lines]


def learnt(rows: Table, told: list[Telling]) -> Metric:
    """Return the metric by the tellings' embeddings."""
    tags = np.array([one.language for one in told])
    means = {str(tag): rows[tags == tag].mean(axis=0) for tag in np.unique(tags)} | {REST: rows.mean(axis=0)}
    centred = rows - np.array([means[tag] for tag in tags])
    events: dict[int, list[int]] = defaultdict(list)
    for n, one in enumerate(told):
        events[one.event].append(n)
    middles = np.array([centred[own].mean(axis=0) for own in events.values()])
    around = centred - middles[np.searchsorted(sorted(events), [one.event for one in told])]
    within = around.T @ around / (len(told) - len(events))
    harmonic = 1 / np.mean([1 / len(own) for own in events.values()])
    between = np.cov(middles.T) - within / harmonic
    numbers = len(within)
    within = (1 - _SHRINKAGE) * within + _SHRINKAGE * np.trace(within) / numbers * np.eye(numbers)
    lengths, axes = np.linalg.eigh(within)
    even = axes @ np.diag(lengths**-0.5) @ axes.T
    spread, turn = np.linalg.eigh(even @ between @ even)
    first = np.argsort(-spread)[:_DIRECTIONS]
    return Metric(
        means={tag: mean.astype(np.float32) for tag, mean in means.items()},
        turn=(even @ turn[:, first]).astype(np.float32),
        spread=np.maximum(spread[first], _LEAST_SPREAD).astype(np.float32),
    )


def main() -> None:
    """Write the metric beside the encoder."""
    told = tellings()
    rows = shipped().embeddings([one.text for one in told])
    save(learnt(np.array(rows, dtype=np.float64), told), FILE)


if __name__ == "__main__":
    main()
