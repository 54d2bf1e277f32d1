"""What to do first follows what the mention is."""

from typing import Any

import pytest

from alerts.catalogue import LANGUAGES
from alerts.recovery import first_steps
from alerts.rendering import words_for
from alerts.types import Reason
from analysis.types import Cause, Sentiment
from tests import make

ANGRY = Reason(code="angry", values={"anger": 0.9})


def cause(name: str) -> Cause:
    return Cause(cause=name, label=Sentiment.NEGATIVE, p=0.9)


def leads(reason: Reason = ANGRY, **verdict: Any) -> list[str]:
    return [step.lead for step in first_steps(reason, make.analysis(**verdict), words_for("en"))]


def test_a_complaint_begins_with_listening_and_ends_with_a_remedy() -> None:
    assert leads() == ["Listen.", "Apologise.", "Establish the facts.", "Offer what puts it right."]


@pytest.mark.parametrize(
    ("verdict", "first"),
    [
        ({"kind": {"attack": 0.9}}, "Look for a case in it."),
        ({"kind": {"threat": 0.9}}, "Keep evidence."),
        ({"kind": {"question": 0.9}}, "Answer what was asked."),
        ({"kind": {"praise": 0.9}}, "Thank them by name."),
        ({"kind": {"attack": 0.4, "complaint": 0.35}}, "Listen."),
        ({"causes": (cause("safety"),)}, "Ask whether anybody is hurt."),
    ],
)
def test_each_kind_has_its_own_first_step(verdict: dict[str, Any], first: str) -> None:
    assert leads(**verdict)[0] == first


@pytest.mark.parametrize(
    ("code", "first"),
    [
        ("source_silence", "Look at the place itself."),
        ("anger_spike", "Find the one cause."),
        ("legal_word", "Keep evidence."),
    ],
)
def test_a_rule_that_knows_more_decides(code: str, first: str) -> None:
    assert leads(Reason(code=code), kind={"praise": 0.9})[0] == first


def test_what_the_writer_wants_is_what_is_offered() -> None:
    steps = first_steps(ANGRY, make.analysis(purpose={"refund": 0.8}), words_for("en"))

    assert steps[-1].rest.startswith("The money back")


def test_being_looked_down_on_is_apologised_for_first() -> None:
    steps = first_steps(ANGRY, make.analysis(causes=(cause("respect"),)), words_for("en"))

    assert "looked down on" in steps[1].rest


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_is_said_in_every_language(language: str) -> None:
    words = words_for(language)
    kinds = [{"kind": {kind: 0.9}} for kind in ("complaint", "attack", "threat", "question", "praise")]

    assert all(step.lead and step.rest for kind in kinds for step in first_steps(ANGRY, make.analysis(**kind), words))
