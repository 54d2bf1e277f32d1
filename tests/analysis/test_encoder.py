"""The shipped encoder: any text is answered, always alike, and a damaged or missing part says what to do."""

import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import encoder, encoder_files
from analysis.encoder import EncoderAnalyser, open_encoder
from analysis.encoder_pieces import cleaned
from analysis.errors import ModelError
from analysis.heads import CAUSES, HEADS, WIDTH
from analysis.lines import analyse_lines
from analysis.types import Analysis, Sentiment

MODEL = Path(encoder.__file__).with_name("model")
FILES = ("encoder.json", "encoder.onnx", "encoder.tokenizer.json")

pytestmark = pytest.mark.skipif(
    not all((MODEL / name).exists() for name in FILES), reason="the encoder's files are not in analysis/model"
)

MIXED = [
    "你們客服到底在幹嘛？等了兩個小時沒人理，太扯了，我要退錢！",
    "這家店的牛肉麵很好吃，推薦",
    "服务态度极差，骗子公司，再也不来了",
    "请问你们几点关门？",
    "ห่วยมาก พนักงานพูดจาแย่ที่สุด ไม่มาอีกแล้ว โมโหมาก",
    "อร่อยมากค่ะ แนะนำเลย",
    "The worst airline ever. You lost my bag and nobody cares. Never again!!!",
    "What time do you open tomorrow?",
    "",
    "😡😡😡",
    "\x8f",
    "https://example.org/a",
    "<p>ok</p>&nbsp;<br/>",
]


@pytest.fixture(scope="module")
def shipped() -> EncoderAnalyser:
    """Return the shipped encoder; skip where what it runs on is not installed."""
    pytest.importorskip("onnxruntime", reason="the encoder runs on onnxruntime")
    pytest.importorskip("tokenizers", reason="the encoder runs on tokenizers")
    return open_encoder(MODEL)


def one(analyser: EncoderAnalyser, text: str, *, because: bool = False) -> Analysis:
    """Return the verdict on one text."""
    [analysis] = analyser.analyse([text], because=because)
    return analysis


def assert_whole(analysis: Analysis) -> None:
    """Check that every head has answered, in its range."""
    assert analysis.negative + analysis.neutral + analysis.positive == pytest.approx(1)
    assert 0 <= analysis.anger <= 1
    assert analysis.angry == (analysis.anger_level == 2)
    for shares, head in ((analysis.kind, "kind"), (analysis.stage, "stage"), (analysis.purpose, "purpose")):
        assert shares is not None
        assert tuple(shares) == HEADS[head].values
        assert sum(shares.values()) == pytest.approx(1)
    for share in (analysis.churn, analysis.recommend, analysis.severity):
        assert share is not None
        assert 0 <= share <= 1
    assert analysis.causes is not None
    assert all(cause.cause in CAUSES for cause in analysis.causes)


def test_columns_of_the_heads_lie_side_by_side() -> None:
    columns = [place for head in HEADS.values() for place in range(WIDTH)[head.columns]]

    assert columns == list(range(WIDTH))


@pytest.mark.parametrize("text", MIXED)
def test_every_head_answers(shipped: EncoderAnalyser, text: str) -> None:
    assert_whole(one(shipped, text))


@pytest.mark.parametrize(
    "text",
    [
        "太扯了，什麼爛服務，把客人當白痴，垃圾店家，再也不來！",
        "垃圾商家，骗子，气死我了，退钱！！！",
        "ร้านห่วยแตก พนักงานปากหมา โกรธมาก จะไม่มาเหยียบอีก",
        "You are absolute liars and thieves. Disgusting service, I will NEVER fly with you again!!!",
    ],
)
def test_rage_at_a_brand_is_angry_in_each_language(shipped: EncoderAnalyser, text: str) -> None:
    analysis = one(shipped, text)

    assert analysis.angry
    assert analysis.label is Sentiment.NEGATIVE
    assert analysis.because


@pytest.mark.parametrize(
    "text",
    [
        "這家店的牛肉麵很好吃，老闆也很親切，推薦大家來",
        "东西很好，物流也快，下次还会买",
        "อร่อยมากค่ะ บริการดี แนะนำเลย",
        "Great food and lovely staff, highly recommended.",
    ],
)
def test_praise_is_positive_and_calm_in_each_language(shipped: EncoderAnalyser, text: str) -> None:
    analysis = one(shipped, text)

    assert analysis.label is Sentiment.POSITIVE
    assert not analysis.angry
    assert analysis.because is None


def test_a_text_that_says_nothing_is_neutral_and_calm(shipped: EncoderAnalyser) -> None:
    for text in ("", " \n\t", "\u200b" * 1000, "\ufe0f", "\ud800"):
        analysis = one(shipped, text, because=True)

        assert_whole(analysis)
        assert (analysis.label, analysis.anger, analysis.because) == (Sentiment.NEUTRAL, 0.0, ())


