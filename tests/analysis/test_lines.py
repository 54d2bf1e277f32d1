"""JSON Lines in, verdicts out, whatever the lines hold."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.lines import analyse_lines, rating_conflict
from analysis.registry import analyser
from tests import make


def answers(*lines: bytes, because: bool = False, threads: int = 1) -> list[dict[str, object]]:
    """Return what the shipped analyser answers."""
    return [json.loads(line) for line in analyse_lines(lines, analyser(), because=because, threads=threads)]


def asked(text: object, **more: object) -> bytes:
    """Return one line of input."""
    return json.dumps({"id": 1, "text": text, **more}).encode() + b"\n"


def test_a_line_is_answered_with_every_field_of_the_contract() -> None:
    [answer] = answers(asked("What time do you open?"))

    assert list(answer) == [
        *(
            "id",
            "language",
            "sentiment",
            "label",
            "anger",
            "anger_level",
            "angry",
            "kind",
            "churn",
            "recommend",
            "stage",
        ),
        *("severity", "purpose", "causes", "because", "rating_conflict", "model"),
    ]
    shares = answer["sentiment"]
    assert isinstance(shares, dict)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-9)
    assert answer["language"] == "en"
    assert answer["because"] is None


def test_an_embedding_is_given_when_asked_for() -> None:
    [asked_for] = analyse_lines([asked("fine")], analyser("ngram"), embed=True)
    [plain] = analyse_lines([asked("fine")], analyser("ngram"))

    assert json.loads(asked_for)["embedding"] is None
    assert "embedding" not in json.loads(plain)


def test_heads_the_model_lacks_are_null() -> None:
    [line] = analyse_lines([asked("fine")], analyser("ngram"))
    answer = json.loads(line)

    missing = ("kind", "churn", "recommend", "stage", "severity", "purpose", "causes", "rating_conflict")
    assert [answer[head] for head in missing] == [None] * len(missing)


def test_spans_are_given_when_asked_for_and_point_into_the_text() -> None:
    text = "😡 你們的客服根本是垃圾，我要去消保會投訴！"

    [answer] = answers(asked(text), because=True)

    spans = answer["because"]
    assert isinstance(spans, list)
    assert spans
    assert all(text[span["start"] : span["end"]] == span["text"] for span in spans)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "not JSON"),
        (b"nonsense", "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"text": 5}', "no string `text`"),
        (b'{"text": null}', "no string `text`"),
        (b'{"text": "\xff\xfe"}', "not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"text": "a", "n": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_a_line_that_is_no_object_with_a_text_gets_an_error_in_its_place(line: bytes, said: str) -> None:
    before, answer, after = answers(asked("good"), line, asked("bad"))

    assert said in str(answer["error"])
    assert before["label"]
    assert after["label"]


def test_an_error_names_the_id_where_there_is_one() -> None:
    assert answers(b'{"id": "x7", "text": 5}')[0]["id"] == "x7"
    assert "id" not in answers(b'{"text": 5}')[0]


@pytest.mark.parametrize(
    ("line", "identity"),
    [
        (b'{"id": 123456789012345678901234567890, "text": "a"}', 123456789012345678901234567890),
        (b'{"id": {"a": [1]}, "text": "a"}', {"a": [1]}),
        (b'{"id": NaN, "text": "a"}', None),
        (b'{"id": "\\ud800", "text": "a"}', "\ud800"),
        (b'{"id": 1, "id": 2, "text": "a"}', 2),
        (b'\xef\xbb\xbf{"id": 3, "text": "a"}', 3),
        (b'{"text": "a"}', None),
    ],
)
def test_an_id_comes_back_as_it_was(line: bytes, identity: object) -> None:
    [answer] = answers(line)

    assert "error" not in answer
    assert answer["id"] == identity


def test_a_lone_surrogate_is_judged_like_any_text() -> None:
    [answer] = answers(b'{"id": 1, "text": "terrible \\ud83d service"}', because=True)

    assert answer["language"] == "en"


def _strange_lines() -> Iterator[bytes]:
    """Yield ten thousand lines of every sort."""
    megabyte = "謝謝 thank you ขอบคุณ " * 50_000
    for number in range(10_000):
        match number % 8:
            case 0:
                yield asked("")
            case 1:
                yield asked("😡😡😡", id=number)
            case 2:
                yield asked(number)
            case 3:
                yield b"\n"
            case 4:
                yield asked("好吃 but ช้ามาก", id=number)
            case 5:
                yield b'{"text": '
            case 6:
                yield asked(megabyte if number == 4006 else "\u200b" * 50, id=number)
            case _:
                yield asked("這什麼爛店！", id=number)


@pytest.mark.parametrize("threads", [1, 2])
def test_ten_thousand_strange_lines_keep_their_order_and_count(threads: int) -> None:
    made = [json.loads(line) for line in analyse_lines(_strange_lines(), analyser(), threads=threads)]

    assert len(made) == 10_000
    assert all(made[number]["id"] == number for number in range(1, 10_000) if number % 8 in (1, 4, 6, 7))
    assert all("error" in made[number] for number in range(10_000) if number % 8 in (2, 3, 5))


def test_no_more_lines_are_read_than_a_few_batches_ahead() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield asked("fine")

    made = analyse_lines(endless(), analyser(), threads=2)
    next(made)

    assert read <= 256 * 5


@pytest.mark.parametrize(
    ("rating", "negative", "expected"),
    [(1.0, 0.9, True), (0.2, 0.9, False), (0.6, 0.9, False), (0.2, 0.05, True), (1.0, 0.05, False), (None, 0.9, None)],
)
def test_stars_and_words_that_clearly_disagree_are_a_conflict(
    rating: float | None, negative: float, expected: bool | None
) -> None:
    analysis = make.analysis(negative=negative, neutral=0.05, positive=0.95 - negative)

    assert rating_conflict(analysis, rating) is expected


def test_an_unclear_text_contradicts_no_stars() -> None:
    assert rating_conflict(make.analysis(negative=0.5, neutral=0.3, positive=0.2), 1.0) is False


@pytest.mark.parametrize(
    ("rating", "known"),
    [
        (5, True),
        ({"value": 3, "scale": 5}, True),
        (87, True),
        (0, True),
        (None, False),
        ("5", False),
        (True, False),
        (-1, False),
        ({"value": 9, "scale": 5}, False),
        ({"value": 1}, False),
        (1e300, False),
        (10**400, False),
    ],
)
def test_a_rating_is_used_only_where_it_makes_sense(rating: object, known: bool) -> None:
    [answer] = answers(b'{"text": "fine", "rating": ' + json.dumps(rating).encode() + b"}")

    assert (answer["rating_conflict"] is not None) is known


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_are_answered_line_by_line(lines: list[bytes]) -> None:
    assert len(list(analyse_lines(lines, analyser()))) == len(lines)
