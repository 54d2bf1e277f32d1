"""`earshot analyse` and `earshot evaluate` answer whatever lines they get."""

import json

from tests.service import programs

ODD = [
    json.dumps({"id": 1, "text": "傻眼，店員態度超差，氣死我了！！！"}, ensure_ascii=False),
    json.dumps({"id": 2, "text": ""}),
    json.dumps({"id": 3, "text": "x" * 1_000_000}),
    json.dumps({"id": 4, "text": 12}),
    json.dumps({"id": 5, "text": "🤬🤬🤬"}),
    json.dumps({"id": 6, "text": "好吃 but ช้ามาก слишком долго"}),
    "not json",
    "[]",
    json.dumps({"id": 7, "text": "fine", "rating": 1}),
    '{"id": 8, "text": "\\ud800 half"}',
]


def judged(lines: list[str], *options: str) -> list[dict[str, object]]:
    done = programs.run("analyse", "-", *options, settings={}, stdin="\n".join(lines).encode("utf-8", "surrogatepass"))
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_ten_thousand_odd_lines_keep_order_and_count() -> None:
    plain = [json.dumps({"id": f"n{number}", "text": f"noodles number {number}"}) for number in range(9_980)]
    lines = [*ODD, *plain, *ODD]
    answers = judged(lines)

    assert len(answers) == len(lines)
    assert [answer["id"] for answer in answers[len(ODD) : -len(ODD)]] == [f"n{n}" for n in range(9_980)]
    assert [("error" in answer) for answer in answers[: len(ODD)]] == [
        False,
        False,
        False,
        True,
        False,
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_verdict_has_every_field_of_the_contract() -> None:
    (verdict,) = judged([ODD[0]], "--because")

    assert {"id", "language", "sentiment", "label", "anger", "anger_level", "angry", "because", "model"} <= set(verdict)
    assert verdict["language"] == "zh-Hant"
    assert verdict["angry"] is True
    sentiment = verdict["sentiment"]
    assert isinstance(sentiment, dict)
    assert abs(sum(sentiment.values()) - 1) < 1e-6


def test_evaluation_prints_scores_by_language() -> None:
    rows = [
        {"text": "Great noodles, lovely people!", "sentiment": "pos", "lang": "en", "anger": 0},
        {"text": "Disgusting thieves, I want my money back!!!", "sentiment": "neg", "lang": "en", "anger": 1},
    ]
    text = "\n".join(map(json.dumps, rows)).encode()
    shown = programs.run("evaluate", "-", "--json", settings={}, stdin=text)

    assert shown.returncode == 0, shown.stderr.decode()
    assert json.loads(shown.stdout)["languages"]["en"]["sentiment"]["n"] == 2


def test_a_label_that_makes_no_sense_is_named_with_its_line() -> None:
    done = programs.run("evaluate", "-", settings={}, stdin=b'{"text": "a", "sentiment": "meh"}')

    assert done.returncode == 1
    assert b"line 1" in done.stderr
    assert b"Traceback" not in done.stderr
