"""Makes words comparable however they were written, and finds the way back to the words as seen.

What is folded: case, width and compatibility forms, Latin diacritics, apostrophes and dashes, digits, Traditional and
variant Chinese, the order and doubling of Thai vowels and tone marks, invisible characters, spaces.
"""

import re
import unicodedata
from dataclasses import dataclass

from analysis.script import simplified

_DROPPED = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufe00-\ufe0f"
    "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]"
)
#: One by one, before anything else: what normalisation would tear, or does not know.
_ODD = {
    **dict.fromkeys("\u2018\u2019\u201b\u02bc\uff07\u0060\u00b4\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u2033", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
    **dict(zip("øØłŁđĐħĦŧŦıİ", "oollddhhttii", strict=True)),
    **dict.fromkeys("æÆ", "ae"),
    **dict.fromkeys("œŒ", "oe"),
    # Thai: normalisation would split sara am; lakkhangyao is typed for sara aa.
    "\u0e33": "\u0e33",
    "\u0e45": "\u0e32",
    # Chinese: two ways of writing one word that the table of scripts keeps apart.
    "妳": "你",
    "衞": "卫",
    "着": "著",
}
_THAI_MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
#: What depends on its neighbours: Thai marks in another order, sara e typed twice, spaces.
_RUN = re.compile(
    f"[{_THAI_MARKS}]{{2,}}\u0e32?|\u0e4d\u0e32|\u0e33[\u0e48-\u0e4b]+|\u0e40\u0e40"
    f"|[ \n]{{2,}}|(?<=[{_HAN}]) | (?=[{_HAN}])"
)
_HAN_BESIDE = re.compile(f"[{_HAN}]")
_SARA_AM, _NIKHAHIT, _SARA_AA = "\u0e33", "\u0e4d", "\u0e32"


class _Characters(dict[int, str]):
    """Folds a character the first time it is met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


_CHARACTERS = _Characters()


def _fold_character(character: str) -> str:
    if character in _ODD:
        return _ODD[character]
    if character.isspace():
        return "\n" if character in "\n\r\v\f\x85\u2028\u2029" else " "
    if "\uac00" <= character <= "\ud7a3":
        return character
    plain = unicodedata.normalize("NFKD", character).casefold()
    plain = "".join(_ODD.get(one, one) for one in unicodedata.normalize("NFKD", plain))
    plain = "".join(str(unicodedata.digit(one)) if one.isdigit() else one for one in _DROPPED.sub("", plain))
    return " ".join("".join(_ODD.get(one, one) for one in simplified(plain)).split()) or _unfolded(character)


def _unfolded(character: str) -> str:
    """Return nothing for what is dropped, and a sign such as a lone diaeresis as a space."""
    return "" if _DROPPED.match(character) or unicodedata.category(character)[0] == "M" else " "


def _ordered(run: str, before: str, after: str) -> str:
    """Return a run of the pattern above in its one form."""
    if run[0] in " \n":
        beside_han = bool(_HAN_BESIDE.match(before) or _HAN_BESIDE.match(after))
        return ("\n" if beside_han else " ") if "\n" in run else "" if beside_han else " "
    if run[0] == "\u0e40":
        return "\u0e41"
    marks, tail = (run[:-1], run[-1]) if run[-1] == _SARA_AA else (run, "")
    if _SARA_AM in marks or (tail and _NIKHAHIT in marks):
        marks, tail = marks.replace(_SARA_AM, "").replace(_NIKHAHIT, ""), _SARA_AM
    # Vowels stand before tone marks; each once.
    return "".join(sorted(dict.fromkeys(marks), key=lambda mark: ("\u0e48" <= mark <= "\u0e4c", mark))) + tail


def _ordered_match(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    return _ordered(match[0], text[start - 1 : start], text[end : end + 1])


def fold(text: str) -> str:
    """Return the text in the form in which words are compared."""
    return _RUN.sub(_ordered_match, text.translate(_CHARACTERS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    """A folded text that knows where each of its characters comes from."""

    text: str
    #: For each folded character the code points of the original it was made of: from, to.
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the code points of the original that folded characters were made of. `start` is before `end`."""
        return self.starts[start], self.ends[end - 1]


def fold_traced(text: str) -> Folded:
    """Return what `fold` returns, with the way back."""
    single: list[str] = []
    places: list[int] = []
    for index, character in enumerate(text):
        for one in _CHARACTERS[ord(character)]:
            single.append(one)
            places.append(index)
    flat = "".join(single)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in _RUN.finditer(flat):
        start, end = match.span()
        pieces.append(flat[at:start])
        starts += places[at:start]
        ends += [place + 1 for place in places[at:start]]
        ordered = _ordered_match(match)
        pieces.append(ordered)
        starts += [places[start]] * len(ordered)
        ends += [places[end - 1] + 1] * len(ordered)
        at = end
    pieces.append(flat[at:])
    starts += places[at:]
    ends += [place + 1 for place in places[at:]]
    return Folded(text="".join(pieces), starts=tuple(starts), ends=tuple(ends))


def is_spaced(character: str) -> bool:
    """Whether a folded character belongs to a script that parts words by spaces (Latin, Cyrillic, digits, …)."""
    return character.isalnum() and (character < "\u0e00" or "\u1e00" <= character < "\u2000")


def is_thai_mark(character: str) -> bool:
    """Whether a character stands above or below the one before it: a word cannot end between the two."""
    return character == "\u0e31" or "\u0e34" <= character <= "\u0e3a" or "\u0e47" <= character <= "\u0e4e"
