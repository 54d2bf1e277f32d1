"""What a foreign model's labels mean to us: by their names, or by a mapping beside the model or in the settings.

The mapping is JSON: {"labels": {"LABEL_0": "negative", "fury": ["negative", "anger"], "spam": []}, "angry_from": 0.5}
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError

#: The mapping's name inside a model's folder.
FILE = "earshot.json"
MEANINGS = ("negative", "neutral", "positive", "anger")
_NEUTRAL = MEANINGS.index("neutral")
_ANGRY_FROM = 0.5

#: What labels mean that need no mapping, in lower case.
_KNOWN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("negative", "neg", "very negative", "1 star", "2 stars", "negativ"), ("negative",)),
    **dict.fromkeys(("sadness", "disgust", "fear", "disappointment", "annoyance"), ("negative",)),
    **dict.fromkeys(("neutral", "neu", "3 stars", "mixed"), ("neutral",)),
    **dict.fromkeys(("positive", "pos", "very positive", "4 stars", "5 stars", "positiv"), ("positive",)),
    **dict.fromkeys(("joy", "love", "happiness"), ("positive",)),
    **dict.fromkeys(("anger", "angry", "rage"), ("negative", "anger")),
}

Shares = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelMap:
    """How a model's columns become sentiment and anger."""

    #: A row per column of the model, a column per meaning: 1 where the label means it.
    table: Shares
    #: Whether each label stands for itself (sigmoid), or they are one of several (softmax).
    independent: bool
    #: The probability of anger from which a text counts as angry.
    angry_from: float

    @property
    def has_anger(self) -> bool:
        """Whether any label means anger."""
        return bool(self.table[:, MEANINGS.index("anger")].any())

    def shares(self, scores: Shares) -> Shares:
        """Return negative, neutral and positive, which sum to 1, and anger, for each row of raw scores."""
        if self.independent:
            labels = 1 / (1 + np.exp(-np.clip(scores, -60, 60)))
        else:
            labels = np.exp(scores - scores.max(axis=-1, keepdims=True))
            labels = labels / labels.sum(axis=-1, keepdims=True)
        found = labels @ self.table
        sentiment = found[:, :3]
        if self.independent and not self.table[:, _NEUTRAL].any():
            # Who finds neither, finds neutral.
            sentiment[:, _NEUTRAL] = np.maximum(0.0, 1 - sentiment.max(axis=1))
        said = np.maximum(sentiment.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return np.column_stack([sentiment / said, np.minimum(found[:, 3], 1.0)])


def _meanings(label: str, given: object, source: str) -> tuple[str, ...]:
    """Return what a mapping says a label means."""
    meant = (given,) if isinstance(given, str) else given
    if not isinstance(meant, list | tuple) or not all(one in MEANINGS for one in meant):
        raise ModelError(f"{source}: {label!r} means {given!r}; write one or a list of {', '.join(MEANINGS)}, or []")
    return tuple(meant)


def _mapping(path: Path) -> tuple[dict[str, tuple[str, ...]], float]:
    """Return what a mapping says. Raises ModelError, naming the file."""
    try:
        read = json.loads(path.read_text("utf-8"))
        labels, angry_from = dict(read["labels"]), float(read.get("angry_from", _ANGRY_FROM))
    except OSError as error:
        raise ModelError(f"the mapping of labels {path} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        shape = '{"labels": {"LABEL_0": "negative", …}, "angry_from": 0.5}'
        raise ModelError(f"the mapping of labels {path} is damaged ({error!r}); write {shape}") from error
    if not 0 < angry_from <= 1:
        raise ModelError(f"{path}: angry_from is {angry_from}; write a probability above 0 and up to 1")
    return {str(label): _meanings(str(label), given, str(path)) for label, given in labels.items()}, angry_from


def label_map(labels: Sequence[str], *, independent: bool, mapping: Path | None) -> LabelMap:
    """Return what a model's labels mean. Raises ModelError where a label is unknown or a sentiment is missing."""
    said, angry_from = ({}, _ANGRY_FROM) if mapping is None else _mapping(mapping)
    stray = sorted(set(said) - set(labels))
    if stray:
        raise ModelError(f"{mapping}: the model has no label {', '.join(map(repr, stray))}; it has {', '.join(labels)}")
    table = np.zeros((len(labels), len(MEANINGS)))
    for row, label in enumerate(labels):
        meant = said[label] if label in said else _KNOWN.get(label.strip().lower())
        if meant is None:
            raise ModelError(f"nobody says what the model's label {label!r} means; map it in {FILE} beside the model")
        for meaning in meant:
            table[row, MEANINGS.index(meaning)] = 1.0
    for needed in ("negative", "positive"):
        if not table[:, MEANINGS.index(needed)].any():
            raise ModelError(f"no label of the model means {needed} ({', '.join(labels)}); map one in {FILE}")
    return LabelMap(table=table, independent=independent, angry_from=angry_from)
