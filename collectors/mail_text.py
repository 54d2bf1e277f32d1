"""The words of an e-mail: headers and bodies in any charset, however wrong, without what is quoted or attached."""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from collectors.charsets import decode
from collectors.text import MAX_BYTES, clean, html_to_text

#: No honest mail has more; each is looked at.
_MAX_PARTS = 200
_MAX_HEADER_CHARS = 20_000
_MAX_HTML_BYTES = 8 * MAX_BYTES
#: A plain part so short beside HTML says «see the HTML part».
_SHORT = 30

_FORWARDED = re.compile(r"\s*(?:fwd?|轉寄|轉發|转发|ส่งต่อ)\s*[:：]", re.IGNORECASE)
_REPLIED = re.compile(
    r"\s*(?:re|回覆|回复|答复|ตอบกลับ|fwd?|轉寄|轉發|转发|ส่งต่อ)\s*(?:\[\d+\])?\s*[:：]\s*", re.IGNORECASE
)
# The line over a quoted mail, as the common programs write it.
_ATTRIBUTION = re.compile(
    r"^\s*>*\s*(?:on\b.{5,200}\bwrote\s*:|.{0,200}(?:寫道|写道|เขียนว่า)\s*[:：]|"
    r"-{2,}\s*(?:original message|原始郵件|原始邮件|ข้อความต้นฉบับ)\s*-{2,}|_{20,})\s*$",
    re.IGNORECASE,
)
_OUTLOOK = re.compile(r"^\s*(?:from|寄件者|发件人|จาก)\s*[:：].*@", re.IGNORECASE)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)


def header(message: Message, name: str) -> str:
    """Return a header as text, nothing where there is none; the first of several."""
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            return _words(str(value)[:_MAX_HEADER_CHARS])
    return ""


def addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """Return the names and addresses of a header."""
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    # Names are decoded after the parts are told apart: an encoded name may hold a comma.
    found = getaddresses([" ".join(raw[:_MAX_HEADER_CHARS].split())])
    return [(_words(shown), clean(_piece(address, None), 320).lower()) for shown, address in found if "@" in address]


def subject(text: str) -> str:
    """Return a subject without the marks that replies and forwarding put before it."""
    for _ in range(5):
        match = _REPLIED.match(text)
        if not match:
            break
        text = text[match.end() :]
    return text


def is_forwarded(text: str) -> bool:
    """Say whether a subject is that of something passed on."""
    return bool(_FORWARDED.match(text))


def words_of(message: Message) -> str:
    """Return what a mail says: its plain part, or its HTML where that says more."""
    plain, markup = bodies(message)
    said = clean(plain)
    if markup and len(said) < _SHORT:
        shown = html_to_text(markup)
        return shown if len(shown) > len(said) else said
    return said


def bodies(message: Message) -> tuple[str, str]:
    """Return the first plain and the first HTML body; attachments are no bodies."""
    plain = markup = ""
    for part in _parts(message):
        if part.get_content_type() == "text/plain" and not plain.strip():
            plain = _flowed(part, _decoded(part))
        elif part.get_content_type() == "text/html" and not markup.strip():
            markup = _decoded(part)
    return plain, markup


def without_quotes(text: str) -> str:
    """Return a reply's own words: not the mail below it, nor the signature. All of it where nothing would be left."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        following = f"{line} {lines[number + 1]}" if number + 1 < len(lines) else line
        if _ATTRIBUTION.match(line) or (_ATTRIBUTION.match(following) and line.strip()) or _is_outlook(lines, number):
            lines = lines[:number]
            break
    own = "\n".join(line for line in lines if not line.lstrip().startswith(">")).strip()
    match = _SIGNATURE.search(own)
    return (own[: match.start()].strip() if match else own) or text


def _is_outlook(lines: list[str], number: int) -> bool:
    """Say whether Outlook's block of headers begins here: at least three lines of names and values."""
    block = lines[number : number + 4]
    return bool(_OUTLOOK.match(lines[number])) and sum(":" in line or "：" in line for line in block) >= 3


def _parts(message: Message) -> Iterator[Message]:
    """Yield the parts that may hold words."""
    for number, part in enumerate(message.walk()):
        if number >= _MAX_PARTS:
            return
        if not part.is_multipart() and part.get_content_disposition() != "attachment" and not part.get_filename():
            yield part


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        charset = part.get_content_charset()
    except (LookupError, ValueError, UnicodeError):
        charset = None
    return decode(raw[:_MAX_HTML_BYTES], charset).text


def _flowed(part: Message, text: str) -> str:
    """Return a text whose lines were broken for old terminals with its own line ends (RFC 3676)."""
    text = text.replace("\r\n", "\n")
    if str(part.get_param("format") or "").lower() != "flowed":
        return text
    joint = "" if str(part.get_param("delsp") or "").lower() == "yes" else " "
    return re.sub(r"(?<!^--) \n(?!>)", joint, text)


def _words(raw: str) -> str:
    """Return a header's words decoded, whatever is wrong with them."""
    try:
        pieces = decode_header(" ".join(raw.split()) if "=?" in raw else raw)
    except (HeaderParseError, ValueError):
        pieces = [(raw, None)]
    text = "".join(_piece(piece, charset) for piece, charset in pieces)
    return clean(" ".join(text.split()), 2_000)


def _piece(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, bytes) and charset:
        return decode(piece, charset).text
    # What is not encoded between encoded words comes back as raw Unicode escapes.
    text = piece if isinstance(piece, str) else piece.decode("raw-unicode-escape", "replace")
    return text if text.isascii() else decode(text.encode("utf-8", "surrogateescape")).text
