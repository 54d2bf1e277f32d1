"""What a verdict says beyond its mood, line by line; nothing where the model has no such head."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.store.mention import StoredMention
from service.web import verdict_words
from service.web.reader import Reader

#: Likelier than this, or not worth a line.
_LIKELY = 0.35


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing a verdict says."""

    name: str
    value: str


def lines(mention: StoredMention, reader: Reader) -> list[Line]:
    """Return what the model says of kind, wish, severity and leaving."""
    _, verdict = reader.words.gettext, mention.verdict
    if verdict is None:
        return []
    found = [
        (_("What it is"), _likeliest(verdict.kind, verdict_words.kinds(reader), reader)),
        (_("Wants"), _likeliest(verdict.purpose, verdict_words.purposes(reader), reader)),
        (_("Severity"), None if verdict.severity is None else reader.percent(verdict.severity)),
        (_("Likely to leave"), None if verdict.churn is None else reader.percent(verdict.churn)),
    ]
    return [Line(name=name, value=value) for name, value in found if value]


def _likeliest(shares: Mapping[str, float] | None, names: Mapping[str, str], reader: Reader) -> str | None:
    if not shares:
        return None
    best = max(shares, key=lambda one: shares[one])
    return f"{names.get(best, best)} ({reader.percent(shares[best])})" if shares[best] >= _LIKELY else None
