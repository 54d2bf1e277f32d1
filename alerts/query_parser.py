"""Reads the query language; every mistake names its place and the remedy.

either  = all { OR all }
all     = near { [AND] near }
near    = one { NEAR/n one }
one     = (NOT | -) one | field: value | "phrase" | word | prefix* | ( either )
"""

import re
from collections.abc import Collection

from alerts.errors import Mistake, QueryError
from alerts.folding import fold, is_spaced
from alerts.query_nodes import (
    All,
    Comparison,
    Either,
    Field,
    Labelled,
    Language,
    Near,
    Node,
    Rated,
    Within,
    Without,
    Word,
)
from alerts.query_tokens import Kind, Token, tokens
from analysis.types import Sentiment

MOST_CHARACTERS = 4000
MOST_WORDS = 500
MOST_DEPTH = 25
MOST_BETWEEN = 100
_RATING = re.compile(r"(<=|>=|=|<|>)?(\d{1,4}(?:\.\d{1,4})?)")
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_WORDS = frozenset({Kind.WORD, Kind.PHRASE})


class _Parser:
    def __init__(self, query: str, fields: Collection[Field]) -> None:
        self._tokens = list(tokens(query))
        self._fields = fields
        self._at = 0
        self._words = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind is not Kind.END
        return token

    def whole(self) -> Node:
        if self._next.kind is Kind.END:
            raise QueryError(Mistake.EMPTY, 0, "there are no words; write one, such as refund")
        node = self._either(0)
        if self._next.kind is Kind.CLOSE:
            raise QueryError(
                Mistake.BRACKET, self._next.start, "this bracket was never opened; remove it, or open it before"
            )
        return node

    def _either(self, depth: int) -> Node:
        parts = [self._all(depth)]
        while self._next.kind is Kind.OR:
            self._take()
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Either(parts=tuple(parts))

    def _all(self, depth: int) -> Node:
        parts = [self._near(depth)]
        while self._next.kind not in (Kind.OR, Kind.CLOSE, Kind.END):
            if self._next.kind is Kind.AND:
                self._take()
            parts.append(self._near(depth))
        return parts[0] if len(parts) == 1 else All(parts=tuple(parts))

    def _near(self, depth: int) -> Node:
        start = self._next.start
        node = self._one(depth)
        while self._next.kind is Kind.NEAR:
            token = self._take()
            within = _between(token)
            behind = self._next.start
            right = self._one(depth)
            for place, side in ((start, node), (behind, right)):
                if not _has_places(side):
                    raise QueryError(
                        Mistake.NEAR,
                        place,
                        "NEAR joins words and phrases only; write title:(a NEAR/5 b) for NEAR in one field",
                    )
            node = Near(left=node, right=right, within=within)
        return node

    def _one(self, depth: int) -> Node:
        token = self._take()
        if depth >= MOST_DEPTH:
            raise QueryError(
                Mistake.SIZE, token.start, f"brackets and NOTs are nested over {MOST_DEPTH} deep; write it flatter"
            )
        match token.kind:
            case Kind.NOT | Kind.MINUS:
                return Without(part=self._one(depth + 1))
            case Kind.OPEN:
                return self._bracketed(token, depth)
            case Kind.FIELD:
                return self._field(token, depth)
            case Kind.WORD | Kind.PHRASE:
                return self._word(token)
            case _:
                raise _misplaced(token)

    def _bracketed(self, opened: Token, depth: int) -> Node:
        if self._next.kind is Kind.CLOSE:
            raise QueryError(
                Mistake.BRACKET, opened.start, "there is nothing in this bracket; write words into it, or remove it"
            )
        node = self._either(depth + 1)
        if self._take().kind is not Kind.CLOSE:
            raise QueryError(
                Mistake.BRACKET, opened.start, "this bracket is never closed; add ) behind what belongs into it"
            )
        return node

    def _word(self, token: Token) -> Word:
        self._words += 1
        if self._words > MOST_WORDS:
            raise QueryError(
                Mistake.SIZE, token.start, f"there are over {MOST_WORDS} words; use fewer, or prefix* for many at once"
            )
        folded = fold(token.text).strip()
        if not folded:
            raise QueryError(
                Mistake.LETTERS, token.start, "there are no letters in this word; write some, or remove it"
            )
        if token.prefix and len(folded) < 2 and is_spaced(folded):
            raise QueryError(
                Mistake.STAR, token.start, "* needs two letters before it at least; write more of the word"
            )
        return Word(written=token.text.strip(), folded=folded, prefix=token.prefix)

    def _field(self, token: Token, depth: int) -> Node:
        known = ", ".join(self._fields)
        try:
            field = Field(token.text.lower())
        except ValueError:
            raise QueryError(
                Mistake.FIELD,
                token.start,
                f"there is no field {token.text}; use {known}, or quotation marks around the words",
            ) from None
        if field not in self._fields:
            raise QueryError(Mistake.FIELD, token.start, f"{field} is not known when something comes in; use {known}")
        if field in (Field.LANGUAGE, Field.LABEL, Field.RATING):
            return self._fact(field)
        value = self._one(depth + 1)
        if not _is_of_words(value):
            raise QueryError(Mistake.FIELD, token.start, f"{field}: takes words only, such as {field}:(one OR other)")
        return Within(field=field, part=value)

    def _fact(self, field: Field) -> Node:
        token = self._take()
        if token.kind not in _WORDS:
            raise QueryError(Mistake.FIELD, token.start, f"{field}: takes one value, such as {_EXAMPLES[field]}")
        value = fold(token.text).strip()
        match field:
            case Field.RATING if rated := _RATING.fullmatch(value.replace(" ", "")):
                return Rated(comparison=Comparison(rated[1] or "="), value=float(rated[2]))
            case Field.LANGUAGE if _TAG.fullmatch(value):
                return Language(tag=value)
            case Field.LABEL if value in tuple(Sentiment):
                return Labelled(label=value)
        raise QueryError(
            Mistake.FIELD, token.start, f"{token.text!r} is no {field}; write one such as {_EXAMPLES[field]}"
        )


