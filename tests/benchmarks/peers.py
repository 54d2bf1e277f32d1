"""What others would use in the analyser's place: the base network through transformers, snownlp, VADER, pythainlp.

The network is multilingual-e5-small with all its 12 layers and its whole vocabulary, in full precision, under a head of
random numbers: it tells what a pass costs, not how good a taught one would be.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, pipeline

from analysis.training.base import Base, packaged_tokenizer, packaged_weights, read_base
from analysis.types import Sentiment

#: Judges one text.
Peer = Callable[[str], Sentiment]

_LABELS = {0: "negative", 1: "neutral", 2: "positive"}
#: How far from the middle a peer that knows two labels has to be to take one.
_SNOWNLP_NEUTRAL = 0.1
_VADER_NEUTRAL = 0.05

Array = NDArray[np.float32]


def _layer(base: Base, number: int) -> dict[str, Array]:
    """Return one layer under transformers' names."""
    hidden, inner = base.shape.hidden, base.shape.inner
    own, theirs = f"l{number}", f"bert.encoder.layer.{number}"
    dense = {
        **{f"attention.self.{name}": (name[0], hidden, hidden) for name in ("query", "key", "value")},
        "attention.output.dense": ("ao", hidden, hidden),
        "intermediate.dense": ("fi", inner, hidden),
        "output.dense": ("fo", hidden, inner),
    }
    found: dict[str, Array] = {}
    for name, (part, rows, columns) in dense.items():
        found[f"{theirs}.{name}.weight"] = base.matrix(f"{own}.{part}.w", rows, columns)
        found[f"{theirs}.{name}.bias"] = base.vector(f"{own}.{part}.b", rows)
    for name, part in (("attention.output.LayerNorm", "aln"), ("output.LayerNorm", "oln")):
        found[f"{theirs}.{name}.weight"] = base.vector(f"{own}.{part}.w", hidden)
        found[f"{theirs}.{name}.bias"] = base.vector(f"{own}.{part}.b", hidden)
    return found


def write_teacher(folder: Path) -> None:
    """Write the 12-layer network as its users have it."""
    base = read_base(packaged_weights())
    shape = base.shape
    config = BertConfig(
        vocab_size=shape.words,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.positions,
        id2label=_LABELS,
        label2id={label: place for place, label in _LABELS.items()},
    )
    model = BertForSequenceClassification(config)
    weights = {
        "bert.embeddings.word_embeddings.weight": base.matrix("emb.word", shape.words, shape.hidden),
        "bert.embeddings.position_embeddings.weight": base.vector("emb.pos", shape.positions * shape.hidden).reshape(
            shape.positions, shape.hidden
        ),
        "bert.embeddings.LayerNorm.weight": base.vector("emb.ln.w", shape.hidden),
        "bert.embeddings.LayerNorm.bias": base.vector("emb.ln.b", shape.hidden),
    }
    for number in range(shape.layers):
        weights |= _layer(base, number)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()}, strict=False)
    model.save_pretrained(folder)
    shutil.copyfile(packaged_tokenizer(), folder / "tokenizer.json")
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), pad_token="<pad>")
    tokenizer.model_max_length = shape.positions
    tokenizer.save_pretrained(folder)


def teacher(folder: Path, threads: int) -> Peer:
    """Return the network as its documentation says to call it: `pipeline(…)(text)`."""
    torch.set_num_threads(threads)
    judge = pipeline("text-classification", model=str(folder), device="cpu")

    def judged(text: str) -> Sentiment:
        return Sentiment(judge(text, truncation=True)[0]["label"])

    return judged


def snownlp() -> Peer:
    """Return snownlp's classifier of Chinese reviews."""
    from snownlp import SnowNLP  # noqa: PLC0415  # it reads its dictionaries

    def judged(text: str) -> Sentiment:
        share = SnowNLP(text).sentiments if text.strip() else 0.5
        if abs(share - 0.5) < _SNOWNLP_NEUTRAL:
            return Sentiment.NEUTRAL
        return Sentiment.POSITIVE if share > 0.5 else Sentiment.NEGATIVE

    return judged


def vader() -> Peer:
    """Return VADER's rules for English."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415  # as above

    rules = SentimentIntensityAnalyzer()

    def judged(text: str) -> Sentiment:
        share = rules.polarity_scores(text)["compound"]
        if abs(share) < _VADER_NEUTRAL:
            return Sentiment.NEUTRAL
        return Sentiment.POSITIVE if share > 0 else Sentiment.NEGATIVE

    return judged


def pythainlp(taught: Sequence[tuple[str, Sentiment]]) -> Peer:
    """Return pythainlp's classifier, which compares with labelled texts by how well they are compressed together."""
    from pythainlp.classify import GzipModel  # noqa: PLC0415  # as above

    model = GzipModel([(text, str(label)) for text, label in taught])

    def judged(text: str) -> Sentiment:
        return Sentiment(model.predict(text, k=5))

    return judged
