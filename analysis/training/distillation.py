"""What a student is to come near to: the scores of a teacher with more layers, and the base's own sense of what a text
is about, so that the embedding knows more than sentiment."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from analysis.heads import EMBEDDING
from analysis.training.base import Base
from analysis.training.mixture import Lesson
from analysis.training.network import Network, from_base, from_weights
from analysis.training.student import read

#: What the base expects before a text that is to be compared with others.
_PREFIX = "query: "
#: Holds the embedding's matrix small, as a share of what texts vary by.
_RIDGE = 1e-3

Table = NDArray[np.float32]


def base_reader(base: Base, kept: Sequence[int]) -> Network:
    """Return the whole base, which gives the mean of its last layer for an embedding and answers nothing."""
    network = from_base(base, kept, range(base.shape.layers))
    hidden = base.shape.hidden
    network.embedding = torch.nn.Linear(2 * hidden, hidden, bias=False)
    with torch.no_grad():
        network.embedding.weight.copy_(torch.cat([torch.zeros(hidden, hidden), torch.eye(hidden)], 1))
    return network


def known(path: Path) -> dict[str, Table]:
    """Return rows by name as an earlier run left them."""
    if not path.exists():
        return {}
    with np.load(path) as found:
        return dict(zip(found["names"].tolist(), found["rows"].astype(np.float32), strict=True))


def _keep(path: Path, rows: Mapping[str, Table]) -> None:
    """Write rows by name, whole or not at all."""
    half = path.with_suffix(".writing.npz")
    np.savez(half, names=np.array(list(rows)), rows=np.stack(list(rows.values())).astype(np.float16))
    half.replace(path)


def senses(network: Network, tokenizer: Tokenizer, lessons: Sequence[Lesson], path: Path) -> dict[str, Table]:
    """Return the base's sense of each lesson's text by the lesson's id; what `path` knows already is not read again."""
    rows = known(path)
    fresh = [lesson for lesson in lessons if lesson.id not in rows]
    if fresh:
        found = read(network, tokenizer, [_PREFIX + lesson.text for lesson in fresh]).embeddings
        rows |= dict(zip([lesson.id for lesson in fresh], found, strict=True))
        _keep(path, rows)
    return rows


def judgements(network: Network, tokenizer: Tokenizer, lessons: Sequence[Lesson], path: Path) -> None:
    """Leave the teacher's raw scores by the lesson's id."""
    found = read(network, tokenizer, [lesson.text for lesson in lessons]).scores
    _keep(path, dict(zip([lesson.id for lesson in lessons], found, strict=True)))


def meanings(lessons: Sequence[Lesson], sense: Mapping[str, Table]) -> dict[str, Table]:
    """Return where each lesson's embedding should be: its sense without what all texts of its language share, in the
    directions in which texts differ most."""
    by_language = defaultdict(list)
    for lesson in lessons:
        by_language[lesson.language].append(lesson.id)
    moved: dict[str, Table] = {}
    for names in by_language.values():
        rows = np.stack([sense[name] for name in names])
        moved |= dict(zip(names, rows - rows.mean(axis=0), strict=True))
    table = np.stack(list(moved.values()))
    table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-9
    _values, directions = np.linalg.eigh(table.T @ table)
    table = table @ directions[:, ::-1][:, :EMBEDDING]
    table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-9
    return dict(zip(moved, table, strict=True))


def directed(
    weights: Mapping[str, torch.Tensor], tokenizer: Tokenizer, lessons: Sequence[Lesson], meaning: Mapping[str, Table]
) -> torch.Tensor:
    """Return the embedding's matrix under which a network comes nearest to where embeddings should be, all else as it
    is: taught beside the heads, it lags behind them."""
    network = from_weights(weights)
    inner = network.embedding.in_features
    network.embedding = torch.nn.Linear(inner, inner, bias=False)
    with torch.no_grad():
        network.embedding.weight.copy_(torch.eye(inner))
    found = read(network, tokenizer, [lesson.text for lesson in lessons]).embeddings.astype(np.float64)
    wanted = np.stack([meaning[lesson.id] for lesson in lessons]).astype(np.float64)
    spread = found.T @ found
    spread += np.eye(inner) * _RIDGE * np.trace(spread) / inner
    return torch.from_numpy(np.linalg.solve(spread, found.T @ wanted).T.astype(np.float32))


def marked(lessons: Sequence[Lesson], scores: Mapping[str, Table], meaning: Mapping[str, Table]) -> list[Lesson]:
    """Return the lessons with all that is known of them."""
    return [replace(lesson, scores=scores.get(lesson.id), meaning=meaning.get(lesson.id)) for lesson in lessons]
