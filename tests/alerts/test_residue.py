"""What copying left in a text is neither matched nor judged, and every place leads back to the text as seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.folding import fold
from alerts.residue import masked, stripped


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("投訴(tóu sù)處理很慢", "投訴處理很慢"),
        ("服务（fú wù）很差（chà）", "服务很差"),
        ("服務[fu2 wu4]很差", "服務很差"),
        ("服fú務wù很hěn差", "服務很差"),
        ("湯很冷\n原文出處：https://燈籠茶.example/1", "湯很冷\n"),
        ("湯很冷。文章來源：燈籠茶粉絲團", "湯很冷。"),
        ("轉貼自：燈籠茶論壇\n湯很冷", "\n湯很冷"),
        ("湯很冷\n※ 發信站: 批踢踢實業坊(ptt.cc), 來自: 192.0.2.7 (臺灣)", "湯很冷\n"),
        ("Cold soup.\nSent from my iPhone", "Cold soup.\n"),
        ("ซุปเย็น\nที่มา: เพจชาโคม", "ซุปเย็น\n"),
    ],
)
def test_residue_is_taken_out(text: str, said: str) -> None:
    assert stripped(text).text == said


@pytest.mark.parametrize(
    "text",
    [
        "這家(app)很爛，(ok)啦",
        "我在喝café，很résumé的感覺",
        "客服說來源不明，不給退費",
        "Sent from my desk to yours",
        "我買了兩杯(large)",
        "轉自：燈籠茶",
        "",
    ],
)
def test_what_was_said_stays(text: str) -> None:
    assert stripped(text).text == text


_TEXTS = st.lists(
    st.sampled_from(
        [
            "服",
            "務",
            "(fú)",
            "（wù）",
            "hěn",
            "差",
            "café",
            "\n",
            " ",
            "原文出處：x.example",
            "Sent from my iPhone",
            "轉貼自 某站",
        ]
    ),
    max_size=14,
).map("".join)


@given(text=st.one_of(_TEXTS, st.text(max_size=60)))
def test_every_place_leads_back(text: str) -> None:
    found = stripped(text)
    for at, letter in enumerate(found.text):
        start, end = found.origin(at, at + 1)

        assert text[start:end] == letter


@given(text=st.one_of(_TEXTS, st.text(max_size=60)))
def test_a_mask_keeps_places_and_hides_the_same(text: str) -> None:
    hidden = masked(text)

    assert len(hidden) == len(text)
    assert fold(hidden) == fold(stripped(text).text)


def test_a_megabyte_is_answered() -> None:
    assert len(stripped("服務(fú)差 " * 120_000).text) == 4 * 120_000
