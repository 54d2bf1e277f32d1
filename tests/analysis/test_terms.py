"""Words and phrases in four languages, with no dictionary of ours."""

from hypothesis import given
from hypothesis import strategies as st

from analysis.terms import MOST_TERMS, terms


def test_chinese_is_cut_in_either_script() -> None:
    found = terms("客服態度很差，手機用了三天就黑屏，退款一直不處理，再也不買這家的行動電源了")
    assert {"客服", "態度", "客服態度", "黑屏", "退款", "行動電源"} <= set(found)
    assert not {"很", "就", "的", "了", "這家"} & set(found)
    assert {"客服", "退款", "充电宝"} <= set(terms("客服态度很差，退款一直不处理，再也不买这家的充电宝了"))


def test_thai_is_cut_and_spaces_part_phrases() -> None:
    found = terms("ร้านนี้บริการแย่มาก พนักงานไม่แนะนำอะไร สั่งชานมไข่มุกหวานน้อย")
    assert {"บริการ", "พนักงาน", "แนะนำ", "ชานม", "บริการแย่"} <= set(found)
    assert not {"มาก", "นี้", "ไม่"} & set(found)
    assert not any("มากพนักงาน" in term for term in found)


def test_english_words_keep_their_space_and_links_and_names_go() -> None:
    found = terms("The delivery was late. Customer service didn't care! https://a.example/refund @lantern")
    assert {"delivery", "late", "customer service", "care"} <= set(found)
    assert not {"the", "was", "lantern", "refund", "late customer"} & set(found)


@given(st.text(max_size=300))
def test_any_text_has_few_distinct_terms(text: str) -> None:
    found = terms(text)
    assert len(found) == len(set(found)) <= MOST_TERMS
    assert all(term.strip() == term and len(term) >= 2 for term in found)
