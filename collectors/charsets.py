"""Which characters the bytes mean, however they are declared.

Places declare the wrong charset, none, or two that disagree. What decodes without a fault is believed in the order of
the standards; then what decodes with few faults; then the charset whose result looks most like language.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

#: What browsers read when a page says the name on the left, and close kin to try as well.
_KIN = {
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "big5": ("cp950", "big5hkscs"),
    "big5hkscs": ("cp950",),
    "shift_jis": ("cp932",),
    "euc_kr": ("cp949",),
    "tis-620": ("cp874",),
    "iso8859-11": ("cp874",),
    "iso8859-1": ("cp1252", "iso8859-1"),
    "ascii": ("cp1252",),
    "utf-16": ("utf-16-le", "utf-16-be"),
    "utf-32": ("utf-32-le", "utf-32-be"),
}
#: Codecs that turn text into other text, or that no feed is written in.
_NOT_FOR_TEXT = frozenset({"unicode-escape", "unicode_escape", "raw-unicode-escape", "raw_unicode_escape", "idna",
                           "punycode", "undefined"})  # fmt: skip
#: Any bytes decode as these, so they prove nothing.
_LATIN = frozenset({"iso8859-1", "cp1252", "ascii", "iso8859-15", "iso8859-2"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: How `<`, `{` or a letter begins in the wide encodings, and `<?xm` in EBCDIC.
_HEADS = (
    (re.compile(rb"[\x01-\x7f]\x00\x00\x00", re.DOTALL), "utf-32-le"),
    (re.compile(rb"\x00\x00\x00[\x01-\x7f]", re.DOTALL), "utf-32-be"),
    (re.compile(rb"[\x01-\x7f]\x00[\x01-\xff]", re.DOTALL), "utf-16-le"),
    (re.compile(rb"\x00[\x01-\x7f]\x00[\x01-\xff]", re.DOTALL), "utf-16-be"),
    (re.compile(rb"\x4c\x6f\xa7\x94", re.DOTALL), "cp037"),
)
_DECLARED = re.compile(r"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']\s*([A-Za-z0-9._:-]{1,40})\s*["']""")
_CHARSET = re.compile(r"""\bcharset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
#: At most this part of a text may be undecodable for a declaration to be believed.
_FEW_FAULTS = 0.02

# The commonest characters of the two Chinese: text read with the wrong charset shows almost none of them.
_COMMON_CHINESE = frozenset(
    "的一是不了人我在有他这這为為之大来來以个個中上们們到说說国國和地也子时時道出而要于於就下得可你年生自会會那后後能对對着著事其里裡所去行过過"
    "家十用发發天如然作方成者多日都三小军軍二无無同么麼经經法当當起与與好看学學进進种種将將还還分此心前面又定见見只主没沒公从從很但现現吃店"
    "真服務务質质量品价價客差推薦荐買买送等點点東东西員员評评論论，。！？、：「」（）"
)
#: Texts of reviews show two to three times as much.
_CHINESE_SHARE = 0.15
_THAI_CONSONANT = re.compile("[ก-ฮ]")
#: A vowel or tone mark with nothing to stand on, or a leading vowel that leads to nothing.
_THAI_FAULT = re.compile("(?<![ก-ฮัิ-ฺ็-๎])[ัิ-ฺ็-๎]|[เ-ไ](?![ก-ฮ])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """Text, and how it was had."""

    text: str
    charset: str
    #: The part of the characters that could not be decoded, 0 to 1.
    undecodable: float = 0.0
    #: A charset was declared and was not the one.
    declared_wrong: bool = False


def charset_of(content_type: str | None) -> str | None:
    """Return the charset that a Content-Type header names."""
    match = _CHARSET.search(content_type or "")
    return match[1] if match else None


def decode(payload: bytes, http_charset: str | None = None) -> Decoded:
    """Return the text of any bytes; never raises."""
    bom, payload = _bom(payload)
    if bom is not None:
        return _decoded(payload, bom, errors="replace")
    wide = next((name for head, name in _HEADS if head.match(payload)), None)
    in_document = _declared_in_document(payload, wide)
    declared = [name for name in map(_known, (http_charset, in_document)) if name]
    for charset in _candidates(payload, declared, wide):
        text = _strictly(payload, charset)
        if text is not None:
            wrong = bool(declared) and charset not in {kin for name in declared for kin in (name, *_KIN.get(name, ()))}
            return Decoded(text=text, charset=charset, declared_wrong=wrong and not payload.isascii())
    return _best_guess(payload, declared)


def _bom(payload: bytes) -> tuple[str | None, bytes]:
    for mark, charset in _BOMS:
        # FF FE 00 00 could be UTF-16 of a NUL; UTF-32 is checked first and meant.
        if payload.startswith(mark):
            return charset, payload[len(mark) :]
    return None, payload


def _known(name: str | None) -> str | None:
    """Return the codec's own name, or None for a charset that Python cannot decode text with."""
    try:
        found = codecs.lookup((name or "").strip()).name if name else None
    except (LookupError, ValueError):
        return None
    return None if found in _NOT_FOR_TEXT else found


def _declared_in_document(payload: bytes, wide: str | None) -> str | None:
    head = payload[:1024].decode(wide or "latin-1", "ignore")
    match = _DECLARED.match(head)
    return match[1] if match else None


def _candidates(payload: bytes, declared: list[str], wide: str | None) -> Iterable[str]:
    """Yield the charsets to try strictly, the most credible first."""
    if wide is not None:
        yield wide
    credible = [name for name in declared if name not in _LATIN]
    for name in credible:
        # UTF-16 that a document in single bytes claims for itself cannot be.
        if wide is not None or not name.startswith(("utf-16", "utf-32")):
            yield from _KIN.get(name, ())
            yield name
    yield "utf-8"
    for name in declared:
        if name in _LATIN and guess(payload) == "cp1252":
            yield from _KIN.get(name, (name,))


def _isolated_high_bytes(payload: bytes) -> bool:
    """Say whether letters beyond ASCII stand alone, as in European texts; Chinese and Thai come in runs."""
    runs = re.findall(rb"[\x80-\xff]+", payload[:200_000])
    return not runs or sum(len(run) == 1 for run in runs) * 2 >= len(runs)


def _strictly(payload: bytes, charset: str) -> str | None:
    try:
        return payload.decode(charset)
    except (UnicodeError, LookupError, ValueError):
        return None


def _decoded(payload: bytes, charset: str, *, errors: str) -> Decoded:
    text = payload.decode(charset, errors)
    return Decoded(text=text, charset=charset, undecodable=text.count("\ufffd") / max(1, len(text)))


def _best_guess(payload: bytes, declared: list[str]) -> Decoded:
    """Return the text of bytes that nothing decodes without a fault."""
    for charset in ["utf-8", *(kin for name in declared if name not in _LATIN for kin in (*_KIN.get(name, ()), name))]:
        try:
            found = _decoded(payload, charset, errors="replace")
        except (UnicodeError, LookupError, ValueError):
            continue
        if found.undecodable < _FEW_FAULTS and _mostly_decoded(found.text) and "\x00" not in found.text[:1000]:
            return found
    charset = guess(payload)
    found = _decoded(payload, charset, errors="replace")
    return Decoded(text=found.text, charset=charset, undecodable=found.undecodable, declared_wrong=bool(declared))


def guess(payload: bytes) -> str:
    """Return the most likely charset of undeclared bytes: utf-8, utf-16, cp874 (Thai), cp950, gb18030 or cp1252."""
    sample = payload[:200_000]
    wide = _wide_by_zeros(sample)
    if wide is not None:
        return wide
    if _strictly(sample, "utf-8") is not None or _is_utf8_with_faults(sample):
        return "utf-8"
    shares = {charset: _chinese_share(sample, charset) for charset in ("gb18030", "cp950")}
    likely = max(shares, key=lambda charset: shares[charset])
    # Read with the wrong charset even the likelier of the two shows next to none of the common characters.
    if shares[likely] >= _CHINESE_SHARE:
        return likely
    if _looks_thai(sample):
        return "cp874"
    return "cp1252" if _isolated_high_bytes(sample) else likely


def _is_utf8_with_faults(sample: bytes) -> bool:
    found = _decoded(sample, "utf-8", errors="replace")
    return found.undecodable < _FEW_FAULTS and _mostly_decoded(found.text)


def _mostly_decoded(text: str) -> bool:
    """Say whether of the characters beyond ASCII more were decoded than not: one French word in an English text is no
    UTF-8 with a fault."""
    faults = text.count("\ufffd")
    return not faults or 2 * faults < sum(char > "\x7f" for char in text)


def _wide_by_zeros(sample: bytes) -> str | None:
    """Return the UTF-16 in which bytes with a zero among them look like text."""
    if b"\x00" not in sample:
        return None
    looks = {charset: _text_share(sample, charset) for charset in ("utf-16-le", "utf-16-be")}
    likely = max(looks, key=lambda charset: looks[charset])
    return likely if looks[likely] > 0.25 else None


def _text_share(sample: bytes, charset: str) -> float:
    """Return the part of the characters that are plain ASCII, Thai or common Chinese."""
    text = sample.decode(charset, "replace")
    return sum(" " <= char <= "~" or "ก" <= char <= "๛" or char in _COMMON_CHINESE for char in text) / max(1, len(text))


def _looks_thai(sample: bytes) -> bool:
    text = sample.decode("cp874", "replace")
    consonants = len(_THAI_CONSONANT.findall(text))
    return consonants > 0 and len(_THAI_FAULT.findall(text)) + text.count("\ufffd") < 0.05 * consonants


def _chinese_share(sample: bytes, charset: str) -> float:
    """Return the part of the characters beyond ASCII that are common ones, less what does not decode."""
    beyond = [char for char in sample.decode(charset, "replace") if char > "\x7f"]
    common = sum(char in _COMMON_CHINESE for char in beyond)
    return (common - 2 * beyond.count("\ufffd")) / max(1, len(beyond))
