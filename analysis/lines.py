"""The loop behind `earshot analyse`: JSON Lines in, one verdict per line out, in the same order.

A head the model does not have is null (`causes` too, not [], which would say that nothing is blamed): the `ngram` model
has no `kind`, `churn`, `recommend`, `stage`, `severity`, `purpose` and `causes`.
"""

import json
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from analysis.types import Analyser, Analysis, Because, Sentiment

#: A batch closes at so many lines or bytes, whichever comes first: memory stays the same however long the file.
_BATCH_LINES = 256
_BATCH_BYTES = 1 << 20
_DECIMALS = 6
_EMBEDDING_DECIMALS = 4
#: Below this the text is not clear enough to contradict its stars.
_CLEAR = 0.6
_HIGH_RATING = 0.8
_LOW_RATING = 0.4
#: A bare number of stars is out of the smallest of these that holds it.
_SCALES = (5, 10, 100)

JsonObject = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """One line as read: either a text to judge or an error to report."""

    id: object = None
    has_id: bool = False
    text: str = ""
    #: Share of the best rating, 0 to 1.
    rating: float | None = None
    error: str | None = None


def _number(given: object) -> float | None:
    """Return a finite number, None for anything else."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        value = float(given)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _rating(given: object) -> float | None:
    """Return a rating as a share of the best; None where there is none or it makes no sense."""
    if isinstance(given, Mapping):
        value, scale = _number(given.get("value")), _number(given.get("scale"))
    else:
        value = _number(given)
        scale = next((float(most) for most in _SCALES if value is not None and value <= most), None)
    if value is None or scale is None or not 0 <= value <= scale or scale == 0:
        return None
    return value / scale


def _read(line: bytes) -> _Line:
    """Return what one line asks for."""
    try:
        read = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _Line(error="not UTF-8")
    except RecursionError:
        return _Line(error="not JSON: nested too deeply")
    except ValueError as error:
        return _Line(error=f"not JSON: {error if line.strip() else 'an empty line'}")
    if not isinstance(read, Mapping):
        return _Line(error='not a JSON object; write {"id": …, "text": …}')
    text = read.get("text")
    if not isinstance(text, str):
        return _Line(id=read.get("id"), has_id="id" in read, error="no string `text`")
    return _Line(id=read.get("id"), has_id="id" in read, text=text, rating=_rating(read.get("rating")))


def rating_conflict(analysis: Analysis, rating: float | None) -> bool | None:
    """Return whether stars (as a share of the best) and text clearly disagree: at least 0.8 with a clearly negative
    text, or at most 0.4 with a clearly positive one. None without a rating."""
    if rating is None:
        return None
    match analysis.label:
        case Sentiment.NEGATIVE:
            return rating >= _HIGH_RATING and analysis.negative >= _CLEAR
        case Sentiment.POSITIVE:
            return rating <= _LOW_RATING and analysis.positive >= _CLEAR
        case Sentiment.NEUTRAL:
            return False


def _because(spans: tuple[Because, ...] | None) -> list[JsonObject] | None:
    """Return the spans as JSON values."""
    if spans is None:
        return None
    return [{"start": span.start, "end": span.end, "text": span.text} for span in spans]


def _causes(analysis: Analysis) -> list[JsonObject] | None:
    """Return the causes as JSON values."""
    if analysis.causes is None:
        return None
    return [
        {"cause": one.cause, "label": str(one.label), "p": _share(one.p), "because": _because(one.because)}
        for one in analysis.causes
    ]


def _embedding(numbers: tuple[float, ...] | None) -> list[float] | None:
    """Return an embedding as it is written."""
    return None if numbers is None else [round(number, _EMBEDDING_DECIMALS) for number in numbers]


def _share(probability: float | None) -> float | None:
    """Return a probability as it is written."""
    return None if probability is None else round(probability, _DECIMALS)


def _shares(probabilities: Mapping[str, float] | None) -> JsonObject | None:
    """Return probabilities as they are written: the greatest takes what rounding leaves, so that they sum to 1."""
    if probabilities is None:
        return None
    written = {name: round(probability, _DECIMALS) for name, probability in probabilities.items()}
    greatest = max(written, key=lambda name: written[name])
    rest = sum(share for name, share in written.items() if name != greatest)
    return {**written, greatest: max(0.0, round(1 - rest, _DECIMALS))}


def verdict(analysis: Analysis, rating: float | None = None) -> JsonObject:
    """Return an analysis as the JSON object outsiders rely on, without the id."""
    negative, neutral = round(analysis.negative, _DECIMALS), round(analysis.neutral, _DECIMALS)
    positive = max(0.0, round(1 - negative - neutral, _DECIMALS))
    return {
        "language": analysis.language,
        "sentiment": {"negative": negative, "neutral": neutral, "positive": positive},
        "label": str(analysis.label),
        "anger": round(analysis.anger, _DECIMALS),
        "anger_level": analysis.anger_level,
        "angry": analysis.angry,
        "kind": _shares(analysis.kind),
        "churn": _share(analysis.churn),
        "recommend": _share(analysis.recommend),
        "stage": _shares(analysis.stage),
        "severity": _share(analysis.severity),
        "purpose": _shares(analysis.purpose),
        "causes": _causes(analysis),
        "because": _because(analysis.because),
        "rating_conflict": rating_conflict(analysis, rating),
        "model": analysis.model,
    }


def _written(values: JsonObject) -> bytes:
    """Return one line of JSON; lone surrogates are escaped, and what JSON cannot say in an id becomes null."""
    try:
        return json.dumps(values, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(values, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return _written({**values, "id": None})


def _answers(lines: list[bytes], analyser: Analyser, because: bool, embed: bool) -> list[bytes]:
    """Return one line of output for each line of input."""
    read = [_read(line) for line in lines]
    analyses = iter(analyser.analyse([line.text for line in read if line.error is None], because=because))
    answers = []
    for line in read:
        if line.error is None:
            analysis = next(analyses)
            embedding = {"embedding": _embedding(analysis.embedding)} if embed else {}
            answers.append(_written({"id": line.id, **verdict(analysis, line.rating), **embedding}))
        else:
            answers.append(_written({**({"id": line.id} if line.has_id else {}), "error": line.error}))
    return answers


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines in batches."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if len(batch) == _BATCH_LINES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def analyse_lines(
    lines: Iterable[bytes], analyser: Analyser, *, because: bool = False, embed: bool = False, threads: int = 1
) -> Iterator[bytes]:
    """Yield one line of JSON, without its line end, per line of `lines`, in order, with the embedding where `embed`. At
    most 2 × `threads` batches are in memory. Raises AnalysisError where the model fails; a bad line is answered by
    `{"error": …}`."""
    waiting: deque[Future[list[bytes]]] = deque()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for batch in _batches(lines):
            waiting.append(pool.submit(_answers, batch, analyser, because, embed))
            if len(waiting) >= 2 * threads:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
