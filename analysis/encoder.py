"""The `encoder` analyser: a small transformer that answers every question in one pass, on ONNX Runtime.

Every window is judged alone. The network's numbers are rounded to 8 bits by the largest of the batch, so that judged
together, a text's verdict would depend on its neighbours; on one thread the batch would save little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.clauses import contrasts
from analysis.encoder_clauses import ClauseReader, ClauseShares
from analysis.encoder_files import EncoderFiles, EncoderTuning, load
from analysis.encoder_pieces import PieceTokenizer, Window, windows
from analysis.errors import ModelError
from analysis.heads import CAUSES, EMBEDDING, HEADS, SENTIMENTS, WIDTH
from analysis.language import language
from analysis.types import Analyser, Analysis, Cause

_FOLDER = Path(__file__).with_name("model")
#: From this probability of levels 1 and 2 together a text that is not angry is displeased.
_DISPLEASED = 0.5

#: From this share of both praise and blame on, a cause may have another label than the text.
_MIXED = 0.2

Scores = NDArray[np.float64]


class Session(Protocol):
    """What is used of ONNX Runtime; `run` may be called by several threads."""

    def run(self, names: None, inputs: Mapping[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        """Return all outputs."""
        ...


def softmax(scores: Scores) -> Scores:
    """Return probabilities along the last axis."""
    exponents: Scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Scores = exponents / exponents.sum(axis=-1, keepdims=True)
    return shares


def sigmoid(scores: Scores) -> Scores:
    """Return the probability of each log odds."""
    shares: Scores = 1 / (1 + np.exp(-np.clip(scores, -60, 60)))
    return shares


def anger_score(rows: Scores) -> Scores:
    """Return one raw score of anger a row: the mean log odds of the flag and of level 2 against the milder ones."""
    level = rows[:, HEADS["level"].columns]
    against = np.logaddexp(level[:, 0], level[:, 1])
    score: Scores = (rows[:, HEADS["angry"].start] + level[:, 2] - against) / 2
    return score


def sentiment_shares(rows: Scores, tuning: EncoderTuning) -> Scores:
    """Return the three probabilities of each row."""
    return softmax(rows[:, HEADS["sentiment"].columns] * tuning.sharpness + np.array(tuning.offsets))


def anger_shares(rows: Scores, tuning: EncoderTuning) -> Scores:
    """Return the probability of anger of each row."""
    return sigmoid(anger_score(rows) * tuning.anger_slope + tuning.anger_offset)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judged:
    """A text's windows with their scores, one row each."""

    text: str
    windows: Sequence[Window]
    rows: Scores
    #: One embedding a window.
    embeddings: Scores

    def mean(self, shares: Scores) -> Scores:
        """Return the mean over the windows, long ones counting more."""
        weight = np.array([len(window.ids) for window in self.windows], dtype=np.float64)
        mean: Scores = (shares * (weight / weight.sum())[:, None]).sum(axis=0)
        return mean


def _named(head: str, shares: Scores) -> dict[str, float]:
    """Return probabilities by the names of a head's values."""
    return dict(zip(HEADS[head].values, shares.tolist(), strict=True))


def _embedding(judged: _Judged) -> tuple[float, ...] | None:
    """Return the direction of all windows together; None where the network gives none."""
    mean = judged.mean(judged.embeddings)
    length = float(np.linalg.norm(mean))
    return tuple((mean / length).tolist()) if length else None