def test_a_verdict_does_not_depend_on_the_texts_beside_it(shipped: EncoderAnalyser) -> None:
    together = shipped.analyse(MIXED)

    assert together == [one(shipped, text) for text in MIXED]
    assert together == shipped.analyse(MIXED[::-1])[::-1]


def test_threads_answer_as_one_does(shipped: EncoderAnalyser) -> None:
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = list(pool.map(shipped.analyse, [MIXED] * 8))

    assert answers == [shipped.analyse(MIXED)] * 8


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "太差了" * 300_000,
        "😡" * 200_000,
        "\n" * 10_000,
        "\u200b\u200d" * 500_000,
        "ก" * 500_000 + "ส้ม" * 10,
        "<br/>" * 100_000,
    ],
    ids=["one letter", "three characters", "emoji", "newlines", "zero width", "thai", "html"],
)
def test_a_flood_is_answered_in_bounded_time(shipped: EncoderAnalyser, text: str) -> None:
    started = time.monotonic()

    assert_whole(one(shipped, text))
    assert time.monotonic() - started < 30


def test_pages_of_praise_do_not_hide_an_insult(shipped: EncoderAnalyser) -> None:
    praise = "".join(f"第{number}次來，餐點很好吃，服務也很親切，推薦大家。" for number in range(400))
    insult = "你們這些騙子垃圾店家，根本是詐騙，氣死我了！"

    hidden = one(shipped, praise + insult + praise)

    assert hidden.angry
    assert not one(shipped, praise).angry
    assert hidden.because is not None
    assert any("騙子" in span.text or "氣死" in span.text for span in hidden.because)


@pytest.mark.parametrize("text", MIXED)
def test_spans_point_into_the_text(shipped: EncoderAnalyser, text: str) -> None:
    analysis = one(shipped, "\u200b😀😀😀😀😀😀😀 \n\n" + text, because=True)

    assert analysis.because is not None
    for span in analysis.because:
        assert ("\u200b😀😀😀😀😀😀😀 \n\n" + text)[span.start : span.end] == span.text


def test_the_clause_that_carries_the_displeasure_is_named(shipped: EncoderAnalyser) -> None:
    text = "餐廳在二樓，昨天跟家人去吃飯。服務生態度爛到爆，簡直把客人當狗！我住台中。"

    analysis = one(shipped, text, because=True)

    assert analysis.label is Sentiment.NEGATIVE
    assert analysis.because is not None
    assert any("爛到爆" in span.text or "當狗" in span.text for span in analysis.because)
    assert not any("台中" in span.text or "二樓" in span.text for span in analysis.because)


def test_lines_show_every_head(shipped: EncoderAnalyser) -> None:
    line = json.dumps({"id": 7, "text": MIXED[0]}).encode()

    [answer] = [json.loads(line) for line in analyse_lines([line], shipped)]

    assert set(answer["kind"]) == set(HEADS["kind"].values)
    assert sum(answer["purpose"].values()) == pytest.approx(1, abs=1e-9)
    assert all(set(cause) == {"cause", "label", "p", "because"} for cause in answer["causes"])
    assert answer["model"].startswith("encoder@")


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_is_answered(shipped: EncoderAnalyser, text: str) -> None:
    analysis = one(shipped, text, because=True)

    assert_whole(analysis)
    assert all(text[span.start : span.end] == span.text for span in analysis.because or ())


@given(text=st.text(st.sampled_from("a我ก😡 \n\u200b\ufe0f!"), max_size=200))
def test_cleaning_keeps_track_of_every_letter(text: str) -> None:
    shown, places = cleaned(text)

    assert len(shown) == len(places)
    assert all(letter in (text[place], " ") for letter, place in zip(shown, places, strict=True))
    assert list(places) == sorted(set(places))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with the shipped files."""
    for name in FILES:
        shutil.copy(MODEL / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_says_what_to_do(copied: Path, name: str) -> None:
    (copied / name).unlink()

    with pytest.raises(ModelError, match="install Earshot again"):
        encoder_files.load(copied)


@pytest.mark.parametrize("name", ["encoder.onnx", "encoder.tokenizer.json"])
def test_a_changed_byte_is_refused(copied: Path, name: str) -> None:
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)

    with pytest.raises(ModelError, match="damaged"):
        encoder_files.load(copied)


@pytest.mark.parametrize("header", ["", "[]", "{}", '{"format": 2}', '{"format": 99, "columns": {}}'])
def test_a_header_of_another_kind_is_refused(copied: Path, header: str) -> None:
    (copied / "encoder.json").write_text(header)

    with pytest.raises(ModelError):
        encoder_files.load(copied)


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    files = replace(encoder_files.load(MODEL), name="encoder@9")

    encoder_files.save(tmp_path, files)

    assert encoder_files.load(tmp_path) == files


def test_without_its_library_the_encoder_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(ModelError, match="pip install onnxruntime"):
        open_encoder(MODEL)
