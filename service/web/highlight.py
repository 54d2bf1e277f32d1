"""The words a verdict was read from, found again in title and text."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerts.query import Found
from alerts.query_nodes import Field
from collectors.types import whole_text
from service.store.mention import StoredMention

#: One span as the store gives it: start, end, text.
Span = Mapping[str, int | str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of words, marked or not."""

    text: str
    marked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A mention's title and text, cut into pieces. No title where the text begins with it."""

    title: Sequence[Piece]
    text: Sequence[Piece]


def marked_words(title: str, text: str, because: Iterable[Span] | None) -> Words:
    """Return the words with the spans marked; put together, the pieces are the words again."""
    judged = whole_text(title, text)
    border = 0 if judged == text else len(title)
    marks = _merged(found for span in because or () if (found := _find(judged, span)))
    # Between title and text the judged words have a line end that neither shows.
    body = border + 1 if border and text else border
    return Words(title=_cut(judged[:border], 0, marks), text=_cut(judged[body:], body, marks))


def spans_of(found: Iterable[Found], mention: StoredMention) -> list[Span]:
    """Return words found in title and text as spans of the judged words."""
    judged = whole_text(mention.title, mention.text)
    has_title = judged != mention.text
    behind = len(mention.title) + 1 if has_title and mention.text else 0
    return [
        {"start": one.start + (behind if one.field == Field.TEXT else 0), "end": one.end, "text": one.text}
        for one in found
        if one.field == Field.TEXT or (one.field == Field.TITLE and has_title)
    ]


def excerpt(whole: Sequence[Piece], limit: int) -> Sequence[Piece]:
    """Return about `limit` characters, beginning early enough to show the first mark; … where words are left out."""
    words = "".join(piece.text for piece in whole)
    if len(words) <= limit:
        return whole
    first = next((at for at, piece in _placed(whole) if piece.marked), 0)
    start = _between_letters(words, min(first - limit // 4, len(words) - limit)) if first > limit * 3 // 4 else 0
    end = _between_letters(words, start + limit)
    head = [Piece(text="…")] if start > 0 else []
    tail = [Piece(text="…")] if end < len(words) else []
    return [*head, *_slice(whole, start, end), *tail]


def _find(words: str, span: Span) -> tuple[int, int] | None:
    """Return where the span's text is: at its place, else at the nearest place that reads the same."""
    start, text = int(span.get("start", 0)), str(span.get("text", ""))
    if not text:
        return None
    if words[start : start + len(text)] == text:
        return start, start + len(text)
    found = [at for at in (words.find(text, start), words.rfind(text, 0, start + len(text))) if at >= 0]
    if not found:
        return None
    nearest = min(found, key=lambda at: abs(at - start))
    return nearest, nearest + len(text)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut(part: str, offset: int, marks: Iterable[tuple[int, int]]) -> list[Piece]:
    """Return the part, which begins at `offset` of the judged words, cut at the marks."""
    cut: list[Piece] = []
    at = 0
    for start, end in marks:
        begin, stop = max(start - offset, at), min(end - offset, len(part))
        if begin >= stop:
            continue
        if begin > at:
            cut.append(Piece(text=part[at:begin]))
        cut.append(Piece(text=part[begin:stop], marked=True))
        at = stop
    if at < len(part):
        cut.append(Piece(text=part[at:]))
    return cut


def _placed(whole: Iterable[Piece]) -> Iterable[tuple[int, Piece]]:
    at = 0
    for piece in whole:
        yield at, piece
        at += len(piece.text)


def _slice(whole: Iterable[Piece], start: int, end: int) -> Iterable[Piece]:
    for at, piece in _placed(whole):
        text = piece.text[max(start - at, 0) : max(end - at, 0)]
        if text:
            yield Piece(text=text, marked=piece.marked)


def _between_letters(words: str, at: int) -> int:
    """Return the place, moved back where it would tear a vowel or tone mark from its letter."""
    while 0 < at < len(words) and unicodedata.category(words[at]) in ("Mn", "Mc", "Me"):
        at -= 1
    return at
