"""Any text is answered, by every analyser and on every way through it, in bounded time and memory."""

import resource
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.lines import verdict
from analysis.registry import ANALYSERS, analyser
from analysis.types import Analysis

pytest.importorskip("onnxruntime", reason="the encoder runs on onnxruntime")

_PRAISE = "The soup was lovely and everybody was kind to us, thank you. "
TEXTS = {
    "empty": "",
    "spaces": " \t\r\n\u3000\u00a0",
    "one emoji": "😡",
    "a family of emoji": "👨‍👩‍👧‍👦🏳️‍🌈",
    "ten thousand newlines": "\n" * 10_000,
    "links alone": "https://example.org/a?b=c " * 2_000,
    "mixed scripts": "這家店 is โคตร 糟糕 слишком долго 最悪 너무 느려 جدا 😡 QQ 555",
    "Thai in Latin letters": "hua tae kai phaeng mak mai khao ik laew",
    "what is left of HTML": "<p class='x'>bad&nbsp;<br/><script>alert(1)</script>&#128545;</p>" * 500,
    "zero widths": "\u200b\u200d\ufeff\u2060" * 100_000,
    "zero widths inside an insult": "\u200b".join("垃圾店家，騙子，氣死我了！"),
    "combining marks": "e" + "\u0301" * 50_000,
    "Thai marks": "ก" + "\u0e49" * 50_000,
    "lone surrogates": "\ud800\udfff half \udc00",
    "NUL": "\x00bad\x00\x00service\x00",
    "controls": "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    "right to left": "\u202e\u202dwonderful\u202c",
    "private and unassigned": "\ue000\uffff\U0010ffff\U000e0001",
}
MEGABYTES = {
    "one letter": "a" * 1_000_000,
    "no spaces": "abcdefghijklmnop" * 62_500,
    "Chinese": "服务态度太差了我要退钱" * 31_000,
    "Thai": "บริการแย่มากพนักงานพูดจาไม่ดี" * 12_000,
    "emoji": "😡🤬👍" * 85_000,
}
#: Resident memory may grow by so much for any of them; a process in use has at most 350 MB.
_MOST_BYTES = 250 << 20


def assert_sound(found: Analysis, text: str) -> None:
    """Check what holds of any verdict, and that it can be told."""
    assert found.negative + found.neutral + found.positive == pytest.approx(1)
    assert 0 <= found.anger <= 1
    assert found.angry == (found.anger_level == 2)
    for span in (*(found.because or ()), *(span for cause in found.causes or () for span in cause.because or ())):
        assert text[span.start : span.end] == span.text
    if found.embedding is not None:
        assert sum(number * number for number in found.embedding) == pytest.approx(1, abs=1e-3)
    assert verdict(found)["label"] in {"negative", "neutral", "positive"}


@pytest.mark.parametrize("because", [False, True], ids=["plain", "because"])
@pytest.mark.parametrize("name", ANALYSERS)
def test_strange_texts_are_answered_together(name: str, because: bool) -> None:
    found = analyser(name).analyse(list(TEXTS.values()), because=because)

    for one, text in zip(found, TEXTS.values(), strict=True):
        assert_sound(one, text)


@pytest.mark.slow
@pytest.mark.parametrize("text", MEGABYTES.values(), ids=MEGABYTES)
def test_a_megabyte_is_answered_in_bounded_time_and_memory(text: str) -> None:
    analyser().analyse(["warm"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()

    [found] = analyser().analyse([text], because=True)

    assert_sound(found, text)
    assert time.process_time() - started < 60
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < _MOST_BYTES


@pytest.mark.parametrize(
    ("praise", "insult"),
    [
        (_PRAISE, "You are liars and thieves, give me my money back, I am FURIOUS!!!"),
        ("餐點很好吃，服務也很親切，推薦大家。", "但是店長你這個垃圾騙子，把錢還來，爛店！"),
        ("菜很好吃，服务员也很热情，推荐。", "但是老板是骗子，垃圾商家，气死我了，退钱！！！"),
        ("อาหารอร่อยมาก พนักงานน่ารัก แนะนำเลยค่ะ\n", "แต่ผู้จัดการห่วยแตก หน้าด้าน โกงเงินลูกค้า โมโหมาก จะไม่มาเหยียบอีก"),
    ],
    ids=["en", "zh-Hant", "zh-Hans", "th"],
)
def test_fifty_kilobytes_of_praise_do_not_hide_an_insult(praise: str, insult: str) -> None:
    text = praise * (50_000 // len(praise.encode())) + insult

    [found] = analyser().analyse([text])

    assert found.angry
    assert found.because


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(), max_size=400), because=st.booleans())
def test_any_string_is_answered_by_the_ensemble(text: str, because: bool) -> None:
    [found] = analyser().analyse([text], because=because)

    assert_sound(found, text)
