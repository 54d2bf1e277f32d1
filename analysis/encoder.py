"""The `encoder` analyser: a small transformer that answers every question in one pass, on ONNX Runtime.

Windows are judged together, but a text's verdict does not depend on its neighbours: every piece is rounded to 8 bits by
its own largest number, and windows of one length need no padding.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import groupby, islice
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.encoder_files import EncoderFiles, load
from analysis.encoder_pieces import PieceTokenizer, windows
from analysis.encoder_reading import Batch, Reading
from analysis.encoder_scores import Attitudes, Scores, attitudes, particulars
from analysis.errors import ModelError
from analysis.heads import EMBEDDING, WIDTH
from analysis.language import language
from analysis.types import Analysis

_FOLDER = Path(__file__).with_name("model")
#: Pieces judged in one go: more bring no more speed.
_TOGETHER = 512


class Session(Protocol):
    """What is used of ONNX Runtime; `run` may be called by several threads."""

    def run(self, names: None, inputs: Mapping[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        """Return all outputs."""
        ...


class _Pass:
    """Runs the network: on equal windows once, on windows of one length together."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[int, ...], tuple[NDArray[np.float32], ...]] = {}

    def outputs(self, pieces: Sequence[tuple[int, ...]]) -> tuple[Scores, Scores]:
        """Return one row of raw scores and one embedding per window."""
        new = [ids for ids in dict.fromkeys(pieces) if ids not in self._known]
        for together in _batches(new):
            found = self._session.run(None, {"ids": np.array(together, dtype=np.int64)})
            self._known |= zip(together, zip(*found, strict=True), strict=True)
        rows, embeddings = np.zeros((len(pieces), WIDTH)), np.zeros((len(pieces), EMBEDDING))
        for index, ids in enumerate(pieces):
            rows[index], embeddings[index] = self._known[ids]
        return rows, embeddings


def _batches(pieces: Sequence[tuple[int, ...]]) -> Iterator[list[tuple[int, ...]]]:
    """Yield windows of one length, as many as are quickest together."""
    for length, same in groupby(sorted(pieces, key=len), key=len):
        waiting = iter(same)
        while together := list(islice(waiting, max(1, _TOGETHER // length))):
            yield together


class EncoderAnalyser:
    """The `encoder` analyser; see `Analyser`."""

    def __init__(self, files: EncoderFiles, session: Session, tokenizer: PieceTokenizer) -> None:
        self.model = files.name
        self._files = files
        self._session = session
        self._tokenizer = tokenizer

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order; see `Analyser`."""
        readings = self.read(texts)
        return self.verdicts(readings, [one.angry for one in readings], because=because)

    def verdicts(self, readings: Sequence[Reading], angry: Sequence[bool], *, because: bool) -> list[Analysis]:
        """Return the verdicts on what was read together, once it is known which texts count as angry."""
        asked = list(zip(readings, angry, strict=True))
        # All texts' clauses at once, which is twice as fast as each text's on their own: the pass that readings share
        # keeps what it finds, and each then asks for its own.
        said = [clause for one, is_angry in asked for clause in one.clauses(angry=is_angry, because=because)]
        if said:
            readings[0].judge(said, readings[0].language)
        return [one.analysis(angry=is_angry, because=because) for one, is_angry in asked]

    def embeddings(self, texts: Sequence[str]) -> list[tuple[float, ...] | None]:
        """Return what each text is about, in order; see `Understanding`."""
        return [one.embedding() for one in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Return what each text was read as, in order."""
        network = _Pass(self._session)
        found = windows(self._tokenizer, texts)
        rows, embeddings = network.outputs([window.ids for own in found for window in own])
        tags = [language(text) for text in texts]
        tunings = [self._files.tuning(tag) for tag in tags]
        spread = [tuning for own, tuning in zip(found, tunings, strict=True) for _ in own]
        batch = Batch(attitudes=attitudes(rows, spread), particulars=particulars(rows), embeddings=embeddings)

        def judge(said: Sequence[str], tag: str) -> Attitudes:
            return self._attitudes(network, said, tag)

        firsts = np.cumsum([0, *map(len, found)]).tolist()
        return [
            Reading(
                text=text,
                language=tag,
                windows=own,
                batch=batch,
                first=first,
                model=self.model,
                threshold=tuning.threshold,
                cause_threshold=self._files.cause_threshold,
                judge=judge,
            )
            for text, tag, own, first, tuning in zip(texts, tags, found, firsts[:-1], tunings, strict=True)
        ]

    def first_scores(self, texts: Sequence[str]) -> Scores:
        """Return one row of raw scores per text, of its first window; zeros where nothing is said."""
        return self._first_scores(_Pass(self._session), texts)

    def _first_scores(self, network: _Pass, texts: Sequence[str]) -> Scores:
        rows = np.zeros((len(texts), WIDTH))
        found = windows(self._tokenizer, texts)
        said = [index for index, own in enumerate(found) if own]
        rows[said] = network.outputs([found[index][0].ids for index in said])[0]
        return rows

    def _attitudes(self, network: _Pass, texts: Sequence[str], tag: str) -> Attitudes:
        """Return what clauses say on their own: nothing where nothing is said."""
        rows = self._first_scores(network, texts)
        said = (np.abs(rows).sum(axis=1) > 0).astype(np.float64)
        found = attitudes(rows, [self._files.tuning(tag)] * len(texts))
        return Attitudes(
            anger=found.anger * said, sentiment=found.sentiment * said[:, None], causes=found.causes * said[:, None]
        )


def _library(name: str) -> ModuleType:
    """Return a library the encoder runs on. Raises ModelError with a remedy."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ModelError(f"the encoder needs {name}: pip install {name}, or choose the analyser `ngram`") from error


def open_encoder(folder: Path) -> EncoderAnalyser:
    """Return the encoder of a folder, ready. Raises ModelError."""
    runtime, tokenizers = _library("onnxruntime"), _library("tokenizers")
    files = load(folder)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Memory kept for the largest batch yet would never be given back.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        session = runtime.InferenceSession(files.graph, options, providers=["CPUExecutionProvider"])
        tokenizer = tokenizers.Tokenizer.from_str(files.tokenizer)
    except Exception as error:  # both libraries raise bare exceptions of their own
        raise ModelError(f"the model of {folder} cannot be opened ({error}); install Earshot again") from error
    return EncoderAnalyser(files, session, tokenizer)


@cache
def shipped() -> EncoderAnalyser:
    """Return the encoder with the weights beside this module, read once. Raises ModelError."""
    return open_encoder(_FOLDER)
