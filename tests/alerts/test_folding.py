"""Words compare equal however they were written, and are found again as they were seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.folding import fold, fold_traced

#: Letters whose order, width and company matter.
TRICKY = st.text(st.sampled_from("aÀéＡßı'’ \n\t\u3000\u200b服務臺台麵カｶﾞ한เแกนำํา้้่ิุูัๅ๑１-—x\u0301🍜👍🏽"), max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ｌａｎｔｅｒｎ", "lantern"),
        ("Café", "cafe\u0301"),
        ("Straße", "STRASSE"),
        ("don’t", "don't"),
        ("臺灣服務", "台湾服务"),
        ("裏面", "里面"),
        ("等着妳", "等著你"),
        ("น้ำ", "น\u0e4d\u0e49\u0e32"),
        ("น้ำ", "น\u0e49\u0e4d\u0e32"),
        ("น้ำ", "นำ้"),
        ("กู้", "ก\u0e49\u0e39"),
        ("แย่", "เเย่"),
        ("แย่", "แย่่"),
        ("บริการ", "บริ\u200bการ"),
        ("๒๕๖๙", "2569"),
        ("買 iPhone 手機", "买iphone手机"),
        ("very \n slow", "very slow"),
        ("ﬁne", "fine"),
    ],
)
def test_two_ways_of_writing_fold_to_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("แย", "แย่"), ("服務", "服勞"), ("がく", "かく가"), ("服務\n很差", "服務很差")]
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(text=st.one_of(TRICKY, st.text(max_size=60)))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(text=st.one_of(TRICKY, st.text(max_size=60)))
def test_the_traced_fold_is_the_fold(text: str) -> None:
    traced = fold_traced(text)

    assert traced.text == fold(text)
    assert len(traced.starts) == len(traced.ends) == len(traced.text)
    assert all(0 <= start < end <= len(text) for start, end in zip(traced.starts, traced.ends, strict=True))
    assert list(traced.starts) == sorted(traced.starts)


@given(before=TRICKY, after=TRICKY)
def test_the_way_back_leads_to_the_words_as_seen(before: str, after: str) -> None:
    text = f"{before}\nnoodles.\n{after}"
    traced = fold_traced(text)
    at = traced.text.index("noodles.")
    start, end = traced.origin(at, at + len("noodles."))

    assert text[start:end] == "noodles."
