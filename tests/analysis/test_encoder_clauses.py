"""What clauses say of a text's causes."""

from collections.abc import Sequence

import numpy as np
import pytest

from analysis.clauses import clauses
from analysis.encoder_clauses import ClauseReader, ReadClauses
from analysis.encoder_pieces import Window
from analysis.encoder_scores import Attitudes
from analysis.registry import analyser
from analysis.types import Cause, Sentiment

TEXT = "The soup was good, but the waiter was rude. Wednesday."
SOUP = Cause(cause="product", label=Sentiment.NEGATIVE, p=0.9)
WAITER = Cause(cause="service", label=Sentiment.NEGATIVE, p=0.8)
SHARES = Attitudes(
    anger=np.array([0.0, 0.4, 0.0]),
    sentiment=np.array([[0.1, 0.1, 0.8], [0.9, 0.1, 0.0], [0.0, 1.0, 0.0]]),
    causes=np.array([[0.9, 0.1], [0.1, 0.7], [0.0, 0.2]]),
)


def read() -> ReadClauses:
    """Return the clauses of the text, judged by hand."""
    return ReadClauses(text=TEXT, parts=clauses(TEXT, 0, len(TEXT)), shares=SHARES)


def test_a_cause_has_the_clause_that_names_it_and_what_that_says() -> None:
    soup, waiter = read().cause(SOUP, 0), read().cause(WAITER, 1)

    assert (soup.label, [span.text for span in soup.because or ()]) == (Sentiment.POSITIVE, ["The soup was good,"])
    assert waiter.label is Sentiment.NEGATIVE
    assert [span.text for span in waiter.because or ()] == ["but the waiter was rude."]


def test_the_only_clause_leaves_a_cause_its_label() -> None:
    one = Attitudes(anger=SHARES.anger[:1], sentiment=SHARES.sentiment[:1], causes=SHARES.causes[:1])
    alone = ReadClauses(text="rude", parts=clauses("rude", 0, 4), shares=one)

    assert alone.cause(WAITER, 0).label is Sentiment.NEGATIVE
    assert alone.cause(WAITER, 0).because


def test_a_windows_clauses_are_judged_once() -> None:
    asked: list[int] = []

    def judge(texts: Sequence[str]) -> Attitudes:
        asked.append(len(texts))
        return SHARES

    reader = ClauseReader(TEXT, [Window(text=0, start=0, end=len(TEXT), ids=(0, 2))], judge)

    assert reader.read(0) is reader.read(0)
    assert asked == [3]


@pytest.mark.parametrize(
    "text",
    [
        "The food was delicious but the service was terrible.",
        "餐點很好吃，但是服務態度很差",
        "餐點很好吃但是服務態度很差",
    ],
)
@pytest.mark.parametrize("because", [True, False])
def test_a_sentence_with_a_but_praises_one_cause_and_blames_another(text: str, because: bool) -> None:
    [verdict] = analyser("encoder").analyse([text], because=because)

    found = {cause.cause: cause for cause in verdict.causes or ()}
    assert found["service"].label is Sentiment.NEGATIVE
    assert Sentiment.POSITIVE in {found[cause].label for cause in ("product", "quality") if cause in found}
    assert all((cause.because is not None) is because for cause in found.values())
    for cause in found.values():
        assert all(text[span.start : span.end] == span.text for span in cause.because or ())


def test_an_angry_text_says_of_each_cause_where_it_stands() -> None:
    text = "環境還可以，但是店員態度爛到爆，我要投訴到底，垃圾店！"

    [verdict] = analyser().analyse([text])

    assert verdict.angry
    assert verdict.causes
    assert all(cause.because for cause in verdict.causes)
