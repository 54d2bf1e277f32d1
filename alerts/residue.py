"""What copying leaves in a text and nobody said: pinyin glosses, «reposted from …», signatures of forums and phones.

A brand named there is not talked about, and a model should not read it. The text as seen is kept; offsets lead back.
"""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹ"
_LETTERS = f"a-zü{_TONED}"
_SYLLABLE = re.compile(
    "(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    "(?:iang|iong|uang|ang|eng|ing|ong|iao|ian|uai|uan|ai|ei|ao|ou|an|en|in|un|ia|ie|iu|ua|uo|ui|ue|er|[aeiou])r?"
)
_SYLLABLES = re.compile(f"(?:{_SYLLABLE.pattern})+")
#: 服務(fú wù), with tone marks or numbers.
_BRACKETED = re.compile(f"(?<=[{_HAN}]) ?[(（\\[]([{_LETTERS}1-5 '’·-]{{1,60}})[)）\\]]")
#: 服fú務wù
_INLINE = re.compile(f"(?<=[{_HAN}]) ?([{_LETTERS}]{{1,24}}(?: [{_LETTERS}]{{1,24}}){{0,3}})(?![{_LETTERS}A-Z0-9])")
#: A word with accents alone is a café; a text with so many glosses is a reader's.
_FEWEST_INLINE = 3

_COPIED = re.compile(
    r"""
    ^[ \t>＞]*(?:
        [※◆].{0,6}(?:發信站|发信站|文章網址|文章网址|編輯|编辑|轉錄者|转录者|引述|From).*
        | [【\[(（]?\s*(?:以上|本文|全文|文章|內容|内容)?\s*(?:轉載|转载|轉貼|转贴|轉錄|转录|轉自|转自)
            (?:[自於于]|\s*[:：]).{1,200}
        | (?:Sent\ (?:from|via)\ (?:my|J?PTT|BePTT|Mail|Outlook|Yahoo)|Get\ Outlook\ for|發自我的|发自我的|傳送自|传送自
            |來自我的|来自我的|ส่งจาก).{1,50}
        | 從我的.{1,30}傳送.{0,10}
        | (?:Source|Originally\ (?:posted|published)\ (?:at|by|on)|Via|ที่มา|แหล่งที่มา|เครดิต|Credit|Cr\.)\s*[:：]?\s*(?:https?://|www\.).*
        | (?:ที่มา|แหล่งที่มา|เครดิต)\s*[:：].{1,120}
    )$
    | (?:原文|文章|資料|资料|圖文|图文|圖片|图片|新聞|新闻|消息)(?:出處|出处|來源|来源|網址|网址|連結|链接|鏈接)\s*[:：]\s*(?:https?://\S+|[^\n。！？]{1,120})
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)


def _is_gloss(letters: str, *, numbered: bool) -> bool:
    """Whether Latin letters behind a Chinese character spell how it is said."""
    has_tone = any(letter in _TONED for letter in letters)
    if not has_tone and not (numbered and any(letter.isdigit() for letter in letters)):
        return False
    plain = unicodedata.normalize("NFD", letters)
    plain = "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
    return bool(_SYLLABLES.fullmatch(plain))


def residue(text: str) -> list[tuple[int, int]]:
    """Return the stretches of a text that copying left there, in order, none if they were all of it."""
    glosses = [match.span() for match in _BRACKETED.finditer(text) if _is_gloss(match[1], numbered=True)]
    inline = [match.span() for match in _INLINE.finditer(text) if _is_gloss(match[1], numbered=False)]
    if len(inline) >= _FEWEST_INLINE:
        glosses += inline
    found: list[tuple[int, int]] = []
    for start, end in sorted([*glosses, *(match.span() for match in _COPIED.finditer(text))]):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found if any(not letter.isspace() for letter in _kept(text, found)) else []


def _kept(text: str, stretches: list[tuple[int, int]]) -> str:
    borders = [0, *(place for stretch in stretches for place in stretch), len(text)]
    return "".join(text[borders[at] : borders[at + 1]] for at in range(0, len(borders), 2))


def masked(text: str) -> str:
    """Return the text with every character of its residue made invisible; same length, so that places stay."""
    pieces: list[str] = []
    at = 0
    for start, end in residue(text):
        pieces += [text[at:start], "\u200b" * (end - start)]
        at = end
    return "".join(pieces) + text[at:]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stripped:
    """A text without its residue, and the way back."""

    text: str
    #: Where in the stripped text something was taken out, and how much in all up to there.
    cuts: tuple[int, ...]
    taken: tuple[int, ...]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch of the stripped text stands in the text as seen. `start` is before `end`."""
        return start + self._taken_before(start), end + self._taken_before(end - 1)

    def _taken_before(self, at: int) -> int:
        cut = bisect_right(self.cuts, at)
        return self.taken[cut - 1] if cut else 0


def stripped(text: str) -> Stripped:
    """Return the text without its residue."""
    stretches = residue(text)
    cuts: list[int] = []
    taken: list[int] = []
    total = 0
    for start, end in stretches:
        cuts.append(start - total)
        total += end - start
        taken.append(total)
    return Stripped(text=_kept(text, stretches), cuts=tuple(cuts), taken=tuple(taken))
