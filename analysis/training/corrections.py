"""Teaches the shipped encoder what a customer has corrected, and shows whether that helped.

The weights are those that ship, out of their 8 bits: nothing else is needed. Lest it forget, it also hears our own
written texts with its own earlier verdicts on them.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from analysis.encoder import open_encoder
from analysis.encoder_files import load
from analysis.evaluate import evaluate, table
from analysis.labels import LabelledText, labelled_texts
from analysis.training.corpus import dev_rows
from analysis.training.encoder import written
from analysis.training.export import checkpoint
from analysis.training.mixture import Diet, Lesson, corrected, written_in_full
from analysis.training.network import Network, from_weights
from analysis.training.student import Plan, read, teach

#: Every fourth correction judges and does not teach.
_JUDGES = 4
_FEWEST = 20
#: One dev text in so many.
_EVERY = 6
_RATE = 3e-5


class TooFewError(ValueError):
    """There are too few corrections to teach and to judge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrections:
    """Corrections that teach, and others that judge."""

    teach: Sequence[LabelledText]
    judge: Sequence[LabelledText]


def _judges(text: str) -> bool:
    """Return whether a correction is kept for judging; the same in every run."""
    return hashlib.sha256(text.encode()).digest()[0] % _JUDGES == 0


def read_corrections(path: Path) -> Corrections:
    """Return the corrections of a file as `earshot evaluate` reads it. Raises LabelError, TooFewError."""
    with path.open("rb") as lines:
        found = [one for one in labelled_texts(lines) if one.sentiment is not None or one.angry is not None]
    parts = Corrections(
        teach=[one for one in found if not _judges(one.text)], judge=[one for one in found if _judges(one.text)]
    )
    if len(found) < _FEWEST or not parts.judge:
        raise TooFewError(f"{path} holds {len(found)} corrections; {_FEWEST} are needed, as a quarter of them judges")
    return parts


def _remembered(network: Network, tokenizer: Tokenizer) -> list[Lesson]:
    """Return our own texts with what the network says of them, and nothing else."""
    ours = list(written_in_full())
    said = read(network, tokenizer, [lesson.text for lesson in ours])
    return [
        replace(lesson, weight=np.zeros_like(lesson.weight), times=1, scores=scores, meaning=meaning)
        for lesson, scores, meaning in zip(ours, said.scores, said.embeddings, strict=True)
    ]


def _scores(parts: Corrections, corpus: Path | None, folder: Path) -> str:
    """Return how an encoder judges the corrections kept for that, and a sample of the dev files."""
    judge = open_encoder(folder)
    shown = [f"corrections that did not teach\n{table(evaluate(parts.judge, judge))}"]
    if corpus is not None:
        shown.append(f"dev files, one in {_EVERY}\n{table(evaluate(islice(dev_rows(corpus), 0, None, _EVERY), judge))}")
    return "\n\n".join(shown)


def correct(  # one line a step reads better than a bag of paths
    *, file: Path, model: Path, work: Path, corpus: Path | None, minutes: float, say: Callable[[str], None]
) -> Path:
    """Leave an encoder in `work`/model that has learnt the corrections; return that folder. Raises LabelError,
    TooFewError, ModelError."""
    torch.set_num_threads(1)
    parts, files = read_corrections(file), load(model)
    say(f"before\n{_scores(parts, corpus, model)}\n")
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_str(files.tokenizer)
    weights = {name: torch.from_numpy(value) for name, value in checkpoint(files.graph).items()}
    remembered = _remembered(from_weights(weights), tokenizer)
    taught = [corrected(one, number) for number, one in enumerate(parts.teach)]
    plan = Plan(minutes=minutes, rate=_RATE, seed=3, diet=Diet(labelled=2), warm_up=20)
    teach(from_weights(weights), tokenizer, [*remembered, *taught], plan, work / "corrected.pt")
    name = files.name if files.name.endswith("+corrections") else f"{files.name}+corrections"
    written(work / "model", torch.load(work / "corrected.pt"), replace(files, name=name))
    say(f"after\n{_scores(parts, corpus, work / 'model')}\n")
    return work / "model"
