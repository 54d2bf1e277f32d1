"""Writes analysis/model/SCORES.md and calibration.svg: how good what ships is, measured anew.

    python -m analysis.training.report --corpus FOLDER --hard tests/quality/hard.jsonl

Intervals are the middle 95 % of bootstrap resamples. Needs nothing of the extra `train`.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vl_convert
from numpy.typing import NDArray

from analysis import metrics
from analysis.heads import CAUSES, HEADS, SENTIMENTS
from analysis.training.corpus import LANGUAGES
from analysis.training.judging import Found, customers, dev, hard, judged
from analysis.training.readings import Reading
from analysis.types import Analysis

_FOLDER = Path(__file__).parents[1] / "model"
_RESAMPLES = 200
_SEED = 20261125
_FEWEST_OF_A_SOURCE = 25
_BINS = 10
_PLACES = {
    axis: {"field": name, "type": "quantitative", "scale": {"domain": [0, 1]}}
    for axis, name in (("x", "said"), ("y", "came true"))
}

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("0.", ".", 1) if value < 1 else "1"


def interval(score: Callable[[NDArray[np.intp]], float | None], size: int) -> str:
    """Return a score of all texts with its interval; `score` takes the places of those to count."""
    chance = np.random.default_rng(_SEED)
    drawn = [score(chance.integers(0, size, size)) for _ in range(_RESAMPLES)]
    known = [value for value in drawn if value is not None]
    whole = _shown(score(np.arange(size)))
    if not known:
        return whole
    low, high = np.quantile(known, (0.025, 0.975))
    return f"{whole} ({_shown(float(low))} to {_shown(float(high))})"


def _classes(found: Found) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return true and found sentiment, and the probability of the found one."""
    truth = np.array([SENTIMENTS.index(str(one.sentiment)) for one in found.truths], dtype=np.intp)
    guess = np.array([SENTIMENTS.index(str(one.label)) for one in found.verdicts], dtype=np.intp)
    sure = np.array([max(one.negative, one.neutral, one.positive) for one in found.verdicts])
    return truth, guess, sure


def _sentiment(found: Found) -> list[str]:
    """Return cells: texts, macro-F1 with its interval, calibration error."""
    chosen = found.where(lambda truth: truth.sentiment is not None)
    if not chosen.truths:
        return ["0", "–", "–"]
    truth, guess, sure = _classes(chosen)
    error = metrics.calibration_error(truth == guess, sure).value
    macro = interval(lambda places: metrics.macro_f1(truth[places], guess[places]), len(truth))
    return [str(len(truth)), macro, f"{error:.3f}"]


def _anger(found: Found) -> list[str]:
    """Return cells: angry of texts, AUC, AP with its interval, precision, recall, calibration error."""
    chosen = found.where(lambda truth: truth.angry is not None)
    if not any(truth.angry for truth in chosen.truths):
        return ["0", *["–"] * 5]
    truth = np.array([bool(one.angry) for one in chosen.truths])
    share = np.array([one.anger for one in chosen.verdicts])
    flagged = np.array([one.angry for one in chosen.verdicts])
    ap = interval(lambda places: metrics.average_precision(truth[places], share[places]), len(truth))
    return [
        f"{int(truth.sum())} / {len(truth)}",
        _shown(metrics.auc(truth, share)),
        ap,
        interval(lambda places: metrics.precision(truth[places], flagged[places]), len(truth)),
        interval(lambda places: metrics.recall(truth[places], flagged[places]), len(truth)),
        f"{metrics.calibration_error(truth, share).value:.3f}",
    ]


def table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    made = [heading, ["---"] * len(heading), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in made)


def both(found: Mapping[str, Found]) -> str:
    """Return sentiment and anger of each language by each analyser."""
    heading = ["", "analyser", "texts", "macro-F1 of sentiment", "calibration error"]
    heading += ["angry", "AUC", "AP of anger", "precision", "recall", "calibration error"]
    lines = []
    for language in LANGUAGES:
        for name, judgement in found.items():
            own = judgement.where(lambda truth, tag=language: truth.language == tag)  # type: ignore[misc]
            lines.append([language, name, *_sentiment(own), *_anger(own)])
    return table(heading, lines)


def by_source(found: Found) -> str:
    """Return sentiment and anger by source."""
    groups: defaultdict[tuple[str, str], int] = defaultdict(int)
    for truth in found.truths:
        groups[truth.language, truth.source] += 1
    lines = []
    for (language, source), count in sorted(groups.items()):
        if count >= _FEWEST_OF_A_SOURCE:
            own = found.where(lambda truth, of=(language, source): (truth.language, truth.source) == of)  # type: ignore[misc]
            angry = _anger(own)
            lines.append([language, source, *_sentiment(own), angry[0], angry[1], angry[2]])
    return table(
        ["", "source", "texts", "macro-F1 of sentiment", "calibration error", "angry", "AUC", "AP of anger"], lines
    )


def _choice(found: Found, head: str, of: Callable[[Reading], object], said: Callable[[Analysis], object]) -> str:
    """Return the macro-F1 of a head that is one of several."""
    values = HEADS[head].values
    truth = np.array([values.index(str(of(one.reading))) for one in found.truths if one.reading], dtype=np.intp)
    guess = np.array([values.index(str(said(one))) for one in found.verdicts], dtype=np.intp)
    return interval(lambda places: metrics.macro_f1(truth[places], guess[places]), len(truth))


def _likeliest(shares: Mapping[str, float] | None) -> str:
    return max(shares or {"": 0.0}, key=lambda name: (shares or {}).get(name, 0.0))


