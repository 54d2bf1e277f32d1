"""The search box: words and "quoted phrases", all of which must be found, each in any way of writing it."""

import re
import unicodedata

from analysis.script import simplified, traditional
from service.store.mention import Term

MOST_TERMS = 16
#: Postgres holds neither.
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
_PIECE = re.compile(r'"([^"]*)"|([^\s"]+)')


def _forms(term: str) -> Term:
    """Return every way of writing a term, each once."""
    plain = unicodedata.normalize("NFKC", term)
    return tuple(dict.fromkeys((term, plain, simplified(plain), traditional(plain))))


def terms_of(query: str) -> tuple[Term, ...]:
    """Return the terms of a query, in order. Raises ValueError with a remedy."""
    if query.count('"') % 2:
        raise ValueError("has a quotation mark without its partner; close it or leave it away")
    found = [" ".join((phrase or word).split()) for phrase, word in _PIECE.findall(query)]
    terms = tuple(_forms(term) for term in dict.fromkeys(found) if term)
    if not terms:
        raise ValueError("has no words; write one, or leave the parameter away")
    if len(terms) > MOST_TERMS:
        raise ValueError(f"has more than {MOST_TERMS} words; use fewer, or a quoted phrase")
    return terms


def storable(text: str) -> str:
    """Return the text without what Postgres cannot hold."""
    return _UNSTORABLE.sub("", text)


def tolerant_terms_of(query: str) -> tuple[Term, ...]:
    """Return the terms of a query as typed into a box: a half-typed quotation is words, and what is too much goes."""
    query = storable(query)
    if query.count('"') % 2:
        query = query.replace('"', " ")
    pieces = [match[0] for match in _PIECE.finditer(query) if match[0].strip('" ')]
    return terms_of(" ".join(pieces[:MOST_TERMS])) if pieces else ()
