"""The light analyser: any text, bounded, the same verdict in any company."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import weights
from analysis.errors import ModelError
from analysis.ngram import NgramAnalyser
from analysis.registry import ANALYSERS, analyser
from analysis.types import Analysis

MODEL = Path(weights.__file__).with_name("model")
LIGHT = analyser("ngram")
INSULTS = {
    "zh-Hant": "你們這群騙子，垃圾公司，氣死我了，退錢！",
    "zh-Hans": "你们这群骗子，垃圾公司，气死我了，退钱！",
    "th": "ร้านเหี้ยอะไร โกงลูกค้า บริการห่วยแตก ไม่มาอีกแล้ว",
    "en": "You are thieves and liars, worst company ever, give me my money back!",
}
PRAISE = {
    "zh-Hant": "老闆很親切，東西很好吃，下次還要再來。",
    "zh-Hans": "老板很热情，东西很好吃，下次还会再来。",
    "th": "อร่อยมาก พนักงานน่ารัก บริการดี จะกลับมาอีก ",
    "en": "Lovely staff and delicious food, we will come back. ",
}


def judged(text: str, *, because: bool = False) -> Analysis:
    """Return the light model's verdict."""
    return LIGHT.analyse([text], because=because)[0]


@pytest.mark.parametrize("language", INSULTS)
def test_fury_is_angry_with_the_words_it_was_read_from(language: str) -> None:
    text = INSULTS[language]

    verdict = judged(text)

    assert verdict.language == language
    assert verdict.angry
    assert verdict.anger_level == 2
    assert verdict.because
    assert all(text[span.start : span.end] == span.text for span in verdict.because)


@pytest.mark.parametrize("language", PRAISE)
def test_praise_is_positive_and_calm(language: str) -> None:
    verdict = judged(PRAISE[language])

    assert verdict.label == "positive"
    assert (verdict.angry, verdict.anger_level, verdict.because) == (False, 0, None)


@pytest.mark.parametrize(
    "question", ["請問幾點關門？", "请问几点开门？", "ร้านเปิดกี่โมงคะ", "What time do you open on Sunday?"]
)
def test_a_plain_question_is_neutral(question: str) -> None:
    assert judged(question).label == "neutral"


@pytest.mark.parametrize("language", INSULTS)
def test_fifty_kilobytes_of_praise_do_not_hide_an_insult(language: str) -> None:
    text = PRAISE[language] * (50_000 // len(PRAISE[language].encode())) + INSULTS[language]

    verdict = judged(text)

    assert verdict.angry
    assert verdict.label == "positive"
    assert verdict.because
    assert all(span.start >= len(text) - len(INSULTS[language]) - 60 for span in verdict.because)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n" * 10_000,
        "\u200b" * 100_000,
        "😡" * 5_000,
        "\ud800",
        "\x00",
        "a",
        "\U000e0001" * 500,
        "!" * 10_000,
        "é\u0301" * 999,
    ],
    ids=["empty", "space", "lines", "zero-width", "emoji", "surrogate", "nul", "letter", "tags", "signs", "marks"],
)
def test_odd_texts_get_an_answer(text: str) -> None:
    verdict = judged(text, because=True)

    assert verdict.negative + verdict.neutral + verdict.positive == pytest.approx(1)
    assert 0 <= verdict.anger <= 1
    assert verdict.because is not None


def test_a_text_that_says_nothing_is_neutral() -> None:
    assert (judged("").neutral, judged("\u200b\n").neutral) == (1, 1)


def test_zero_width_characters_change_nothing_but_places() -> None:
    text = INSULTS["zh-Hans"]

    plain, flooded = judged(text), judged("\u200b".join(text))

    assert flooded.anger == plain.anger
    assert flooded.because
    assert "".join(span.text for span in flooded.because).replace("\u200b", "")


