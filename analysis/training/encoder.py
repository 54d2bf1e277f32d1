"""The stages that end in the encoder that ships, from the corpus folder and the packaged base; see stages.py."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from analysis.encoder import open_encoder
from analysis.encoder_files import EncoderFiles, EncoderTuning, load, save
from analysis.training.base import packaged_tokenizer, packaged_weights, read_base
from analysis.training.corpus import LANGUAGES, rows
from analysis.training.distillation import base_reader, directed, judgements, known, marked, meanings, senses
from analysis.training.encoder_tuning import tunings
from analysis.training.export import export
from analysis.training.mixture import Diet, Lesson, drawn, lessons
from analysis.training.network import Network, from_base, from_weights
from analysis.training.student import Plan, partial, teach
from analysis.training.vocabulary import same_cut, trimmed

_SEED = 0
#: Mostly what we read in full, and what we wrote.
_LABELLED = Diet(general=0.3, labelled=2, written=2, hidden=0.8)
#: The share of an epoch's texts that the student learns from, and that the teacher reads for it.
_POOL, _READ = 0.4, 0.2
#: So many of them teach the embedding.
_SENSED = 25_000
_STUDENT = Diet(general=0.6, labelled=2, written=2, hidden=0.5)
#: Longer, nearer to what people write.
_LONGER = Diet(general=0.8, labelled=2, written=1, hidden=0.3)
_UNTUNED = EncoderTuning(sharpness=1.0, offsets=(0.0, 0.0, 0.0), anger_slope=1.0, anger_offset=0.0, threshold=0.5)


def vocabulary(corpus: Path, work: Path, _minutes: float) -> None:
    """Leave the trimmed tokenizer, and say how like the base's it cuts."""
    found = trimmed(packaged_tokenizer(), corpus)
    for language in LANGUAGES:
        same, unknown = same_cut(
            packaged_tokenizer(), found, [str(row["text"]) for row in rows(corpus, language, "dev")]
        )
        print(f"{language}: {same:.4f} of dev texts cut as before, {unknown:.6f} of pieces unknown")  # noqa: T201
    (work / "kept.json").write_text(json.dumps(found.kept))
    (work / "tokenizer.json").write_text(found.tokenizer, "utf-8")


def _kept(work: Path) -> list[int]:
    """Return the rows of the base's vocabulary that are kept."""
    return [int(row) for row in json.loads((work / "kept.json").read_text())]


def _tokenizer(work: Path) -> Tokenizer:
    """Return the trimmed tokenizer."""
    return Tokenizer.from_file(str(work / "tokenizer.json"))


def _teach(work: Path, file: str, plan: Plan, found: list[Lesson], start: Callable[[], Network]) -> None:
    """Leave the weights of a stage, from where it was interrupted or else from `start`."""
    torch.manual_seed(_SEED)
    half = partial(work / file)
    if half.exists():
        left = torch.load(half)
        network = from_weights(left["weights"])
        plan = replace(plan, passed=left["passed"], seed=plan.seed + 100 + round(100 * left["passed"]))
    else:
        network = start()
    teach(network, _tokenizer(work), found, plan, work / file)


def general(file: str, layers: Sequence[int], rate: float, corpus: Path, work: Path, minutes: float) -> None:  # noqa: PLR0917  # bound in stages.py
    """Leave some of the base's layers, taught everything that is labelled."""

    def start() -> Network:
        return from_base(read_base(packaged_weights()), _kept(work), layers)

    _teach(work, file, Plan(minutes=minutes, rate=rate, end=0.25), lessons(corpus), start)


def teacher(corpus: Path, work: Path, minutes: float) -> None:
    """Leave the teacher."""
    plan = Plan(minutes=minutes, rate=4e-5, seed=1, diet=_LABELLED)

    def start() -> Network:
        return from_weights(torch.load(work / "teacher.general.pt"))

    _teach(work, "teacher.labelled.pt", plan, lessons(corpus), start)


def _pool(corpus: Path) -> list[Lesson]:
    """Return the lessons that the student learns from, each once."""
    return drawn(lessons(corpus), _POOL)


def _meant(work: Path, pool: list[Lesson]) -> tuple[list[Lesson], dict[str, np.ndarray]]:
    """Return the lessons that teach the embedding, and the base's sense of each."""
    chosen = sorted(pool, key=lambda lesson: hashlib.sha256(lesson.id.encode()).digest())[:_SENSED]
    reader = base_reader(read_base(packaged_weights()), _kept(work))
    return chosen, senses(reader, _tokenizer(work), chosen, work / "senses.npz")


def sense(corpus: Path, work: Path, _minutes: float) -> None:
    """Leave the base's sense of the texts."""
    _meant(work, _pool(corpus))


def scores(corpus: Path, work: Path, _minutes: float) -> None:
    """Leave the teacher's scores of the texts."""
    teacher = from_weights(torch.load(work / "teacher.labelled.pt"))
    judgements(teacher, _tokenizer(work), drawn(lessons(corpus), _READ), work / "scores.npz")


def student(corpus: Path, work: Path, minutes: float) -> None:
    """Leave the student."""
    pool = _pool(corpus)
    found = marked(pool, known(work / "scores.npz"), meanings(*_meant(work, pool)))
    plan = Plan(minutes=minutes, rate=1e-4, seed=2, diet=_STUDENT)
    _teach(work, "student.pt", plan, found, lambda: from_weights(torch.load(work / "general.pt")))


def longer(corpus: Path, work: Path, minutes: float) -> None:
    """Leave the student, taught on."""
    pool = _pool(corpus)
    found = marked(pool, known(work / "scores.npz"), meanings(*_meant(work, pool)))
    plan = Plan(minutes=minutes, rate=1e-4, seed=3, diet=_LONGER)
    _teach(work, "student.longer.pt", plan, found, lambda: from_weights(torch.load(work / "student.pt")))


def model(corpus: Path, work: Path, _minutes: float) -> None:
    """Leave the files that ship."""
    weights = torch.load(work / "student.longer.pt")
    chosen, sense = _meant(work, _pool(corpus))
    weights["embedding.weight"] = directed(weights, _tokenizer(work), chosen, meanings(chosen, sense))
    finish(corpus, work, weights, "encoder@3")


def written(folder: Path, weights: Mapping[str, Tensor], files: EncoderFiles) -> EncoderFiles:
    """Write a checkpoint as the files that ship, with the tokenizer and tuning of `files`; return them."""
    folder.mkdir(parents=True, exist_ok=True)
    graph = folder / "whole.onnx"
    export({key: np.asarray(value.float()) for key, value in weights.items()}, graph)
    content = graph.read_bytes()
    graph.unlink()
    made = replace(files, graph=content)
    save(folder, made)
    return made


def finish(corpus: Path, work: Path, weights: Mapping[str, Tensor], name: str) -> None:
    """Leave the files that ship, tuned."""
    folder = work / "model.writing"
    tokenizer = (work / "tokenizer.json").read_text("utf-8")
    untuned = EncoderFiles(name=name, graph=b"", tokenizer=tokenizer, tunings={"": _UNTUNED}, cause_threshold=0.5)
    written(folder, weights, untuned)
    found, cause_threshold = tunings(open_encoder(folder), corpus)
    save(folder, replace(load(folder), tunings=found, cause_threshold=cause_threshold))
    folder.rename(work / "model")
