"""The residue of copying is not judged, and spans are those of the text as seen."""

from collections.abc import Sequence

from analysis.types import Analysis, Because, Cause, Sentiment
from service.pipeline.judge import judge
from tests import make


class _Marker:
    """Marks the word 服務 wherever it reads it, and tells what it read."""

    model = "marker@1"

    def __init__(self) -> None:
        self.read: list[str] = []

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        self.read += texts
        return [self._verdict(text) for text in texts]

    def _verdict(self, text: str) -> Analysis:
        at = text.index("服務")
        spans = (Because(start=at, end=at + 2, text="服務"),)
        cause = Cause(cause="service", label=Sentiment.NEGATIVE, p=0.9, because=spans)
        return make.analysis(because=spans, causes=(cause,))


def test_spans_lead_to_the_text_as_seen() -> None:
    marker = _Marker()
    seen = "轉貼自：某論壇\n真的(zhēn de)服(fú)務很差"
    (verdict,) = judge(marker, [seen], [()])

    assert marker.read == ["\n真的服務很差"]
    for spans in (verdict.because, verdict.causes[0].because if verdict.causes else None):
        assert spans is not None
        assert [(one.text, seen[one.start : one.end]) for one in spans] == [("服(fú)務", "服(fú)務")]


def test_what_was_not_copied_is_judged_as_it_is() -> None:
    marker = _Marker()
    (verdict,) = judge(marker, ["服務很好"], [()])

    assert marker.read == ["服務很好"]
    assert verdict.because == (Because(start=0, end=2, text="服務"),)


class _Namer(_Marker):
    """Tells how long what it is asked about is."""

    def embeddings(self, texts: Sequence[str]) -> list[tuple[float, ...] | None]:
        return [(float(len(text)),) for text in texts]


def test_what_a_text_is_about_is_read_without_the_brands_names() -> None:
    named, unnamed = judge(_Namer(), ["燈籠茶服務很差", "服務很差"], [("燈籠茶",), ("燈籠茶",)])

    assert named.embedding == (4.0,)
    assert unnamed.embedding is None
