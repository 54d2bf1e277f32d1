"""Two readings together: their verdicts are weighed, and the rest is the encoder's."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.ensemble import EnsembleAnalyser, Tuning, read_tuning
from analysis.errors import ModelError
from analysis.registry import analyser
from analysis.types import Analysis, Because
from tests import make

TUNING = Tuning(
    weight=0.5,
    sentiment_weight=0.5,
    sharpness=1.0,
    slope=1.0,
    offsets={"th": 1.0, "rest": 0.0},
    thresholds={"rest": 0.5},
)


class Said:
    """An analyser and an encoder that say what a test wants them to say; a sentence with `loud` in it is furious."""

    def __init__(self, **verdict: object) -> None:
        self.model = "said@1"
        self._verdict = verdict
        self.read_texts: list[str] = []

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        return [make.analysis(**self._verdict | self._fury(text)) for text in texts]

    def read(self, texts: Sequence[str]) -> list[Analysis]:
        self.read_texts += texts
        return self.analyse(texts)

    def embeddings(self, texts: Sequence[str]) -> list[tuple[float, ...] | None]:
        return [(float(len(text)),) for text in texts]

    def verdicts(self, readings: Sequence[Analysis], angry: Sequence[bool], *, because: bool) -> list[Analysis]:
        spans = (Because(start=0, end=1, text="x"),)
        return [
            replace(one, angry=is_angry, anger_level=2 if is_angry else 1, because=spans if is_angry else None)
            for one, is_angry in zip(readings, angry, strict=True)
        ]

    @staticmethod
    def _fury(text: str) -> dict[str, object]:
        return {"anger": 0.99} if text.startswith("loud") else {}


def together(deep: Said, light: Said) -> Analysis:
    (found,) = EnsembleAnalyser(deep, light, TUNING, model="both@1").analyse(["x"])
    return found


def test_anger_lies_between_the_two() -> None:
    found = together(Said(anger=0.9), Said(anger=0.2))

    assert 0.2 < found.anger < 0.9
    assert found.model == "both@1"


def test_the_three_shares_still_sum_to_one() -> None:
    found = together(Said(negative=0.9, neutral=0.1, positive=0.0), Said(negative=0.2, neutral=0.2, positive=0.6))

    assert found.negative + found.neutral + found.positive == pytest.approx(1)


def test_an_angry_verdict_always_has_its_words() -> None:
    found = together(Said(anger=0.95, anger_level=1), Said(anger=0.6))

    assert (found.angry, found.anger_level) == (True, 2)
    assert found.because


def test_a_calm_verdict_is_never_of_the_angry_level() -> None:
    found = together(Said(anger=0.4, anger_level=2, angry=True), Said(anger=0.1))

    assert (found.angry, found.anger_level) == (False, 1)


def test_a_language_has_its_own_offset() -> None:
    thai = together(Said(anger=0.5, language="th"), Said(anger=0.5))
    other = together(Said(anger=0.5, language="en"), Said(anger=0.5))

    assert thai.anger > other.anger


def test_the_shipped_tuning_is_whole_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    name, tuning = read_tuning()
    assert name.startswith("ensemble@")
    assert all(0 < threshold < 1 for threshold in tuning.thresholds.values())

    broken = tmp_path / "ensemble.json"
    broken.write_text("{}")
    with pytest.raises(ModelError, match="install Earshot again"):
        read_tuning(broken)


FURIOUS = {
    "zh-Hant": "太扯了！飲料裡喝到一隻蟑螂，店員居然笑著說「挑掉就好」。這種黑心店家我一定去衛生局檢舉！",
    "zh-Hans": "灯笼茶就是骗子！充了五百块的卡说作废就作废，客服还骂我活该，气死我了，必须曝光到底，退钱！",
    "th": "โมโหมาก! รอชั่วโมงกว่าแล้วพนักงานยังตะคอกใส่อีก บริการห่วยแตกสุดๆ จะไม่กลับไปเหยียบอีกเลย",
    "en": "Disgusting. They charged me three times, called me a LIAR and laughed in my face!!! I will report you.",
}
CALM = {
    "zh-Hant": "請問集滿十點是每家分店都能換嗎？還是只有原本的店？",
    "zh-Hans": "灯笼茶的店员小姐姐超温柔，帮我换了新的吸管，心情都变好了。",
    "th": "ร้านสะอาด ที่นั่งเยอะ ชาไทยเข้มข้นดี แนะนำเลยครับ",
    "en": "Does anyone know what time the shop at the station opens on Sundays?",
}


def test_the_shipped_ensemble_hears_anger_in_four_languages_and_no_anger_where_there_is_none() -> None:
    judge = analyser("ensemble")
    furious, calm = judge.analyse(list(FURIOUS.values())), judge.analyse(list(CALM.values()))

    assert [one.language for one in furious] == list(FURIOUS)
    assert all(one.angry and one.because for one in furious)
    assert not any(one.angry for one in calm)


@pytest.mark.parametrize(
    ("text", "insult"),
    [
        (
            "餐廳在二樓，昨天跟家人去吃飯。服務生態度爛到爆，簡直把客人當狗！甜點還可以。",
            "服務生態度爛到爆，簡直把客人當狗！",
        ),
        ("很好吃，環境舒服，店員親切，推薦給大家。" * 2_500 + "但是店長你這個垃圾騙子，把錢還來，爛店！", "騙子"),
    ],
)
def test_an_insult_among_calm_sentences_is_heard(text: str, insult: str) -> None:
    (found,) = analyser("ensemble").analyse([text])
    assert found.angry
    assert found.because is not None
    assert any(insult in span.text or span.text in insult for span in found.because)


def test_only_a_sentence_that_can_become_angry_is_read_by_the_encoder() -> None:
    deep, light = Said(anger=0.1), Said(anger=0.01)
    found = EnsembleAnalyser(deep, light, TUNING, model="both@1").analyse(["soft. loud here. soft again."])

    assert deep.read_texts == ["soft. loud here. soft again.", "loud here."]
    assert [(one.angry, one.because) for one in found] == [(True, (Because(start=6, end=16, text="loud here."),))]


def test_calm_sentences_together_stay_calm() -> None:
    (found,) = analyser("ensemble").analyse(
        ["The soup was cold. We waited an hour. The waiter apologised, and dessert was free."]
    )
    assert not found.angry


def test_what_texts_are_about_is_the_encoders_word() -> None:
    both = EnsembleAnalyser(Said(), Said(), TUNING, model="both@1")

    assert list(both.embeddings(["x", "yz"])) == [(1.0,), (2.0,)]
