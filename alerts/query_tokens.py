"""Cuts a query into words, phrases, operators and brackets; each knows where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from alerts.errors import Mistake, QueryError

#: Operators are understood in any width; each stands for one character, so that places stay.
_PLAIN = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        **dict.fromkeys("“”„‟«»「」『』〝〞", '"'),
        "\u3000": " ",
    }
)
_OPERATORS = frozenset({"AND", "OR", "NOT"})


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    PHRASE = auto()
    #: A field's name with its colon.
    FIELD = auto()
    OPEN = auto()
    CLOSE = auto()
    MINUS = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    NEAR = auto()
    END = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """One piece of a query."""

    kind: Kind
    #: Words without marks and escapes; a field's name; the number of NEAR.
    text: str
    #: Where it begins and ends in the query, in code points.
    start: int
    end: int
    #: Whether a * follows the words.
    prefix: bool = False


class _Reader:
    def __init__(self, query: str) -> None:
        self.query = query
        self.plain = query.translate(_PLAIN)
        self.at = 0

    def token(self) -> Token:
        while self.at < len(self.plain) and self.plain[self.at].isspace():
            self.at += 1
        if self.at == len(self.plain):
            return Token(kind=Kind.END, text="", start=self.at, end=self.at)
        match self.plain[self.at]:
            case "(":
                return self._sign(Kind.OPEN)
            case ")":
                return self._sign(Kind.CLOSE)
            case '"':
                return self._phrase()
            case "-" if self._begins_something(self.at + 1):
                return self._sign(Kind.MINUS)
            case _:
                return self._word()

    def _sign(self, kind: Kind) -> Token:
        self.at += 1
        return Token(kind=kind, text="", start=self.at - 1, end=self.at)

    def _begins_something(self, at: int) -> bool:
        return at < len(self.plain) and not self.plain[at].isspace() and self.plain[at] not in ")-"

    def _phrase(self) -> Token:
        start = self.at
        self.at += 1
        words: list[str] = []
        while self.at < len(self.plain) and self.plain[self.at] != '"':
            words.append(self._character())
        if self.at == len(self.plain):
            raise QueryError(
                Mistake.QUOTATION,
                start,
                'this quotation mark is never closed; add one, or write \\" for the sign itself',
            )
        self.at += 1
        prefix = self.plain.startswith("*", self.at)
        self.at += prefix
        return Token(kind=Kind.PHRASE, text="".join(words), start=start, end=self.at, prefix=prefix)

    def _character(self) -> str:
        """Return the next character, an escaped one without its backslash."""
        if self.plain[self.at] == "\\":
            self.at += 1
            if self.at == len(self.plain):
                raise QueryError(
                    Mistake.ESCAPE, self.at - 1, "nothing follows the backslash; write \\\\ for the sign itself"
                )
        self.at += 1
        return self.query[self.at - 1]

    def _word(self) -> Token:
        start, escaped = self.at, False
        words: list[str] = []
        while self.at < len(self.plain) and not self._ends_word():
            sign = self.plain[self.at]
            if sign == ":" and not escaped and self._names_field(start):
                self.at += 1
                return Token(kind=Kind.FIELD, text=self.plain[start : self.at - 1], start=start, end=self.at)
            if sign == "*":
                return self._starred(words, start)
            escaped = escaped or sign == "\\"
            words.append(self._character())
        plain = self.plain[start : self.at]
        if not escaped and plain in _OPERATORS:
            return Token(kind=Kind[plain], text=plain, start=start, end=self.at)
        if not escaped and (plain == "NEAR" or plain.startswith("NEAR/")):
            return Token(kind=Kind.NEAR, text=plain.removeprefix("NEAR").removeprefix("/"), start=start, end=self.at)
        return Token(kind=Kind.WORD, text="".join(words), start=start, end=self.at)

    def _ends_word(self) -> bool:
        return self.plain[self.at].isspace() or self.plain[self.at] in '()"'

    def _names_field(self, start: int) -> bool:
        """Whether what stands before this colon is a field's name with a value behind: 10:30 is none."""
        name = self.plain[start : self.at]
        behind = self.plain[self.at + 1 : self.at + 2]
        return name.isascii() and name.isalpha() and behind not in ("", ")") and not behind.isspace()

    def _starred(self, words: list[str], start: int) -> Token:
        if not words:
            raise QueryError(
                Mistake.STAR, self.at, "* stands at the end of a word, such as refund*; write \\* for the sign itself"
            )
        self.at += 1
        if self.at < len(self.plain) and not self._ends_word():
            raise QueryError(
                Mistake.STAR,
                self.at - 1,
                "* stands only at the end of a word, such as refund*; write \\* for the sign itself",
            )
        return Token(kind=Kind.WORD, text="".join(words), start=start, end=self.at, prefix=True)


def tokens(query: str) -> Iterator[Token]:
    """Yield the pieces of a query, an END last. Raises QueryError."""
    reader = _Reader(query)
    while True:
        token = reader.token()
        yield token
        if token.kind is Kind.END:
            return
