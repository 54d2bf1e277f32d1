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
from itertools import groupby, islice
from pathlib import Path
from typing import Generic, Protocol, TypeVar, cast

from analysis.clauses import Clause, sentences
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
#: Of one sentence, the encoder counts as no surer than this (log odds; of 12,687 sentences it was at most 3.0). So what
#: the n-grams find too calm to reach the threshold need not be read.
SUREST = 4.0


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
        """Return the calibrated probability of anger, from the log odds of the two."""
        odds = self.weight * deep + (1 - self.weight) * light
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


class Reading(Protocol):
    """What the encoder has made of a text; see `analysis.encoder_reading`."""

    @property
    def language(self) -> str:
        """Return the text's language."""
        ...

    @property
    def anger(self) -> float:
        """Return the probability of anger."""
        ...


R = TypeVar("R", bound=Reading)


class Reader(Protocol[R]):
    """The encoder."""

    def read(self, texts: Sequence[str]) -> Sequence[R]:
        """Return what each text was read as, in order."""
        ...

    def verdicts(self, readings: Sequence[R], angry: Sequence[bool], *, because: bool) -> Sequence[Analysis]:
        """Return the verdicts on texts read together, once it is known which of them are angry."""
        ...

    def embeddings(self, texts: Sequence[str]) -> Sequence[tuple[float, ...] | None]:
        """Return what each text is about, in order."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sentence:
    """A sentence of a text that is not angry as a whole."""

    #: Which text.
    owner: int
    place: Clause
    text: str
    #: The n-grams' log odds of anger.
    light: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Anger:
    """How angry a text is, and the sentence alone that made it so."""

    share: float
    angry: bool
    sentence: Because | None = None


class EnsembleAnalyser(Generic[R]):
    """The `ensemble` analyser; see `Analyser`."""

    def __init__(self, deep: Reader[R], light: Analyser, tuning: Tuning, *, model: str) -> None:
        self.model = model
        self._deep = deep
        self._light = light
        self._tuning = tuning

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order; see `Analyser`."""
        deep = self._deep.read(texts)
        light = self._light.analyse(texts)
        found = [self._anger(*one) for one in zip(texts, deep, light, strict=True)]
        found = self._closely(texts, found)
        verdicts = self._deep.verdicts(deep, [anger.angry for anger in found], because=because)
        return [self._together(*one) for one in zip(verdicts, light, found, strict=True)]

    def embeddings(self, texts: Sequence[str]) -> Sequence[tuple[float, ...] | None]:
        """Return what each text is about, in order; see `Understanding`."""
        return self._deep.embeddings(texts)

    def _anger(self, text: str, deep: Reading, light: Analysis) -> _Anger:
        """Return how angry a text is as a whole."""
        share = self._tuning.anger(log_odds(deep.anger), log_odds(light.anger), deep.language)
        return _Anger(share=share, angry=self._tuning.angry(share, deep.language) and bool(text.strip()))

    def _closely(self, texts: Sequence[str], found: Sequence[_Anger]) -> list[_Anger]:
        """Return the angers after a look at each sentence: what is said calmly around an insult must not hide it."""
        closely = list(found)
        sentences = self._sentences([(owner, text) for owner, text in enumerate(texts) if not found[owner].angry])
        # The n-grams have read every sentence; the encoder reads those that can become angry enough.
        deep = self._deep.read([one.text for one in sentences])
        for one, read in zip(sentences, deep, strict=True):
            share = self._tuning.anger(min(log_odds(read.anger), SUREST), one.light, read.language)
            before = closely[one.owner]
            if share >= CLOSE_THRESHOLD and (before.sentence is None or share > before.share):
                because = Because(start=one.place.start, end=one.place.end, text=one.text)
                closely[one.owner] = _Anger(share=share, angry=True, sentence=because)
        return closely

    def _sentences(self, texts: Sequence[tuple[int, str]]) -> list[_Sentence]:
        """Return the sentences of numbered texts that can become angry enough, of each text the angriest first."""
        places = [(owner, text, part) for owner, text in texts for part in _parts(text)]
        said = [text[part.start : part.end] for _, text, part in places]
        found = []
        for (owner, _, part), text, light in zip(places, said, self._light.analyse(said), strict=True):
            odds = log_odds(light.anger)
            if self._tuning.anger(SUREST, odds, light.language) >= CLOSE_THRESHOLD:
                found.append(_Sentence(owner=owner, place=part, text=text, light=odds))
        found.sort(key=lambda one: (one.owner, -one.light))
        return [one for _, own in groupby(found, lambda one: one.owner) for one in islice(own, CLOSEST)]

    def _together(self, deep: Analysis, light: Analysis, anger: _Anger) -> Analysis:
        negative, neutral, positive = self._tuning.sentiment(deep, light)
        return replace(
            deep,
            negative=negative,
            neutral=neutral,
            positive=positive,
            anger=anger.share,
            because=deep.because if anger.sentence is None else (anger.sentence,),
            model=self.model,
        )


def _parts(text: str) -> list[Clause]:
    """Return the sentences of a text; none where there is only one."""
    parts = sentences(text)
    return parts if len(parts) > 1 else []


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
    deep = cast("Reader[Reading]", import_module("analysis.encoder").shipped())
    light = cast("Analyser", import_module("analysis.ngram").shipped())
    return EnsembleAnalyser(deep, light, tuning, model=name)
