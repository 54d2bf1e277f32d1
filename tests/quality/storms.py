"""How many stories come of many people's posts about one event, told one at a time, and of posts about many events."""

import json
from collections.abc import Sequence
from random import Random

import numpy as np

from analysis.shelf import Shelf
from analysis.terms import terms
from analysis.types import Analyser
from tests.quality import events, gate
from tests.quality.events import Table, Told

#: Of the brand in storms.jsonl, which the product leaves out of what posts share.
_NAMES = ("lantern", "tea", "燈籠茶")
_SHUFFLES = 10
_DRAWS = 50


def posts() -> list[Told]:
    """Return our own angry posts about two events of one brand, each by many people in three languages."""
    lines = (gate.FOLDER / "storms.jsonl").read_text("utf-8").splitlines()
    return [Told(event=row["event"], language=row["lang"], text=row["text"]) for row in map(json.loads, lines)]


def _stories(told: Sequence[Told], rows: Table) -> list[int]:
    """Return the story of each telling, coming one at a time."""
    shelf = Shelf([])
    found = []
    for n, (one, row) in enumerate(zip(told, rows, strict=True)):
        words = [word for word in terms(one.text) if not any(word in name or name in word for name in _NAMES)]
        known = shelf.event_of(list(row), words)
        found.append(n if known is None else known)
        shelf.tell(found[-1], list(row), words)
    return [shelf.living(story) for story in found]


def measured(analyser: Analyser) -> dict[str, float]:
    """Return means over many orders: the stories of sixty posts about one event, the share of the largest, and the
    stories of twenty posts about twenty events."""
    random = Random(5)  # the same draws every time
    counts, shares, twenty = [], [], []
    storm, calm = posts(), events.tellings()
    of_storm, of_calm = events.embeddings(analyser, storm), events.embeddings(analyser, calm)
    for event in sorted({one.event for one in storm}):
        those = [n for n, one in enumerate(storm) if one.event == event]
        for _ in range(_SHUFFLES):
            random.shuffle(those)
            found = _stories([storm[n] for n in those], of_storm[those])
            counts.append(len(set(found)))
            shares.append(max(map(found.count, found)) / len(found))
    for _ in range(_DRAWS):
        chosen = [
            random.choice([n for n, one in enumerate(calm) if one.event == event])
            for event in random.sample(sorted({one.event for one in calm}), 20)
        ]
        twenty.append(len(set(_stories([calm[n] for n in chosen], of_calm[chosen]))))
    return {
        "stories_of_one": float(np.mean(counts)),
        "largest_of_one": float(np.mean(shares)),
        "stories_of_twenty": float(np.mean(twenty)),
    }
