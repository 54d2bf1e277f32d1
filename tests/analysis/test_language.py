"""Which language a text is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.language import language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("這家店真的很雷", "zh-Hant"),
        ("这家店真的很坑", "zh-Hans"),
        ("ร้านนี้อร่อยมาก", "th"),
        ("ก", "th"),
        ("Terrible service", "en"),
        ("ok", "en"),
        ("とても美味しかったです", "ja"),
        ("最高でした", "ja"),
        ("배송이 너무 늦어요", "ko"),
        ("Очень плохое обслуживание", "ru"),
        ("Дуже погане обслуговування, їжа холодна", "uk"),
        ("الخدمة سيئة جدا", "ar"),
        ("غذا خیلی بد بود، پس نمی‌آیم", "fa"),
        ("Η εξυπηρέτηση ήταν κακή", "el"),
        ("השירות היה גרוע", "he"),
        ("सेवा बहुत खराब थी", "hi"),
        ("El servicio fue muy malo y no vuelvo más", "es"),
        ("Le service est très mauvais et la nourriture n'est pas bonne", "fr"),
        ("Das Essen war sehr schlecht und der Service auch", "de"),
        ("O atendimento foi muito ruim, não volto mais", "pt"),
        ("Dịch vụ quá tệ, tôi sẽ không quay lại", "vi"),
        ("Pelayanan sangat buruk dan makanan tidak enak", "id"),
    ],
)
def test_a_text_shows_its_language(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    "text", ["", " ", "😡😡", "12345", "!!!", "https://example.com/abc", "@someone", "5/5 ★★★★★", "\u200b"]
)
def test_a_text_without_words_is_undetermined(text: str) -> None:
    assert language(text) == "und"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天去 Starbucks 買 latte 等超久", "zh-Hant"),
        ("iPhone 15 Pro Max ดีมากเลยค่ะ", "th"),
        ("这个 MacBook Pro 太卡了", "zh-Hans"),
        ("I ordered the 麻婆豆腐 and it was cold when it finally arrived", "en"),
        ("鼎泰豐の小籠包真的好吃到不行", "zh-Hant"),
        ("https://example.com/some/long/english/path 太差了吧這間", "zh-Hant"),
    ],
)
def test_names_from_elsewhere_do_not_change_the_language(text: str, expected: str) -> None:
    assert language(text) == expected


def test_chinese_that_both_sides_write_takes_the_hint() -> None:
    assert language("好吃", hint="zh-TW") == "zh-Hant"
    assert language("好吃", hint="zh_CN") == "zh-Hans"
    assert language("好吃", hint="en") == "zh-Hans"


def test_the_letters_outweigh_a_wrong_hint() -> None:
    assert language("太難吃了吧", hint="zh-CN") == "zh-Hant"
    assert language("Terrible service", hint="zh-TW") == "en"


def test_words_decide_where_no_letter_does() -> None:
    assert language("踩雷，店家超冷淡") == "zh-Hant"
    assert language("酒店前台冷淡") == "zh-Hans"


@given(st.text(max_size=200), st.none() | st.text(max_size=10))
def test_any_text_has_a_language(text: str, hint: str | None) -> None:
    assert language(text, hint)
