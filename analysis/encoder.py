"""The `encoder` analyser: a small transformer that answers every question in one pass, on ONNX Runtime.

Every window is judged alone. The network's numbers are rounded to 8 bits by the largest of the batch, so that judged
together, a text's verdict would depend on its neighbours; on one thread the batch would save little.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
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


class Session(Protocol):
    """What is used of ONNX Runtime; `run` may be called by several threads."""

    def run(self, names: None, inputs: Mapping[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        """Return all outputs."""
        ...


class _Pass:
    """Runs the network, on equal windows once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[int, ...], list[NDArray[np.float32]]] = {}

    def outputs(self, pieces: Sequence[tuple[int, ...]]) -> tuple[Scores, Scores]:
        """Return one row of raw scores and one embedding per window. A network without embeddings leaves them empty."""
        rows = np.zeros((len(pieces), WIDTH))
        embeddings = np.zeros((len(pieces), EMBEDDING))
        for index, ids in enumerate(pieces):
            if ids not in self._known:
                self._known[ids] = self._session.run(None, {"ids": np.array([ids], dtype=np.int64)})
            answer, *embedding = self._known[ids]
            rows[index] = answer[0]
            if embedding:
                embeddings[index] = embedding[0][0]
        return rows, embeddings


class EncoderAnalyser:
    """The `encoder` analyser; see `Analyser`."""

    def __init__(self, files: EncoderFiles, session: Session, tokenizer: PieceTokenizer) -> None:
        self.model = files.name
        self._files = files
        self._session = session
        self._tokenizer = tokenizer

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order; see `Analyser`."""
        return [one.analysis(angry=one.angry, because=because) for one in self.read(texts)]

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