_EXAMPLES = {
    Field.LANGUAGE: "language:zh-Hant",
    Field.LABEL: "label:negative (or neutral, positive)",
    Field.RATING: "rating:<=2 (of five)",
}


def _between(token: Token) -> int:
    if not (token.text.isascii() and token.text.isdigit()) or int(token.text[:9]) > MOST_BETWEEN:
        raise QueryError(
            Mistake.NEAR,
            token.start,
            f'say how near, such as NEAR/5 (0 to {MOST_BETWEEN}); write "NEAR" for the word itself',
        )
    return int(token.text)


def _misplaced(token: Token) -> QueryError:
    match token.kind:
        case Kind.END:
            return QueryError(
                Mistake.OPERATOR, token.start, "something is missing at the end; write a word, or remove the operator"
            )
        case Kind.CLOSE:
            return QueryError(
                Mistake.OPERATOR, token.start, "something is missing before this bracket; write a word there"
            )
        case _:
            return QueryError(
                Mistake.OPERATOR,
                token.start,
                f'{token.kind.name} stands between two words; write one before it, or "{token.kind.name}" for the word',
            )


def _has_places(node: Node) -> bool:
    """Whether a match of it stands somewhere, so that something can be near."""
    match node:
        case Word() | Near():
            return True
        case Either(parts=parts):
            return all(map(_has_places, parts))
        case _:
            return False


def _is_of_words(node: Node) -> bool:
    match node:
        case Word() | Near():
            return True
        case All(parts=parts) | Either(parts=parts):
            return all(map(_is_of_words, parts))
        case Without(part=part):
            return _is_of_words(part)
        case _:
            return False


def parse_nodes(query: str, fields: Collection[Field]) -> Node:
    """Return what a query is made of. Raises QueryError."""
    if len(query) > MOST_CHARACTERS:
        raise QueryError(Mistake.SIZE, MOST_CHARACTERS, f"the query has over {MOST_CHARACTERS} characters; shorten it")
    return _Parser(query, fields).whole()
