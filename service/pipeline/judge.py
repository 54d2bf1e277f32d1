"""Judges texts without the residue of copying; the words a verdict was read from are those of the text as seen."""

from collections.abc import Sequence
from dataclasses import replace

from alerts.residue import Stripped, stripped
from analysis.types import Analyser, Analysis, Because


def judge(analyser: Analyser, texts: Sequence[str]) -> list[Analysis]:
    """Return one verdict per text, in order. Blocking. Raises AnalysisError."""
    said = [stripped(text) for text in texts]
    verdicts = analyser.analyse([one.text for one in said])
    return [
        _as_seen(verdict, one, text) if one.cuts else verdict
        for verdict, one, text in zip(verdicts, said, texts, strict=True)
    ]


def _as_seen(verdict: Analysis, said: Stripped, text: str) -> Analysis:
    causes = verdict.causes
    return replace(
        verdict,
        because=_spans(verdict.because, said, text),
        causes=None
        if causes is None
        else tuple(replace(cause, because=_spans(cause.because, said, text)) for cause in causes),
    )


def _spans(because: tuple[Because, ...] | None, said: Stripped, text: str) -> tuple[Because, ...] | None:
    if because is None:
        return None
    places = [said.origin(one.start, one.end) for one in because if one.start < one.end]
    return tuple(Because(start=start, end=end, text=text[start:end]) for start, end in places)
