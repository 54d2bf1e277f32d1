"""Two ways of reading, one verdict: the encoder reads meaning, the n-grams read the very letters.

Each is wrong in its own way (the encoder takes heat of any kind for anger, the n-grams miss what they never saw), so
their log odds together rank better than either: analysis/model/SCORES.md says how much. Every other head is the
encoder's.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import cast

from analysis.clauses import sentences
from analysis.errors import ModelError
from analysis.types import Analyser, Analysis, Because

FILE = Path(__file__).with_name("model") / "ensemble.json"
#: No share is taken for less.
FEWEST = 1e-4
#: From this probability a sentence alone makes its text angry. Of 4,600 labelled texts it made none angry that was not
#: (at .80 two), and calm sentences out of their context are common.
CLOSE_THRESHOLD = 0.85
#: Sentences of a text that are looked at by the encoder too.
CLOSEST = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuning:
    """How the two are weighed."""

    #: Share of the encoder in anger, 0 to 1; the rest is the n-grams'.
    weight: float
    #: Likewise in sentiment,
    sentiment_weight: float
    #: and what the log of the shares together is multiplied by: two that agree are surer than each.
    sharpness: float
    slope: float
    #: By language; `rest` for the others.
    offsets: Mapping[str, float]
    #: By language, likewise: from this probability on a text is angry.
    thresholds: Mapping[str, float]

    def anger(self, deep: float, light: float, language: str) -> float:
        """Return the calibrated probability of anger."""
        odds = self.weight * log_odds(deep) + (1 - self.weight) * log_odds(light)
        offset = self.offsets.get(language, self.offsets["rest"])
        return 1 / (1 + math.exp(-(self.slope * odds + offset)))

    def angry(self, anger: float, language: str) -> bool:
        """Return whether a text with this probability counts as angry."""
        return anger >= self.thresholds.get(language, self.thresholds["rest"])

    def sentiment(self, deep: Analysis, light: Analysis) -> tuple[float, float, float]:
        """Return the three shares of the weighted geometric mean, sharpened; they sum to 1."""
        weight = self.sentiment_weight
        pairs = (
            (deep.negative, light.negative),
            (deep.neutral, light.neutral),
            (deep.positive, light.positive),
        )
        shares = [
            math.exp(self.sharpness * (weight * math.log(max(d, FEWEST)) + (1 - weight) * math.log(max(n, FEWEST))))
            for d, n in pairs
        ]
        total = sum(shares)
        negative, neutral, positive = (share / total for share in shares)
        return negative, neutral, positive


def log_odds(share: float) -> float:
    """Return the log odds of a probability, bounded on both sides."""
    share = min(max(share, FEWEST), 1 - FEWEST)
    return math.log(share / (1 - share))


class EnsembleAnalyser:
    """The `ensemble` analyser; see `Analyser`."""

    def __init__(self, deep: Analyser, light: Analyser, tuning: Tuning, *, model: str) -> None:
        self.model = model
        self._deep = deep
        self._light = light
        self._tuning = tuning

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order; see `Analyser`."""
        deep = self._deep.analyse(texts, because=because)
        light = self._light.analyse(texts)
        found = [self._together(*one) for one in zip(texts, deep, light, strict=True)]
        return [one if one.angry else self._closely(text, one) for text, one in zip(texts, found, strict=True)]

    def _closely(self, text: str, found: Analysis) -> Analysis:
        """Return the verdict after a look at each sentence: what is said calmly around an insult must not hide it."""
        parts = sentences(text)
        if len(parts) < 2:
            return found
        said = [text[part.start : part.end] for part in parts]
        lights = self._light.analyse(said)
        # The light model has read every sentence; the encoder reads those it finds angriest.
        closest = sorted(range(len(parts)), key=lambda n: -lights[n].anger)[:CLOSEST]
        deeps = self._deep.analyse([said[n] for n in closest])
        angers = [
            self._tuning.anger(deep.anger, lights[n].anger, deep.language)
            for n, deep in zip(closest, deeps, strict=True)
        ]
        worst = max(range(len(closest)), key=angers.__getitem__)
        if angers[worst] < CLOSE_THRESHOLD:
            return found
        part = parts[closest[worst]]
        because = (Because(start=part.start, end=part.end, text=text[part.start : part.end]),)
        return replace(found, anger=angers[worst], anger_level=2, angry=True, because=because)

    def _together(self, text: str, deep: Analysis, light: Analysis) -> Analysis:
        anger = self._tuning.anger(deep.anger, light.anger, deep.language)
        angry = self._tuning.angry(anger, deep.language) and bool(text.strip())
        negative, neutral, positive = self._tuning.sentiment(deep, light)
        if angry and deep.because is None:
            # The encoder alone was not sure enough to say why.
            [deep] = self._deep.analyse([text], because=True)
        return replace(
            deep,
            negative=negative,
            neutral=neutral,
            positive=positive,
            anger=anger,
            anger_level=2 if angry else min(deep.anger_level, 1),
            angry=angry,
            model=self.model,
        )


def read_tuning(path: Path = FILE) -> tuple[str, Tuning]:
    """Return the ensemble's name@version and tuning. Raises ModelError."""
    try:
        known = json.loads(path.read_text("utf-8"))
        tuning = Tuning(
            weight=float(known["weight"]),
            sentiment_weight=float(known["sentiment_weight"]),
            sharpness=float(known["sharpness"]),
            slope=float(known["slope"]),
            offsets={tag: float(offset) for tag, offset in known["offsets"].items()},
            thresholds={tag: float(threshold) for tag, threshold in known["thresholds"].items()},
        )
        _ = tuning.offsets["rest"], tuning.thresholds["rest"]
        return str(known["name"]), tuning
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path.name} cannot be used ({error}); install Earshot again") from error


def shipped() -> Analyser:
    """Return the shipped encoder and n-grams as one. Raises ModelError."""
    name, tuning = read_tuning()
    deep = cast("Analyser", import_module("analysis.encoder").shipped())
    light = cast("Analyser", import_module("analysis.ngram").shipped())
    return EnsembleAnalyser(deep, light, tuning, model=name)