class EncoderAnalyser:
    """The `encoder` analyser; see `Analyser`."""

    def __init__(self, files: EncoderFiles, session: Session, tokenizer: PieceTokenizer) -> None:
        self.model = files.name
        self._files = files
        self._session = session
        self._tokenizer = tokenizer

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order; see `Analyser`."""
        found = windows(self._tokenizer, texts)
        scores, embeddings = self._outputs([window.ids for own in found for window in own])
        analyses = []
        first = 0
        for text, own in zip(texts, found, strict=True):
            last = first + len(own)
            judged = _Judged(text=text, windows=own, rows=scores[first:last], embeddings=embeddings[first:last])
            first = last
            analyses.append(self._analysis(judged, because))
        return analyses

    def scores(self, pieces: Sequence[tuple[int, ...]]) -> Scores:
        """Return one row of raw scores per window."""
        return self._outputs(pieces)[0]

    def _outputs(self, pieces: Sequence[tuple[int, ...]]) -> tuple[Scores, Scores]:
        """Return one row of raw scores and one embedding per window; equal windows are judged once. A network without
        embeddings leaves them empty."""
        rows = np.zeros((len(pieces), WIDTH))
        embeddings = np.zeros((len(pieces), EMBEDDING))
        known: dict[tuple[int, ...], int] = {}
        for index, ids in enumerate(pieces):
            if ids in known:
                rows[index], embeddings[index] = rows[known[ids]], embeddings[known[ids]]
                continue
            known[ids] = index
            numbers = np.array([ids], dtype=np.int64)
            answer, *embedding = self._session.run(None, {"ids": numbers})
            rows[index] = answer[0]
            if embedding:
                embeddings[index] = embedding[0][0]
        return rows, embeddings

    def first_scores(self, texts: Sequence[str]) -> Scores:
        """Return one row of raw scores per text, of its first window; zeros where nothing is said."""
        rows = np.zeros((len(texts), WIDTH))
        found = windows(self._tokenizer, texts)
        said = [index for index, own in enumerate(found) if own]
        rows[said] = self.scores([found[index][0].ids for index in said])
        return rows

    def _analysis(self, judged: _Judged, because: bool) -> Analysis:
        """Return the verdict on a text from the scores of its windows."""
        tag = language(judged.text)
        if not judged.windows:
            return self._silent(tag, because)
        tuning = self._files.tuning(tag)
        angers = anger_shares(judged.rows, tuning)
        worst = int(angers.argmax())
        angry = bool(angers[worst] >= tuning.threshold)
        displeased = 1 - softmax(judged.rows[worst : worst + 1, HEADS["level"].columns])[0, 0] >= _DISPLEASED
        negative, neutral, positive = judged.mean(sentiment_shares(judged.rows, tuning)).tolist()
        analysis = Analysis(
            language=tag,
            negative=negative,
            neutral=neutral,
            positive=positive,
            anger=float(angers[worst]),
            anger_level=2 if angry else int(displeased),
            angry=angry,
            model=self.model,
        )
        analysis = self._with_heads(replace(analysis, embedding=_embedding(judged)), judged)
        if angry or because:
            return self._with_spans(analysis, judged, worst, tuning)
        if analysis.causes and (min(negative, positive) >= _MIXED or contrasts(judged.text)):
            return self._with_causes(analysis, judged, self._reader(judged, tuning), spans=False)
        return analysis

    def _silent(self, tag: str, because: bool) -> Analysis:
        """Return the verdict on a text that says nothing."""
        return Analysis(
            language=tag,
            negative=0.0,
            neutral=1.0,
            positive=0.0,
            anger=0.0,
            anger_level=0,
            angry=False,
            because=() if because else None,
            kind={value: float(value == "other") for value in HEADS["kind"].values},
            churn=0.0,
            recommend=0.0,
            stage={value: float(value == "unknown") for value in HEADS["stage"].values},
            severity=0.0,
            purpose={value: float(value == "none") for value in HEADS["purpose"].values},
            causes=(),
            model=self.model,
        )

    def _with_heads(self, analysis: Analysis, judged: _Judged) -> Analysis:
        """Return the analysis with everything beyond sentiment and anger: what any window shows of leaving, harm and
        causes, and the mean of what a text is one of."""
        rows = judged.rows

        def choice(head: str) -> Scores:
            return softmax(rows[:, HEADS[head].columns])

        def most(head: str) -> Scores:
            found: Scores = sigmoid(rows[:, HEADS[head].columns]).max(axis=0)
            return found

        causes = [
            Cause(cause=cause, label=analysis.label, p=p)
            for cause, p in zip(CAUSES, most("causes").tolist(), strict=True)
            if p >= self._files.cause_threshold
        ]
        return replace(
            analysis,
            kind=_named("kind", judged.mean(choice("kind"))),
            churn=float(most("churn")[0]),
            recommend=float(most("recommend")[0]),
            stage=_named("stage", judged.mean(choice("stage"))),
            severity=float((choice("severity") @ np.array([0.0, 0.5, 1.0])).max()),
            purpose=_named("purpose", judged.mean(choice("purpose"))),
            causes=tuple(sorted(causes, key=lambda one: -one.p)),
        )

    def _with_spans(self, analysis: Analysis, judged: _Judged, worst: int, tuning: EncoderTuning) -> Analysis:
        """Return the analysis with the clauses that carry its anger, or else its label, and those of its causes."""
        reader = self._reader(judged, tuning)
        if analysis.angry:
            read = reader.read(worst)
            spans = read.spans(read.shares.anger)
        else:
            column = SENTIMENTS.index(str(analysis.label))
            shares = sentiment_shares(judged.rows, tuning)[:, column]
            clearest = int((shares * np.array([len(window.ids) for window in judged.windows])).argmax())
            read = reader.read(clearest)
            spans = read.spans(read.shares.sentiment[:, column])
        return self._with_causes(replace(analysis, because=spans), judged, reader, spans=True)

    def _with_causes(self, analysis: Analysis, judged: _Judged, reader: ClauseReader, *, spans: bool) -> Analysis:
        """Return the analysis with what the clauses say of each cause, and with these clauses where `spans`."""
        window = judged.rows[:, HEADS["causes"].columns].argmax(axis=0)
        columns = {cause: column for column, cause in enumerate(CAUSES)}
        causes = tuple(
            reader.read(int(window[columns[one.cause]])).cause(one, columns[one.cause]) for one in analysis.causes or ()
        )
        return replace(analysis, causes=causes if spans else tuple(replace(one, because=None) for one in causes))

    def _reader(self, judged: _Judged, tuning: EncoderTuning) -> ClauseReader:
        """Return what reads a text's clauses."""

        def judge(texts: Sequence[str]) -> ClauseShares:
            rows = self.first_scores(texts)
            said = (np.abs(rows).sum(axis=1) > 0).astype(np.float64)
            return ClauseShares(
                anger=anger_shares(rows, tuning) * said,
                sentiment=sentiment_shares(rows, tuning) * said[:, None],
                causes=sigmoid(rows[:, HEADS["causes"].columns]) * said[:, None],
            )

        return ClauseReader(judged.text, judged.windows, judge)


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
def shipped() -> Analyser:
    """Return the encoder with the weights beside this module, read once. Raises ModelError."""
    return open_encoder(_FOLDER)
