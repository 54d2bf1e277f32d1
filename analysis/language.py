"""Which language a text is written in, by its letters and, for Latin and Cyrillic, its smallest words.

Rules for doubtful texts
- Links, @names, e-mail addresses, emoji, digits and signs say nothing; a text of only those is `und`.
- Latin names inside Chinese, Japanese, Korean or Thai do not turn the text English: one Latin word weighs as much as
  one Han character, and Latin must outweigh all else three times, or once where it is an English sentence.
- Chinese without a one-sided character (好吃, 太差了) takes the hint if the hint is Chinese; else Bopomofo, 「」 and
  words of Taiwan or Hong Kong mean `zh-Hant`, “” and words of the mainland `zh-Hans`; what is left is `zh-Hans`, the
  way most Chinese is written.
- Latin text that shows no other language's words is `en`.
"""

import re
from functools import cache

from analysis.script import script_evidence

UNDETERMINED = "und"

#: A language shows in its first few thousand characters; a megabyte is not read for it.
_READ = 4_000

_SILENT = re.compile(r"(?:https?://|www\.)[^\s\u3000-\u9fff\u0e00-\u0e7f]+|[\w.+-]*@[\w.-]+|&\w+;", re.IGNORECASE)
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+(?:['’][A-Za-z\u00c0-\u024f]+)*")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_KANA = re.compile(r"[\u3041-\u30fa\u31f0-\u31ff\uff66-\uff9d]+")
_HANGUL = re.compile(r"[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]+")
_THAI = re.compile(r"[\u0e01-\u0e3a\u0e40-\u0e4e]+")
_BOPOMOFO = re.compile(r"[\u3105-\u312f\u31a0-\u31bf]+")
_CYRILLIC = re.compile(r"[\u0400-\u052f]+")
_ARABIC = re.compile(r"[\u0620-\u064a\u066e-\u06d3\u0750-\u077f]+")
_OTHER_SCRIPTS = {
    "el": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]+"),
    "he": re.compile(r"[\u05d0-\u05ea]+"),
    "hi": re.compile(r"[\u0904-\u0939\u0958-\u0961]+"),
    "bn": re.compile(r"[\u0985-\u09b9]+"),
    "ta": re.compile(r"[\u0b85-\u0bb9]+"),
    "lo": re.compile(r"[\u0e81-\u0ebd\u0ec0-\u0ec4]+"),
    "km": re.compile(r"[\u1780-\u17b3]+"),
    "my": re.compile(r"[\u1000-\u102a]+"),
    "ka": re.compile(r"[\u10d0-\u10ff]+"),
    "hy": re.compile(r"[\u0531-\u0587]+"),
}
#: Letters per word, so that scripts without spaces compare with those that have them.
_THAI_WORD = 3
_HANGUL_WORD = 2
_OTHER_WORD = 5
_LATIN_MUST_OUTWEIGH = 3
_SMALL_WORDS_OF_A_SENTENCE = 3

_SMALL_WORDS = {
    "en": "the and is was to of it this that you i my for not with are have but they so in on at be your just we very"
    " no do he she what would did or me all has can as by from if there an out up had were been him her his them their"
    " who will more when how why one too don't it's i'm did does could should here than into only now never",
    "es": "el los las una que de es muy por para con está pero lo más como se su mi del al y no esta nunca fue",
    "fr": "le les des une est et je pas très pour avec c'est mais du au ce qui que sur vous nous sont la j'ai n'est",
    "de": "der die das und ist nicht ich ein eine mit sehr für auf aber wir sie es zu den auch war im von habe",
    "pt": "o os as uma que não é muito para com mas do da em no na por foi eu um mais são está meu de",
    "it": "il gli una che è non di per con molto ma sono del della ho mi anche questo questa più le la un",
    "nl": "de het een en is niet ik van met voor maar zeer wij zijn op dat heel goed erg ook was bij",
    "id": "yang dan di ini itu tidak saya untuk dengan sangat dari ada bagus banget kami sudah juga akan nggak ga",
    "ms": "yang dan di ini itu tidak saya untuk dengan sangat dari ada sangat awak korang tak nak memang sedap",
    "tr": "ve bir bu çok için ama değil ile da de ne var daha ben gibi olarak hiç yok",
    "pl": "i nie jest się na to że w z do bardzo ale jak dla już tak po co od był",
    "sv": "och är det att jag inte en ett som på för med mycket var till av har den",
    "tl": "ang ng mga sa na ay ko hindi po naman ito lang kasi sila yung ba din",
}
_CYRILLIC_MARKS = (("uk", "іїєґ"), ("be", "ў"), ("sr", "ђћџљњј"), ("kk", "қңғүұһә"), ("ru", "ыэё"), ("bg", "ъ"))
_ARABIC_MARKS = (("ur", "ٹڈڑےں"), ("fa", "پچژگکی"))
_VIETNAMESE = re.compile(r"[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)

#: Words that one side of the strait writes and the other does not, in characters both share.
_TAIWANESE = re.compile(r"[「」『』]|影片|真心不|好康|踩雷|店家|超商|北七|靠北|傻眼|[唔嘅咗冇佢啲]")
_MAINLAND = re.compile(r"[“”]|小哥|酒店|前台|拔草|京[东東]|土豆")


@cache
def _words_of() -> dict[str, frozenset[str]]:
    """Return the smallest words of each Latin language."""
    return {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}


def _length(pattern: re.Pattern[str], text: str) -> int:
    """Return how many characters of the text the pattern covers."""
    return sum(map(len, pattern.findall(text)))


def _latin(text: str, words: list[str]) -> str:
    """Return the language of Latin text: the one most of whose small words it shows, English where none does."""
    marks = len(_VIETNAMESE.findall(text))
    if marks * 8 >= sum(map(len, words)):
        return "vi"
    lowered = [word.lower().replace("’", "'") for word in words]
    shown = {language: sum(word in small for word in lowered) for language, small in _words_of().items()}
    best = max(shown, key=lambda language: (shown[language], language == "en"))
    return best if shown[best] > shown["en"] and shown[best] * 8 >= len(words) else "en"


def _is_sentence(words: list[str]) -> bool:
    """Return whether Latin words are English speech, and not names: a third of them small words."""
    small = sum(word.lower() in _words_of()["en"] for word in words)
    return small >= _SMALL_WORDS_OF_A_SENTENCE and small * 3 >= len(words)


def _by_marks(text: str, marks: tuple[tuple[str, str], ...], otherwise: str) -> str:
    """Return the first language one of whose own letters shows."""
    lowered = text.lower()
    return next((language for language, own in marks if any(letter in lowered for letter in own)), otherwise)


def _chinese(text: str, hint: str | None) -> str:
    """Return which Chinese, by one-sided characters, then the hint, then words, then the rule."""
    traditional, simplified = script_evidence(text)
    if traditional != simplified:
        return "zh-Hant" if traditional > simplified else "zh-Hans"
    hinted = _hinted_chinese(hint)
    if hinted is not None:
        return hinted
    if _BOPOMOFO.search(text) or len(_TAIWANESE.findall(text)) > len(_MAINLAND.findall(text)):
        return "zh-Hant"
    return "zh-Hans"


def _hinted_chinese(hint: str | None) -> str | None:
    """Return which Chinese a place's own language tag means, None if it means none."""
    tag = (hint or "").replace("_", "-").lower()
    if not (tag == "zh" or tag.startswith(("zh-", "yue"))):
        return None
    if "hant" in tag or tag.startswith(("yue", "zh-tw", "zh-hk", "zh-mo")):
        return "zh-Hant"
    return "zh-Hans" if "hans" in tag or tag.startswith(("zh-cn", "zh-sg", "zh-my")) else None


def _weights(text: str) -> dict[str, float]:
    """Return how many words' worth of each non-Latin way of writing the text has."""
    han, kana = _length(_HAN, text), _length(_KANA, text)
    # A lone の is an ornament on Taiwanese signs; Japanese writes kana in every clause.
    japanese = kana >= 2 and kana * 5 >= han
    weights = {
        "ja": float(han + kana) / 2 if japanese else 0.0,
        "zh": 0.0 if japanese else float(han + _length(_BOPOMOFO, text)),
        "th": _length(_THAI, text) / _THAI_WORD,
        "ko": _length(_HANGUL, text) / _HANGUL_WORD,
        "cyrillic": _length(_CYRILLIC, text) / _OTHER_WORD,
        "arabic": _length(_ARABIC, text) / _OTHER_WORD,
    }
    if not any(weights.values()):
        weights |= {tag: _length(pattern, text) / _OTHER_WORD for tag, pattern in _OTHER_SCRIPTS.items()}
    return weights


def language(text: str, hint: str | None = None) -> str:
    """Return `zh-Hant`, `zh-Hans`, `th`, `en`, another BCP 47 tag, or `und`. `hint`: what the place declares; it only
    decides between the two Chinese where the text does not."""
    shown = _SILENT.sub(" ", text[:_READ])
    words = _LATIN_WORD.findall(shown)
    weights = {} if shown.isascii() else _weights(shown)
    best = max(weights, key=lambda tag: weights[tag], default=UNDETERMINED)
    weight = weights.get(best, 0)
    if len(words) > (1 if _is_sentence(words) else _LATIN_MUST_OUTWEIGH) * weight:
        return _latin(shown, words)
    if weight == 0:
        return UNDETERMINED
    match best:
        case "zh":
            return _chinese(shown, hint)
        case "cyrillic":
            return _by_marks(shown, _CYRILLIC_MARKS, "ru")
        case "arabic":
            return _by_marks(shown, _ARABIC_MARKS, "ar")
    return best
