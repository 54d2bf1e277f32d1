"""Words with which customers announce the law, an authority or the press, in four languages."""

import unicodedata

import re2

from analysis.script import simplified

_ENGLISH = (
    r"lawsuits?",
    r"lawyers?",
    r"attorneys?",
    r"solicitors?",
    r"su(?:e|ing) (?:you|them|this|the)",
    r"legal action",
    r"small claims",
    r"class action",
    r"(?:see|take) you (?:in|to) court",
    r"consumer protection",
    r"trading standards",
    r"better business bureau",
    r"ombudsman",
    r"police report",
    r"report(?:ing|ed)? (?:you|them|this) to",
)
#: Traditional and Simplified at once: both texts and words are folded.
_CHINESE = (
    "律師",
    "律師函",
    "存證信函",
    "提告",
    "告你",
    "告他們",
    "法院見",
    "法庭見",
    "上法院",
    "訴訟",
    "起訴",
    "打官司",
    "報警",
    "警察局",
    "消保官",
    "消保會",
    "消基會",
    "消費者保護",
    "消費者委員會",
    "消委會",
    "消協",
    "12315",
    "檢舉",
    "舉報",
    "向媒體爆料",
    "爆料公社",
    "工商局",
    "市場監管",
    "衛生局",
    "公平會",
)
_THAI = (
    "ทนาย",
    "ฟ้องร้อง",
    "ฟ้องศาล",
    "ขึ้นศาล",
    "เจอกันที่ศาล",
    "ดำเนินคดี",
    "แจ้งความ",
    "แจ้งตำรวจ",
    "สคบ",
    "คุ้มครองผู้บริโภค",
    "หมายศาล",
    "อย.",
)


def _folded(text: str) -> str:
    return simplified(unicodedata.normalize("NFKC", text)).casefold()


_PATTERN = re2.compile(
    r"\b(?:" + "|".join(_ENGLISH) + r")\b|" + "|".join(re2.escape(_folded(word)) for word in (*_CHINESE, *_THAI))
)


def legal_word(text: str) -> str | None:
    """Return the first word of the law in a text, as folded for comparing; None where there is none."""
    found = _PATTERN.search(_folded(text))
    return None if found is None else str(found.group(0))
