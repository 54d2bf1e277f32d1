"""Every reason is a whole sentence in every language."""

import pytest

from alerts import reasons
from alerts.catalogue import LANGUAGES
from alerts.rendering import words_for
from alerts.types import Reason

REASONS = [
    Reason(code="angry", values={"anger": 0.97, "language": "th"}),
    Reason(code="anger_threshold", values={"anger": 0.97, "threshold": 0.8}),
    Reason(code="anger_level", values={"anger": 0.5, "min_level": 1}),
    Reason(code="low_rating", values={"value": 1, "scale": 5}),
    Reason(code="keyword", values={"words": "退款"}),
    Reason(code="keyword"),
    Reason(code="threat", values={"threat": 0.7, "threshold": 0.5}),
    Reason(code="legal_word", values={"word": "消保会"}),
    Reason(code="churn", values={"churn": 0.7, "threshold": 0.5}),
    Reason(code="followers", values={"followers": 120_000}),
    Reason(code="reactions", values={"reactions": 300}),
    Reason(code="negative_share", values={"share": 0.7, "limit": 0.6, "negative": 14, "judged": 20, "minutes": 15}),
    Reason(code="volume_spike", values={"count": 60, "ordinary": 4.2, "terms": "蟑螂", "sources": "PTT (55)"}),
    Reason(code="anger_spike", values={"count": 60, "ordinary": 4.2, "story": "<b>", "story_count": 40}),
    Reason(code="source_silence", values={"source": "PTT", "hours": 30.5, "ordinary": 12, "answers": 1}),
    Reason(code="source_silence", values={"source": "PTT", "hours": 30.5, "ordinary": 12, "answers": 0}),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.code)
def test_a_reason_is_said_with_its_numbers_and_no_gap(reason: Reason, language: str) -> None:
    words = words_for(language)
    said = reasons.sentence(reason, words)
    head = reasons.headline(reason, brand="Lantern", site="PTT", angry=True, again=False, catalogue=words)

    assert "%(" not in said + head
    assert said != words.gettext("The rule matched these words.")
    assert "Lantern" in head


@pytest.mark.parametrize("code", ["angry", "threat", "volume_spike", "no_such_code"])
def test_a_reason_without_its_numbers_is_true_all_the_same(code: str) -> None:
    said = reasons.sentence(Reason(code=code), words_for("en"))

    assert said == "The rule matched these words."
