"""Makes what places send fit to keep: plain, clean, bounded text and canonical links.

`clean` gives text that Postgres stores in text and jsonb, that a header or a page can show, and that a reader
sees as the author wrote it. It is idempotent: identities are computed from its result.
"""

import html
import re
import unicodedata
from functools import cache
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

import nh3

#: Most bytes of UTF-8 that one field keeps.
MAX_BYTES = 65_536
#: Most characters a title keeps.
MAX_TITLE_CHARS = 1_000
#: Put at the end of a text that was cut.
CUT_MARK = " […]"

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Never meant by an author: controls, soft hyphen, directional overrides, word joiner and its invisible kin, byte order
# mark, annotation anchors, invisible Hangul fillers, noncharacters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_SPACES = re.compile("[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_SPACES_AT_LINE_END = re.compile(" ?\n ?")
_MANY_LINES = re.compile("\n{3,}")
_SURROGATE = re.compile("[\ud800-\udfff]")
#: Tag characters spell the flags of England, Scotland and Wales; anywhere else they hide text.
_TAGS = re.compile("(\U0001f3f4)?([\U000e0000-\U000e007f]+)")

_ZWSP, _ZWNJ, _ZWJ, _KEYCAP = "\u200b", "\u200c", "\u200d", "\u20e3"
#: Marks kept on one letter: Thai needs two, Vietnamese and Hebrew three; a flood has dozens.
_MAX_MARKS = 4
_WORD_BREAK_SCRIPTS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_JOINING_SCRIPTS = re.compile("[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdcf\ufe70-\ufefc]")
_IDEOGRAPH = re.compile("[\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_EMOJI = re.compile("[\xa9\xae\u203c-\u3299\U0001f000-\U0001faff]")


def clean(text: str, max_chars: int = MAX_BYTES) -> str:
    """Return the text without what no author meant, at most `max_chars` and 64 kB long; a cut is marked."""
    if not text:
        return ""
    # Far more than can be kept is not looked at: cleaning ten megabytes to keep 64 kB would be an attack's gain.
    looked_at = text[: 8 * max_chars + 64]
    cleaned = _tidied(looked_at)
    return _cut(cleaned, max_chars, hidden=len(text) > len(looked_at))


def _tidied(text: str) -> str:
    """Return the text without invisible characters, with plain spaces and line ends."""
    if not (any(pair in text for pair in _UNTIDY) or _odd().search(text) or _mark_flood().search(text)):
        return text.strip(" \n")
    if _SURROGATE.search(text):
        # Two halves of a pair become their character, a lone half the replacement character.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _LINE_ENDS.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    text = _TAGS.sub(lambda match: match[0] if match[1] else "", text)
    text = _attachments().sub(_kept_attachments, text)
    text = _SPACES.sub(" ", text)
    text = _SPACES_AT_LINE_END.sub("\n", text)
    return _MANY_LINES.sub("\n\n", text).strip(" \n")


def _cut(text: str, max_chars: int, *, hidden: bool) -> str:
    """Return the text within both limits, marked where something was left out."""
    size = len(text.encode())
    if not hidden and len(text) <= max_chars and size <= MAX_BYTES:
        return text
    text = text[: max(0, max_chars - len(CUT_MARK))]
    if size > MAX_BYTES - len(CUT_MARK.encode()):
        text = text.encode()[: MAX_BYTES - len(CUT_MARK.encode())].decode("utf-8", "ignore")
    # What joined the next character must go with it, or a second cleaning would find it.
    return (_dangling().sub("", text) + CUT_MARK[: max(0, max_chars)]).strip(" \n")


@cache
def _mark_class() -> str:
    """Return the inside of a character class of all combining marks."""
    marks = [
        code
        for first, last in ((0x0300, 0x1E94B), (0xE0100, 0xE01F0))
        for code in range(first, last)
        if unicodedata.category(chr(code)) in {"Mn", "Me"}
    ]
    ranges: list[list[int]] = []
    for code in marks:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


@cache
def _attachments() -> re.Pattern[str]:
    """Return the pattern of what attaches to the character before or joins it to the next, where that can be wrong:
    joiners and selectors with the marks around them, and more marks than one letter has."""
    joining = f"{_ZWSP}-{_ZWJ}\ufe00-\ufe0f\U000e0100-\U000e01ef"
    return re.compile(
        f"[{_mark_class()}]*[{joining}][{_mark_class()}{_ZWSP}-{_ZWJ}]*|[{_mark_class()}]{{{_MAX_MARKS + 1},}}"
    )


_UNTIDY = ("  ", " \n", "\n ", "\n\n\n")


@cache
def _odd() -> re.Pattern[str]:
    """Return the pattern of any character that cleaning could change: most texts have none."""
    inner = "".join(pattern.pattern[1:-1] for pattern in (_INVISIBLE, _SURROGATE))
    return re.compile(
        f"[{inner}\t\r\v\f\x1c-\x1e\x85\u2028\u2029\xa0\u1680\u2000-\u200d\u202f\u205f\u3000"
        "\ufe00-\ufe0f\U000e0000-\U000e01ef]"
    )


@cache
def _mark_flood() -> re.Pattern[str]:
    return re.compile(f"[{_mark_class()}]{{{_MAX_MARKS + 1}}}")


@cache
def _dangling() -> re.Pattern[str]:
    """Return the pattern of what must not stand before a cut."""
    return re.compile(f"[{_mark_class()}{_ZWSP}-{_ZWJ}\\s\U000e0000-\U000e007f]+$")


def _is_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _kept_attachments(match: re.Match[str]) -> str:
    """Return what of a run of marks, selectors and joiners has a meaning between its neighbours."""
    text, start, end = match.string, match.start(), match.end()
    # Spaces are changed or stripped afterwards and can carry nothing.
    before = text[start - 1].strip() if start else ""
    after = text[end].strip() if end < len(text) else ""
    kept: list[str] = []
    marks, selected, joined = 0, False, False
    for char in match[0]:
        if char in {_ZWSP, _ZWNJ, _ZWJ}:
            # A joiner ends the run's say: what would follow it has nothing to attach to.
            if not joined and _joins(before, char, after):
                kept.append(char)
                joined = True
        elif _is_selector(char):
            if not selected and _selects(before, char, match[0]):
                kept.append(char)
                selected = True
        elif marks < _MAX_MARKS:
            kept.append(char)
            marks += 1
    return "".join(kept)


def _joins(before: str, joiner: str, after: str) -> bool:
    """Say whether the joiner means something between these two characters."""
    if joiner == _ZWSP:
        return bool(_WORD_BREAK_SCRIPTS.match(before) and _WORD_BREAK_SCRIPTS.match(after))
    if joiner == _ZWJ and _EMOJI.match(before) and _EMOJI.match(after):
        return True
    return bool(_JOINING_SCRIPTS.match(before) and _JOINING_SCRIPTS.match(after))


def _selects(before: str, selector: str, run: str) -> bool:
    """Say whether the variation selector chooses a form of the character before it."""
    if selector in "\ufe0e\ufe0f":
        # The keycap itself is a mark of the same run: 1 + selector + keycap.
        return bool(_EMOJI.match(before)) or (before in set("0123456789#*") and _KEYCAP in run)
    return bool(_IDEOGRAPH.match(before))


_BLOCK_NAMES = (
    "address article aside blockquote br caption dd div dl dt fieldset figcaption figure footer h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol option p pre section summary table tbody tfoot thead tr ul"
)
_BLOCKS = _BLOCK_NAMES.split()
_CELLS = ["td", "th"]
_HIDDEN = {"head", "iframe", "noscript", "object", "script", "style", "svg", "template", "math", "textarea", "title"}
#: nh3 takes quadratic time on nesting; no honest post has so many tags.
_MAX_TAGS = 5_000
_MAX_HTML_CHARS = 8 * MAX_BYTES
# The end of a list item or table row is the start of the next: one line end is enough.
_BLOCK_TAG = re.compile(rf"<(?!/(?:li|tr|dd|dt)\b)/?(?:{'|'.join(_BLOCKS)})\b[^<>]*>")
_CELL_TAG = re.compile(r"</?(?:td|th)\b[^<>]*>")
_IMAGE = re.compile(r'<img\b[^<>]*?\balt="([^"<>]{1,16})"[^<>]*>')
_ANY_TAG = re.compile(r"<[^<>]*>")
_BREAK_IN_SOURCE = re.compile(r"\s+")


def html_to_text(markup: str, max_chars: int = MAX_BYTES) -> str:
    """Return the clean plain text of HTML: blocks become lines, scripts and styles go, links keep their words."""
    markup = _SURROGATE.sub("\ufffd", markup[:_MAX_HTML_CHARS])
    if "<" not in markup:
        return clean(html.unescape(markup), max_chars)
    if markup.count("<") <= _MAX_TAGS:
        markup = nh3.clean(
            markup,
            tags={*_BLOCKS, *_CELLS, "img"},
            clean_content_tags=_HIDDEN,
            attributes={"img": {"alt"}},
            link_rel=None,
        )
    if "<pre" not in markup:
        markup = _BREAK_IN_SOURCE.sub(" ", markup)
    markup = _IMAGE.sub(_emoji_of_image, markup)
    markup = _CELL_TAG.sub("\t", _BLOCK_TAG.sub("\n", markup))
    return clean(html.unescape(_ANY_TAG.sub("", markup)), max_chars)


def _emoji_of_image(match: re.Match[str]) -> str:
    """Return the emoji that a picture stands for, as many forums draw them; nothing for other pictures."""
    alternative = html.unescape(match[1])
    return alternative if _EMOJI.match(alternative) else ""


_TRACKING_NAMES = (
    "fbclid gclid gbraid wbraid dclid msclkid yclid ttclid twclid li_fat_id igshid igsh spm _ga gclsrc srsltid mc_cid "
    "mc_eid _hsenc _hsmi vero_id oly_anon_id oly_enc_id"
)
_TRACKING = frozenset(_TRACKING_NAMES.split())
_MAX_URL_CHARS = 4_096
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")


def canonical_url(url: str, base: str | None = None) -> str | None:
    """Return the http(s) address without fragment, credentials and tracking; None for anything else."""
    url = re.sub(r"[\t\r\n]", "", url.strip())
    if len(url) > _MAX_URL_CHARS:
        # Cut, it would lead elsewhere.
        return None
    url = clean(url, _MAX_URL_CHARS).strip()
    try:
        parts = urlsplit(urljoin(base, url) if base else url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in {"http", "https"} or not host or _UNSAFE_IN_URL.search(host):
        return None
    wrapped = _wrapped_by_google(host, parts.path, parts.query)
    if wrapped is not None:
        return canonical_url(wrapped)
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _is_tracking(pair.partition("=")[0]))
    host = f"[{host}]" if ":" in host else host
    address = f"{scheme}://{host}"
    if port is not None and port != {"http": 80, "https": 443}[scheme]:
        address += f":{port}"
    address += (parts.path or "/") + (f"?{query}" if query else "")
    address = _UNSAFE_IN_URL.sub(lambda match: quote(match[0], safe=""), address)
    return address if len(address) <= _MAX_URL_CHARS else None


def _is_tracking(name: str) -> bool:
    name = name.lower()
    return name in _TRACKING or name.startswith(("utm_", "pk_", "mtm_"))


def _wrapped_by_google(host: str, path: str, query: str) -> str | None:
    """Return the address inside a Google redirect, as Google Alerts puts around every link."""
    if path != "/url" or not re.fullmatch(r"(?:www\.)?google\.[a-z.]{2,6}", host):
        return None
    wanted = dict(parse_qsl(query))
    target = wanted.get("url") or wanted.get("q") or ""
    # One redirect inside another would otherwise be followed as deep as someone nests them.
    return target if target.startswith(("http://", "https://")) and "/url?" not in target else None


def host_of(url: str | None) -> str | None:
    """Return the host of an address without a leading www., or None."""
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None