@pytest.mark.parametrize("text", ["好评" * 500_000, "the food was good " * 55_000, "ดี" * 500_000])
def test_a_megabyte_is_judged_in_seconds(text: str) -> None:
    started = time.perf_counter()

    verdict = judged(text, because=True)

    # A second on an idle core; the margin is for a busy machine.
    assert time.perf_counter() - started < 20
    assert verdict.because is not None


def test_thousands_of_short_texts_a_second() -> None:
    texts = [
        f"{INSULTS['en']} {number}" if number % 10 == 0 else f"Order {number} came on time." for number in range(2_000)
    ]
    LIGHT.analyse(texts[:10])
    started = time.process_time()

    LIGHT.analyse(texts)

    assert time.process_time() - started < 4


def test_a_verdict_does_not_depend_on_its_company() -> None:
    texts = [*INSULTS.values(), *PRAISE.values(), "", "x" * 700, "好" * 999]

    together = LIGHT.analyse(texts, because=True)

    assert together == [judged(text, because=True) for text in texts]
    assert together == LIGHT.analyse(texts[::-1], because=True)[::-1]


def test_calm_texts_have_spans_only_when_asked() -> None:
    assert judged(PRAISE["en"]).because is None
    assert judged(PRAISE["en"], because=True).because


def test_a_clause_ends_where_the_language_ends_it() -> None:
    text = "環境還不錯，但是店員根本是垃圾，態度爛到爆！下次再說"

    verdict = judged(text, because=True)

    assert verdict.because
    assert "環境還不錯" not in "".join(span.text for span in verdict.because)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=400), max_size=4), st.booleans())
def test_any_texts_are_answered_in_order(texts: list[str], because: bool) -> None:
    verdicts = LIGHT.analyse(texts, because=because)

    assert len(verdicts) == len(texts)
    for text, verdict in zip(texts, verdicts, strict=True):
        assert all(text[span.start : span.end] == span.text for span in verdict.because or ())


def test_every_registered_analyser_loads_and_names_itself() -> None:
    for name in ANALYSERS:
        assert analyser(name).model.startswith(f"{name}@")
    assert analyser().model == analyser("default").model


def test_an_unknown_analyser_is_refused_with_the_choices() -> None:
    with pytest.raises(ModelError, match=r"no analyser is called 'oracle'; choose one of: default, .*ngram"):
        analyser("oracle")


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    shipped = weights.load(MODEL)
    renamed = replace(shipped, name="ngram@test")

    weights.save(renamed, tmp_path)

    assert NgramAnalyser(weights.load(tmp_path)).analyse(["bad"])[0].model == "ngram@test"
    assert tmp_path.joinpath("ngram.bin").read_bytes() == MODEL.joinpath("ngram.bin").read_bytes()


def test_the_shipped_model_is_small() -> None:
    assert MODEL.joinpath("ngram.bin").stat().st_size <= 8_000_000


def _copy(folder: Path) -> Path:
    for name in ("ngram.json", "ngram.bin"):
        folder.joinpath(name).write_bytes(MODEL.joinpath(name).read_bytes())
    return folder


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ngram.bin", None, "No such file"),
        ("ngram.json", None, "No such file"),
        ("ngram.bin", b"short", "damaged"),
        ("ngram.json", b"{", "not a model's header"),
        ("ngram.json", b"[]", "not a model's header"),
        ("ngram.json", b"{}", "not a model's header"),
        ("ngram.json", b"\xff", "not a model's header"),
    ],
)
def test_a_damaged_model_says_what_to_do(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    path = _copy(tmp_path) / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ModelError, match=said) as caught:
        weights.load(tmp_path)

    assert "install Earshot again" in str(caught.value)
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ('"format": 1', '"format": 2'),
        ('"bits": 22', '"bits": 60'),
        ('"bits": 22', '"bits": "many"'),
        ('"": {', '"x": {'),
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path: Path, found: str, put: str) -> None:
    path = _copy(tmp_path) / "ngram.json"
    assert found in path.read_text()
    path.write_text(path.read_text().replace(found, put))

    with pytest.raises(ModelError, match="not a model's header"):
        weights.load(tmp_path)
