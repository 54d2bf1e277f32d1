"""Where a text lies among tellings of events: its embedding less what its language shares, turned so that how tellings
of one event differ has the same measure in every direction.

What is learnt of it, by analysis/training/metric.py: each language's mean, the turn, and how far events lie apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError

FILE = Path(__file__).with_name("model") / "metric.npz"
#: The mean of languages that have none of their own.
REST = "rest"

Row = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """What is learnt of embeddings."""

    #: By language, and `REST`.
    means: Mapping[str, Row]
    #: A column per direction.
    turn: Row
    #: Per direction, the variance between events where that within an event is 1.
    spread: Row

    def place(self, embedding: Sequence[float], language: str) -> Row | None:
        """Return where a text lies; None for an embedding of another model."""
        point = np.array(embedding, dtype=np.float32)
        if len(point) != len(self.turn):
            return None
        found: Row = ((point - self.means.get(language, self.means[REST])) @ self.turn).astype(np.float32)
        return found


def save(metric: Metric, file: Path = FILE) -> None:
    """Write a metric."""
    means = {f"mean {name}": mean for name, mean in metric.means.items()}
    np.savez(file, turn=metric.turn, spread=metric.spread, allow_pickle=False, **means)


@cache
def shipped(file: Path = FILE) -> Metric:
    """Return the metric of the shipped encoder, read once. Raises ModelError."""
    try:
        with np.load(BytesIO(file.read_bytes()), allow_pickle=False) as known:
            means = {name.removeprefix("mean "): known[name] for name in known.files if name.startswith("mean ")}
            metric = Metric(means=means, turn=known["turn"], spread=known["spread"])
        _ = metric.means[REST]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ModelError(f"the model file {file.name} cannot be used ({error}); install Earshot again") from error
    return metric
