"""Labelled texts: the lines `evaluate` scores against, read from JSON Lines."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from analysis.errors import LabelError
from analysis.types import Sentiment

_SENTIMENTS = {
    "neg": Sentiment.NEGATIVE,
    "neu": Sentiment.NEUTRAL,
    "pos": Sentiment.POSITIVE,
    **{str(sentiment): sentiment for sentiment in Sentiment},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledText:
    """A text and what people said it expresses; a label nobody gave is None."""

    text: str
    #: BCP 47, "und" where the line says nothing.
    language: str = "und"
    sentiment: Sentiment | None = None
    #: True for anger level 2, or for `anger` 1 where only that is given.
    angry: bool | None = None


def _sentiment(given: object, line: int) -> Sentiment | None:
    """Return the sentiment of a label."""
    if given is None:
        return None
    if isinstance(given, str) and given.lower() in _SENTIMENTS:
        return _SENTIMENTS[given.lower()]
    raise LabelError(line, f"sentiment is {given!r}; write one of: {', '.join(_SENTIMENTS)}, or leave it out")


def _whole(given: object, *, field: str, most: int, line: int) -> int | None:
    """Return a label counted from 0 to `most`."""
    if given is None:
        return None
    if isinstance(given, bool | int | float) and given in range(most + 1):
        return int(given)
    raise LabelError(line, f"{field} is {given!r}; write a whole number from 0 to {most}, or leave it out")


def _row(read: object, line: int) -> LabelledText:
    """Return the labelled text of one parsed line."""
    if not isinstance(read, Mapping):
        raise LabelError(line, 'not a JSON object; write {"text": …, "sentiment": …, "lang": …}')
    text, lang = read.get("text"), read.get("lang", read.get("language"))
    if not isinstance(text, str):
        raise LabelError(line, "no string `text`; every line needs one")
    if not isinstance(lang, str | None):
        raise LabelError(line, f"lang is {lang!r}; write a tag such as zh-Hant, zh-Hans, th or en")
    level = _whole(read.get("anger_level"), field="anger_level", most=2, line=line)
    anger = _whole(read.get("anger"), field="anger", most=1, line=line) if level is None else None
    return LabelledText(
        text=text,
        language=lang or "und",
        sentiment=_sentiment(read.get("sentiment"), line),
        angry=level == 2 if level is not None else None if anger is None else anger == 1,
    )


def labelled_texts(lines: Iterable[bytes]) -> Iterator[LabelledText]:
    """Yield one labelled text per line that is not blank. Raises LabelError with the line's number and a remedy."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            read = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise LabelError(number, "not UTF-8; save the file as UTF-8") from error
        except (ValueError, RecursionError) as error:
            raise LabelError(number, f"not JSON ({error}); write one JSON object per line") from error
        yield _row(read, number)
