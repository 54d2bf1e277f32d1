"""How well embeddings tell texts about the same event from others, in a language and across languages."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis import metrics
from analysis.types import Analyser
from tests.quality import gate

Table = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One telling of an event."""

    event: int
    language: str
    text: str


def tellings() -> list[Told]:
    """Return our own tellings of forty events, each twice in one language and once in each of two others."""
    lines = (gate.FOLDER / "events.jsonl").read_text("utf-8").splitlines()
    return [Told(event=row["event"], language=row["lang"], text=row["text"]) for row in map(json.loads, lines)]


def embeddings(analyser: Analyser, told: list[Told]) -> Table:
    """Return one row per telling."""
    found = [verdict.embedding for verdict in analyser.analyse([one.text for one in told])]
    return np.array(found, dtype=np.float64)


def measured(rows: Table, told: list[Told]) -> dict[str, float]:
    """Return the chance that a pair about one event lies nearer than a pair about two, and how often the nearest
    telling in another language is of the same event."""
    event, tag = np.array([one.event for one in told]), np.array([one.language for one in told])
    near = rows @ rows.T
    first, second = np.triu_indices(len(told), 1)
    same, within = event[first] == event[second], tag[first] == tag[second]
    found = {}
    for name, chosen in (("within", within), ("across", ~within)):
        found[f"auc_{name}"] = metrics.auc(same[chosen], near[first, second][chosen]) or 0.0
    elsewhere = np.where(tag[:, None] == tag[None, :], -2.0, near)
    found["nearest_across"] = float((event[elsewhere.argmax(axis=1)] == event).mean())
    return found
