"""What makes a post be about a brand, and what makes it the brand's own.

(its query, or an alias, or without a query its name), near none of the excluded words;
an alias or the name only where one of the context words stands in the same post, if there are any.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.errors import BrandError, QueryError
from alerts.folding import fold
from alerts.query import AT_THE_DOOR, Query, parse
from alerts.query_nodes import All, Either, Node, Without, Word
from alerts.types import BrandId

MOST_NAMES = 300
MOST_NAME_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandTerms:
    """How a brand is spoken of."""

    name: str
    #: In the query language; without one the name itself is looked for.
    query: str | None = None
    #: Other names, in any script.
    aliases: tuple[str, ...] = ()
    #: For names that are common words: one of these must stand in the same post.
    context: tuple[str, ...] = ()
    #: Posts with one of these are about something else.
    exclude: tuple[str, ...] = ()
    #: Ids, names or addresses of authors, or sites, that speak for the brand.
    own_accounts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchedBrand:
    """A brand that posts are matched against."""

    id: BrandId
    terms: BrandTerms


def query_of(terms: BrandTerms) -> Query:
    """Return the query that finds posts about a brand. Raises BrandError, naming the field."""
    ways: list[Node] = []
    if terms.query:
        ways.append(_asked(terms.query))
    aliases = _words("aliases", terms.aliases)
    # A name of signs alone («!») is no word to look for.
    named = aliases if terms.query or not _has_letters(terms.name) else (*_words("name", [terms.name]), *aliases)
    if named:
        names = Either(parts=named)
        context = _words("context", terms.context)
        ways.append(All(parts=(names, Either(parts=context))) if context else names)
    about = Either(parts=tuple(ways))
    excluded = _words("exclude", terms.exclude)
    root = All(parts=(about, Without(part=Either(parts=excluded)))) if excluded else about
    return Query(text=terms.query or "", root=root)


def check(terms: BrandTerms) -> None:
    """Raise BrandError, naming field and remedy, where a brand cannot be looked for so."""
    query_of(terms)
    _check_number("own_accounts", terms.own_accounts, "name the sites they write at instead")
    own_accounts_of(terms)


def _asked(text: str) -> Node:
    try:
        query = parse(text, fields=AT_THE_DOOR)
    except QueryError as error:
        raise BrandError("query", str(error), position=error.position) from error
    if not query.is_anchored:
        raise BrandError("query", "it only excludes, and so almost everything matches; add a word that must be there")
    return query.root


def _words(field: str, given: Sequence[str]) -> tuple[Word, ...]:
    """Return names as words to look for. Raises BrandError."""
    _check_number(field, given, "use prefix* in the query instead")
    return tuple(Word(written=one, folded=_folded(field, one)) for one in given)


def _check_number(field: str, given: Sequence[str], remedy: str) -> None:
    if len(given) > MOST_NAMES:
        raise BrandError(field, f"has over {MOST_NAMES} entries; {remedy}")


def _folded(field: str, given: str) -> str:
    folded = fold(given).strip()
    if not _has_letters(folded) or len(given) > MOST_NAME_CHARACTERS:
        raise BrandError(field, f"{given[:40]!r} has no letters, or over {MOST_NAME_CHARACTERS}; correct or remove it")
    return folded


def _has_letters(words: str) -> bool:
    return any(letter.isalnum() for letter in words)


def own_accounts_of(terms: BrandTerms) -> frozenset[str]:
    """Return the brand's own accounts in the form of `account`. Raises BrandError."""
    return frozenset(account(one) for one in terms.own_accounts if _folded("own_accounts", one))


def account(given: str) -> str:
    """Return an author's id, name or address, or a site, in the form in which they are compared."""
    plain = fold(given).strip().removeprefix("https://").removeprefix("http://").removeprefix("www.")
    return plain.removeprefix("@").rstrip("/")
