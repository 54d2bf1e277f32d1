"""From labelled texts to the files that ship, in stages that can be interrupted.

WORK keeps what each stage leaves:

    tokenizer.json, kept.json   the vocabulary
    general.pt                  six layers, taught everything that is labelled
    teacher.general.pt          twelve layers, likewise
    teacher.labelled.pt         the same again, mostly our own labels: the teacher
    senses.npz, scores.npz      what the base and the teacher say of the texts
    student.pt                  the six layers, taught labels, the teacher's scores and the base's sense
    student.longer.pt           the same for as long again, with fewer of the texts that we wrote
    model/                      what goes into analysis/model/: encoder, n-grams, how the two are weighed

A stage whose file is there is not done again; one that was interrupted goes on from where it was a few minutes before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from analysis.training import encoder, ensemble, ngram

#: Which of the base's twelve layers the student starts from.
_LAYERS = (0, 2, 4, 7, 9, 11)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A part of the work that ends in a file."""

    file: str
    #: Takes the corpus, the work folder and the minutes there are.
    make: Callable[[Path, Path, float], None]
    #: 0 where it takes what it takes.
    minutes: float = 0.0


#: In order; none takes longer than two hours on two cores that have other work.
STAGES = (
    Stage(file="tokenizer.json", make=encoder.vocabulary),
    Stage(file="general.pt", minutes=18, make=partial(encoder.general, "general.pt", _LAYERS, 1.2e-4)),
    Stage(file="teacher.general.pt", minutes=42, make=partial(encoder.general, "teacher.general.pt", range(12), 8e-5)),
    Stage(file="teacher.labelled.pt", minutes=20, make=encoder.teacher),
    Stage(file="senses.npz", make=encoder.sense),
    Stage(file="scores.npz", make=encoder.scores),
    Stage(file="student.pt", minutes=30, make=encoder.student),
    Stage(file="student.longer.pt", minutes=36, make=encoder.longer),
    Stage(file="model/encoder.json", make=encoder.model),
    Stage(file="model/ngram.json", make=ngram.model),
    Stage(file="model/ensemble.json", make=ensemble.model),
)


def train(corpus: Path, work: Path, minutes: Mapping[str, float], say: Callable[[str], None]) -> None:
    """Do every stage that is still to do; `minutes` by a stage's file replaces its own."""
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    for stage in STAGES:
        if (work / stage.file).exists():
            say(f"{stage.file} is there")
            continue
        say(f"{stage.file} …")
        stage.make(corpus, work, minutes.get(stage.file, stage.minutes))