def _flag(found: Found, of: Callable[[Reading], bool], said: Callable[[Analysis], float | None]) -> str:
    """Return the average precision of a head that says yes or no, and how many texts are yes."""
    truth = np.array([of(one.reading) for one in found.truths if one.reading])
    share = np.array([said(one) or 0.0 for one in found.verdicts])
    return f"{_shown(metrics.average_precision(truth, share))} ({int(truth.sum())})"


def _causes(found: Found) -> str:
    """Return the micro-F1 of named causes."""
    named = np.array([[cause in one.reading.causes for cause in CAUSES] for one in found.truths if one.reading])
    said = [{cause.cause for cause in one.causes or ()} for one in found.verdicts]
    guess = np.array([[cause in one for cause in CAUSES] for one in said])
    both_of = (named & guess).sum()
    return _shown(float(2 * both_of / max(1, named.sum() + guess.sum())))


def heads(found: Found) -> str:
    """Return the other heads on texts with full labels."""
    lines = []
    for language in LANGUAGES:
        own = found.where(lambda truth, tag=language: truth.language == tag)  # type: ignore[misc]
        level = [truth.reading.anger == one.anger_level for truth, one in _read(own)]
        severe = np.array([bool(truth.reading.severity) for truth, _ in _read(own)])
        harm = np.array([one.severity or 0.0 for one in own.verdicts])
        lines.append(
            [
                language,
                _shown(float(np.mean(level))),
                _choice(own, "kind", lambda one: one.kind, lambda one: _likeliest(one.kind)),
                _flag(own, lambda one: one.churn, lambda one: one.churn),
                _flag(own, lambda one: one.recommend, lambda one: one.recommend),
                _causes(own),
                _choice(own, "stage", lambda one: one.stage, lambda one: _likeliest(one.stage)),
                _choice(own, "purpose", lambda one: one.purpose, lambda one: _likeliest(one.purpose)),
                _shown(metrics.auc(severe, harm)),
            ]
        )
    heading = ["", "anger level: accuracy", "kind: macro-F1", "churn: AP (texts)", "recommend: AP (texts)"]
    heading += ["causes: micro-F1", "stage: macro-F1", "purpose: macro-F1", "severity above 0: AUC"]
    return table(heading, lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """A labelled text that was read in full."""

    reading: Reading


def _read(found: Found) -> list[tuple[_Read, Analysis]]:
    return [
        (_Read(reading=truth.reading), verdict)
        for truth, verdict in zip(found.truths, found.verdicts, strict=True)
        if truth.reading is not None
    ]


def _points(share: Floats, came_true: Flags, language: str, what: str) -> list[dict[str, object]]:
    """Return, for each tenth of probability, the mean said and the share that came true."""
    bins = np.minimum((share * _BINS).astype(int), _BINS - 1)
    return [
        {
            "language": language,
            "what": what,
            "said": float(share[bins == place].mean()),
            "came true": float(came_true[bins == place].mean()),
            "texts": int((bins == place).sum()),
        }
        for place in range(_BINS)
        if (bins == place).any()
    ]


def plot(found: Found) -> str:
    """Return the calibration of anger and sentiment as SVG."""
    points: list[dict[str, object]] = []
    for language in LANGUAGES:
        own = found.where(lambda truth, tag=language: truth.language == tag)  # type: ignore[misc]
        truth, guess, sure = _classes(own)
        points += _points(sure, truth == guess, language, "sentiment")
        angry = np.array([bool(one.angry) for one in own.truths])
        points += _points(np.array([one.anger for one in own.verdicts]), angry, language, "anger")
    spec = {
        "data": {"values": points},
        "facet": {"row": {"field": "what"}, "column": {"field": "language"}},
        "spec": {
            "width": 150,
            "height": 150,
            "layer": [
                {
                    "data": {"values": [{"said": 0, "came true": 0}, {"said": 1, "came true": 1}]},
                    "mark": {"type": "line", "color": "#999", "strokeDash": [4, 4]},
                    "encoding": _PLACES,
                },
                {"mark": {"type": "line", "color": "#345"}, "encoding": _PLACES},
                {
                    "mark": {"type": "circle", "color": "#345"},
                    "encoding": {**_PLACES, "size": {"field": "texts", "type": "quantitative"}},
                },
            ],
        },
    }
    return str(vl_convert.vegalite_to_svg(spec))


def report(corpus: Path, sentences: Path) -> tuple[str, str]:
    """Return the page of scores and the plot."""
    known = {"customers": customers(corpus), "hard": hard(sentences), "dev": dev(corpus)}
    found = {part: judged(truths) for part, truths in known.items()}
    names = " and ".join(sorted({one.verdicts[0].model for one in found["hard"].values()}))
    page = f"""# Scores

Of {names}, written by `python -m analysis.training.report`. In brackets: the middle 95 % of {_RESAMPLES} bootstrap
resamples. *Calibration error*: mean distance between probability and what came true.

## Customers' texts with our full labels, held back

{both(found["customers"])}

By source, `ensemble`:

{by_source(found["customers"]["ensemble"])}

The other heads, which are the encoder's:

{heads(found["customers"]["encoder"])}

![calibration on these texts](calibration.svg)

## Our own hard sentences

{both(found["hard"])}

## Dev files, labels of the sources, every licence

Anger there is that of general talk and headlines, and in Thai there is next to none.

{both(found["dev"])}

By source, `ensemble`:

{by_source(found["dev"]["ensemble"])}
"""
    return page, plot(found["customers"]["ensemble"])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--hard", type=Path, required=True)
    parser.add_argument("--into", type=Path, default=_FOLDER)
    given = parser.parse_args()
    page, picture = report(given.corpus, given.hard)
    (given.into / "SCORES.md").write_text(page, "utf-8")
    (given.into / "calibration.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    main()
