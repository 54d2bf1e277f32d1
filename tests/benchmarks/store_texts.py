"""Texts in four languages of about 300 characters: few words are common, most are rare, as people write."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

import orjson

from alerts.folding import fold
from alerts.query_grams import grams

_COMMON = {
    "zh-Hant": "服務 排隊 很久 湯頭 不錯 店員 親切 座位 有點 擠 態度 很差 價格 太貴 味道 普通 下次 不會 客服 退費 手機",
    "zh-Hans": "服务 排队 很久 汤头 不错 店员 亲切 座位 有点 挤 态度 很差 价格 太贵 味道 普通 下次 不会 客服 退费 手机",
    "th": "บริการ แย่ ช้า รอนาน พนักงาน สุภาพ ราคา แพง ร้าน สะอาด แนะนำ เพื่อน อร่อย ไม่มา คืนเงิน น้ำซุป โต๊ะ",
    "en": "the service was slow and waiter friendly price cold table queue again never fine staff manager refund soup",
}
#: Letters that rarer words are made of, and how many make a word.
_LETTERS = {
    "zh-Hant": ("".join(chr(0x4E00 + 7 * n) for n in range(1200)), (2, 2)),
    "zh-Hans": ("".join(chr(0x4E03 + 7 * n) for n in range(1200)), (2, 2)),
    "th": ("กขคงจชซดตทนบปผพมยรลวสหอ", (3, 6)),
    "en": ("abcdefghijklmnoprstuvwy", (3, 9)),
}
#: How often each language is written, and how many of its words make about 300 characters.
_SHARES = {"zh-Hant": (45, 130), "zh-Hans": (15, 130), "th": (25, 58), "en": (15, 54)}
_VOCABULARY = 8_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A text, as it is stored and as the archive's index holds it."""

    language: str
    words: str
    #: In the notation of a tsvector.
    grams: str
    #: In the notation of an array.
    terms: str


def _vocabulary(language: str, random: Random) -> list[str]:
    """Return words, the commonest first."""
    letters, (least, most) = _LETTERS[language]
    rare = ("".join(random.choices(letters, k=random.randint(least, most))) for _ in range(_VOCABULARY))
    return [*_COMMON[language].split(), *rare]


def weights(count: int) -> list[float]:
    """Return the running sums of Zipf's weights of so many ranks."""
    return list(accumulate(1 / rank for rank in range(1, count + 1)))


def lexemes(text: str) -> str:
    """Return the grams of a text in the notation of a tsvector."""
    return " ".join(f"'{gram}'" for gram in grams(fold(text)))


def _array(words: Sequence[str]) -> str:
    return "{" + ",".join(orjson.dumps(word).decode() for word in dict.fromkeys(words)) + "}"


def texts(count: int, random: Random) -> list[Text]:
    """Return so many different texts."""
    vocabularies = {language: _vocabulary(language, random) for language in _SHARES}
    ranks = {language: weights(len(words)) for language, words in vocabularies.items()}
    languages = random.choices(list(_SHARES), weights=[share for share, _ in _SHARES.values()], k=count)
    made = []
    for language in languages:
        number = round(_SHARES[language][1] * random.uniform(0.4, 1.6))
        chosen = random.choices(vocabularies[language], cum_weights=ranks[language], k=number)
        said = ("" if language.startswith("zh") else " ").join(chosen)
        made.append(Text(language=language, words=said, grams=lexemes(said), terms=_array(chosen[:8])))
    return made
