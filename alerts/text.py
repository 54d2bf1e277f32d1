"""Makes foreign text harmless where it is going: a header, a body, a link. Any string is answered, none is refused.

A post may legally hold what an e-mail may not: line ends of seven kinds, lone surrogates, NUL, and the bidirectional
controls that turn the rest of a line around. `EmailMessage` raises on some of these, and a message that raises is a
message nobody gets.
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

#: Embeddings, overrides and isolates: they can make a line read as something else. Marks (U+200E, U+200F) stay.
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_DROPPED = dict.fromkeys(map(ord, f"{_TURNING}\ufeff"))
_LINE_END = re.compile(r"\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
#: A reader of mail would decode «=?utf-8?q?…?=» into whatever it hides.
_ENCODED_WORD = re.compile(r"=(?=\?)")
_JOINER = "\u200d"
_MOST_LINK = 2000


def body(text: str) -> str:
    """Return the text with plain line ends and nothing that breaks or turns it."""
    text = _SURROGATE.sub("\ufffd", text).translate(_DROPPED)
    return _CONTROL.sub("", _LINE_END.sub("\n", text))


def line(text: str, most: int) -> str:
    """Return one line of at most `most` code points, fit for a header; cut between characters as people see them."""
    # A post may be a megabyte; its first line is all that is looked at.
    text = text.lstrip()[: most * 20 + 200]
    flat = " ".join(_ENCODED_WORD.sub("= ", body(text)).replace("\u200e", "").replace("\u200f", "").split())
    return shortened(flat, most)


def shortened(text: str, most: int) -> str:
    """Return the text, or its beginning with «…» in at most `most` code points."""
    if len(text) <= most:
        return text
    end = most - 1
    while end > 0 and _belongs_to_the_one_before(text[end], text[end - 1]):
        end -= 1
    return f"{text[:end].rstrip()}…"


def link(url: str | None) -> str | None:
    """Return an address that is safe to click: http or https, in ASCII; None for anything else."""
    if url is None or len(url) > _MOST_LINK or body(url) != url:
        return None
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = parts.port
    except ValueError:
        return None
    # A name before the host («https://bank.example@evil.example») is there to deceive.
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[A-Za-z0-9.:_-]+", host) or parts.username:
        return None
    place = f"[{host}]" if ":" in host else host
    rest = (quote(part, safe="/:?@!$&'()*+,;=%~-._[]") for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, place if port is None else f"{place}:{port}", *rest))


def is_tag(language: str) -> bool:
    """Whether this can stand as the language of words: a BCP 47 tag, and not «und»."""
    return language != "und" and re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", language) is not None


def _belongs_to_the_one_before(char: str, before: str) -> bool:
    """Whether cutting between the two would tear a character: a Thai vowel or tone mark, a joined emoji."""
    is_modifier = "\U0001f3fb" <= char <= "\U0001f3ff"
    return unicodedata.category(char) in ("Mn", "Mc", "Me") or is_modifier or _JOINER in (char, before)
