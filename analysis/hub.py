"""The `hub:` analyser: any sequence classification model of Hugging Face, by its folder or name.

It gives sentiment, and anger where one of its labels means that; else anger is the n-grams'. Every window is judged
alone, so that a text's verdict does not depend on its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from analysis.clauses import clauses, heaviest
from analysis.hub_files import Encoding, HubModel, fetched, open_model
from analysis.hub_labels import FILE, MEANINGS, LabelMap, label_map
from analysis.language import language
from analysis.types import Analyser, Analysis, Because
from analysis.windows import evenly, slabs

#: Pieces in a window, its ends counted: an insult must not drown in what is around it.
_LENGTH = 128
#: A text with more windows is judged by so many, evenly spread.
_AT_MOST = 512
_ANGER = MEANINGS.index("anger")

Shares = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Window:
    """Some neighbouring pieces of a text, in code points from `start` to `end`."""

    start: int
    end: int
    ids: tuple[int, ...]
    types: tuple[int, ...]


def _window(encoding: Encoding, offset: int) -> _Window | None:
    """Return a window of what starts at `offset`; None where it holds nothing of the text."""
    shown = [(first, last) for first, last in encoding.offsets if last > first]
    if not shown:
        return None
    return _Window(
        start=offset + shown[0][0],
        end=offset + max(last for _, last in shown),
        ids=tuple(encoding.ids),
        types=tuple(encoding.type_ids),
    )


class HubAnalyser:
    """A foreign model as an `Analyser`."""

    def __init__(self, model: HubModel, labels: LabelMap, light: Analyser | None) -> None:
        """`light`: whose anger counts where the model has none."""
        self.model = model.name if light is None else f"{model.name}+{light.model}"
        self._own = model
        self._labels = labels
        self._light = light

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order; see `Analyser`."""
        read = [self._analysis(text, because) for text in texts]
        if self._light is None:
            return read
        return [
            replace(
                own,
                anger=other.anger,
                angry=other.angry,
                anger_level=2 if other.angry else own.anger_level,
                because=other.because if other.angry else own.because,
            )
            for own, other in zip(read, self._light.analyse(texts), strict=True)
        ]

    def _windows(self, text: str) -> list[_Window]:
        """Return a text's windows; none where nothing is said."""
        found = []
        for part in slabs([text]):
            shown = text[part.start : part.end]
            if shown.strip():
                # A lone surrogate is no text to the tokenizer; a mark of the same length stands for it.
                whole = self._own.tokenizer.encode(shown.encode("utf-8", "replace").decode())
                found += [_window(one, part.start) for one in (whole, *whole.overflowing)]
        return evenly([one for one in found if one is not None], _AT_MOST)

    def _shares(self, windows: Sequence[_Window]) -> Shares:
        """Return one row of shares per window; equal windows are judged once."""
        known: dict[tuple[int, ...], Shares] = {}
        for window in windows:
            if window.ids not in known:
                ids = np.array([window.ids], dtype=np.int64)
                types = np.array([window.types], dtype=np.int64)
                inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}
                known[window.ids] = self._labels.shares(self._own.network(inputs))[0]
        return np.array([known[window.ids] for window in windows])

    def _analysis(self, text: str, because: bool) -> Analysis:
        """Return the verdict on a text from those on its windows: the mean of sentiments, the most of anger."""
        windows = self._windows(text)
        rows = self._shares(windows) if windows else np.array([[0.0, 1.0, 0.0, 0.0]])
        weight = np.array([len(window.ids) for window in windows] or [1], dtype=np.float64)
        negative, neutral, positive = (rows[:, :_ANGER] * (weight / weight.sum())[:, None]).sum(axis=0).tolist()
        worst = int(rows[:, _ANGER].argmax())
        anger = float(rows[worst, _ANGER])
        angry = anger >= self._labels.angry_from
        analysis = Analysis(
            language=language(text),
            negative=negative,
            neutral=neutral,
            positive=positive,
            anger=anger,
            anger_level=2 if angry else int(negative > max(neutral, positive)),
            angry=angry,
            model=self.model,
        )
        if not (angry or because):
            return analysis
        if not windows:
            return replace(analysis, because=())
        column = _ANGER if angry else MEANINGS.index(str(analysis.label))
        clearest = worst if angry else int((rows[:, column] * weight).argmax())
        return replace(analysis, because=self._because(text, windows[clearest], column))

    def _because(self, text: str, window: _Window, column: int) -> tuple[Because, ...]:
        """Return the clauses of a window that on their own say most of a column."""
        parts = clauses(text, window.start, window.end)
        said = [(place, own) for place, part in enumerate(parts) for own in self._windows(text[part.start : part.end])]
        weight = np.zeros(len(parts))
        if said:
            np.maximum.at(weight, [place for place, _ in said], self._shares([own for _, own in said])[:, column])
        return heaviest(text, parts, weight, np.array([part.start for part in parts], dtype=np.int32))


def _folder(target: str, *, download: bool) -> Path:
    """Return where the model lies: a path says so itself, anything else is a name. Raises ModelError."""
    if target.startswith(("/", ".", "~")):
        return Path(target).expanduser()
    return fetched(target, download=download)


@cache
def open_hub(target: str, *, labels: Path | None = None, download: bool = False) -> Analyser:
    """Return the analyser of a folder, or of `owner/name[@revision]` where `download`, read once. `labels`: a mapping
    instead of the one in the folder. Raises ModelError."""
    folder = _folder(target, download=download)
    mapping = labels or (folder / FILE if (folder / FILE).is_file() else None)
    model = open_model(folder, length=_LENGTH, mapping=mapping)
    meant = label_map(model.labels, independent=model.independent, mapping=mapping)
    light = None if meant.has_anger else cast("Analyser", import_module("analysis.ngram").shipped())
    return HubAnalyser(model, meant, light)
