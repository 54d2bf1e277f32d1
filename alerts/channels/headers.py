"""Writes headers that hold any words.

Python's own folding loses spaces between encoded words (cpython issue 92081), so words outside ASCII are encoded here:
RFC 2047, base64, whole characters in each piece.
"""

from base64 import b64encode
from collections.abc import Iterator
from email.headerregistry import AddressHeader
from email.policy import EmailPolicy
from textwrap import wrap

#: 52 base64 characters, 12 around them and the longest name before them stay under the 76 of RFC 2047.
_MOST_BYTES = 39
_LONGEST_PLAIN_WORD = 60


class HeaderPolicy(EmailPolicy):
    """SMTP line ends, seven-bit bodies, and every word kept."""

    def fold(self, name: str, value: str) -> str:
        """Return the header's lines. Words need care in Subject and in the name of an addressee only."""
        if name == "Subject":
            return f"{name}: {encoded(value)}\r\n" if not _is_plain(value) else _wrapped(f"{name}: {value}")
        if isinstance(value, AddressHeader) and len(value.addresses) == 1:
            [address] = value.addresses
            if not _is_plain(address.display_name):
                return f"{name}: {encoded(address.display_name)}\r\n <{address.addr_spec}>\r\n"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return the header's lines, all ASCII."""
        return self.fold(name, value).encode("ascii")


#: Seven-bit bodies, so that no server on the way has a reason to re-encode them.
POLICY = HeaderPolicy(linesep="\r\n", cte_type="7bit")


def encoded(words: str) -> str:
    """Return the words as encoded words, one a line."""
    return "\r\n ".join(f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in _pieces(words))


def _wrapped(row: str) -> str:
    """Return a row of plain words with single spaces between, folded at spaces and never right after the name."""
    return "\r\n ".join(wrap(row, 76, break_long_words=False, break_on_hyphens=False)) + "\r\n"


def _is_plain(words: str) -> bool:
    return words.isascii() and all(len(word) <= _LONGEST_PLAIN_WORD for word in words.split())


def _pieces(words: str) -> Iterator[bytes]:
    piece = b""
    for char in words:
        raw = char.encode("utf-8")
        if len(piece) + len(raw) > _MOST_BYTES:
            yield piece
            piece = b""
        piece += raw
    yield piece
