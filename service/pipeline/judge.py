"""Judges texts without the residue of copying; the words a verdict was read from are those of the text as seen.

What a text is about is read again without the brand's names: they stand in every post about it, and would make all of
them alike.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from alerts.residue import Stripped, stripped
from analysis.naming import without
from analysis.types import Analyser, Analysis, Because, Understanding


def judge(analyser: Analyser, texts: Sequence[str], names: Sequence[Collection[str]]) -> list[Analysis]:
    """Return one verdict per text, in order. `names`: what the brand of each text is called. Blocking. Raises
    AnalysisError."""
    said = [stripped(text) for text in texts]
    verdicts = _about(analyser, [one.text for one in said], names)
    return [
        _as_seen(verdict, one, text) if one.cuts else verdict
        for verdict, one, text in zip(verdicts, said, texts, strict=True)
    ]


def _about(analyser: Analyser, texts: Sequence[str], names: Sequence[Collection[str]]) -> list[Analysis]:
    """Return the verdicts, their embeddings those of the texts without the names."""
    verdicts = analyser.analyse(texts)
    if not isinstance(analyser, Understanding):
        return verdicts
    bare = [without(text, own) for text, own in zip(texts, names, strict=True)]
    named = [n for n, text in enumerate(texts) if bare[n] != text]
    for n, embedding in zip(named, analyser.embeddings([bare[n] for n in named]), strict=True):
        verdicts[n] = replace(verdicts[n], embedding=embedding)
    return verdicts


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
